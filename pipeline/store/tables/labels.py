"""Classifications, decisions of persons, and the life of a model."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    literal_column,
)

from pipeline.store.tables.base import metadata

classification = Table(
    "classification",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # given by store.labels
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("model_version", String(32), nullable=False),
    Column("text_hash", String(32), nullable=False),
    Column("is_current", Boolean, nullable=False, default=True),
    Column("scope", String(2), nullable=False),
    Column("score", Float, nullable=False),
    Column("primary_type", String(24)),
    Column("labels_json", JSON, nullable=False),
    Column("scores_json", JSON, nullable=False),
    Column("evidence_json", JSON, nullable=False),
    Column("flags_json", JSON, nullable=False),
    Column("review", Boolean, nullable=False),
    Column("classified_at", DateTime, nullable=False),
    Index("ix_classification_ticket_id", "ticket_id", "is_current"),
)

Index(  # the review queue: few of many rows, so that it costs the night next to nothing
    "ix_classification_open_review",
    classification.c.ticket_id,
    classification.c.score,
    classification.c.primary_type,
    sqlite_where=classification.c.review & classification.c.is_current,
    postgresql_where=classification.c.review & classification.c.is_current,
)

_IS_ENFORCEMENT = (classification.c.scope == literal_column("'E1'")) & classification.c.is_current
Index(  # complaints about enforcement: rare among all, and what most questions are about
    "ix_classification_enforcement",
    classification.c.ticket_id,
    sqlite_where=_IS_ENFORCEMENT,
    postgresql_where=_IS_ENFORCEMENT,
)

classification_label = Table(
    "classification_label",
    metadata,
    Column("classification_id", ForeignKey("classification.id"), primary_key=True),
    Column("problem_type", String(24), primary_key=True),
    Column("is_primary", Boolean, nullable=False),
)

classification_flag = Table(
    "classification_flag",
    metadata,
    Column("classification_id", ForeignKey("classification.id"), primary_key=True),
    Column("flag", String(16), primary_key=True),
)

review_decision = Table(  # append-only; the newest of a ticket stands above every model
    "review_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("decided_at", DateTime, nullable=False),
    Column("action", String(16), nullable=False),  # accept, correct, reject, postpone, return, undo
    Column("is_current", Boolean, nullable=False, default=True),
    Column("scope", String(2), nullable=False),
    Column("primary_type", String(24)),
    Column("labels_json", JSON, nullable=False),
    Column("evidence_json", JSON, nullable=False),
    Column("reason", Text),
    Column("model_version", String(32)),
    Column("undoes", Integer),  # review_decision.id that the same person took back by this row
    Index("ix_review_decision_ticket_id", "ticket_id", "is_current"),
)

decision_label = Table(
    "decision_label",
    metadata,
    Column("decision_id", ForeignKey("review_decision.id"), primary_key=True),
    Column("problem_type", String(24), primary_key=True),
    Column("is_primary", Boolean, nullable=False),
)

second_review = Table(  # blind: what another person says of a ticket already decided on
    "second_review",
    metadata,
    Column("decision_id", ForeignKey("review_decision.id"), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("decided_at", DateTime, nullable=False),
    Column("scope", String(2), nullable=False),
    Column("primary_type", String(24)),
    Column("labels_json", JSON, nullable=False),
    Column("reason", Text),  # masked
    Index("ix_second_review_ticket_id", "ticket_id"),
)

model_decision = Table(  # append-only; the newest of a base that names a winner is in force
    "model_decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decided_at", DateTime, nullable=False),
    Column("base", String(32), nullable=False),  # version of corpus, parameters and code alone
    Column("champion", String(32), nullable=False),  # in force until then
    Column("challenger", String(32), nullable=False),
    Column("verdict", String(8), nullable=False),  # promoted, kept, reverted
    Column("person", Text, nullable=False),  # "system" for the rule of promotion
    Column("reason", Text, nullable=False),  # Chinese
    Column("figures_json", JSON, nullable=False),  # both models', by set of tickets
    Column("gold_json", JSON, nullable=False),  # review_decision ids that the challenger learned
    Index("ix_model_decision_base", "base", "verdict"),
)

model_drift = Table(  # one month as one model saw it; measured anew, the row is replaced
    "model_drift",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("model_version", String(32), primary_key=True),
    Column("measured_at", DateTime, nullable=False),
    Column("reference_json", JSON, nullable=False),  # the months it is compared with
    Column("tickets", Integer, nullable=False),
    Column("enforcement", Integer, nullable=False),
    Column("pending", Integer, nullable=False),  # of these months, not yet read by the model
    Column("measures_json", JSON, nullable=False),
    Column("warnings_json", JSON, nullable=False),  # Chinese sentences that name the cause
)
