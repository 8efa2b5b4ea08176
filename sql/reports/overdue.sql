-- 超期率: base as of 办结率A, hit = closed after due, or still open at the period's end.
SELECT ticket_id,
       CASE WHEN closed_at > due_at THEN 1
            WHEN closed_at IS NULL AND COALESCE(status, '') NOT IN :closed_statuses THEN 1
            ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND due_at >= :since AND due_at < :period_end
  AND COALESCE(status, '') NOT IN :excluded_statuses
