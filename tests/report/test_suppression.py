"""Hidden cells of a cross table, against every table that the published numbers allow."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report.suppression import CrossTable

LEAST = 3


def allowed(table: CrossTable, hidden) -> dict:
    """Cell → the values it has in any table with the same totals and published cells."""
    cells = sorted(hidden)
    found = {cell: set() for cell in cells}
    rows = {r: sum(table.counts[r, c] for c in table.columns) for r in table.rows}
    columns = {c: sum(table.counts[r, c] for r in table.rows) for c in table.columns}
    small = {c for c in cells if table.counts[c] < table.least and c[1] not in table.secret}
    ranges = [
        range(min(rows[r], columns[c], table.least - 1 if (r, c) in small else 99) + 1)
        for r, c in cells
    ]
    for values in product(*ranges):
        counts = table.counts | dict(zip(cells, values, strict=True))
        if all(sum(counts[r, c] for c in table.columns) == rows[r] for r in table.rows) and all(
            sum(counts[r, c] for r in table.rows) == columns[c] for c in table.columns
        ):
            for cell, value in zip(cells, values, strict=True):
                found[cell].add(value)
    return found


def check(counts: dict, rows: str, columns: str, secret: str = "") -> None:
    table = CrossTable(counts, list(rows), list(columns), LEAST, frozenset(secret))
    hidden = table.hidden()
    if hidden is None:
        return
    assert table.small() <= hidden
    assert table.exposed(hidden) == frozenset()
    values = allowed(table, hidden)
    for cell in table.small():
        assert table.counts[cell] == 0 or len(values[cell]) > 1, cell


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=6, max_size=6), st.sampled_from(["", "z"]))
def test_no_small_cell_can_be_computed_back(values, secret):
    check(dict(zip(product("ab", "xyz"), values, strict=True)), "ab", "xyz", secret)


def test_a_lone_small_cell_takes_three_others_with_it():
    counts = {("a", "x"): 1, ("a", "y"): 9, ("a", "z"): 30, ("b", "x"): 8, ("b", "y"): 7,
              ("b", "z"): 40}  # fmt: skip
    table = CrossTable(counts, ["a", "b"], ["x", "y", "z"], LEAST)
    assert table.exposed(table.small()) == {("a", "x")}
    assert table.hidden() == {("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")}


def test_a_single_row_cannot_be_protected():
    assert CrossTable({("a", "x"): 1, ("a", "y"): 9}, ["a"], ["x", "y"], LEAST).hidden() is None


def test_nothing_small_hides_nothing():
    counts = dict.fromkeys(product("ab", "xy"), 3)
    assert CrossTable(counts, ["a", "b"], ["x", "y"], LEAST).hidden() == frozenset()
