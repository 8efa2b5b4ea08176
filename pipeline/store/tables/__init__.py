"""Every table, once. Alembic's migrations under sql/migrations create them.

Times are naive Asia/Shanghai wall clocks (see domain.ticket). ``*_json`` columns hold JSON.
No column but ``sealed`` ones may hold a phone, an id, a plate, a bank or a badge number;
``hotline verify`` looks.
"""

from pipeline.store.tables.base import metadata
from pipeline.store.tables.intake import (
    check_clearance,
    check_result,
    contact,
    contact_access,
    export_day,
    export_file,
    export_profile,
    export_row,
    inbox_entry,
    quarantine_row,
    shown_row,
    ticket,
    ticket_handling,
    ticket_officer,
    ticket_version,
)
from pipeline.store.tables.labels import (
    classification,
    classification_flag,
    classification_label,
    decision_label,
    model_decision,
    model_drift,
    review_decision,
    second_review,
)
from pipeline.store.tables.people import (
    api_token,
    audit_event,
    notice,
    person,
    saved_view,
    stage_run,
)
from pipeline.store.tables.reports import (
    report,
    report_figure,
    report_step,
    report_ticket,
    report_ticket_flag,
    report_ticket_label,
)
from pipeline.store.tables.supervision import (
    follow_up,
    item_event,
    item_ticket,
    matter,
    supervision_item,
    ticket_link,
)

__all__ = [
    "api_token",
    "audit_event",
    "check_clearance",
    "check_result",
    "classification",
    "classification_flag",
    "classification_label",
    "contact",
    "contact_access",
    "decision_label",
    "export_day",
    "export_file",
    "export_profile",
    "export_row",
    "follow_up",
    "inbox_entry",
    "item_event",
    "item_ticket",
    "matter",
    "metadata",
    "model_decision",
    "model_drift",
    "notice",
    "person",
    "quarantine_row",
    "report",
    "report_figure",
    "report_step",
    "report_ticket",
    "report_ticket_flag",
    "report_ticket_label",
    "review_decision",
    "saved_view",
    "second_review",
    "shown_row",
    "stage_run",
    "supervision_item",
    "ticket",
    "ticket_handling",
    "ticket_link",
    "ticket_officer",
    "ticket_version",
]
