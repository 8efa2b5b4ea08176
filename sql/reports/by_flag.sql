-- Every flag of a ticket (货车司机, 涉企 …): parts overlap; 廉政 and 保密 are never a part.
SELECT ticket_id, flag AS part
FROM report_ticket_flag
WHERE report_id = :report_id AND flag NOT IN ('廉政', '廉政:明确', '保密')
