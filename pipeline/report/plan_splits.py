"""Figures in more depth: type shares corrected for error, cross tables, handling by dimension."""

from pipeline.domain.labels import ProblemType
from pipeline.report.figures import Book, Frame, token
from pipeline.report.indicators import dictionary
from pipeline.report.parts import (
    CROSSES,
    DIMENSIONS,
    PRINTED_TYPES,
    STAGES,
    is_published,
    name_zh,
)
from pipeline.report.suppression import CrossTable

SPLIT_RATES = ("closure_b", "on_time", "satisfaction")
APART = "apart"
"""The column of a cross table that is never published: integrity leads and tickets without type."""


def splits(book: Book) -> None:
    """All figures of this module, into the book."""
    _merged(book)
    _corrected(book)
    for dimension, _, query in CROSSES:
        _cross(book, dimension, query)
    _handling(book)
    _targets(book)
    for dimension in DIMENSIONS:
        for part in book.parts("enforcement", dimension.query):
            if is_published(dimension.id, part):
                _by(book, dimension.id, dimension.query, part)


def _merged(book: Book) -> None:
    """Tickets of matters that came in on more than one hotline, and callers of the whole."""
    book.count("1.received.callers", "受理量涉及人数", "received", measure="callers", unit="人")
    book.count("1.cross", "两个以上平台重复受理的工单", "cross_hotline")
    book.count(
        "1.cross.matters", "两个以上平台重复受理的事项", "cross_hotline",
        measure="matters", unit="项",
    )  # fmt: skip


def is_corrected(frame: Frame, slug: str) -> bool:
    """Whether the errors of the one model that classified the month are known for the type."""
    measured = frame.manifest["measured"]
    return (
        measured is not None
        and set(frame.manifest["models"]) <= {measured["version"]}
        and slug in measured["types"]
    )


def _corrected(book: Book) -> None:
    """Each type's share (all labels, not the primary alone), raw and corrected."""
    slugs = [t.value for t in PRINTED_TYPES if is_corrected(book.frame, t.value)]
    if not slugs:
        return
    book.count("2.model", "仅由模型判定的执法类", "unreviewed")
    for slug in slugs:
        number, label = f"2.{slug}", ProblemType(slug).name_zh
        book.count(
            f"{number}.model", f"{label}(仅由模型判定)", "unreviewed", by="by_label", part=slug
        )
        book.derive(
            f"{number}.any_share", f"{label}(含次类)占比", "%", f"ratio({number}.any,1.enforcement)"
        )
        for suffix, name in (("", "校正占比"), ("_low", "校正占比下限"), ("_high", "校正占比上限")):
            book.derive(
                f"{number}.corrected{suffix}", f"{label}(含次类){name}", "%",
                f"corrected{suffix}({number}.any,{number}.model,1.enforcement,2.model;{slug})",
            )  # fmt: skip


def cross_table(book: Book, query: str) -> CrossTable:
    """Counts of the month by part and primary type, with what is never published in one column."""
    counts: dict[tuple[str, str], int] = {}
    for pair, found in book.parts("enforcement", query).items():
        part, slug = pair.rsplit("|", 1)
        column = slug if slug in {t.value for t in PRINTED_TYPES} else APART
        counts[part, column] = counts.get((part, column), 0) + found.tickets
    rows = sorted({part for part, _ in counts})
    columns = [t.value for t in PRINTED_TYPES] + [APART]
    return CrossTable(counts, rows, columns, book.frame.policy.min_cell, frozenset({APART}))


def cross_number(dimension: str, part: str, slug: str) -> str:
    return f"2.cross.{dimension}.{token(part)}.{slug}"


def _cross(book: Book, dimension: str, query: str) -> None:
    """The published cells alone have a figure; where none can be, there is no table."""
    table = cross_table(book, query)
    hidden = table.hidden() if len(table.rows) > 1 else None
    if hidden is None:
        return
    for (part, slug), _ in sorted(table.counts.items()):
        if (part, slug) not in hidden:
            book.count(
                cross_number(dimension, part, slug),
                f"{name_zh(dimension, part)}·{ProblemType(slug).name_zh}",
                "enforcement", by=query, part=f"{part}|{slug}",
            )  # fmt: skip


def exposed_cells(book: Book) -> list[str]:
    """Small cells that the cross tables in the book give away; the linter wants none."""
    found = []
    for dimension, _, query in CROSSES:
        table = cross_table(book, query)
        shown = {
            (part, slug)
            for part, slug in table.counts
            if cross_number(dimension, part, slug) in book.figures
        }
        if shown:
            hidden = frozenset(table.counts) - shown
            found += [name_zh(dimension, part) for part, _ in sorted(table.exposed(hidden))]
    return found


def _handling(book: Book) -> None:
    book.days("4.handling", "本月办结的执法类")
    book.days("4.handling.previous", "上月办结的执法类", period="previous")
    book.count("4.handling.unknown", "办理工作日无法计算", "handling_unknown")
    for slug, name in STAGES:
        number = f"4.stage.{slug}"
        book.count(
            number, f"已办结而无{name}时间", "stage_missing", by="by_missing_stage", part=slug
        )
        book.derive(
            f"{number}.share", f"已办结而无{name}时间的占比", "%",
            f"ratio({number},4.stage_missing.base)",
        )  # fmt: skip


def _targets(book: Book) -> None:
    """Targets that a plan's text sets for one platform, on its tickets alone."""
    for target in book.frame.policy.targets:
        if target.hotline:
            label = (
                f"{name_zh('hotline', target.hotline)}{dictionary().rate(target.indicator).name}"
            )
            book.rate(
                target_number(target.indicator, target.hotline), target.indicator, label,
                by="by_hotline", part=target.hotline,
            )  # fmt: skip


def target_number(indicator: str, hotline: str) -> str:
    return f"4.target.{indicator}.{hotline}"


def _by(book: Book, dimension: str, query: str, part: str) -> None:
    number, label = f"4.by.{dimension}.{token(part)}", name_zh(dimension, part)
    split = {"by": query, "part": part}
    book.count(f"{number}.count", f"{label}执法类", "enforcement", **split)
    for indicator in SPLIT_RATES:
        name = dictionary().rate(indicator).name
        book.rate(f"{number}.{indicator}", indicator, f"{label}{name}", **split)
    book.days(f"{number}.handling", label, **split)
