"""Tables of the figures in more depth, put behind the sections they belong to."""

from dataclasses import replace

from pipeline.domain.labels import ProblemType
from pipeline.report.chapters import parts_of
from pipeline.report.document import Block, Paragraph, Section, Table, Text
from pipeline.report.figures import token
from pipeline.report.indicators import dictionary
from pipeline.report.parts import CROSSES, DIMENSIONS, PRINTED_TYPES, STAGES, UNTYPED, name_zh
from pipeline.report.plan_splits import cross_number, target_number
from pipeline.report.sentences import has_rates, judged
from pipeline.report.writer import DASH, Writer

DASHES: Text = (DASH,)
_TYPE_ORDER = [*(t.value for t in PRINTED_TYPES), UNTYPED]


def extended(section: Section, *blocks: Block) -> Section:
    """The section with more blocks at its end."""
    return replace(section, blocks=(*section.blocks, *blocks))


def corrected(w: Writer) -> list[Block]:
    """Raw and corrected share of each type, with its interval."""
    if not has_rates(w):
        return []
    slugs = [t.value for t in PRINTED_TYPES if f"2.{t.value}.corrected" in w.figures]
    if not slugs:
        text = "本月所用分类模型没有可用的实测误差,问题类型占比不作校正。"
        return [Paragraph((text,), "note")]
    rows = [
        (
            (ProblemType(slug).name_zh,),
            w.cell(f"2.{slug}.any"),
            w.cell(f"2.{slug}.any_share"),
            w.cell(f"2.{slug}.corrected"),
            _interval(w, slug),
        )
        for slug in slugs
    ]
    rows.append((("执法类投诉举报",), w.cell("1.enforcement"), DASHES, DASHES, DASHES))
    return [
        Table(
            "问题类型占比(含次类)按模型误差校正",
            ("问题类型", "含次类/件", "占比", "校正占比", "95%区间"),
            tuple(rows),
            note="一件工单可有多个类型,各类之和可大于工单数。校正按模型在标注语料上交叉验证测得的"
            "识别率、误判率推算(系统默认),语料为编写,与实际工单有差别,校正值只供参考;"
            "经人工复核的工单不校正。",
            sheet="校正占比",
        )
    ]


def _interval(w: Writer, slug: str) -> Text:
    low, high = f"2.{slug}.corrected_low", f"2.{slug}.corrected_high"
    if w.value(low) is None or w.value(high) is None:
        return DASHES
    return (w.num(low), "—", w.num(high))


def crosses(w: Writer) -> list[Block]:
    """Region and trade by problem type, the cells that may be published."""
    blocks: list[Block] = []
    for dimension, title, _ in CROSSES:
        parts = parts_of(w, f"10.{dimension}.", ".enforcement")
        shown = {
            (part, t)
            for part in parts
            for t in PRINTED_TYPES
            if cross_number(dimension, part, t.value) in w.figures
        }
        if not shown:
            continue
        types = [t for t in PRINTED_TYPES if any((part, t) in shown for part in parts)]
        least = w.frame.policy.min_cell
        rows = [
            (
                (name_zh(dimension, part),),
                *(
                    w.cell(cross_number(dimension, part, t.value)) if (part, t) in shown else ("*",)
                    for t in types
                ),
                w.cell(f"10.{dimension}.{token(part)}.enforcement"),
            )
            for part in parts
        ]
        totals = (w.cell(f"2.{t.value}.count") for t in types)
        rows.append((("合计",), *totals, w.cell("1.enforcement")))
        blocks.append(
            Table(
                f"执法类投诉举报按{title}和问题类型(主类型)分布(件)",
                (title, *(t.name_zh for t in types), "合计"),
                tuple(rows),
                note=f"“*”为不足{least}件(含0件)或为防止推算而不列出;各类均不列出的类型和另报事项"
                f"不设列,行合计含全部类型。按{title}名称排列。",
                cross=tuple(range(1, len(types) + 1)),
                print_limit=40,
                sheet=f"{title}×类型",
            )
        )
    return blocks


def handling(w: Writer) -> list[Block]:
    """Targets for one platform, missing stages."""
    return [*_targets(w), *_stages(w)]


