-- 执法类占比: base = all accepted in the period, hit = scope E1.
SELECT ticket_id, CASE WHEN scope = 'E1' THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period
