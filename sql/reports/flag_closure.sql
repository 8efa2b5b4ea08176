-- 办结率B of one group: base = its 执法类 accepted in the period, hit = closed by the period's end.
SELECT t.ticket_id,
       CASE WHEN (t.status IN :closed_statuses OR t.closed_at IS NOT NULL)
             AND (t.closed_at IS NULL OR t.closed_at < :period_end) THEN 1 ELSE 0 END AS is_hit
FROM report_ticket t
JOIN report_ticket_flag f ON f.report_id = t.report_id AND f.ticket_id = t.ticket_id
WHERE t.report_id = :report_id AND t.period = :period AND t.scope = 'E1' AND f.flag = :flag
  AND COALESCE(t.status, '') NOT IN :excluded_statuses
