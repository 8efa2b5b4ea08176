-- 执法类投诉举报: scope E1 accepted in the period; hit = all.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
