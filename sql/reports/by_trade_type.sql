-- Trade and primary type together; what is published of it is decided in suppression.py.
SELECT ticket_id, COALESCE(trade, '(未注明)') || '|' || COALESCE(primary_type, 'untyped') AS part
FROM report_ticket WHERE report_id = :report_id
