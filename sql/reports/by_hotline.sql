-- Each ticket's hotline.
SELECT ticket_id, hotline AS part FROM report_ticket WHERE report_id = :report_id
