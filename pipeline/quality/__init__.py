"""Checks: the suites under expectations/, run by Great Expectations.

Row expectations split rows into accepted and quarantined. Batch expectations, of the accepted
rows and of the file against the exports before it, warn or stop: a failed stop holds back the
report of the months its tickets belong to, never the night, until a named person clears it.
Great Expectations is imported only inside ``checking``.
"""
