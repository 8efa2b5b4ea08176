"""The month: freeze the input set, compute, lint, render, file."""

import hashlib
import shutil
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from pipeline.domain.calendar import month_bounds, shift_month
from pipeline.settings import PROJECT_ROOT
from pipeline.stages.champion import champion
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import tables as t
from pipeline.store.engine import read_only

_STATUS = {"filed": Status.DONE, "blocked": Status.FAILED}


def month_before(as_of: date) -> str:
    """The last complete month on ``as_of``, e.g. ``2026-10`` for any day of November."""
    return shift_month(f"{as_of.year:04d}-{as_of.month:02d}", -1)


def last_complete_month(context: Context, as_of: date) -> str | None:
    """The newest month before ``as_of``'s that the store holds tickets of, or None."""
    end, _ = month_bounds(f"{as_of.year:04d}-{as_of.month:02d}")
    with read_only(context.engine).connect() as connection:
        newest = connection.scalar(
            sa.select(sa.func.max(t.ticket.c.accepted_at)).where(t.ticket.c.accepted_at < end)
        )
    return f"{newest.year:04d}-{newest.month:02d}" if newest else None


def monthly_report(
    context: Context,
    month: str,
    as_of: date,
    profile_id: str | None = None,
    out_dir: Path | None = None,
) -> StageOutcome:
    """Freeze, compute, lint, render and file the report of ``month`` (``YYYY-MM``).

    Made again from the same inputs, nothing changes. ``out_dir`` gets a copy of the documents.
    keys: ``report_id``, ``revision``, ``is_new``, ``paths``, ``state`` (filed; pending or returned
    where persons publish it; blocked: computed and not published) and ``held_by``, the failed
    checks that nobody has cleared. Status: failed where the linter stops publication, attention
    while persons have to publish. Raises ValueError for a month not written YYYY-MM.
    """
    from pipeline.policies import load_profile
    from pipeline.report import make_report
    from pipeline.stages.measured import measured_errors
    from pipeline.stages.policy import report_policy

    month_bounds(month)
    started_at = context.clock()
    profile = load_profile(profile_id or context.settings.profile)
    with read_only(context.engine).connect() as connection:
        model = champion(connection, context.settings)
    made = make_report(
        context.engine,
        month=month,
        policy=report_policy(profile, as_of, context.settings),
        as_of=as_of,
        at=started_at,
        out_dir=context.settings.reports_dir,
        code_version=code_version(),
        model_version=model.version,
        needs_approval=context.settings.report_approval,
        measured=measured_errors(model),
    )
    held_by = _held_by(context, made.report_id)
    findings = sorted(made.findings, key=lambda finding: finding.severity != "error")
    paths = made.paths
    if out_dir is not None and paths:
        out_dir.mkdir(parents=True, exist_ok=True)
        paths = {kind: Path(shutil.copy(path, out_dir)) for kind, path in paths.items()}
    outcome = StageOutcome(
        "report",
        _STATUS.get(made.state, Status.ATTENTION),
        {
            "report_id": made.report_id,
            "month": month,
            "profile": profile.id,
            "revision": made.revision,
            "is_new": made.is_new,
            "state": made.state,
            "held_by": held_by,
            "paths": {kind: str(path) for kind, path in paths.items()},
        },
        {
            "errors": sum(f.severity == "error" for f in made.findings),
            "warnings": sum(f.severity == "warning" for f in made.findings),
        },
        (*_not_published(month, made.state, held_by), *(f.message for f in findings)),
    )
    context.record(outcome, started_at, as_of)
    return outcome


def _held_by(context: Context, report_id: int) -> list[dict]:
    """The failed checks without a clearance when the report was frozen."""
    with read_only(context.engine).connect() as connection:
        manifest = connection.scalar(
            sa.select(t.report.c.manifest_json).where(t.report.c.id == report_id)
        )
    return [
        {key: check[key] for key in ("check_id", "file", "code", "message")}
        for check in manifest["checks"]
        if check["cleared_on"] is None
    ]


def _not_published(month: str, state: str, held_by: list[dict]) -> list[str]:
    """Why the report is not out, where it is not."""
    said = f"{month} 报告已计算，未发布"
    match state:
        case "filed":
            return []
        case "pending":
            return [f"{said}：待一人审核、另一人发布（复核台“报告”页）。"]
        case "returned":
            return [f"{said}：已退回，数据更正后重新生成（原因见复核台“报告”页）。"]
    if not held_by:
        return [f"{said}：核对发现错误。"]
    return [
        f"{said}：{len(held_by)} 项检查未通过，须由负责人核查后放行"
        "（复核台“今日”页，或 hotline checks list、hotline checks clear）。"
    ]


def newest_report(context: Context, month: str, profile_id: str | None = None) -> dict:
    """keys of :func:`monthly_report` for the newest revision filed. Raises LookupError."""
    from pipeline.report import ReportPolicy, file_paths

    c = t.report.c
    query = (
        sa.select(t.report)
        .where(
            c.month == month,
            c.profile == (profile_id or context.settings.profile),
            c.state == "filed",
        )
        .order_by(c.revision.desc())
        .limit(1)
    )
    with read_only(context.engine).connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise LookupError(f"没有 {month} 的报告")
    directory = context.settings.home / row["directory"]
    policy = ReportPolicy.from_json(row["manifest_json"]["policy"])
    paths = file_paths(directory, policy, month)
    return {
        "report_id": row["id"],
        "month": month,
        "profile": row["profile"],
        "revision": row["revision"],
        "paths": {kind: str(path) for kind, path in paths.items()},
    }


def code_version() -> str:
    """12 hex of sha256 over the library and its SQL: which code made a report."""
    digest = hashlib.sha256()
    for folder, pattern in (("pipeline", "*.py"), ("sql", "*.sql")):
        for path in sorted((PROJECT_ROOT / folder).rglob(pattern)):
            digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
