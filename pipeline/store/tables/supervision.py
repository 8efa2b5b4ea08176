"""Links, supervision items and their events, follow-up."""

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from pipeline.store.tables.base import metadata

ticket_link = Table(
    "ticket_link",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),  # the later ticket
    Column("other_id", ForeignKey("ticket.id"), primary_key=True),  # the earlier one
    Column("kind", String(16), primary_key=True),  # same_caller, same_matter, urge, repeat …
    Column("score", Float, nullable=False),
    Column("known_on", Date, nullable=False),  # the night that found it
    Column("note", Text),
    Index("ix_ticket_link_other_id", "other_id"),
    Index("ix_ticket_link_known_on", "known_on"),
)

matter = Table(
    "matter",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("matter_id", Integer, nullable=False),  # the lowest ticket id of the matter
    Index("ix_matter_matter_id", "matter_id"),
)

supervision_item = Table(
    "supervision_item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_key", String(64), nullable=False, unique=True),  # profile, rule, subject, window
    Column("profile", String(32), nullable=False),
    Column("rule", String(8), nullable=False),
    Column("level", String(2), nullable=False),  # L0 … L4, X
    Column("subject", Text, nullable=False),  # what the rule grouped by, readable
    Column("unit", Text),
    Column("region", Text),
    Column("problem_type", String(24)),
    Column("summary", Text, nullable=False),  # Chinese: what was seen, in numbers
    Column("clause", Text, nullable=False),  # quoted, with its source
    Column("threshold_origin", String(8), nullable=False),  # text, default
    Column("numbers_json", JSON, nullable=False),
    Column("missing_json", JSON, nullable=False),  # what is still missing for closing (D4)
    Column("state", String(16), nullable=False),
    Column("raised_on", Date, nullable=False),
    Column("due_on", Date),
    Column("updated_on", Date, nullable=False),
    Column("row_version", Integer, nullable=False, default=1),  # optimistic locking
    Index("ix_supervision_item_state", "state", "level"),
)

item_ticket = Table(
    "item_ticket",
    metadata,
    Column("item_id", ForeignKey("supervision_item.id"), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Index("ix_item_ticket_ticket_id", "ticket_id"),
)

item_event = Table(  # append-only; one for each state an item was in
    "item_event",
    metadata,
    Column("item_id", ForeignKey("supervision_item.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("person", Text, nullable=False),  # "system" for the rules
    Column("action", String(24), nullable=False),
    Column("from_state", String(16)),
    Column("to_state", String(16), nullable=False),
    Column("level", String(2), nullable=False),
    Column("reason", Text, nullable=False),
    Column("sealed", LargeBinary),  # the reason in a confidential item, encrypted
    Column("ticket_ids_json", JSON, nullable=False),
)

follow_up = Table(  # the sample drawn for a month (回访抽样), and what the callers said
    "follow_up",
    metadata,
    Column("profile", String(32), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("stratum", Text, nullable=False),
    Column("drawn_at", DateTime, nullable=False),
    Column("reached", Text),  # 接通, 未接通, 拒访, 号码错误; null: nothing filled in yet
    Column("resolved", Text),
    Column("satisfaction", Text),
    Column("note", Text),  # masked
    Column("recorded_by", Text),
    Column("recorded_at", DateTime),
)
