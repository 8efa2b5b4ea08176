"""The night after loading: classify, link, supervise, publish; and the whole night in a row."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import sqlalchemy as sa

from pipeline.domain.labels import ProblemType
from pipeline.domain.outcome import FileOutcome
from pipeline.settings import EXPECTATIONS_DIR
from pipeline.stages import loading
from pipeline.stages.champion import champion
from pipeline.stages.clearing import list_stops
from pipeline.stages.context import Context
from pipeline.stages.landing import land
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.stages.predicting import predicted
from pipeline.store import tables as t
from pipeline.store.engine import read_only
from pipeline.store.labels import store_predictions, unclassified
from pipeline.store.tickets import file_ledger

if TYPE_CHECKING:
    pass

Progress = Callable[[str], None]
"""Called with a short Chinese sentence as a step begins or ends."""


def classify(context: Context, as_of: date | None = None) -> StageOutcome:
    """Classify every ticket whose text no model has seen, in batches.

    Killed and run again it goes on with the rest. A large backlog is spread over the cores. What
    an older model has classified waits for stages.reclassify: a new model must not turn a night
    into a reading of all history. Raises classify.ModelMissing.
    """
    started_at = context.clock()
    counts = {"classified": 0, "enforcement": 0, "review": 0}
    with read_only(context.engine).connect() as reading:
        waiting = reading.scalar(sa.select(sa.func.count()).select_from(t.ticket))
        if waiting:  # an empty store must not pay for loading the model
            model = champion(reading, context.settings)
            for batch, said in predicted(model, unclassified(reading)):
                with context.engine.begin() as connection:
                    store_predictions(connection, batch, said, context.clock())
                counts["classified"] += len(said)
                counts["enforcement"] += sum(p.enforcement for p in said)
                counts["review"] += sum(p.review for p in said)
    outcome = StageOutcome("classify", counts=counts)
    context.record(outcome, started_at, as_of)
    return outcome


def link(context: Context, as_of: date) -> StageOutcome:
    """Link tickets of the same caller and of the same matter, across hotlines."""
    from pipeline.supervise.linking import link as link_tickets

    started_at = context.clock()
    outcome = StageOutcome("link", counts=link_tickets(context.engine, as_of))
    context.record(outcome, started_at, as_of)
    return outcome


def supervise(context: Context, as_of: date, profile_id: str | None = None) -> StageOutcome:
    """Let the profile's rules raise and update supervision items.

    keys: ``items``, the ids raised or changed now.
    """
    from pipeline.policies import load_profile
    from pipeline.supervise.fines import read_fines
    from pipeline.supervise.items import supervise as apply_rules

    started_at = context.clock()
    profile = load_profile(profile_id or context.settings.profile)
    fines = read_fines(context.settings.home / "fines.csv")
    result = apply_rules(context.engine, profile, as_of, fines)
    outcome = StageOutcome(
        "supervise",
        Status.DONE,
        {"items": result.items, "profile": profile.id},
        {
            "raised": result.raised,
            "updated": result.updated,
            "unchanged": result.unchanged,
        },
        tuple(result.resting),
    )
    context.record(outcome, started_at, as_of)
    return outcome


def replay(context: Context, as_of: date, profile_id: str | None = None) -> list[dict]:
    """What the rules found, or would have found, on a past day; nothing is written."""
    from pipeline.policies import load_profile
    from pipeline.supervise.fines import read_fines
    from pipeline.supervise.items import replayed

    profile = load_profile(profile_id or context.settings.profile)
    return replayed(context.engine, profile, as_of, read_fines(context.settings.home / "fines.csv"))


def publish(context: Context, as_of: date, file_ids: Sequence[int] = ()) -> StageOutcome:
    """Write the night's notice (JSON) and the data docs (HTML) under HOTLINE_HOME.

    ``file_ids`` are the files the night saw. keys: ``notice`` and ``data_docs``, paths relative
    to HOTLINE_HOME, and ``summary``.
    """
    from pipeline.quality.docs import render_data_docs
    from pipeline.quality.suites import load_suite

    started_at = context.clock()
    summary = summarise(context, as_of, file_ids)
    home = context.settings.home
    notice = home / "notices" / f"{as_of}.json"
    _write(notice, orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    docs = home / "data_docs" / "index.html"
    suites = [load_suite(path) for path in sorted(EXPECTATIONS_DIR.glob("*.json"))]
    page = render_data_docs(summary["files"], as_of, suites, list_stops(context.engine))
    _write(docs, page.encode())
    outcome = StageOutcome(
        "publish",
        Status.ATTENTION if needs_a_person(summary["files"]) else Status.DONE,
        {
            "notice": str(notice.relative_to(home)),
            "data_docs": str(docs.relative_to(home)),
            "summary": summary,
        },
        {"files": len(summary["files"]), "items": summary["items"]["open"]},
    )
    context.record(
        StageOutcome("publish", outcome.status, counts=outcome.counts), started_at, as_of
    )
    return outcome


def _write(path: Path, content: bytes) -> None:
    """Complete or not at all: on a full disk the one of before stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def nightly(
    context: Context,
    paths: Sequence[Path],
    as_of: date,
    profile_id: str | None = None,
    progress: Progress = lambda _line: None,
) -> StageOutcome:
    """The whole night in this process, by the same functions as the DAG's tasks.

    keys: ``summary`` of :func:`publish`. Exit status: attention where a file was stopped, left
    or has quarantined rows.
    """
    landed = land(context, paths, as_of, progress)
    progress(f"收件：新文件 {landed.counts['new']} 个，已知 {landed.counts['known']} 个")
    statuses = [landed.status]
    messages = list(landed.messages)
    for loaded in loading.load_files(context, landed.keys["pending"], progress):
        statuses.append(loaded.status)
        messages += loaded.messages
    classified = classify(context, as_of)
    progress(f"分类：{classified.counts['classified']} 件")
    linked = link(context, as_of)
    progress(f"关联：{sum(linked.counts.values())} 对")
    raised = supervise(context, as_of, profile_id)
    messages += raised.messages
    progress(f"监督事项：新增 {raised.counts['raised']} 项，更新 {raised.counts['updated']} 项")
    published = publish(context, as_of, landed.keys["seen"])
    statuses.append(published.status)
    told = _tell(context, as_of)
    statuses.append(told.status)
    messages += told.messages
    changed = (
        landed.counts["new"]
        + len(landed.keys["pending"])
        + classified.counts["classified"]
        + raised.counts["raised"]
        + raised.counts["updated"]
    )
    return StageOutcome(
        "nightly",
        max(statuses),
        {"summary": published.keys["summary"], "changed": bool(changed)},
        {
            "new_files": landed.counts["new"],
            "classified": classified.counts["classified"],
            "items_raised": raised.counts["raised"],
            "items_updated": raised.counts["updated"],
        },
        tuple(messages),
    )


