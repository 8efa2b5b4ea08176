-- Each ticket's category.
SELECT ticket_id, COALESCE(category, '(未注明)') AS part FROM report_ticket WHERE report_id = :report_id
