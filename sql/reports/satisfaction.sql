-- 满意率: base = 执法类 with a valid rating, hit = satisfied (the profile's choice).
SELECT ticket_id, CASE WHEN satisfaction IN :satisfied THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND satisfaction IN :valid_ratings
