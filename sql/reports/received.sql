-- 受理量: every ticket accepted in the period, whatever its scope.
SELECT ticket_id, 1 AS is_hit
FROM report_ticket
WHERE report_id = :report_id AND period = :period
