"""Sections 1–5 of the report (domain B10): what came in, of which types, how it was handled."""

from pipeline.domain.labels import Scope
from pipeline.domain.ticket import Hotline
from pipeline.report.document import Block, Chart, Heading, Paragraph, Section, Table
from pipeline.report.figures import part_zh, token
from pipeline.report.indicators import ORIGIN_ZH, dictionary
from pipeline.report.parts import GROUPS, PRINTED_TYPES, UNTYPED, UNTYPED_ZH
from pipeline.report.periods import baseline_months, month_zh
from pipeline.report.plan import EFFICIENCY, has_data, split_pair
from pipeline.report.sentences import (
    across_hotlines,
    by_type,
    efficiency_text,
    group,
    has_rates,
    headline,
    is_idle,
    overall_text,
)
from pipeline.report.writer import Writer, enumeration, sentence

MULTI_LABEL = (
    "一件工单可有多个类型,“含次类”各行相加可大于工单数;“主类型”每件只计一次,各行相加等于合计。"
)


def overall(w: Writer) -> Section:
    if w.value("1.received") == 0:
        return Section("总体情况", tuple(overall_text(w)))
    return Section(
        "总体情况",
        (
            *overall_text(w, *across_hotlines(w)),
            Heading("按受理平台"),
            hotline_table(w),
            Heading("按与执法的关系"),
            _scopes(w),
            Heading("逐月走势"),
            *_trend(w),
        ),
    )


def hotline_table(w: Writer) -> Table:
    rows = [
        (
            (hotline.name_zh,),
            w.cell(f"1.hotline.{hotline.value}.received"),
            w.cell(f"1.hotline.{hotline.value}.enforcement"),
        )
        for hotline in Hotline
    ]
    rows.append((("合计",), w.cell("1.received"), w.cell("1.enforcement")))
    return Table(
        "各平台受理情况(件)",
        ("平台", "受理量", "其中:执法类"),
        tuple(rows),
        additive=(1, 2),
        sheet="受理平台",
    )


def _scopes(w: Writer) -> Table:
    rows = [
        (
            (f"{scope.value} {scope.name_zh}",),
            w.cell(f"1.scope.{scope.value}"),
            w.cell(f"1.scope.{scope.value}.share"),
            w.cell(f"1.scope.{scope.value}.previous")
            if w.value("1.received.previous")
            else ("无数据",),
        )
        for scope in Scope
    ]
    previous = w.cell("1.received.previous") if w.value("1.received.previous") else ("无数据",)
    rows.append((("合计",), w.cell("1.received"), ("—",), previous))
    return Table(
        "工单与执法的关系(件)",
        ("范围", "本月", "占受理量", "上月"),
        tuple(rows),
        additive=(1, 3),
        note="只有E1计入执法类投诉举报;E2为要求查处的违法线索,E3为咨询建议,E4转办其他部门。"
        + (few_note(w) if w.value("1.scope.E1.share") is None else ""),
        sheet="范围",
    )


def _trend(w: Writer) -> list[Block]:
    months = [m for m in baseline_months(w.frame.month) if has_data(w.frame, m)]
    numbers = [f"1.trend.{m}" for m in months] + ["1.enforcement"]
    labels = tuple(month_zh(m) for m in [*months, w.frame.month])
    if len(months) < 2:
        return [Paragraph(("历史数据不足两个月,不作趋势图。",))]
    return [Chart("执法类投诉举报逐月件数", "line", labels, tuple(w.num(n) for n in numbers))]


