"""The whole-period review of a plan: its filed monthly reports added up, rendered and filed."""

import json
from pathlib import Path

from pipeline.domain.calendar import month_bounds
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store.engine import read_only


def period_review(
    context: Context,
    until: str,
    since: str | None = None,
    profile_id: str | None = None,
    out_dir: Path | None = None,
) -> StageOutcome:
    """Review the plan from ``since`` (its first month) to ``until`` (``YYYY-MM``), no further than
    the plan is valid.

    Filed under the reports in a directory named by what it was made from, so that other inputs
    never overwrite a review. keys: ``first, last, months, missing, paths``. Status: failed where
    the linter finds an error (then nothing is written), attention where months are missing.
    Raises NothingFiled; ValueError for a month not written YYYY-MM.
    """
    from pipeline.policies import load_profile
    from pipeline.report.period_review import review_period
    from pipeline.report.render import render_docx, render_html, render_xlsx

    profile = load_profile(profile_id or context.settings.profile)
    started_at = context.clock()
    first, last = since or f"{profile.valid_from:%Y-%m}", min(until, f"{profile.valid_to:%Y-%m}")
    for month in (first, until):
        month_bounds(month)
    with read_only(context.engine).begin() as connection:
        review = review_period(connection, profile.id, first, last)
    errors = [finding.message for finding in review.findings if finding.severity == "error"]
    paths: dict[str, Path] = {}
    if not errors:
        directory = (
            out_dir or context.settings.reports_dir / "period" / profile.id
        ) / f"{first}_{last}_{review.fingerprint}"
        stem = f"实施期评估报告_{first}_{last}"
        manifest = json.dumps(review.manifest, ensure_ascii=False, indent=1, sort_keys=True)
        contents = {
            "docx": render_docx(review.document, review.frozen_at),
            "xlsx": render_xlsx(review.document, review.figures, review.frozen_at),
            "html": render_html(review.document, {}, ""),
        }
        paths = {kind: directory / f"{stem}.{kind}" for kind in contents}
        contents["manifest"], paths["manifest"] = manifest.encode(), directory / "manifest.json"
        directory.mkdir(parents=True, exist_ok=True)
        for kind, content in contents.items():
            part = paths[kind].with_name(f".{paths[kind].name}.part")
            part.write_bytes(content)
            part.replace(paths[kind])
    missing = review.manifest["missing"]
    status = Status.FAILED if errors else Status.ATTENTION if missing else Status.DONE
    outcome = StageOutcome(
        "period_review",
        status,
        {
            "profile": profile.id,
            "first": first,
            "last": last,
            "months": len(review.manifest["reports"]),
            "missing": missing,
            "paths": {kind: str(path) for kind, path in paths.items()},
        },
        {"errors": len(errors)},
        tuple(errors),
    )
    context.record(outcome, started_at, started_at.date())
    return outcome
