-- 属实率: base = 执法类 with a conclusion (无法核实 left out), hit = 属实 or 部分属实.
SELECT ticket_id, CASE WHEN verified IN ('属实', '部分属实') THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND verified IN ('属实', '部分属实', '不属实')
