-- 办理工作日: 执法类 closed in [since, period_end) whose working days are known (report_ticket.working_days).
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1'
  AND closed_at >= :since AND closed_at < :period_end AND working_days IS NOT NULL
