-- 办结率A: base = 执法类 due in [since, period_end), hit = closed by the period's end.
SELECT ticket_id,
       CASE WHEN (status IN :closed_statuses OR closed_at IS NOT NULL)
             AND (closed_at IS NULL OR closed_at < :period_end) THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND due_at >= :since AND due_at < :period_end
  AND COALESCE(status, '') NOT IN :excluded_statuses
