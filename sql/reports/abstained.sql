-- 待人工复核: base = 执法类 accepted in the period, hit = the model abstained and nobody decided yet.
SELECT ticket_id, CASE WHEN review AND NOT is_reviewed THEN 1 ELSE 0 END AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period AND scope = 'E1'
