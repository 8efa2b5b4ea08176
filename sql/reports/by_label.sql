-- Every label of a ticket: parts overlap and may add up to more than the tickets.
SELECT ticket_id, problem_type AS part FROM report_ticket_label WHERE report_id = :report_id
