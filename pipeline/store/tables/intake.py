"""Files, rows, tickets and their versions, quarantine, checks."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from pipeline.domain.ticket import FIELDS, HANDLING_FIELDS
from pipeline.store.tables.base import SQL_TYPES, metadata

export_file = Table(
    "export_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),  # as first seen
    Column("size_bytes", BigInteger, nullable=False),
    Column("landed_at", DateTime, nullable=False),
    Column("as_of", Date, nullable=False),  # the night that landed it
    Column("container_id", ForeignKey("export_file.id")),  # the zip archive it came in
    Column("state", String(16), nullable=False),  # FileOutcome
    Column("layout", String(64)),
    Column("headings_json", JSON),  # mapped, ignored and unknown headings of the file
    Column("period_start", Date),
    Column("period_end", Date),
    Column("reason", String(32)),  # FileReason where stopped
    Column("message", Text),  # Chinese, for the operator
    Column("warnings_json", JSON),
    Column("rows_read", Integer, nullable=False, default=0),
    Column("inserted", Integer, nullable=False, default=0),
    Column("updated", Integer, nullable=False, default=0),
    Column("unchanged", Integer, nullable=False, default=0),
    Column("duplicate", Integer, nullable=False, default=0),
    Column("quarantined", Integer, nullable=False, default=0),
    Column("loaded_at", DateTime),
    CheckConstraint(
        "rows_read = inserted + updated + unchanged + duplicate + quarantined", name="balanced"
    ),
)

inbox_entry = Table(  # what each inbox path was when last looked at: a quiet night hashes nothing
    "inbox_entry",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("file_id", ForeignKey("export_file.id"), nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # given by store.tickets
    Column("hotline", String(8), nullable=False),
    Column("ticket_no", Text, nullable=False),
    *(Column(f.name, SQL_TYPES[f.kind]) for f in FIELDS),
    Column("text_hash", String(32), nullable=False),  # of title and content: what is classified
    Column("state_at", DateTime, nullable=False),  # newest time the ticket's own fields show
    Column("row_hash", String(32), nullable=False),  # of the newest row: finds exact repeats
    Column("version", Integer, nullable=False, default=1),
    # The rows of export_row that first and last told of it: `hotline verify` proves that they did.
    # Foreign keys to the files would prove less, and cost PostgreSQL a fifth of a night's loading.
    Column("first_file_id", Integer, nullable=False),
    Column("first_row_no", Integer, nullable=False),
    Column("last_file_id", Integer, nullable=False),
    Column("last_row_no", Integer, nullable=False),
    UniqueConstraint("hotline", "ticket_no"),
    Index("ix_ticket_accepted_at", "accepted_at"),
    Index("ix_ticket_caller_key", "caller_key"),
)

export_row = Table(
    "export_row",
    metadata,
    Column("file_id", ForeignKey("export_file.id"), primary_key=True),
    Column("row_no", Integer, primary_key=True),  # 1 = first data row of the file
    Column("outcome", String(16), nullable=False),
    Column("ticket_id", ForeignKey("ticket.id")),  # null only where quarantined
    Column("replayed_from", Integer),  # quarantine_row.id where the row is a repaired one
    Index("ix_export_row_ticket_id", "ticket_id"),
)

ticket_version = Table(  # of every change: version 1 is the row that the ticket names as its first
    "ticket_version",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("file_id", ForeignKey("export_file.id"), nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("recorded_at", DateTime, nullable=False),
    Column("changes_json", JSON, nullable=False),  # {field: [before, after]}
)

ticket_handling = Table(  # only of tickets that an export gave in several differing rows
    "ticket_handling",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    *(Column(f.name, SQL_TYPES[f.kind]) for f in FIELDS if f.name in HANDLING_FIELDS),
    Column("state_at", DateTime, nullable=False),
    Column("row_hash", String(32), nullable=False),  # of its newest row: finds exact repeats
    Column("file_id", ForeignKey("export_file.id"), nullable=False),  # that showed it last
    Column("row_no", Integer, nullable=False),
)

shown_row = Table(  # rows that exports showed of a ticket beside its newest one
    "shown_row",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("row_hash", String(32), primary_key=True),
    Column("file_id", ForeignKey("export_file.id"), nullable=False),  # that showed it last
)

quarantine_row = Table(
    "quarantine_row",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file_id", ForeignKey("export_file.id"), nullable=False),
    Column("row_no", Integer, nullable=False),
    Column("sheet", Text),
    Column("source_row", Integer),  # the row as the spreadsheet counts it, headings included
    Column("reasons_json", JSON, nullable=False),  # [RowReason, …]
    Column("sealed", LargeBinary, nullable=False),  # {heading: cell} as received, encrypted
    Column("preview", Text),  # masked, for lists
    Column("state", String(16), nullable=False, default="open"),  # open, replayed, discarded
    Column("resolved_at", DateTime),
    Column("resolved_by", Text),
    Column("replay_file_id", ForeignKey("export_file.id")),
    UniqueConstraint("file_id", "row_no"),
)

contact = Table(
    "contact",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # {"name", "phone"} encrypted
)

ticket_officer = Table(  # officers whom a ticket's texts name; the texts hold masks
    "ticket_officer",
    metadata,
    Column("ticket_id", ForeignKey("ticket.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # {"names", "badges"} encrypted
)

contact_access = Table(  # who looked at a contact or at officers' names and numbers, and why
    "contact_access",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket_id", ForeignKey("ticket.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime, nullable=False),
)

check_result = Table(
    "check_result",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file_id", ForeignKey("export_file.id"), nullable=False),
    Column("suite", Text, nullable=False),
    Column("expectation", Text, nullable=False),
    Column("severity", String(8), nullable=False),  # row, warn, stop
    Column("code", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("rested", Boolean, nullable=False, default=False, server_default=false()),
    Column("failing", Integer, nullable=False),
    Column("observed_json", JSON),
    Column("message", Text, nullable=False),  # Chinese
    Index("ix_check_result_file_id", "file_id"),
    Index("ix_check_result_severity", "severity", "passed"),
)

check_clearance = Table(  # append-only: a named person let a failed stop pass, and why
    "check_clearance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("check_id", ForeignKey("check_result.id"), nullable=False, unique=True),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime, nullable=False),
)

export_profile = Table(  # a file when it was checked: what later files are compared with
    "export_profile",
    metadata,
    Column("file_id", ForeignKey("export_file.id"), primary_key=True),
    Column("source", Text, nullable=False),  # its name without dates and numbers
    Column("rows", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("without_content", Integer, nullable=False),
    Column("newest_on", Date),  # newest day of acceptance
)

export_day = Table(  # accepted rows of a file by their day of acceptance
    "export_day",
    metadata,
    Column("file_id", ForeignKey("export_file.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("tickets", Integer, nullable=False),
)
