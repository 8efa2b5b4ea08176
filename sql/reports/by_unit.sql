-- Each ticket's unit: the one complained of, else the one handling it.
SELECT ticket_id, COALESCE(unit, '(未注明)') AS part FROM report_ticket WHERE report_id = :report_id
