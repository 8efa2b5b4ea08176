"""The dictionary names every column, query and indicator, and docs/ holds the present one."""

import sqlalchemy as sa

from pipeline.report.dictionary import described, markdown, report_tables
from pipeline.report.indicators import dictionary
from pipeline.report.queries import query_names, query_text
from pipeline.settings import PROJECT_ROOT


def test_every_column_of_the_report_tables_is_described():
    for name, columns in report_tables().items():
        assert set(described()[name]["columns"]) == {column for column, _ in columns}, name
    assert set(described()) == {*report_tables(), "report_number"}


def test_the_view_has_the_columns_described(engine):
    found = {column["name"] for column in sa.inspect(engine).get_columns("report_number")}
    assert found == set(described()["report_number"]["columns"])


def test_every_indicator_has_its_query_and_every_query_says_what_it_is():
    book = dictionary()
    assert {i.query for i in (*book.counts, *book.rates)} <= set(query_names())
    assert all(query_text(name).startswith("-- ") for name in query_names())


def test_the_printed_dictionary_is_the_present_one():
    """Made again with: hotline report dictionary --out docs/report_dictionary.md"""
    path = PROJECT_ROOT / "docs" / "report_dictionary.md"
    assert path.read_text(encoding="utf-8") == markdown()
