"""The whole-period review of a plan (终期评估): what its filed monthly reports add up to.

It counts nothing anew: every figure is one that was published, or a sum of such, so the review can
never contradict the reports. Months without a filed report are named, never guessed. People are
not added up: one caller of two months would count twice.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.domain.calendar import shift_month
from pipeline.domain.errors import OperatorError
from pipeline.report.document import Block, Chart, Document, Paragraph, Section, Table, Text
from pipeline.report.figures import Figure, Figures, Frame
from pipeline.report.findings import Finding
from pipeline.report.formulas import Manifest, evaluate
from pipeline.report.indicators import dictionary
from pipeline.report.linter import lint_document
from pipeline.report.parts import FOCUS_GROUPS, PRINTED_TYPES, UNTYPED, UNTYPED_ZH, name_zh
from pipeline.report.periods import month_zh
from pipeline.report.plan import VISIT
from pipeline.report.plan_splits import target_number
from pipeline.report.policy import ReportPolicy
from pipeline.report.sentences import judged
from pipeline.report.typeset import typeset_document
from pipeline.report.writer import Writer, enumeration, sentence
from pipeline.store.tables import report, report_figure

_COUNTS = {
    "1.received": "受理各类工单",
    "1.enforcement": "执法类投诉举报",
    **{f"3.{slug}.count": flag for slug, flag in FOCUS_GROUPS},
    **{f"2.{problem.value}.count": problem.name_zh for problem in PRINTED_TYPES},
    f"2.{UNTYPED}.count": UNTYPED_ZH,
    "2.integrity.count": "按规定另报",
    "7.settled": "监督事项销号",
}
_RATES = ("closure_a", "on_time", "satisfaction", VISIT, "verified")
_WHOLE = "period"


class NothingFiled(OperatorError, LookupError):
    """No monthly report of the plan is filed in the period."""


@dataclass(frozen=True, slots=True)
class PeriodReview:
    """The document, its figures, what it was made from (JSON values) and the linter's findings."""

    document: Document
    figures: Figures
    manifest: dict
    findings: list[Finding]
    frozen_at: datetime

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits of what it was made from."""
        text = json.dumps(self.manifest, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def months_between(first: str, last: str) -> list[str]:
    """``("2026-11", "2027-01")`` → three months; empty where ``last`` lies before ``first``."""
    months = []
    while first <= last:
        months.append(first)
        first = shift_month(first, 1)
    return months


def review_period(connection: Connection, profile: str, first: str, last: str) -> PeriodReview:
    """The review of the months ``first`` to ``last`` from the newest filed report of each, under
    the policy of the last of them.

    Raises :class:`NothingFiled`.
    """
    months = months_between(first, last)
    if not months:
        raise NothingFiled(f"方案 {profile} 到 {last} 为止,评估期不能从 {first} 开始。")
    filed = _filed(connection, profile, months)
    if not filed:
        raise NothingFiled(
            f"{first} 至 {last} 没有已发布的月度报告(方案 {profile}),"
            f"请先逐月运行 hotline report 年-月 --profile {profile}。"
        )
    policy = ReportPolicy.from_json(filed[max(filed)].manifest_json["policy"])
    figures = _figures(connection, filed, policy)
    frame = Frame(connection, 0, last, policy, Manifest({"items": [], "cases": {"chosen": []}}))
    newest: date = max(row.as_of for row in filed.values())
    manifest = {
        "profile": policy.id,
        "first": first,
        "last": last,
        "reports": [
            {"month": m, "revision": row.revision, "input_hash": row.input_hash}
            for m, row in filed.items()
        ],
        "missing": [month for month in months if month not in filed],
    }
    document = Document(
        title="方案实施期执法类投诉举报评估报告",
        issue=f"{month_zh(first)}—{month_zh(last)}",
        issuer=policy.issuer,
        dated=f"{newest.year}年{newest.month}月{newest.day}日",
        footer=policy.footer_zh,
        sections=tuple(_sections(Writer(frame, figures), months, filed)),
        masthead="评估报告" if policy.red_head else "",
        meta={"评估期": f"{first}—{last}", "方案": policy.id, "数据截至": newest.isoformat()},
    )
    document = typeset_document(document)
    return PeriodReview(
        document,
        figures,
        manifest,
        lint_document(document, frame, figures),
        max(row.frozen_at for row in filed.values()),
    )


def _filed(connection: Connection, profile: str, months: list[str]) -> dict[str, sa.Row]:
    """The newest filed revision of each month, oldest month first."""
    rows = connection.execute(
        sa.select(report)
        .where(report.c.profile == profile, report.c.month.in_(months), report.c.state == "filed")
        .order_by(report.c.month, report.c.revision)
    )
    return {row.month: row for row in rows}


def _figures(connection: Connection, filed: dict[str, sa.Row], policy: ReportPolicy) -> Figures:
    """Published figures under ``2026-10/number``; sums under ``2026/number`` and ``period/…``."""
    rates = {f"4.{rate}": dictionary().rate(rate).name for rate in _RATES} | _own_rates(policy)
    parts = [f"{rate}.{part}" for rate in rates for part in ("hits", "base")]
    labels = _COUNTS | {number: number for number in parts}
    month_of = {row.id: month for month, row in filed.items()}
    published = {
        (month_of[row.report_id], row.number): row.value
        for row in connection.execute(
            sa.select(report_figure.c.report_id, report_figure.c.number, report_figure.c.value)
            .where(report_figure.c.report_id.in_(month_of), report_figure.c.number.in_(labels))
        )
    }  # fmt: skip
    figures: Figures = {}

    def write(number: str, label: str, value: float | None, unit: str, formula: str) -> None:
        figures[number] = Figure(number, "1", label, value, unit, formula=formula)

    spans = {month: [month] for month in filed}
    for month in filed:
        spans.setdefault(month[:4], []).append(month)
    spans[_WHOLE] = list(filed)
    for span, of_months in spans.items():
        for number, label in labels.items():
            operands = [f"{month}/{number}" for month in of_months]
            # A type that a report does not know had no ticket in it.
            value = sum(published.get((month, number)) or 0.0 for month in of_months)
            unit = "项" if number.startswith("7.") else "件"
            is_month = span == of_months[0]
            formula = f"report({span},{number})" if is_month else f"sum({','.join(operands)})"
            write(f"{span}/{number}", label, value, unit, formula)
        for rate, name in rates.items():
            known = [(month, f"{rate}.base") in published for month in of_months]
            # A month whose exports tell of no visits adds none to either; a report of a plan that
            # had no such target yet would leave the target's rate half told.
            if not (all(known) or (rate == f"4.{VISIT}" and any(known))):
                continue
            formula = f"ratio({span}/{rate}.hits,{span}/{rate}.base)"
            value = evaluate(
                formula,
                lambda n: figures[n].value,
                Manifest({}),
                policy,
            )
            write(f"{span}/{rate}.rate", name, value, "%", formula)
    return figures


def _own_rates(policy: ReportPolicy) -> dict[str, str]:
    """The rates of targets that a plan's text sets for one platform, with their names."""
    return {
        target_number(target.indicator, target.hotline): name_zh("hotline", target.hotline)
        + dictionary().rate(target.indicator).name
        for target in policy.targets
        if target.hotline
    }


