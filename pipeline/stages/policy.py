"""A policy profile as the report room wants it."""

from datetime import date

from pipeline.domain.ticket import Hotline
from pipeline.policies import Profile, Report
from pipeline.report import ReportPolicy, Target
from pipeline.report.policy import Lesson, Paper
from pipeline.settings import Settings, SettingsError

_INDICATORS = {"closure_rate": "closure_a", "satisfaction": "satisfaction"}
"""Profile targets that a report computes; the others are entered by hand."""


def report_policy(profile: Profile, as_of: date, settings: Settings) -> ReportPolicy:
    """What the profile decides about a report made on ``as_of``, and whose report it is.

    Raises SettingsError for a red head without a bureau to name in it.
    """
    if settings.red_head and not settings.bureau:
        raise SettingsError("HOTLINE_RED_HEAD 要求同时用 HOTLINE_BUREAU 写明发文单位。")
    rules = profile.rules
    papers = tuple(_paper(report, profile) for report in profile.reports if report.form)
    lessons = _lessons(profile) if any(paper.form == "casebook" for paper in papers) else {}
    return ReportPolicy(
        id=profile.id,
        doc_no=profile.doc_no,
        title=profile.title,
        status_zh=profile.status_zh(as_of),
        report_name=profile.main_report.name,
        issuer=settings.bureau,
        red_head=settings.red_head,
        satisfied=tuple(rating.value for rating in profile.satisfied),
        min_n_for_rate=int(profile.min_n_for_rate.value),
        min_cell=int(profile.min_cell.value),
        sprout_count=int(rules["R12"]["tickets"].value),
        group_callers=int(rules["R10"]["people"].value),
        band_months=int(rules["R11"]["min_history_months"].value),
        red_least=int(rules["R11"]["tickets"].value),
        red_times=float(rules["R11"]["times_median"].value),
        expected_hotlines=tuple(h.value for h in Hotline),
        targets=tuple(
            Target(
                indicator=_INDICATORS[key],
                value=target.value * 100,
                clause=f"「{profile.clauses[target.clause]}」（{profile.source_zh}）",
                at_most=target.op == "<=",
                hotline=target.hotline,
            )
            for key, target in profile.targets.items()
            if key in _INDICATORS
        ),
        headline_types=tuple(problem.value for problem in profile.headline_types),
        terms=tuple((term, problem.value) for term, problem in profile.terms.items()),
        levels={level: name for level, name in profile.levels.items() if level != "X"},
        notes=tuple(f"{note}。" for note in profile.notes),
        papers=papers,
        lessons=lessons,
        # A 错题本 has one example of each type.
        max_cases=len(lessons) or ReportPolicy().max_cases,
    )


def _paper(report: Report, profile: Profile) -> Paper:
    return Paper(
        form=report.form,
        name=report.name,
        to=report.to or "",
        reviewer=report.reviewer or "",
        clause=profile.quote(report.clause) if report.clause else "",
        due_day=int(report.due_day.value) if report.due_day else None,
        due_origin=report.due_day.origin if report.due_day else "default",
    )


def _lessons(profile: Profile) -> dict[str, Lesson]:
    # All of supervise comes with them, and one plan in five has a casebook.
    from pipeline.supervise.ledgers.casebook import lessons

    return {
        problem.value: Lesson(lesson.wrong, lesson.right, lesson.ground(profile))
        for problem, lesson in lessons().items()
    }
