"""A ticket's first version is its first row: no copy of it, and no foreign keys that say less

`hotline verify` proves that each ticket's first and last rows, and those of its changes, are rows
of that ticket. SQLite keeps the two foreign keys: to drop them it would write the whole table
anew, and they cost it next to nothing.

Revision ID: 0014
Revises: 0013
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEYS = ("first_file_id", "last_file_id")


def upgrade() -> None:
    op.execute("DELETE FROM ticket_version WHERE version = 1")
    if op.get_bind().dialect.name == "postgresql":
        for column in _KEYS:
            op.drop_constraint(f"fk_ticket_{column}_export_file", "ticket", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for column in _KEYS:
            name = f"fk_ticket_{column}_export_file"
            op.create_foreign_key(name, "ticket", "export_file", [column], ["id"])
    op.execute(
        "INSERT INTO ticket_version"
        " (ticket_id, version, file_id, row_no, recorded_at, changes_json)"
        " SELECT t.id, 1, t.first_file_id, t.first_row_no, f.landed_at, '{}'"
        " FROM ticket t JOIN export_file f ON f.id = t.first_file_id"
    )
