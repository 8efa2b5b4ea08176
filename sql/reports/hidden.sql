-- 隐蔽性问题: base = 执法类 accepted in the period, hit = filed as 咨询, 求助, 建议 or the like.
SELECT ticket_id,
       CASE WHEN category IS NOT NULL AND category <> '投诉举报' THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
