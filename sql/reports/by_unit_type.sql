-- Unit and primary type together; integrity leads stay out of every cross table.
SELECT ticket_id, COALESCE(unit, '(未注明)') || '|' || primary_type AS part
FROM report_ticket
WHERE report_id = :report_id AND primary_type IS NOT NULL AND primary_type <> 'integrity'
