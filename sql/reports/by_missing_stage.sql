-- Every stage of a 执法类 ticket that has no time on record: parts overlap.
SELECT ticket_id, 'dispatched' AS part FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND dispatched_at IS NULL
UNION ALL
SELECT ticket_id, 'signed' FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND signed_at IS NULL
UNION ALL
SELECT ticket_id, 'closed' FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND closed_at IS NULL
UNION ALL
SELECT ticket_id, 'visited' FROM report_ticket
WHERE report_id = :report_id AND scope = 'E1' AND visited_at IS NULL
