-- 未评价: 执法类 accepted in the period without a valid rating (未接通, 拒评, 默认好评 included).
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
  AND COALESCE(satisfaction, '') NOT IN :valid_ratings
