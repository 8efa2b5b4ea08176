"""The monthly report: frozen inputs, figures from named queries, linter, docx / xlsx / html.

freeze → figures → lint → render → file. Everything printed comes from report_figure and the
frozen manifest, so a report can be rendered again at any time, byte for byte.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.report.findings import Finding, is_blocked
from pipeline.report.freeze import freeze
from pipeline.report.policy import ReportPolicy, Target
from pipeline.report.tracing import UnknownNumber, check, check_figures, trace
from pipeline.report.working_copy import working_copy
from pipeline.store.tables import report, report_figure

if TYPE_CHECKING:
    from pipeline.report.document import Document

__all__ = [
    "Finding",
    "ReportOutcome",
    "ReportPolicy",
    "Target",
    "UnknownNumber",
    "check",
    "check_figures",
    "make_report",
    "trace",
]


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """``state``: filed; pending where persons must publish it; returned by one of them; or blocked
    where the linter found errors (then ``paths`` is empty).

    ``paths``: docx, xlsx, html, tickets (the html's sibling), manifest, and every paper of the
    plan under its own name.
    """

    report_id: int
    month: str
    revision: int
    is_new: bool
    state: str
    findings: tuple[Finding, ...]
    paths: dict[str, Path]


def make_report(
    engine: Engine,
    *,
    month: str,
    policy: ReportPolicy,
    as_of: date,
    at: datetime,
    out_dir: Path,
    code_version: str,
    model_version: str,
    needs_approval: bool = False,
    measured: dict | None = None,
) -> ReportOutcome:
    """Freeze, count, lint, render and file the report of ``month`` (``"2026-10"``).

    The same inputs make nothing new: the filed report is returned, and only missing files are
    rendered again, byte-identical. Changed inputs make a new revision with a restatement table.
    An interrupted run is taken up where it stopped. With ``needs_approval`` the report is rendered
    and left pending: persons publish it (pipeline.stages.publication).

    ``measured``: the errors of one model, ``{"version", "types"}`` with types as of
    correction.measured_types; without it the shares of types are not corrected.
    """
    frozen = freeze(
        engine,
        month,
        policy,
        as_of=as_of,
        at=at,
        code_version=code_version,
        model_version=model_version,
        measured=measured,
    )
    document = None
    with engine.begin() as connection, working_copy(connection, frozen.report_id):
        row = _row(connection, frozen.report_id)
        if row.state == "draft":
            document = _count_and_lint(connection, row)
            row = _row(connection, frozen.report_id)
        findings = tuple(Finding(**finding) for finding in row.findings_json)
        directory = out_dir / month / policy.id / f"r{row.revision}"
        paths: dict[str, Path] = {}
        if row.state != "blocked":
            paths = _file(connection, row, directory, document)
            relative = f"{out_dir.name}/{month}/{policy.id}/r{row.revision}"
            if row.state == "draft" or (row.state == "pending" and not needs_approval):
                connection.execute(
                    report.update()
                    .where(report.c.id == row.id)
                    .values(state="pending" if needs_approval else "filed", directory=relative)
                )
                row = _row(connection, frozen.report_id)
    return ReportOutcome(
        frozen.report_id,
        month,
        frozen.revision,
        frozen.is_new,
        row.state,
        findings,
        paths,
    )


def _row(connection: Connection, report_id: int) -> sa.Row:
    return connection.execute(sa.select(report).where(report.c.id == report_id)).one()


def _count_and_lint(connection: Connection, row: sa.Row) -> "Document":
    """Figures and findings of a draft; its state becomes blocked where there are errors.

    Returns the document that was linted: the one to print.
    """
    from pipeline.report.compose import compose, restatement_of
    from pipeline.report.figures import store
    from pipeline.report.linter import lint_completeness, lint_document, lint_figures
    from pipeline.report.papers import compose_paper
    from pipeline.report.plan import compute
    from pipeline.report.tracing import frame_of

    frame = frame_of(connection, row)
    book = compute(frame)
    connection.execute(report_figure.delete().where(report_figure.c.report_id == row.id))
    store(connection, row.id, book.figures.values())
    findings = [*lint_figures(frame, book.figures), *lint_completeness(book)]
    document = compose(
        row,
        frame,
        book.figures,
        _warnings(findings),
        restatement_of(connection, row, book.figures),
    )
    papers = [compose_paper(document, frame, book.figures, p) for p in frame.policy.papers]
    for printed in (document, *papers):
        found = lint_document(printed, frame, book.figures)
        findings += [finding for finding in found if finding not in findings]
    connection.execute(
        report.update()
        .where(report.c.id == row.id)
        .values(
            findings_json=[finding.as_json() for finding in findings],
            state="blocked" if is_blocked(findings) else "draft",
        )
    )
    return document


def _warnings(findings: list[Finding] | tuple[Finding, ...]) -> tuple[str, ...]:
    return tuple(finding.message for finding in findings if finding.severity == "warning")


def file_paths(directory: Path, policy: ReportPolicy, month: str) -> dict[str, Path]:
    """Where the documents of a revision lie."""
    from pipeline.report.papers import paper_files

    stem = f"{policy.report_name}_{month}"
    return {
        "docx": directory / f"{stem}.docx",
        "xlsx": directory / f"{stem}.xlsx",
        "html": directory / f"{stem}.html",
        "tickets": directory / f"工单清单_{month}.html",
        **{
            kind: directory / name
            for paper in policy.papers
            for kind, name in paper_files(paper, month).items()
        },
        "manifest": directory / "manifest.json",
    }


def _file(
    connection: Connection, row: sa.Row, directory: Path, document: "Document | None"
) -> dict[str, Path]:
    """Write whatever of the files is missing; ``document`` where it was composed just now."""
    policy = ReportPolicy.from_json(row.manifest_json["policy"])
    paths = file_paths(directory, policy, row.month)
    if all(path.exists() for path in paths.values()):
        return paths
    from pipeline.report.compose import compose, printed_lists, restatement_of
    from pipeline.report.figures import load
    from pipeline.report.papers import compose_paper, paper_files
    from pipeline.report.render import render_docx, render_html, render_ticket_page, render_xlsx
    from pipeline.report.tracing import frame_of

    frame, figures = frame_of(connection, row), load(connection, row.id)
    findings = [Finding(**finding) for finding in row.findings_json]
    document = document or compose(
        row, frame, figures, _warnings(findings), restatement_of(connection, row, figures)
    )
    lists = printed_lists(document, frame, figures)
    contents = {
        "docx": render_docx(document, row.frozen_at),
        "xlsx": render_xlsx(document, figures, row.frozen_at),
        "html": render_html(document, lists, paths["tickets"].name),
        "tickets": render_ticket_page(document, figures, lists, row.month),
    }
    for paper in policy.papers:
        composed = compose_paper(document, frame, figures, paper)
        for kind, name in paper_files(paper, row.month).items():
            contents[kind] = (
                render_xlsx(composed, figures, row.frozen_at)
                if name.endswith(".xlsx")
                else render_docx(composed, row.frozen_at)
            )
    public = {k: v for k, v in row.manifest_json.items() if k != "withheld_tickets"}
    documents = {
        paths[kind].name: hashlib.sha256(content).hexdigest()
        for kind, content in sorted(contents.items())
    }
    manifest = public | {
        "revision": row.revision,
        "findings": row.findings_json,
        "documents": documents,
    }
    contents["manifest"] = (
        json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    ).encode()
    directory.mkdir(parents=True, exist_ok=True)
    for kind, content in contents.items():
        if not paths[kind].exists():
            temporary = paths[kind].with_name(f".{paths[kind].name}.{os.getpid()}")
            temporary.write_bytes(content)
            temporary.replace(paths[kind])
    return paths
