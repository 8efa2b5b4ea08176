-- 响应率: base = 执法类 accepted in the period and dispatched, hit = the unit signed for it, works on it
-- or closed it.
SELECT ticket_id,
       CASE WHEN signed_at < :period_end OR closed_at < :period_end
              OR (signed_at IS NULL AND closed_at IS NULL AND status IN :responded_statuses)
            THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1' AND dispatched_at IS NOT NULL
