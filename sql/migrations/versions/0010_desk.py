"""The desk: bounds of a person, saved views, decisions taken back, second reviews, publication

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain columns: SQLite adds them in place, and views over the tables stay whole.
    for name in ("units_json", "regions_json"):
        op.add_column("person", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("review_decision", sa.Column("undoes", sa.Integer(), nullable=True))
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query_json", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["person.name"], name=op.f("fk_saved_view_person_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("person", "name", name=op.f("uq_saved_view_person")),
    )
    op.create_table(
        "second_review",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("scope", sa.String(2), nullable=False),
        sa.Column("primary_type", sa.String(24), nullable=True),
        sa.Column("labels_json", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["review_decision.id"],
            name=op.f("fk_second_review_decision_id_review_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_second_review_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_second_review")),
    )
    op.create_index("ix_second_review_ticket_id", "second_review", ["ticket_id"])
    op.create_table(
        "report_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_step_report_id_report")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_step")),
    )
    op.create_index("ix_report_step_report_id", "report_step", ["report_id"])
    op.create_index(
        "ix_classification_enforcement",
        "classification",
        ["ticket_id"],
        sqlite_where=sa.text("scope = 'E1' AND is_current = 1"),
        postgresql_where=sa.text("scope = 'E1' AND is_current"),
    )


def downgrade() -> None:
    op.drop_index("ix_classification_enforcement", table_name="classification")
    op.drop_table("report_step")
    op.drop_table("second_review")
    op.drop_table("saved_view")
    op.drop_column("review_decision", "undoes")
    for name in ("regions_json", "units_json"):
        op.drop_column("person", name)
