"""From a number back to its tickets, and the check that every number still equals its query."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.domain.errors import OperatorError
from pipeline.report.figures import Figures, Frame, load, recompute
from pipeline.report.findings import Finding, error
from pipeline.report.formulas import Manifest, parse
from pipeline.report.policy import ReportPolicy
from pipeline.report.queries import query_text, ticket_rows
from pipeline.report.working_copy import working_copy
from pipeline.store.engine import read_only
from pipeline.store.tables import report

WITHHELD = ("2.integrity.count",)
"""Numbers whose tickets only the confidential channel shows."""


class UnknownNumber(OperatorError):
    """No such report, or none of its numbers; the message is for the operator."""


def find_report(
    connection: Connection, month: str, profile: str, revision: int | None = None
) -> sa.Row:
    """The revision asked for, or the newest; raises :class:`UnknownNumber`."""
    statement = sa.select(report).where(report.c.month == month, report.c.profile == profile)
    if revision is not None:
        statement = statement.where(report.c.revision == revision)
    row = connection.execute(statement.order_by(report.c.revision.desc()).limit(1)).one_or_none()
    if row is None:
        version = f",第 {revision} 版" if revision is not None else ""
        raise UnknownNumber(
            f"没有 {month} 的报告(方案 {profile}{version})。请先运行 hotline report {month}。"
        )
    return row


def frame_of(connection: Connection, row: sa.Row) -> Frame:
    """The frame a stored report was computed in."""
    policy = ReportPolicy.from_json(row.manifest_json["policy"])
    return Frame(connection, row.id, row.month, policy, Manifest(row.manifest_json))


def trace(
    engine: Engine, month: str, profile: str, number: str, revision: int | None = None
) -> dict:
    """What is behind a number of a report, as JSON values.

    ``number, label, value, unit, query, sql, params, formula, withheld, tickets, operands``:
    ``tickets`` hold ``hotline, ticket_no, accepted_at``; a derived number has none of its own but
    the same again for each figure it is computed from. Integrity leads are withheld.
    Raises :class:`UnknownNumber`.
    """
    with read_only(engine).begin() as connection:
        row = find_report(connection, month, profile, revision)
        figures = load(connection, row.id)
        if number not in figures:
            raise UnknownNumber(f"{month} 的报告第 {row.revision} 版没有编号为 {number} 的数字。")
        return _trace(frame_of(connection, row), figures, number)


def _trace(frame: Frame, figures: Figures, number: str) -> dict:
    figure = figures[number]
    found = {
        "number": number,
        "label": figure.label,
        "value": figure.value,
        "unit": figure.unit,
        "query": figure.query,
        "sql": query_text(figure.query) if figure.query else None,
        "params": figure.params,
        "formula": figure.formula,
        "withheld": number in WITHHELD,
        "tickets": [],
        "operands": [],
    }
    if figure.query is None:
        name, operands = parse(figure.formula)
        if name != "manifest":
            found["operands"] = [_trace(frame, figures, operand) for operand in operands]
    elif not found["withheld"]:
        found["tickets"] = _tickets(frame, figure.query, dict(figure.params))
    return found


def _tickets(frame: Frame, query: str, params: dict) -> list[dict]:
    measure, by, part = (params.pop(key) for key in ("measure", "by", "part"))
    rows = ticket_rows(
        frame.connection, frame.report_id, query, by, params,
        parts=[part] if by else None, hits_only=measure.startswith("hit"),
    )  # fmt: skip
    return [
        {
            "hotline": row.hotline,
            "ticket_no": row.ticket_no,
            "accepted_at": row.accepted_at.isoformat(sep=" ", timespec="seconds"),
        }
        for row in rows
    ]


def check_figures(connection: Connection, report_id: int) -> Iterator[str | None]:
    """Run every figure's query again at the frozen set: per figure None, or what is wrong."""
    row = connection.execute(sa.select(report).where(report.c.id == report_id)).one()
    figures = load(connection, report_id)
    with working_copy(connection, report_id):
        again = recompute(frame_of(connection, row), figures)
    for number, figure in figures.items():
        yield (
            None
            if _equal(figure.value, again[number])
            else f"{row.month} 报告第 {row.revision} 版 {figure.label}({number})"
            f"记为 {figure.value},按查询应为 {again[number]}"
        )


def check(engine: Engine, report_id: int) -> list[Finding]:
    """The errors of :func:`check_figures`."""
    with read_only(engine).begin() as connection:
        return [error("figure_moved", m) for m in check_figures(connection, report_id) if m]


def _equal(a: float | None, b: float | None) -> bool:
    return a is b if a is None or b is None else abs(a - b) < 1e-6
