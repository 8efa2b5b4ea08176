-- Each ticket's scope.
SELECT ticket_id, scope AS part FROM report_ticket WHERE report_id = :report_id
