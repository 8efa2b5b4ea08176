-- 执法类投诉举报 of one group or flag (货车司机, 涉企 …).
SELECT t.ticket_id, 1 AS is_hit
FROM report_ticket t
JOIN report_ticket_flag f ON f.report_id = t.report_id AND f.ticket_id = t.ticket_id
WHERE t.report_id = :report_id AND t.period = :period AND t.scope = 'E1' AND f.flag = :flag
