"""Life of a model: which one is in force and why, and how months drift from its reference

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("base", sa.String(length=32), nullable=False),
        sa.Column("champion", sa.String(length=32), nullable=False),
        sa.Column("challenger", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures_json", sa.JSON(), nullable=False),
        sa.Column("gold_json", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_decision")),
    )
    op.create_index("ix_model_decision_base", "model_decision", ["base", "verdict"], unique=False)
    op.create_table(
        "model_drift",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("model_version", sa.String(length=32), nullable=False),
        sa.Column("measured_at", sa.DateTime(), nullable=False),
        sa.Column("reference_json", sa.JSON(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("enforcement", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("measures_json", sa.JSON(), nullable=False),
        sa.Column("warnings_json", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("month", "model_version", name=op.f("pk_model_drift")),
    )


def downgrade() -> None:
    op.drop_table("model_drift")
    op.drop_index("ix_model_decision_base", table_name="model_decision")
    op.drop_table("model_decision")
