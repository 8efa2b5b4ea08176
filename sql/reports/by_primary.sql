-- Each ticket's primary problem type.
SELECT ticket_id, COALESCE(primary_type, 'untyped') AS part
FROM report_ticket WHERE report_id = :report_id
