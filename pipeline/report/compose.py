"""From stored figures to the document, its linter findings, and its printed ticket lists."""

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.report import chapters, chapters_close
from pipeline.report import chapters_indicators as depth
from pipeline.report.chapters_close import Moved, Restatement
from pipeline.report.document import Document, nums
from pipeline.report.figures import Figure, Figures, Frame, load
from pipeline.report.periods import month_zh
from pipeline.report.phrases import mask_ticket_no
from pipeline.report.queries import ticket_rows
from pipeline.report.tracing import WITHHELD
from pipeline.report.typeset import typeset_document
from pipeline.report.writer import Writer
from pipeline.store.tables import report

LIST_LIMIT = 300
"""A printed ticket list is no longer than this; longer ones name the command that shows them."""


def compose(
    row: sa.Row,
    frame: Frame,
    figures: Figures,
    warnings: tuple[str, ...],
    restatement: Restatement | None,
) -> Document:
    """The whole document of a stored report; the same inputs give the same document."""
    w, policy = Writer(frame, figures), frame.policy
    year, number = row.month.split("-")
    sections = (
        chapters.overall(w),
        depth.extended(chapters.types(w), *depth.corrected(w), *depth.crosses(w)),
        chapters.groups(w),
        depth.extended(chapters.efficiency(w), *depth.handling(w), *depth.by_dimension(w)),
        chapters.frequent(w),
        chapters_close.early_signs(w),
        chapters_close.items(w),
        chapters_close.cases(w),
        chapters_close.advice(w),
        chapters_close.annexes(w, restatement, warnings),
    )
    versions = row.manifest_json["versions"]
    revised = f"(第{row.revision}版)" if row.revision > 1 else ""
    document = Document(
        title=f"{month_zh(row.month)}{policy.report_name}",
        issue=f"{year}年第{int(number)}期{revised}",
        issuer=policy.issuer,
        dated=f"{row.as_of.year}年{row.as_of.month}月{row.as_of.day}日",
        footer=policy.footer_zh,
        sections=sections,
        masthead=policy.report_name if policy.red_head else "",
        meta={
            "报告期": month_zh(row.month),
            "版次": str(row.revision),
            "方案": f"{policy.id} 第{policy.version}版",
            "数据截至": row.as_of.isoformat(),
            "程序版本": versions["code"],
            "模型版本": versions["model"],
            "口径版本": versions["queries"],
            "输入指纹": row.input_hash[:16],
        },
    )
    return typeset_document(document)


def restatement_of(connection: Connection, row: sa.Row, figures: Figures) -> Restatement | None:
    """What moved against the newest filed revision before this one; None for a first issue."""
    before = connection.execute(
        sa.select(report)
        .where(
            report.c.month == row.month,
            report.c.profile == row.profile,
            report.c.revision < row.revision,
            report.c.state == "filed",
        )
        .order_by(report.c.revision.desc())
        .limit(1)
    ).one_or_none()
    if before is None:
        return None
    old = load(connection, before.id)
    moved = []
    for number in sorted(set(old) | set(figures), key=_in_section_order):
        known = figures.get(number) or old[number]
        if known.section == "10" or number.startswith(_FOLLOWS) or _follows(known):
            continue  # the annexes' own bookkeeping, and what follows from other moved numbers
        was, now = (book[number].value if number in book else None for book in (old, figures))
        if was != now:
            moved.append(Moved(number, known.label, known.unit, was, now))
    known_files = {file["sha256"] for file in before.manifest_json["files"]}
    new_files = [
        file["name"] for file in row.manifest_json["files"] if file["sha256"] not in known_files
    ]
    return Restatement(before.revision, tuple(moved), tuple(sorted(new_files)))


_FOLLOWS = ("2.cross.", "4.by.", "2.model")


def _follows(figure: Figure) -> bool:
    """Comparisons, shares and corrections of counts that the table names themselves."""
    number, formula = figure.number, figure.formula or ""
    return (
        figure.unit == "百分点"
        or formula.startswith(("change", "diff", "corrected"))
        or number.endswith((".share", ".any_share", ".model", ".reviewed"))
        or (number.startswith("1.share.") and not number.endswith(".rate"))
    )


def _in_section_order(number: str) -> tuple[int, str]:
    return int(number.split(".", maxsplit=1)[0]), number


def _tickets_at_least(figure: Figure, figures: Figures) -> float | None:
    """How many tickets stand behind a number: more than one a day behind a platform's days."""
    if figure.params["measure"] == "days":
        return figures[f"1.hotline.{figure.params['part']}.received"].value
    return figure.value


def _counts_hits(figure: Figure) -> bool:
    """Whether a set's hits alone stand behind the number."""
    return figure.params["measure"].startswith("hit")


def printed_lists(document: Document, frame: Frame, figures: Figures) -> dict[str, list[str]]:
    """Number → ``masked ticket number + day`` of its tickets, for every short enough list.

    Tickets that must stay confidential are in none.
    """
    wanted = {num.number for block in document.blocks() for num in nums(block)}
    queries: dict[str, list[str]] = {}
    for number in sorted(wanted):
        figure = figures[number]
        if not figure.query or number in WITHHELD:
            continue
        if 0 < (_tickets_at_least(figure, figures) or 0) <= LIST_LIMIT:
            params = {k: v for k, v in figure.params.items() if k not in ("measure", "part")}
            params["hits"] = _counts_hits(figure)
            queries.setdefault(repr((figure.query, sorted(params.items()))), []).append(number)
    withheld = set(frame.manifest["withheld_tickets"])
    printed: dict[int, str] = {}  # a ticket is in many lists
    lists: dict[str, list[str]] = {}
    for numbers in queries.values():
        first = figures[numbers[0]]
        params = dict(first.params)
        by = params.pop("by")
        del params["measure"], params["part"]
        parts = [figures[n].params["part"] for n in numbers] if by else None
        by_part: dict[str, list[str]] = {}
        for ticket_id, _, ticket_no, accepted_at, part, _ in ticket_rows(
            frame.connection, frame.report_id, first.query, by, params,
            parts=parts, hits_only=_counts_hits(first),
        ):  # fmt: skip
            if ticket_id in withheld:
                continue
            if ticket_id not in printed:
                printed[ticket_id] = f"{mask_ticket_no(ticket_no)}({accepted_at:%m-%d})"
            by_part.setdefault(part, []).append(printed[ticket_id])
        for number in numbers:
            found = by_part.get(figures[number].params["part"], [])
            if len(found) <= LIST_LIMIT:
                lists[number] = found
    return lists
