-- 重复投诉率: base = 执法类 accepted in the period, hit = the same caller complained of the same
-- matter before, since repeat_since. Unknown callers are never repeats.
SELECT ticket_id, is_hit
FROM (
    SELECT ticket_id, period,
           CASE WHEN caller_key IS NOT NULL
                 AND ROW_NUMBER() OVER (
                     PARTITION BY caller_key, matter_id ORDER BY accepted_at, ticket_id) > 1
                THEN 1 ELSE 0 END AS is_hit
    FROM report_ticket
    WHERE report_id = :report_id AND scope = 'E1' AND accepted_at >= :repeat_since
) ordered
WHERE period = :period
