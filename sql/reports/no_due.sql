-- 执法类 accepted in the period whose export gives no time limit: in no 应办结 count.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1' AND due_at IS NULL
