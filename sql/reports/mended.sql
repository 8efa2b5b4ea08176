-- 差评整改率: base = 执法类 accepted in the period and ever rated 不满意 or 非常不满意, hit = rated better now.
SELECT t.ticket_id,
       CASE WHEN t.satisfaction IN :valid_ratings
             AND t.satisfaction NOT IN ('不满意', '非常不满意') THEN 1 ELSE 0 END AS is_hit
FROM report_ticket t
JOIN report_ticket_flag f
  ON f.report_id = t.report_id AND f.ticket_id = t.ticket_id AND f.flag = '差评'
WHERE t.report_id = :report_id AND t.period = :period AND t.scope = 'E1'
