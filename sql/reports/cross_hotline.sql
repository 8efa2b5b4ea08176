-- 跨平台同一事项: tickets accepted in the period whose matter more than one hotline received in it.
SELECT t.ticket_id, 1 AS is_hit
FROM report_ticket t
JOIN (
    SELECT matter_id
    FROM report_ticket
    WHERE report_id = :report_id AND period = :period
    GROUP BY matter_id
    HAVING MIN(hotline) <> MAX(hotline)
) shared ON shared.matter_id = t.matter_id
WHERE t.report_id = :report_id AND t.period = :period
