"""Links: the day each became known, so that a past day is replayed with the links of that day

Links found before this revision became known, at the latest, with the later landing of their two
tickets.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LANDED = """
    SELECT MAX(f.as_of) FROM ticket t JOIN export_file f ON f.id = t.first_file_id
    WHERE t.id IN (ticket_link.ticket_id, ticket_link.other_id)
"""


def upgrade() -> None:
    op.add_column("ticket_link", sa.Column("known_on", sa.Date(), nullable=True))
    op.execute(f"UPDATE ticket_link SET known_on = ({_LANDED})")
    with op.batch_alter_table("ticket_link", schema=None) as batch_op:
        batch_op.alter_column("known_on", existing_type=sa.Date(), nullable=False)
        batch_op.create_index("ix_ticket_link_known_on", ["known_on"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("ticket_link", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_link_known_on")
        batch_op.drop_column("known_on")