def needs_a_person(files: Sequence[dict]) -> bool:
    """Whether any file of :func:`summarise` was stopped or has quarantined rows."""
    return any(file["state"] == FileOutcome.STOPPED or file["quarantined"] for file in files)


def _tell(context: Context, as_of: date) -> StageOutcome:
    """stages.notifications.notify; a wrong setting of a channel does not undo the night."""
    from pipeline.settings import SettingsError
    from pipeline.stages.notifications import notify

    try:
        return notify(context, as_of)
    except SettingsError as error:
        return StageOutcome("notify", Status.ATTENTION, messages=(f"通知没有发出：{error}",))


def summarise(context: Context, as_of: date, file_ids: Sequence[int]) -> dict:
    """What people are told of a night: files and ledgers, enforcement tickets by type, items.

    Integrity leads are not even counted: who reads this need not be the liaison (M-06).
    """
    from pipeline.supervise.items import FINAL, ordinary

    with read_only(context.engine).connect() as connection:
        files = [_file_summary(connection, file_id) for file_id in file_ids]
        in_files = sa.select(t.export_row.c.ticket_id).where(
            t.export_row.c.file_id.in_(list(file_ids))
        )
        labelled = sa.table(
            "labelled_ticket", sa.column("id"), sa.column("scope"), sa.column("primary_type")
        )
        scopes = dict(
            connection.execute(
                sa.select(labelled.c.scope, sa.func.count())
                .where(labelled.c.id.in_(in_files))
                .group_by(labelled.c.scope)
            ).all()
        )
        types = dict(
            connection.execute(
                sa.select(labelled.c.primary_type, sa.func.count())
                .where(labelled.c.id.in_(in_files), labelled.c.scope == "E1")
                .where(labelled.c.primary_type != ProblemType.INTEGRITY.value)
                .group_by(labelled.c.primary_type)
            ).all()
        )
        items = t.supervision_item.c
        open_items = items.state.not_in([state.value for state in FINAL])
        shown = connection.execute(
            sa.select(
                items.id,
                items.rule,
                items.level,
                items.summary,
                items.clause,
                items.due_on,
                items.state,
                items.threshold_origin,
            )
            .where(open_items, ordinary(), items.raised_on <= as_of)
            .order_by(items.level.desc(), items.id)
        ).mappings()
        described = [{str(key): value for key, value in row.items()} for row in shown]
    return {
        "as_of": as_of.isoformat(),
        "files": files,
        "tickets": sum(scopes.values()),
        "scopes": {str(scope): count for scope, count in sorted(scopes.items())},
        "enforcement": {
            "count": scopes.get("E1", 0),
            "types": {p.value: types[p.value] for p in ProblemType if p.value in types},
        },
        "items": {"open": len(described), "described": described},
    }


def _file_summary(connection: sa.Connection, file_id: int) -> dict:
    file = (
        connection.execute(sa.select(t.export_file).where(t.export_file.c.id == file_id))
        .mappings()
        .one()
    )
    checks = connection.execute(
        sa.select(t.check_result)
        .where(t.check_result.c.file_id == file_id)
        .order_by(t.check_result.c.id)
    ).mappings()
    return {
        "id": file_id,
        "name": file["name"],
        "sha256": file["sha256"],
        "layout": file["layout"],
        "state": file["state"],
        "state_zh": FileOutcome(file["state"]).name_zh,
        "reason": file["reason"],
        "message": file["message"],
        "warnings": file["warnings_json"] or [],
        "headings": file["headings_json"] or {},
        **file_ledger(connection, file_id).as_json(),
        "checks": [
            {
                "suite": row["suite"],
                "expectation": row["expectation"],
                "severity": row["severity"],
                "code": row["code"],
                "passed": row["passed"],
                "rested": row["rested"],
                "failing": row["failing"],
                "message": row["message"],
            }
            for row in checks
        ],
    }


def all_files(context: Context) -> list[int]:
    """Every file of the store, in order of landing."""
    with read_only(context.engine).connect() as connection:
        return list(connection.scalars(sa.select(t.export_file.c.id).order_by(t.export_file.c.id)))


def store_counts(context: Context) -> dict[str, int]:
    """Rows per table, run log aside: equal before and after a night that changed nothing."""
    with read_only(context.engine).connect() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in t.metadata.sorted_tables
            if table is not t.stage_run
        }
