"""Through which program a person approved or published a report.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report_step", sa.Column("client", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("report_step", "client")
