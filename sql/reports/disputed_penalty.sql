-- 争议罚款: 执法类 labelled 逐利执法 or 过罚失当 (counted once each, never by amount).
SELECT t.ticket_id, 1 AS is_hit
FROM report_ticket t
WHERE t.report_id = :report_id AND t.period = :period AND t.scope = 'E1'
  AND EXISTS (
      SELECT 1 FROM report_ticket_label l
      WHERE l.report_id = t.report_id AND l.ticket_id = t.ticket_id
        AND l.problem_type IN ('profit_driven', 'disproportionate'))
