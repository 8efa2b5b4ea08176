-- Hotline and calendar day (Asia/Shanghai), to see days without data.
SELECT ticket_id, hotline || '|' || SUBSTR(CAST(accepted_at AS VARCHAR(30)), 1, 10) AS part
FROM report_ticket WHERE report_id = :report_id