def types(w: Writer) -> Section:
    if w.value("1.enforcement") == 0:
        return Section("问题类型分布", (Paragraph(("本月未收到执法类投诉举报。",)),))
    slugs = [(t.value, f"{t.code} {t.name_zh}") for t in PRINTED_TYPES]
    if f"2.{UNTYPED}.count" in w.figures:
        slugs.append((UNTYPED, UNTYPED_ZH))
    if not has_rates(w):  # of a dozen types a few complaints would leave nearly all rows empty
        told = (".count", ".any", ".count.previous", ".count.year_ago")
        slugs = [s for s in slugs if any(w.value(f"2.{s[0]}{suffix}") for suffix in told)]
    seen = [(slug, name) for slug, name in slugs if w.value(f"2.{slug}.count")]
    blocks: list[Block] = [Paragraph(text) for text in (by_type(w), headline(w)) if text]
    rows = [
        (
            (name,),
            w.cell(f"2.{slug}.count"),
            w.cell(f"2.{slug}.callers"),
            w.cell(f"2.{slug}.share"),
            w.cell(f"2.{slug}.any"),
            w.base_cell(f"2.{slug}.count", "mom"),
            w.change_cell(f"2.{slug}.count", "mom"),
            w.base_cell(f"2.{slug}.count", "yoy"),
            w.change_cell(f"2.{slug}.count", "yoy"),
        )
        for slug, name in slugs
    ]
    dash = ("—",)
    rows.append((("另报事项",), w.cell("2.integrity.count"), *([dash] * 7)))
    rows.append(
        (
            ("合计",),
            w.cell("1.enforcement"),
            dash,
            dash,
            dash,
            w.base_cell("1.enforcement", "mom"),
            w.change_cell("1.enforcement", "mom"),
            w.base_cell("1.enforcement", "yoy"),
            w.change_cell("1.enforcement", "yoy"),
        )
    )
    blocks += [
        Table(
            "执法类投诉举报问题类型",
            (
                "问题类型",
                "主类型/件",
                "人数",
                "占比",
                "含次类/件",
                "上月/件",
                "环比",
                "去年同月/件",
                "同比",
            ),
            tuple(rows),
            additive=(1,),
            note=MULTI_LABEL + "一人反映多类问题的,各类分别计人。环比、同比:基数不足"
            f"{w.frame.policy.min_base_for_change}件的只列件数差(系统默认)。另报事项只列件数。"
            + ("" if has_rates(w) else f"未列出的类型均为0件;{few_note(w)}"),
            sheet="问题类型",
        ),
    ]
    if len(seen) > 1:
        blocks.append(
            Chart(
                "问题类型(主类型)件数",
                "bar",
                tuple(name.split(" ")[-1] for _, name in seen),
                tuple(w.num(f"2.{slug}.count") for slug, _ in seen),
            )
        )
    return Section("问题类型分布", tuple(blocks))


def few_note(w: Writer) -> str:
    """Why a column of shares is empty."""
    return f"合计不足{w.frame.policy.min_n_for_rate}件,不计算占比(系统默认)。"


def groups(w: Writer) -> Section:
    blocks: list[Block] = []
    # Reports from before a group was told apart have no figures of it.
    known = [(slug, flag) for slug, flag in GROUPS if f"3.{slug}.count" in w.figures]
    told = (".count", ".count.previous", ".count.year_ago")
    if not any(w.value(f"3.{slug}{suffix}") for slug, _ in known for suffix in told):
        names = "、".join(flag for _, flag in known)
        return Section("重点群体与领域", (Paragraph((f"本月未收到{names}的执法类投诉举报。",)),))
    for slug, flag in known:
        number = f"3.{slug}"
        blocks.append(Heading("道路货运与货车司机" if slug == "truck" else flag))
        blocks.append(Paragraph(group(w, slug, flag)))
        if w.value(f"{number}.count") == 0:
            continue
        found = [
            (t.name_zh, *w.fill("{n}件", n=f"{number}.type.{t.value}"))
            for t in PRINTED_TYPES
            if w.value(f"{number}.type.{t.value}")
        ]
        is_whole = all(f"{number}.type.{t.value}" in w.figures for t in PRINTED_TYPES)
        few = "" if is_whole else f"不足{w.frame.policy.min_cell}件的类型不列。"
        if found:
            blocks.append(Paragraph(("反映的问题按主类型为:", *enumeration(found), f"。{few}")))
        else:
            blocks.append(Paragraph((f"反映的问题各类型均不足{w.frame.policy.min_cell}件,不列。",)))
        blocks.append(
            Paragraph(
                sentence(w.rate(f"{number}.closure", "办结率B", "已办结", "本月受理且应办理的工单"))
            )
        )
    return Section("重点群体与领域", tuple(blocks))


def efficiency(w: Writer) -> Section:
    if is_idle(w):
        return Section("办理质效", tuple(efficiency_text(w)))
    targets = {t.indicator: t for t in w.frame.policy.targets if not t.hotline}
    rows = []
    for indicator in EFFICIENCY:
        prefix, definition = f"4.{indicator}", dictionary().rate(indicator)
        target = targets.get(indicator)
        rows.append(
            (
                (definition.name + ("" if target else ORIGIN_ZH[definition.origin]),),
                w.cell(f"{prefix}.hits"),
                w.cell(f"{prefix}.base"),
                w.rate_cell(prefix),
                w.rate_cell(f"{prefix}.previous", with_counts=True),
                w.points_cell(f"{prefix}.points"),
                (f"{'≤' if target.at_most else '≥'}{target.value:g}%(文件规定)",)
                if target
                else ("—",),
            )
        )
    blocks = efficiency_text(w)
    blocks += [
        Table(
            "办理质效指标",
            ("指标", "分子", "分母", "本月", "上月", "变化", "目标"),
            tuple(rows),
            note=f"分母不足{w.frame.policy.min_n_for_rate}件的不计算比率(系统默认)。各指标口径见口径说明。",
            sheet="办理质效",
        ),
        _unit_table(w),
    ]
    if w.value("4.no_due"):
        blocks.insert(
            -1,
            Paragraph(w.fill("{n}件执法类工单没有办理时限,未计入应办结。", n="4.no_due"), "note"),
        )
    return Section("办理质效", tuple(blocks))


