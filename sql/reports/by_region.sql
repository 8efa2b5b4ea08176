-- Each ticket's region (所属地区).
SELECT ticket_id, COALESCE(region, '(未注明)') AS part FROM report_ticket WHERE report_id = :report_id
