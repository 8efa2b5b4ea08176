"""Report numbers for BI tools: what each figure splits by, and the view report_number

Figures filed before this revision have no split, part, period or measure of their own: their
params_json says the same.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW report_number AS
SELECT r.month, r.profile, r.revision,
       NOT EXISTS (
           SELECT 1 FROM report n
           WHERE n.month = r.month AND n.profile = r.profile AND n.state = 'filed'
             AND n.revision > r.revision) AS is_latest,
       r.as_of, f.number, f.section, f.label, f.value, f.unit,
       f.split, f.part, f.period, f.measure, f.query, f.formula
FROM report_figure f JOIN report r ON r.id = f.report_id
WHERE r.state = 'filed'
"""


def upgrade() -> None:
    op.add_column("report_ticket", sa.Column("working_days", sa.Integer(), nullable=True))
    for name, type_ in (
        ("split", sa.String(length=32)),
        ("part", sa.Text()),
        ("period", sa.String(length=10)),
        ("measure", sa.String(length=16)),
    ):
        op.add_column("report_figure", sa.Column(name, type_, nullable=True))
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW report_number")
    for name in ("measure", "period", "part", "split"):
        op.drop_column("report_figure", name)
    op.drop_column("report_ticket", "working_days")
