"""Runs of a stage, persons, tokens, audit and notices."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from pipeline.store.tables.base import metadata

stage_run = Table(
    "stage_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("stage", String(24), nullable=False),
    Column("as_of", Date),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime, nullable=False),
    Column("status", String(16), nullable=False),  # done, attention, failed
    Column("counts_json", JSON, nullable=False),
    Column("message", Text),
)

person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("must_change", Boolean, nullable=False, default=True),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until", DateTime),
    Column("created_at", DateTime, nullable=False),
    Column("session_epoch", Integer, nullable=False, default=0),  # raised to end all sessions
    # What the person is bound to; both empty: the whole jurisdiction.
    Column("units_json", JSON, nullable=False, default=list, server_default="[]"),
    Column("regions_json", JSON, nullable=False, default=list, server_default="[]"),
)

saved_view = Table(  # a person's own filters of the list of items
    "saved_view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey("person.name"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query_json", JSON, nullable=False),
    UniqueConstraint("person", "name"),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("person", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("detail_json", JSON),
)

api_token = Table(  # a program that acts in a person's name; the token itself is kept nowhere
    "api_token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("person", ForeignKey("person.name"), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes_json", JSON, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", DateTime, nullable=False),
    Column("revoked_at", DateTime),
    Column("last_used_at", DateTime),  # to ten minutes
)

notice = Table(  # outbox: one row per item, kind, occasion and channel, written once
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("supervision_item.id"), nullable=False),
    Column("kind", String(12), nullable=False),  # raised, escalated, overdue
    Column("occasion", String(16), nullable=False),  # what of that kind: event or passed day
    Column("channel", String(8), nullable=False),  # webhook, mail
    Column("created_at", DateTime, nullable=False),
    Column("state", String(8), nullable=False, default="waiting"),  # waiting, sent, dead
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", DateTime, nullable=False),
    Column("sent_at", DateTime),
    Column("problem", Text),  # Chinese: why the last attempt failed
    UniqueConstraint("item_id", "kind", "occasion", "channel"),
    Index("ix_notice_state", "state", "next_at"),
)
