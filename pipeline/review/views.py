"""The view ``labelled_ticket`` (made by the first migration) as a table of SQLAlchemy."""

import sqlalchemy as sa

from pipeline.store import tables as t

labelled = sa.table(
    "labelled_ticket",
    *(sa.column(c.name, c.type) for c in t.ticket.columns),
    sa.column("unit", sa.Text),
    sa.column("matter_id", sa.Integer),
    sa.column("scope", sa.String),
    sa.column("primary_type", sa.String),
    sa.column("labels_json", sa.JSON),
    sa.column("evidence_json", sa.JSON),
    sa.column("score", sa.Float),
    sa.column("flags_json", sa.JSON),
    sa.column("model_version", sa.String),
    sa.column("review", sa.Boolean),
    sa.column("is_reviewed", sa.Boolean),
    sa.column("classification_id", sa.Integer),
    sa.column("decision_id", sa.Integer),
)
