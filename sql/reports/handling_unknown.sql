-- 办理工作日 not known: closed in [since, period_end), but before dispatch or in a year without a calendar.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1'
  AND closed_at >= :since AND closed_at < :period_end AND working_days IS NULL
