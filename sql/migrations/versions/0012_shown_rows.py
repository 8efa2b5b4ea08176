"""Shown rows: what an export showed of a ticket beside the ticket's newest row

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shown_row",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.String(length=32), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_shown_row_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_shown_row_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "row_hash", name=op.f("pk_shown_row")),
    )


def downgrade() -> None:
    op.drop_table("shown_row")
