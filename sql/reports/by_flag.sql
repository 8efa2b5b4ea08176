-- Every flag of a ticket (货车司机, 涉企, 船员 …): parts overlap; 廉政 and 保密 are never a part, nor
-- what freezing notes of a ticket's life (重办, 差评).
SELECT ticket_id, flag AS part
FROM report_ticket_flag
WHERE report_id = :report_id AND flag NOT IN ('廉政', '廉政:明确', '保密', '重办', '差评')