def _sections(w: Writer, months: list[str], filed: dict[str, sa.Row]) -> list[Section]:
    years = sorted({month[:4] for month in filed})
    return [
        Section("评估范围", tuple(_scope(w.frame.policy, months, filed))),
        Section("总体情况", tuple(_overall(w, years, filed))),
        Section("问题类型", tuple(_types(w, years))),
        Section("办理质效", tuple(_quality(w, years))),
        Section("监督事项", (Paragraph(_settled(w)),)),
        Section("逐月数据", (_by_month(w, filed),)),
        Section("评估结论与建议", (Paragraph(("〔由评估单位填写〕",), "draft"),)),
    ]


def _scope(policy: ReportPolicy, months: list[str], filed: dict[str, sa.Row]) -> list[Block]:
    missing = [month for month in months if month not in filed]
    said = (
        f"本报告评估{policy.basis_zh}实施期内执法类投诉举报的受理和办理情况。"
        f"评估期自{month_zh(months[0])}至{month_zh(months[-1])},共{len(months)}个月"
    )
    if not missing:
        text = f"{said},各月报告均已发布。"
    else:
        text = (
            f"{said},其中{len(filed)}个月的报告已发布,计入本评估;未发布的{len(missing)}个月不计入。"
        )
    blocks: list[Block] = [Paragraph((text,))]
    if missing:
        blocks.append(Paragraph((f"未发布的月份:{'、'.join(_runs(missing))}。",), "note"))
    rule = "各数为已发布月度报告(最新版)的数字或其合计,不另行统计;各月人数不可相加,故不列。"
    return [*blocks, Paragraph((rule,), "note")]


def _runs(months: list[str]) -> list[str]:
    """Months in order, those without a gap between them as one: ``2024年1月至2024年3月``."""
    runs: list[list[str]] = []
    for month in months:
        if runs and shift_month(runs[-1][-1], 1) == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    return [
        month_zh(run[0]) if len(run) == 1 else f"{month_zh(run[0])}至{month_zh(run[-1])}"
        for run in runs
    ]