def _unit_table(w: Writer) -> Table:
    """Every unit against its own months; in name order, never ranked (M-10, 国办函〔2025〕66号)."""
    units = sorted(
        f.params["part"]
        for n, f in w.figures.items()
        if n.startswith("4.unit.") and n.endswith(".count")
    )
    rows = [
        (
            (part_zh(unit),),
            w.cell(f"4.unit.{token(unit)}.count"),
            w.cell(f"4.unit.{token(unit)}.median"),
            w.cell(f"4.unit.{token(unit)}.band"),
            w.rate_cell(f"4.unit.{token(unit)}.closure_b", with_counts=True),
            w.rate_cell(f"4.unit.{token(unit)}.satisfaction", with_counts=True),
        )
        for unit in units
    ]
    rows.append((("合计",), w.cell("1.enforcement"), *([("—",)] * 4)))
    known = sum(has_data(w.frame, m) for m in baseline_months(w.frame.month))
    return Table(
        "被反映单位与自身近期比较",
        (
            "单位",
            "本月/件",
            f"自身近{known}个月中位数/件" if known else "自身基线",
            "色带",
            "办结率B",
            "满意率",
        ),
        tuple(rows),
        additive=(1,),
        note="按单位名称排列,不作排名;件数受地区、车流和热线宣传影响,件数多不等于问题多。",
        print_limit=40,
        sheet="单位",
    )


def frequent(w: Writer) -> Section:
    policy = w.frame.policy
    pairs = parts_of(w, "5.high.", ".count")
    matters = sorted(
        parts_of(w, "5.matter.", ".count"),
        key=lambda part: (-w.value(f"5.matter.{part}.callers"), int(part)),
    )
    blocks: list[Block] = [Heading("高频事项")]
    if pairs:
        rows = []
        for part in pairs:
            unit, problem = split_pair(part)
            number = f"5.high.{token(part)}"
            rows.append(
                (
                    (part_zh(unit),),
                    (problem.name_zh,),
                    w.cell(f"{number}.count"),
                    w.cell(f"{number}.callers")
                    if w.value(f"{number}.callers") >= policy.min_cell
                    else (f"少于{policy.min_cell}",),
                    w.cell(f"{number}.median"),
                )
            )
        blocks.append(
            Table(
                f"同一单位同一类型本月{policy.high_frequency}件及以上的事项(系统默认)",
                ("单位", "反映的问题", "本月/件", "人数", "自身中位数/件"),
                tuple(rows),
                note="按单位名称、类型排列。件数为群众反映,不是认定结果。",
                cross=(2, 3),
                print_limit=40,
                sheet="高频事项",
            )
        )
    else:
        blocks.append(
            Paragraph((f"本月没有同一单位同一类型达到{policy.high_frequency}件(系统默认)的事项。",))
        )
    if matters:
        rows = [
            ((f"事项{part}",), w.cell(f"5.matter.{part}.count"), w.cell(f"5.matter.{part}.callers"))
            for part in matters
        ]
        blocks.append(
            Table(
                f"{policy.group_callers}人及以上反映的同一事项(系统默认)",
                ("事项编号", "件数", "人数"),
                tuple(rows),
                note="按反映人数排列。",
                print_limit=40,
                sheet="多人同诉",
            )
        )
    blocks.append(Heading("争议罚款事项"))
    if w.value("5.disputed"):
        trades = parts_of(w, "5.disputed.trade.", "")
        parts = [
            (part_zh(t).strip("()"), *w.fill("{n}件", n=f"5.disputed.trade.{token(t)}"))
            for t in trades
        ]
        said = sentence(
            w.fill("反映逐利执法或过罚失当(含次类)的{n}件", n="5.disputed"),
            w.change("5.disputed", "mom"),
        )
        split = ("按业务领域分为:", *enumeration(parts), "。") if len(parts) > 1 else ()
        blocks.append(Paragraph((*said, *split)))
        blocks.append(Paragraph(("只按件数统计,不按罚款数额排列(部方案M-10)。",), "note"))
    else:
        blocks.append(Paragraph(("本月没有反映逐利执法或过罚失当的执法类投诉举报。",)))
    return Section("高频事项与争议罚款事项", tuple(blocks))


def parts_of(w: Writer, prefix: str, suffix: str) -> list[str]:
    """The parts that have a figure ``prefix<token>suffix``, in name order."""
    return sorted(
        f.params["part"]
        for n, f in w.figures.items()
        if n.startswith(prefix) and n.endswith(suffix) and f.params.get("part")
    )