def _targets(w: Writer) -> list[Block]:
    """Only where the plan sets a target for one platform (安徽: 12328)."""
    rows, clauses = [], []
    for target in w.frame.policy.targets:
        prefix = target_number(target.indicator, target.hotline or "")
        if f"{prefix}.base" not in w.figures:
            continue
        bound, verdict = judged(target, w.value(f"{prefix}.rate"))
        name = f"{name_zh('hotline', target.hotline)}{dictionary().rate(target.indicator).name}"
        counts = (w.cell(f"{prefix}.hits"), w.cell(f"{prefix}.base"), w.rate_cell(prefix))
        rows.append(((name,), *counts, bound, verdict))
        clauses.append(target.clause)
    if not rows:
        return []
    return [
        Table(
            "方案目标完成情况",
            ("指标", "分子", "分母", "本月", "目标", "结论"),
            tuple(rows),
            note="只计所列平台的执法类工单。目标出自"
            + ";".join(dict.fromkeys(clauses))
            + f"。分母不足{w.frame.policy.min_n_for_rate}件的不作判断(系统默认)。",
            sheet="方案目标",
        )
    ]


def _stages(w: Writer) -> list[Block]:
    if w.value("4.stage_missing.rate") is None or not w.value("4.stage_missing.hits"):
        return []
    if "4.stage.closed" not in w.figures:  # of a report from before stages were told apart
        return []
    rows = [
        (
            (name,),
            w.cell(f"4.stage.{slug}"),
            w.cell("4.stage_missing.base"),
            w.cell(f"4.stage.{slug}.share"),
        )
        for slug, name in STAGES
    ]
    return [
        Table(
            "已办结工单缺少时间记录的环节",
            ("环节", "缺少记录/件", "已办结/件", "占比"),
            tuple(rows),
            note="一件工单可缺少多个环节,各行相加可大于断环工单数。已办结按数据截至日状态计;导出表没有该列的,"
            "也计为缺少记录。",
            sheet="断环环节",
        )
    ]


def by_dimension(w: Writer) -> list[Block]:
    """How complaints were handled, by channel, region, trade, type and group."""
    if not has_rates(w):
        if not w.value("1.enforcement"):
            return []
        text = (
            f"本月执法类投诉举报不足{w.frame.policy.min_n_for_rate}件,不列分项办理情况(系统默认)。"
        )
        return [Paragraph((text,), "note")]
    blocks: list[Block] = []
    for dimension in DIMENSIONS:
        parts = parts_of(w, f"4.by.{dimension.id}.", ".count")
        order = "名称"
        if dimension.id == "type":
            parts.sort(key=_TYPE_ORDER.index)
            order = "编码"
        rows = []
        for part in parts:
            number = f"4.by.{dimension.id}.{token(part)}"
            rows.append(
                (
                    (name_zh(dimension.id, part),),
                    w.cell(f"{number}.count"),
                    w.rate_cell(f"{number}.closure_b", with_counts=True),
                    w.rate_cell(f"{number}.on_time", with_counts=True),
                    w.rate_cell(f"{number}.satisfaction", with_counts=True),
                    w.cell(f"{number}.handling.mean"),
                    w.cell(f"{number}.handling.median"),
                    w.cell(f"{number}.handling.n"),
                )
            )
        if not rows:
            continue
        if not dimension.overlaps:
            rows.append((("合计",), w.cell("1.enforcement"), *([DASHES] * 6)))
        blocks.append(
            Table(
                f"执法类工单办理情况(按{dimension.name_zh})",
                (
                    dimension.name_zh, "本月/件", "办结率B", "按期办结率", "满意率",
                    "平均工作日", "中位工作日", "本月办结/件",
                ),
                tuple(rows),
                additive=() if dimension.overlaps else (1,),
                note=f"按{dimension.name_zh}{order}排列,不作排名。"
                + ("一件工单可属于多个群体或不属于任何群体。" if dimension.id == "group" else ""),
                print_limit=20,
                sheet=f"办理·{dimension.name_zh}",
            )
        )  # fmt: skip
    return blocks
