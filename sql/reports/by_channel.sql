-- Each ticket's intake channel (受理渠道) within its hotline.
SELECT ticket_id, hotline || '·' || COALESCE(intake_channel, '(未注明)') AS part
FROM report_ticket WHERE report_id = :report_id
