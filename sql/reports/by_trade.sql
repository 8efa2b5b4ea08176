-- Each ticket's trade.
SELECT ticket_id, COALESCE(trade, '(未注明)') AS part FROM report_ticket WHERE report_id = :report_id