def _overall(w: Writer, years: list[str], filed: dict[str, sa.Row]) -> list[Block]:
    groups = [
        (
            f"{flag}反映的" if slug == "truck" else flag,
            *w.fill("{n}件", n=f"{_WHOLE}/3.{slug}.count"),
        )
        for slug, flag in FOCUS_GROUPS
    ]
    if w.value(f"{_WHOLE}/1.enforcement") == 0:
        return [Paragraph(("评估期内未收到执法类投诉举报。",))]
    blocks: list[Block] = [
        Paragraph(
            sentence(
                w.fill("评估期内共受理各类工单{n}件", n=f"{_WHOLE}/1.received"),
                w.fill("其中,执法类投诉举报{n}件", n=f"{_WHOLE}/1.enforcement"),
            )
        ),
        Paragraph(sentence(("执法类投诉举报中", *enumeration(groups)))),
        _by_year(
            w, years, [n for n in _COUNTS if n[0] in "13"], caption="受理情况(件)", sheet="受理情况"
        ),
    ]
    if len(filed) > 1:
        values = tuple(w.num(f"{month}/1.enforcement") for month in filed)
        blocks.append(Chart("执法类投诉举报逐月件数", "line", tuple(filed), values))
    return blocks


def _spans(years: list[str]) -> dict[str, str]:
    """Columns of a table by year: of a single year the period says it all."""
    named = {year: f"{year}年" for year in years} if len(years) > 1 else {}
    return named | {_WHOLE: "评估期"}


def _by_year(
    w: Writer, years: list[str], numbers: list[str], *, caption: str, sheet: str, total: str = ""
) -> Table:
    """``total``: the number that the others add up to."""
    spans = _spans(years)
    rows = [
        ((_COUNTS[number],), *(w.cell(f"{span}/{number}") for span in spans)) for number in numbers
    ]
    if total:
        rows.append((("合计",), *(w.cell(f"{span}/{total}") for span in spans)))
    return Table(
        caption,
        ("指标", *spans.values()),
        tuple(rows),
        additive=tuple(range(1, len(spans) + 1)) if total else (),
        note="各年度已发布月数不同的,件数不可直接比较。" if len(years) > 1 else "",
        sheet=sheet,
    )


def _types(w: Writer, years: list[str]) -> list[Block]:
    numbers = [n for n in _COUNTS if n.startswith("2.") and w.value(f"{_WHOLE}/{n}")]
    if not numbers:
        return [Paragraph(("评估期内没有执法类投诉举报。",))]
    return [
        _by_year(w, years, numbers, caption="主类型件数", sheet="问题类型", total="1.enforcement")
    ]


def _quality(w: Writer, years: list[str]) -> list[Block]:
    policy, spans = w.frame.policy, _spans(years)
    targets = {
        target_number(t.indicator, t.hotline) if t.hotline else f"4.{t.indicator}": t
        for t in policy.targets
    }
    rates = {f"4.{rate}": dictionary().rate(rate).name for rate in _RATES} | _own_rates(policy)
    rows = []
    for rate, name in rates.items():
        cells = (w.rate_cell(f"{span}/{rate}", with_counts=True) for span in spans)
        verdict = judged(targets.get(rate), w.value(f"{_WHOLE}/{rate}.rate"))
        rows.append(((name,), *cells, *(verdict if targets else ())))
    note = (
        "名称前未写明热线的,各热线合并计算;"
        f"分母不足{policy.min_n_for_rate}件的不计算比率(系统默认)。"
    )
    if targets:
        note += "目标出自" + ";".join(dict.fromkeys(t.clause for t in policy.targets)) + "。"
    else:
        note += "方案没有规定量化目标。"
    return [
        Table(
            "办理质效(括号内为各月分子、分母之和)",
            ("指标", *spans.values(), *(("方案目标", "结论") if targets else ())),
            tuple(rows),
            note=note,
            sheet="办理质效",
        ),
    ]


def _settled(w: Writer) -> Text:
    if not w.value(f"{_WHOLE}/7.settled"):
        return ("评估期内没有销号的监督事项。",)
    return w.fill("评估期内监督事项销号{n}项。", n=f"{_WHOLE}/7.settled")


def _by_month(w: Writer, filed: dict[str, sa.Row]) -> Table:
    rows = [
        (
            (month_zh(month),),
            w.cell(f"{month}/1.received"),
            w.cell(f"{month}/1.enforcement"),
            w.rate_cell(f"{month}/4.closure_a", with_counts=True),
            w.rate_cell(f"{month}/4.satisfaction", with_counts=True),
            (f"第{row.revision}版",),
        )
        for month, row in filed.items()
    ]
    total = (w.cell(f"{_WHOLE}/{number}") for number in ("1.received", "1.enforcement"))
    rows.append((("合计",), *total, ("—",), ("—",), ("—",)))
    return Table(
        "逐月受理与办理",
        ("月份", "受理量/件", "执法类/件", "办结率A", "满意率", "所用版次"),
        tuple(rows),
        additive=(1, 2),
        sheet="逐月",
    )
