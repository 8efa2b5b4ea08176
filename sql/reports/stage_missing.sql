-- 断环: base = 执法类 accepted in the period and closed, hit = a stage has no time on record.
SELECT ticket_id,
       CASE WHEN dispatched_at IS NULL OR signed_at IS NULL OR closed_at IS NULL
              OR visited_at IS NULL THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND (status IN :closed_statuses OR closed_at IS NOT NULL)
