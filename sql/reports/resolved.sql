-- 解决率: base = 执法类 with an answer to 是否解决, hit = 已解决.
SELECT ticket_id, CASE WHEN resolved = '已解决' THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1' AND resolved IS NOT NULL
