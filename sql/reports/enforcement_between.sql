-- 执法类投诉举报 accepted in [since, until), for own baselines and trends.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND accepted_at >= :since AND accepted_at < :until
