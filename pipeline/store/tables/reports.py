"""Frozen months, their figures and their publication."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pipeline.store.tables.base import metadata

report = Table(
    "report",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("month", String(7), nullable=False),  # YYYY-MM
    Column("profile", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("frozen_at", DateTime, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("input_hash", String(64), nullable=False),  # same inputs, same report
    Column("manifest_json", JSON, nullable=False),
    Column("state", String(16), nullable=False),  # draft, blocked, pending, filed
    Column("findings_json", JSON, nullable=False),  # the linter's
    Column("directory", Text),  # relative to HOTLINE_HOME
    UniqueConstraint("month", "profile", "revision"),
)

report_ticket = Table(  # the frozen input set: narrow, and never changed after it is written
    "report_ticket",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("period", String(10), nullable=False),  # current, previous, year_ago, history
    Column("hotline", String(8), nullable=False),
    Column("ticket_no", Text, nullable=False),
    Column("accepted_at", DateTime, nullable=False),
    Column("intake_channel", Text),
    Column("category", Text),
    Column("trade", Text),
    Column("region", Text),
    Column("unit", Text),
    Column("caller_key", Text),
    Column("matter_id", Integer, nullable=False),
    Column("status", Text),
    Column("dispatched_at", DateTime),
    Column("signed_at", DateTime),
    Column("due_at", DateTime),
    Column("closed_at", DateTime),
    Column("visited_at", DateTime),
    Column("return_count", Integer),
    Column("is_extended", Boolean),
    Column("verified", Text),
    Column("resolved", Text),
    Column("satisfaction", Text),
    Column("scope", String(2), nullable=False),
    Column("primary_type", String(24)),
    Column("is_reviewed", Boolean, nullable=False),  # a person decided
    Column("review", Boolean, nullable=False),  # the model abstained
    Column("working_days", Integer),  # dispatch to closing; null: not closed, or not known
    Index("ix_report_ticket_period", "report_id", "period", "scope"),
)

report_ticket_label = Table(
    "report_ticket_label",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("ticket_id", Integer, primary_key=True),
    Column("problem_type", String(24), primary_key=True),
    Column("is_primary", Boolean, nullable=False),
)

report_ticket_flag = Table(
    "report_ticket_flag",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("ticket_id", Integer, primary_key=True),
    Column("flag", String(16), primary_key=True),
)

report_figure = Table(  # every number of a report, with the query that gives it
    "report_figure",
    metadata,
    Column("report_id", ForeignKey("report.id"), primary_key=True),
    Column("number", String(64), primary_key=True),  # e.g. 2.rough.count
    Column("section", String(8), nullable=False),
    Column("label", Text, nullable=False),
    Column("value", Float),  # null: no data, or under the minimum n
    Column("unit", String(8), nullable=False),  # 件, 人, %, 工作日 …
    Column("query", String(64)),  # sql/reports/<query>.sql; null: derived from other numbers
    Column("params_json", JSON, nullable=False),
    Column("formula", Text),  # numbers it is derived from
    Column("split", String(32)),  # the by_*.sql of params_json, as column for the view
    Column("part", Text),  # as printed
    Column("period", String(10)),
    Column("measure", String(16)),
)

report_step = Table(  # append-only: who approved, published or sent back a revision
    "report_step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_id", ForeignKey("report.id"), nullable=False),
    Column("step", String(16), nullable=False),  # approved, published, returned
    Column("person", Text, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("note", Text),
    Column("client", Text),  # the program through which the person did it; none at the desk
    Index("ix_report_step_report_id", "report_id"),
)
