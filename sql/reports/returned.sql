-- 退单率: base = 执法类 accepted in the period and dispatched, hit = returned at least once.
SELECT ticket_id, CASE WHEN return_count > 0 THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND (dispatched_at IS NOT NULL OR return_count > 0)
