"""Prove every invariant of the design over the whole store and the files beside it."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pipeline.domain.outcome import RowOutcome
from pipeline.domain.privacy import find_personal_data
from pipeline.stages.champion import champion
from pipeline.stages.context import Context
from pipeline.store import tables as t
from pipeline.store.engine import read_only

_BATCH = 2000
_IDENTIFIERS = frozenset(  # numbers that platforms or we ourselves gave; not personal data
    {
        "ticket_no", "linked_ticket_no", "sha256", "text_hash", "row_hash", "caller_key",
        "item_key", "input_hash", "model_version", "password_hash", "token_hash", "path",
        "manifest_json",
        "base", "champion", "challenger", "gold_json",
    }
)  # fmt: skip
_TEXT_FILES = frozenset({".json", ".html", ".csv", ".txt", ".md", ".svg", ".log"})
_ZIPPED_FILES = frozenset({".docx", ".xlsx"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One invariant: how many things were looked at, and the first of those that break it."""

    invariant: str
    checked: int
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.broken


def verify(context: Context, progress: Callable[[str], None] = lambda _line: None) -> list[Verdict]:
    """Every invariant's verdict, in the design's order. Reads only."""
    verdicts = []
    with read_only(context.engine).connect() as connection:
        for invariant, probe in _PROBES:
            progress(invariant)
            checked, broken = 0, []
            for problem in probe(context, connection):
                checked += 1
                if problem is not None:
                    broken.append(problem)
            verdicts.append(Verdict(invariant, checked, tuple(broken[:20])))
    return verdicts


Probe = Callable[[Context, sa.Connection], Iterator[str | None]]
"""Yields None for each thing in order and a sentence for each that is not."""


