-- 回访率: base = 执法类 accepted in the period and closed, hit = called back.
SELECT ticket_id,
       CASE WHEN visited_at IS NOT NULL OR status IN :visited_statuses THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND (status IN :closed_statuses OR closed_at IS NOT NULL)
