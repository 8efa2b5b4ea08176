"""Initial tables and views

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


VIEWS = {
    # A person's decision stands above the model's classification.
    "labelled_ticket": """
        SELECT t.*,
               COALESCE(t.target_unit, t.handler_unit) AS unit,
               COALESCE(m.matter_id, t.id) AS matter_id,
               COALESCE(d.scope, c.scope) AS scope,
               CASE WHEN d.id IS NULL THEN c.primary_type ELSE d.primary_type END AS primary_type,
               CASE WHEN d.id IS NULL THEN c.labels_json ELSE d.labels_json END AS labels_json,
               CASE WHEN d.id IS NULL THEN c.evidence_json ELSE d.evidence_json END
                    AS evidence_json,
               c.score, c.flags_json, c.model_version,
               CASE WHEN d.id IS NULL THEN c.review ELSE FALSE END AS review,
               d.id IS NOT NULL AS is_reviewed,
               c.id AS classification_id,
               d.id AS decision_id
        FROM ticket t
        LEFT JOIN classification c ON c.ticket_id = t.id AND c.is_current
        LEFT JOIN review_decision d ON d.ticket_id = t.id AND d.is_current
        LEFT JOIN matter m ON m.ticket_id = t.id
    """,
    "ticket_label": """
        SELECT d.ticket_id, l.problem_type, l.is_primary
        FROM review_decision d JOIN decision_label l ON l.decision_id = d.id
        WHERE d.is_current
        UNION ALL
        SELECT c.ticket_id, l.problem_type, l.is_primary
        FROM classification c JOIN classification_label l ON l.classification_id = c.id
        WHERE c.is_current AND NOT EXISTS (
            SELECT 1 FROM review_decision d WHERE d.ticket_id = c.ticket_id AND d.is_current)
    """,
    "ticket_flag": """
        SELECT c.ticket_id, f.flag
        FROM classification c JOIN classification_flag f ON f.classification_id = c.id
        WHERE c.is_current
    """,
}


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("detail_json", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "export_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("landed_at", sa.DateTime(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("container_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("layout", sa.String(length=64), nullable=True),
        sa.Column("headings_json", sa.JSON(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("warnings_json", sa.JSON(), nullable=True),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("inserted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "rows_read = inserted + updated + unchanged + duplicate + quarantined",
            name=op.f("ck_export_file_balanced"),
        ),
        sa.ForeignKeyConstraint(
            ["container_id"],
            ["export_file.id"],
            name=op.f("fk_export_file_container_id_export_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_export_file_sha256")),
    )
    op.create_table(
        "person",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_person")),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("input_hash", sa.String(length=64), nullable=False),
        sa.Column("manifest_json", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("findings_json", sa.JSON(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("month", "profile", "revision", name=op.f("uq_report_month")),
    )
    op.create_table(
        "stage_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("finished_at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("counts_json", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_run")),
    )
    op.create_table(
        "supervision_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_key", sa.String(length=64), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("problem_type", sa.String(length=24), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("threshold_origin", sa.String(length=8), nullable=False),
        sa.Column("numbers_json", sa.JSON(), nullable=False),
        sa.Column("missing_json", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("updated_on", sa.Date(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_item")),
        sa.UniqueConstraint("item_key", name=op.f("uq_supervision_item_item_key")),
    )
    with op.batch_alter_table("supervision_item", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_item_state", ["state", "level"], unique=False)

    op.create_table(
        "check_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("expectation", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("failing", sa.Integer(), nullable=False),
        sa.Column("observed_json", sa.JSON(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_check_result_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_result")),
    )
    op.create_table(
        "inbox_entry",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_inbox_entry_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_inbox_entry")),
    )
    op.create_table(
        "item_event",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ticket_ids_json", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["supervision_item.id"],
            name=op.f("fk_item_event_item_id_supervision_item"),
        ),
        sa.PrimaryKeyConstraint("item_id", "seq", name=op.f("pk_item_event")),
    )
    op.create_table(
        "quarantine_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("source_row", sa.Integer(), nullable=True),
        sa.Column("reasons_json", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("resolved_at", sa.DateTime(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("replay_file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_quarantine_row_file_id_export_file")
        ),
        sa.ForeignKeyConstraint(
            ["replay_file_id"],
            ["export_file.id"],
            name=op.f("fk_quarantine_row_replay_file_id_export_file"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_row")),
        sa.UniqueConstraint("file_id", "row_no", name=op.f("uq_quarantine_row_file_id")),
    )
    op.create_table(
        "report_figure",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("section", sa.String(length=8), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("query", sa.String(length=64), nullable=True),
        sa.Column("params_json", sa.JSON(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_figure_report_id_report")
        ),
        sa.PrimaryKeyConstraint("report_id", "number", name=op.f("pk_report_figure")),
    )
    op.create_table(
        "report_ticket_flag",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_ticket_flag_report_id_report")
        ),
        sa.PrimaryKeyConstraint(
            "report_id", "ticket_id", "flag", name=op.f("pk_report_ticket_flag")
        ),
    )
    op.create_table(
        "report_ticket_label",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("problem_type", sa.String(length=24), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_ticket_label_report_id_report")
        ),
        sa.PrimaryKeyConstraint(
            "report_id", "ticket_id", "problem_type", name=op.f("pk_report_ticket_label")
        ),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hotline", sa.String(length=8), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("intake_channel", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("trade", sa.Text(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("caller_phone", sa.Text(), nullable=True),
        sa.Column("caller_key", sa.Text(), nullable=True),
        sa.Column("is_confidential", sa.Boolean(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("target_unit", sa.Text(), nullable=True),
        sa.Column("handler_unit", sa.Text(), nullable=True),
        sa.Column("co_handler_unit", sa.Text(), nullable=True),
        sa.Column("plate", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(), nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=True),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("is_extended", sa.Boolean(), nullable=True),
        sa.Column("return_count", sa.Integer(), nullable=True),
        sa.Column("urge_count", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("status_raw", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("verified", sa.Text(), nullable=True),
        sa.Column("visited_at", sa.DateTime(), nullable=True),
        sa.Column("visit_result", sa.Text(), nullable=True),
        sa.Column("resolved", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("satisfaction_raw", sa.Text(), nullable=True),
        sa.Column("dissatisfaction_reason", sa.Text(), nullable=True),
        sa.Column("is_repeat", sa.Boolean(), nullable=True),
        sa.Column("is_supervised", sa.Boolean(), nullable=True),
        sa.Column("linked_ticket_no", sa.Text(), nullable=True),
        sa.Column("agent_no", sa.Text(), nullable=True),
        sa.Column("text_hash", sa.String(length=32), nullable=False),
        sa.Column("state_at", sa.DateTime(), nullable=False),
        sa.Column("row_hash", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_file_id", sa.Integer(), nullable=False),
        sa.Column("first_row_no", sa.Integer(), nullable=False),
        sa.Column("last_file_id", sa.Integer(), nullable=False),
        sa.Column("last_row_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_file_id"], ["export_file.id"], name=op.f("fk_ticket_first_file_id_export_file")
        ),
        sa.ForeignKeyConstraint(
            ["last_file_id"], ["export_file.id"], name=op.f("fk_ticket_last_file_id_export_file")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("hotline", "ticket_no", name=op.f("uq_ticket_hotline")),
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_accepted_at", ["accepted_at"], unique=False)
        batch_op.create_index("ix_ticket_caller_key", ["caller_key"], unique=False)

    op.create_table(
        "classification",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.String(length=32), nullable=False),
        sa.Column("text_hash", sa.String(length=32), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("primary_type", sa.String(length=24), nullable=True),
        sa.Column("labels_json", sa.JSON(), nullable=False),
        sa.Column("scores_json", sa.JSON(), nullable=False),
        sa.Column("evidence_json", sa.JSON(), nullable=False),
        sa.Column("flags_json", sa.JSON(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("classified_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_classification_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classification")),
    )
    with op.batch_alter_table("classification", schema=None) as batch_op:
        batch_op.create_index(
            "ix_classification_ticket_id", ["ticket_id", "is_current"], unique=False
        )
        batch_op.create_index(
            "ix_classification_open_review",
            ["ticket_id", "score", "primary_type"],
            unique=False,
            sqlite_where=sa.text("review = 1 AND is_current = 1"),
            postgresql_where=sa.text("review AND is_current"),
        )

    op.create_table(
        "contact",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_contact_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "contact_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_contact_access_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_access")),
    )
    op.create_table(
        "export_row",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("replayed_from", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_export_row_file_id_export_file")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_export_row_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("file_id", "row_no", name=op.f("pk_export_row")),
    )
    with op.batch_alter_table("export_row", schema=None) as batch_op:
        batch_op.create_index("ix_export_row_ticket_id", ["ticket_id"], unique=False)

    op.create_table(
        "item_ticket",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["supervision_item.id"],
            name=op.f("fk_item_ticket_item_id_supervision_item"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_item_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("item_id", "ticket_id", name=op.f("pk_item_ticket")),
    )
    with op.batch_alter_table("item_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_item_ticket_ticket_id", ["ticket_id"], unique=False)

    op.create_table(
        "matter",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_matter_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_matter")),
    )
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.create_index("ix_matter_matter_id", ["matter_id"], unique=False)

    op.create_table(
        "report_ticket",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("hotline", sa.String(length=8), nullable=False),
        sa.Column("ticket_no", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(), nullable=False),
        sa.Column("intake_channel", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("trade", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("caller_key", sa.Text(), nullable=True),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(), nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=True),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("visited_at", sa.DateTime(), nullable=True),
        sa.Column("return_count", sa.Integer(), nullable=True),
        sa.Column("is_extended", sa.Boolean(), nullable=True),
        sa.Column("verified", sa.Text(), nullable=True),
        sa.Column("resolved", sa.Text(), nullable=True),
        sa.Column("satisfaction", sa.Text(), nullable=True),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("primary_type", sa.String(length=24), nullable=True),
        sa.Column("is_reviewed", sa.Boolean(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["report.id"], name=op.f("fk_report_ticket_report_id_report")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_report_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("report_id", "ticket_id", name=op.f("pk_report_ticket")),
    )
    with op.batch_alter_table("report_ticket", schema=None) as batch_op:
        batch_op.create_index(
            "ix_report_ticket_period", ["report_id", "period", "scope"], unique=False
        )

    op.create_table(
        "review_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=2), nullable=False),
        sa.Column("primary_type", sa.String(length=24), nullable=True),
        sa.Column("labels_json", sa.JSON(), nullable=False),
        sa.Column("evidence_json", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("model_version", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_review_decision_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_decision")),
    )
    with op.batch_alter_table("review_decision", schema=None) as batch_op:
        batch_op.create_index(
            "ix_review_decision_ticket_id", ["ticket_id", "is_current"], unique=False
        )

    op.create_table(
        "ticket_link",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"], ["ticket.id"], name=op.f("fk_ticket_link_other_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_link_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "other_id", "kind", name=op.f("pk_ticket_link")),
    )
    with op.batch_alter_table("ticket_link", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_link_other_id", ["other_id"], unique=False)

    op.create_table(
        "ticket_version",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("changes_json", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["export_file.id"], name=op.f("fk_ticket_version_file_id_export_file")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_version_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "version", name=op.f("pk_ticket_version")),
    )
    op.create_table(
        "classification_flag",
        sa.Column("classification_id", sa.Integer(), nullable=False),
        sa.Column("flag", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["classification_id"],
            ["classification.id"],
            name=op.f("fk_classification_flag_classification_id_classification"),
        ),
        sa.PrimaryKeyConstraint("classification_id", "flag", name=op.f("pk_classification_flag")),
    )
    op.create_table(
        "classification_label",
        sa.Column("classification_id", sa.Integer(), nullable=False),
        sa.Column("problem_type", sa.String(length=24), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["classification_id"],
            ["classification.id"],
            name=op.f("fk_classification_label_classification_id_classification"),
        ),
        sa.PrimaryKeyConstraint(
            "classification_id", "problem_type", name=op.f("pk_classification_label")
        ),
    )
    op.create_table(
        "decision_label",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("problem_type", sa.String(length=24), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["review_decision.id"],
            name=op.f("fk_decision_label_decision_id_review_decision"),
        ),
        sa.PrimaryKeyConstraint("decision_id", "problem_type", name=op.f("pk_decision_label")),
    )
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
    op.drop_table("decision_label")
    op.drop_table("classification_label")
    op.drop_table("classification_flag")
    op.drop_table("ticket_version")
    with op.batch_alter_table("ticket_link", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_link_other_id")

    op.drop_table("ticket_link")
    with op.batch_alter_table("review_decision", schema=None) as batch_op:
        batch_op.drop_index("ix_review_decision_ticket_id")

    op.drop_table("review_decision")
    with op.batch_alter_table("report_ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_report_ticket_period")

    op.drop_table("report_ticket")
    with op.batch_alter_table("matter", schema=None) as batch_op:
        batch_op.drop_index("ix_matter_matter_id")

    op.drop_table("matter")
    with op.batch_alter_table("item_ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_item_ticket_ticket_id")

    op.drop_table("item_ticket")
    with op.batch_alter_table("export_row", schema=None) as batch_op:
        batch_op.drop_index("ix_export_row_ticket_id")

    op.drop_table("export_row")
    op.drop_table("contact_access")
    op.drop_table("contact")
    with op.batch_alter_table("classification", schema=None) as batch_op:
        batch_op.drop_index("ix_classification_open_review")
        batch_op.drop_index("ix_classification_ticket_id")

    op.drop_table("classification")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index("ix_ticket_caller_key")
        batch_op.drop_index("ix_ticket_accepted_at")

    op.drop_table("ticket")
    op.drop_table("report_ticket_label")
    op.drop_table("report_ticket_flag")
    op.drop_table("report_figure")
    op.drop_table("quarantine_row")
    op.drop_table("item_event")
    op.drop_table("inbox_entry")
    op.drop_table("check_result")
    with op.batch_alter_table("supervision_item", schema=None) as batch_op:
        batch_op.drop_index("ix_supervision_item_state")

    op.drop_table("supervision_item")
    op.drop_table("stage_run")
    op.drop_table("report")
    op.drop_table("person")
    op.drop_table("export_file")
    op.drop_table("audit_event")
