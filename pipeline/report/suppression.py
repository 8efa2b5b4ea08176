"""Small cells of a cross table (region × problem type …) are hidden, and cannot be computed back.

Row and column totals of such a table are published elsewhere, so hiding the small cells alone is
not enough: a lone hidden cell of a row is the total less the rest. Further cells are hidden until
no small cell has only one value that the published numbers allow.

A table with fixed totals can change only along a closed path of hidden cells that goes up and down
by turns, so a cell is determined exactly where no such path runs through it (the residual graph of
a transportation problem; D. Gusfield, A Graph Theoretic Approach to Statistical Data Security,
SIAM J. Comput. 17, 1988).
"""

from collections.abc import Mapping, Sequence
from itertools import product

Cell = tuple[str, str]


class CrossTable:
    """Counts by row and column; ``secret`` columns are never published, whatever they hold.

    ``least``: cells under it, none included, are hidden, so a hidden cell may also be empty.
    """

    def __init__(
        self,
        counts: Mapping[Cell, int],
        rows: Sequence[str],
        columns: Sequence[str],
        least: int,
        secret: frozenset[str] = frozenset(),
    ) -> None:
        self.rows, self.columns, self.least, self.secret = rows, columns, least, secret
        self.counts = {cell: counts.get(cell, 0) for cell in product(rows, columns)}

    def small(self) -> frozenset[Cell]:
        """The cells that must be hidden for their own sake."""
        return frozenset(
            cell
            for cell, count in self.counts.items()
            if count < self.least or cell[1] in self.secret
        )

    def hidden(self) -> frozenset[Cell] | None:
        """The cells not to publish; None where hiding cells cannot protect the table."""
        hidden = set(self.small())
        while exposed := self.exposed(hidden):
            partners = self._cheapest_partners(min(exposed), hidden)
            if partners is None:
                return None
            hidden |= partners
        return frozenset(hidden)

    def exposed(self, hidden: frozenset[Cell] | set[Cell]) -> frozenset[Cell]:
        """Small cells that hold a ticket and that totals and published cells determine."""
        paths = _Paths(self, hidden)
        return frozenset(
            cell
            for cell in self.small()
            if self.counts[cell] and (cell not in hidden or not paths.free(cell))
        )

    def can_rise(self, cell: Cell) -> bool:
        """A reader knows that a hidden cell which is small is under the least."""
        is_bounded = self.counts[cell] < self.least and cell[1] not in self.secret
        return not is_bounded or self.counts[cell] < self.least - 1

    def _cheapest_partners(self, cell: Cell, hidden: set[Cell]) -> set[Cell] | None:
        """Three cells that make a rectangle with this one and free it, the fewest tickets first."""
        row, column = cell
        best = None
        for other_row, other_column in product(self.rows, self.columns):
            if other_row == row or other_column == column:
                continue
            partners = {(row, other_column), (other_row, column), (other_row, other_column)}
            fresh = partners - hidden
            if _Paths(self, partners | {cell}).free(cell):
                cost = (sum(self.counts[c] for c in fresh), sorted(partners))
                best = min(best, cost) if best else cost
        return set(best[1]) if best else None


class _Paths:
    """The residual graph of the hidden cells: rows reach columns by a cell that can rise, columns
    reach rows by one that can fall."""

    def __init__(self, table: CrossTable, hidden: frozenset[Cell] | set[Cell]) -> None:
        self.table = table
        self.from_row: dict[str, list[str]] = {}
        self.from_column: dict[str, list[str]] = {}
        for row, column in sorted(hidden):
            if table.can_rise((row, column)):
                self.from_row.setdefault(row, []).append(column)
            if table.counts[row, column]:
                self.from_column.setdefault(column, []).append(row)

    def free(self, cell: Cell) -> bool:
        """Whether a closed path through the cell can go up and down by turns."""
        row, column = cell
        return (self.table.can_rise(cell) and self._reaches(cell, (column, False), row)) or (
            self._reaches(cell, (row, True), column)
        )

    def _reaches(self, own: Cell, start: tuple[str, bool], goal: str) -> bool:
        """A path from ``start`` (name, is it a row) to the other end of ``own``, not by it."""
        seen, pending = {start}, [start]
        while pending:
            node, is_row = pending.pop()
            for other in (self.from_row if is_row else self.from_column).get(node, ()):
                if own == ((node, other) if is_row else (other, node)):
                    continue
                step = (other, not is_row)
                if step == (goal, not start[1]):
                    return True
                if step not in seen:
                    seen.add(step)
                    pending.append(step)
        return False
