-- The matter a ticket belongs to; integrity leads stay out.
SELECT ticket_id, CAST(matter_id AS VARCHAR(20)) AS part
FROM report_ticket
WHERE report_id = :report_id AND COALESCE(primary_type, '') <> 'integrity'
