"""Checks against history: what each file looked like when checked, and clearances of stops

Files loaded before this revision have no profile: history begins with the next night.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("check_result", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("rested", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index("ix_check_result_file_id", ["file_id"], unique=False)
        batch_op.create_index("ix_check_result_severity", ["severity", "passed"], unique=False)
    op.create_table(
        "check_clearance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"], ["check_result.id"], name=op.f("fk_check_clearance_check_id_check_result")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_clearance")),
        sa.UniqueConstraint("check_id", name=op.f("uq_check_clearance_check_id")),
    )
    op.create_table(
        "export_profile",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("without_content", sa.Integer(), nullable=False),
        sa.Column("newest_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_export_profile_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_export_profile")),
    )
    op.create_table(
        "export_day",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_export_day_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("file_id", "day", name=op.f("pk_export_day")),
    )


def downgrade() -> None:
    op.drop_table("export_day")
    op.drop_table("export_profile")
    op.drop_table("check_clearance")
    with op.batch_alter_table("check_result", schema=None) as batch_op:
        batch_op.drop_index("ix_check_result_severity")
        batch_op.drop_index("ix_check_result_file_id")
        batch_op.drop_column("rested")