def _files_balance(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    counted: dict[int, dict[str, int]] = {}
    query = sa.select(t.export_row.c.file_id, t.export_row.c.outcome, sa.func.count()).group_by(
        t.export_row.c.file_id, t.export_row.c.outcome
    )
    for file_id, outcome, count in connection.execute(query):
        counted.setdefault(file_id, {})[outcome] = count
    for file in connection.execute(sa.select(t.export_file)).mappings():
        stored = {o.value: file[o.value] for o in RowOutcome}
        rows = counted.pop(file["id"], {})
        problem = None
        if sum(stored.values()) != file["rows_read"]:
            problem = (
                f"文件 {file['id']}：读入 {file['rows_read']} 行，去向合计 {sum(stored.values())}"
            )
        elif {k: v for k, v in stored.items() if v} != rows:
            problem = f"文件 {file['id']}：台账 {stored} 与逐行记录 {rows} 不一致"
        yield problem
    yield from (f"行记录指向不存在的文件 {file_id}" for file_id in counted)


def _quarantine_matches(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    row, kept = t.export_row.c, t.quarantine_row.c
    query = (
        sa.select(row.file_id, row.row_no, kept.id)
        .outerjoin(t.quarantine_row, (kept.file_id == row.file_id) & (kept.row_no == row.row_no))
        .where(row.outcome == RowOutcome.QUARANTINED.value)
    )
    for file_id, row_no, key in connection.execute(query):
        yield None if key is not None else f"文件 {file_id} 第 {row_no} 行记为隔离，但隔离区没有"
    lost = sa.select(row.file_id, row.row_no).where(
        row.outcome != RowOutcome.QUARANTINED.value, row.ticket_id.is_(None)
    )
    yield from (f"文件 {f} 第 {n} 行没有工单" for f, n in connection.execute(lost))


def _tickets_come_from_rows(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    ticket, version, row = t.ticket.c, t.ticket_version.c, t.export_row.c
    for kind, key, file_id, row_no in (
        ("首次来源", ticket.id, ticket.first_file_id, ticket.first_row_no),
        ("最近来源", ticket.id, ticket.last_file_id, ticket.last_row_no),
        ("变更来源", version.ticket_id, version.file_id, version.row_no),
    ):
        said = (row.file_id == file_id) & (row.row_no == row_no) & (row.ticket_id == key)
        query = sa.select(key, row.row_no).outerjoin_from(key.table, t.export_row, said)
        for ticket_id, found in connection.execute(query):
            yield None if found is not None else f"工单 {ticket_id}：{kind}不在逐行记录里"


def _one_classification(context: Context, connection: sa.Connection) -> Iterator[str | None]:
    version = champion(connection, context.settings).version
    c = t.classification.c
    query = (
        sa.select(
            t.ticket.c.id,
            sa.func.count(c.id),
            sa.func.min(c.model_version),
            sa.func.min(c.text_hash),
            t.ticket.c.text_hash,
        )
        .outerjoin(t.classification, (c.ticket_id == t.ticket.c.id) & c.is_current)
        .group_by(t.ticket.c.id, t.ticket.c.text_hash)
    )
    for ticket_id, count, model, classified, text_hash in connection.execute(query):
        good = count == 1 and model == version and classified == text_hash
        yield (
            None
            if good
            else f"工单 {ticket_id}：现行分类 {count} 条，出自模型 {model}，在用的是 {version}"
            "（新工单由夜间任务分类，历史工单由 hotline reclassify 重新分类）"
        )


def _evidence_is_substring(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    c, ticket = t.classification.c, t.ticket.c
    query = (
        sa.select(ticket.id, ticket.title, ticket.content, c.labels_json, c.evidence_json)
        .join(t.classification, (c.ticket_id == ticket.id) & c.is_current)
        .where(c.scope == "E1")
    )
    rows = connection.execution_options(yield_per=_BATCH).execute(query)
    for ticket_id, title, content, _labels, evidence in rows:
        for label, spans in evidence.items():
            for span in spans:
                found = span in (title or "") or span in (content or "")
                yield None if found else f"工单 {ticket_id}：{label} 的依据片段不是原文"


def _item_events(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    events: dict[int, list] = {}
    query = sa.select(t.item_event).order_by(t.item_event.c.item_id, t.item_event.c.seq)
    for event in connection.execute(query).mappings():
        events.setdefault(event["item_id"], []).append(event)
    for item_id, state, level in connection.execute(
        sa.select(t.supervision_item.c.id, t.supervision_item.c.state, t.supervision_item.c.level)
    ):
        chain = events.get(item_id, [])
        states = [event["to_state"] for event in chain]
        good = (
            bool(chain)
            and [event["seq"] for event in chain] == list(range(1, len(chain) + 1))
            and [event["from_state"] for event in chain] == [None, *states[:-1]]
            and (states[-1], chain[-1]["level"]) == (state, level)
        )
        yield None if good else f"监督事项 {item_id}：状态 {state}/{level} 与事件记录不符"


def _report_figures(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    from pipeline.report import check_figures

    for report_id in connection.scalars(sa.select(t.report.c.id).order_by(t.report.c.id)).all():
        yield from check_figures(connection, report_id)


def _report_expectations(_context: Context, connection: sa.Connection) -> Iterator[str | None]:
    from pipeline.report.figures import load
    from pipeline.stages.figures import expected

    for row in connection.execute(sa.select(t.report).order_by(t.report.c.id)).all():
        broken = expected(load(connection, row.id).values())
        named = f"{row.month} 报告第 {row.revision} 版"
        yield from (f"{named}:{finding.message}" for finding in broken)
        if not broken:
            yield None


def _no_personal_data_in_tables(
    _context: Context, connection: sa.Connection
) -> Iterator[str | None]:
    for table in t.metadata.sorted_tables:
        columns = [
            column
            for column in table.columns
            if isinstance(column.type, (sa.Text, sa.String, sa.JSON))
            and column.name not in _IDENTIFIERS
        ]
        if not columns:
            continue
        rows = connection.execution_options(yield_per=_BATCH).execute(sa.select(*columns))
        for number, row in enumerate(rows):
            found = find_personal_data("\n".join(_strings(list(row))))
            kinds = "、".join(sorted({str(finding.kind) for finding in found}))
            yield f"表 {table.name} 第 {number + 1} 行有未遮盖的{kinds}" if found else None


def _strings(value: object) -> Iterator[str]:
    """The texts in a value, JSON or not. Fractions are left out: the sixteen digits of a share
    look like those of a card.
    """
    match value:
        case str() | int():
            yield str(value)
        case dict():
            yield from _strings([*value.keys(), *value.values()])
        case list() | tuple():
            for item in value:
                yield from _strings(item)


def _no_personal_data_in_files(
    context: Context, _connection: sa.Connection
) -> Iterator[str | None]:
    home = context.settings.home
    for folder in ("notices", "data_docs", "reports", "logs", "staging", "archive"):
        for path in sorted((home / folder).rglob("*")):
            if not path.is_file():
                continue
            found = any(find_personal_data(text) for text in _texts(path))
            yield f"文件 {path.relative_to(home)} 有未遮盖的个人信息" if found else None


def _texts(path: Path) -> Iterator[str]:
    if path.suffix in _TEXT_FILES:
        yield path.read_text(encoding="utf-8", errors="replace")
    elif path.suffix in _ZIPPED_FILES:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            for name in archive.namelist():
                # Only what a reader sees: numbers in styles and drawings are no phone numbers.
                if name.endswith((".xml", ".rels")) and "styles" not in name:
                    yield _visible(archive.read(name).decode("utf-8", errors="replace"))


def _visible(xml: str) -> str:
    return re.sub(r"<[^>]*>", "\n", xml)


_PROBES: tuple[tuple[str, Probe], ...] = (
    ("每个文件的行数与去向平衡", _files_balance),
    ("每个隔离行都在隔离区，其余行都有工单", _quarantine_matches),
    ("每件工单的来源都是它自己的行", _tickets_come_from_rows),
    ("每件工单恰有一条现行模型的分类", _one_classification),
    ("依据片段都是工单原文", _evidence_is_substring),
    ("监督事项的每个状态都有事件", _item_events),
    ("报告的每个数字与其查询一致", _report_figures),
    ("报告的数字符合 expectations/report.json", _report_expectations),
    ("各表没有明文个人信息", _no_personal_data_in_tables),
    ("各文件没有明文个人信息", _no_personal_data_in_files),
)
