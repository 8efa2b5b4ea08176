-- 重办率: base = 执法类 accepted in the period and closed once at least, hit = sent back to be done again.
SELECT t.ticket_id, CASE WHEN f.flag IS NULL THEN 0 ELSE 1 END AS is_hit
FROM report_ticket t
LEFT JOIN report_ticket_flag f
  ON f.report_id = t.report_id AND f.ticket_id = t.ticket_id AND f.flag = '重办'
WHERE t.report_id = :report_id AND t.period = :period AND t.scope = 'E1'
  AND (t.status IN :closed_statuses OR t.closed_at IS NOT NULL OR f.flag IS NOT NULL)
