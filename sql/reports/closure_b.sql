-- 办结率B: base = 执法类 accepted in the period, hit = closed by the period's end.
SELECT ticket_id,
       CASE WHEN (status IN :closed_statuses OR closed_at IS NOT NULL)
             AND (closed_at IS NULL OR closed_at < :period_end) THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND COALESCE(status, '') NOT IN :excluded_statuses
