"""Rows that were taken before and must not be taken again.

A ticket keeps the hash of its newest row. What an export showed beside it (older rows, and the
other rows of a ticket that came in several) is remembered here, so that the same rows in another
file, in whatever order, change nothing. Only such rows: most tickets have none.
"""

from collections.abc import Collection

import sqlalchemy as sa

from pipeline.store import tables as t
from pipeline.store.bulk import among, insert_columns


class ShownRows:
    """The remembered rows that one chunk of an export may repeat."""

    def __init__(
        self,
        connection: sa.Connection,
        file_id: int,
        known_ids: Collection[int],
        row_hashes: Collection[str],
    ) -> None:
        self._connection, self._file_id = connection, file_id
        self._shown_in: dict[tuple[int, str], int] = {}
        self._changed: set[tuple[int, str]] = set()
        if known_ids:
            row = t.shown_row.c
            query = sa.select(row.ticket_id, row.row_hash, row.file_id).where(
                among(connection, row.ticket_id, known_ids),
                # A number that comes back a million times must not load a million rows.
                among(connection, row.row_hash, row_hashes),
            )
            for ticket_id, row_hash, shown_in in connection.execute(query):
                self._shown_in[ticket_id, row_hash] = shown_in

    def repeated(self, ticket_id: int, row_hash: str) -> int | None:
        """The export that last showed the same row; this one shows it now. None: it is new."""
        shown_in = self._shown_in.get((ticket_id, row_hash))
        if shown_in is not None:
            self.remember(ticket_id, row_hash)
        return shown_in

    def remember(self, ticket_id: int, row_hash: str) -> None:
        """Note that this export showed the row."""
        if self._shown_in.get((ticket_id, row_hash)) != self._file_id:
            self._shown_in[ticket_id, row_hash] = self._file_id
            self._changed.add((ticket_id, row_hash))

    def flush(self) -> None:
        """Write what was changed; tickets must be there already."""
        if not self._changed:
            return
        row = t.shown_row.c
        keys = sorted(self._changed)
        self._connection.execute(
            sa.delete(t.shown_row).where(
                row.ticket_id == sa.bindparam("b_ticket_id"),
                row.row_hash == sa.bindparam("b_row_hash"),
            ),
            [{"b_ticket_id": ticket_id, "b_row_hash": row_hash} for ticket_id, row_hash in keys],
        )
        columns = {
            "ticket_id": [ticket_id for ticket_id, _ in keys],
            "row_hash": [row_hash for _, row_hash in keys],
            "file_id": [self._shown_in[key] for key in keys],
        }
        insert_columns(self._connection, t.shown_row, columns)
