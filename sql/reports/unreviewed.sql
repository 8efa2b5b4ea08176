-- 执法类 accepted in the period whose labels are the model's alone: nobody decided them.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1' AND NOT is_reviewed
