"""The sentences that every document of a month shares: what came in, of which kind, how handled."""

from pipeline.domain.labels import ProblemType
from pipeline.report.document import Block, Paragraph, Text
from pipeline.report.parts import FOCUS_GROUPS, GROUPS, PRINTED_TYPES, UNTYPED, UNTYPED_ZH
from pipeline.report.periods import day_zh, month_zh
from pipeline.report.phrases import enforcement_template
from pipeline.report.plan import LEVELS, is_visited
from pipeline.report.policy import Target
from pipeline.report.writer import Writer, enumeration, sentence


def has_rates(w: Writer) -> bool:
    """Whether the month's complaints are enough for any rate of them, or of a part."""
    return (w.value("1.enforcement") or 0) >= w.frame.policy.min_n_for_rate


def received(w: Writer) -> Text:
    """All tickets of the month; the one sentence of a month without any.

    It says once which month there is nothing to compare with; no other sentence repeats it.
    """
    month = month_zh(w.frame.month)
    if w.value("1.received") == 0:
        return (f"{month}未收到任何工单,本月未收到执法类投诉举报。",)
    first = sentence(
        w.fill(f"{month}共受理各类工单{{n}}件", n="1.received"),
        w.change("1.received", "mom"),
        w.change("1.received", "yoy"),
        w.uncompared("1.received"),
    )
    if w.value("1.received") == 1:
        return first
    callers = w.value("1.received.callers") is not None  # reports of before have no such figure
    return (
        *first,
        *sentence(
            w.fill("涉及{n}人", n="1.received.callers") if callers else "",
            w.fill("合并同一事项后为{n}项", n="1.received.matters"),
        ),
    )


def across_hotlines(w: Writer) -> Text:
    """受理 on several platforms about the same matter, before and after merging."""
    if (w.value("1.received") or 0) < 2 or "1.cross" not in w.figures:
        return ()
    if not w.value("1.cross"):
        return ("没有同一事项在两个以上平台重复受理的工单。",)
    return sentence(
        w.fill("同一事项在两个以上平台重复受理的工单{n}件", n="1.cross"),
        w.fill("合并为{n}项", n="1.cross.matters"),
    )


def enforcement(w: Writer) -> Text:
    """The enforcement complaints among them, with share and comparisons."""
    count = w.value("1.enforcement")
    share = ""
    if count and w.value("1.share.rate") is not None:
        share = w.fill(
            "占受理工单的{rate}({hits}/{base})",
            rate="1.share.rate", hits="1.share.hits", base="1.share.base",
        )  # fmt: skip
    first = sentence(
        w.fill(enforcement_template(count), count="1.enforcement"),
        share,
        w.change("1.enforcement", "mom"),
        w.change("1.enforcement", "yoy"),
    )
    if count < 2:
        return first
    return (
        *first,
        *sentence(
            w.fill("涉及{n}人", n="1.enforcement.callers"),
            w.fill("合并同一事项后为{n}项", n="1.enforcement.matters"),
        ),
    )


def overall_text(w: Writer, *more: str) -> list[Block]:
    """The opening paragraphs of every document."""
    if w.value("1.received") == 0:
        return [Paragraph(received(w))]
    return [Paragraph((*received(w), *more)), Paragraph(enforcement(w))]


def by_type(w: Writer) -> Text:
    """The complaints by primary type, leads reported apart last; empty where there is none."""
    names = [(t.value, t.name_zh) for t in PRINTED_TYPES] + [(UNTYPED, UNTYPED_ZH)]
    parts = [
        (name, *w.fill("{n}件", n=f"2.{slug}.count"))
        for slug, name in names
        if w.value(f"2.{slug}.count")
    ]
    apart = w.value("2.integrity.count")
    if not parts:
        return w.fill("执法类投诉举报{n}件均按规定另报。", n="2.integrity.count") if apart else ()
    rest = w.fill(";另有{n}件按规定另报", n="2.integrity.count") if apart else ()
    return ("按主类型统计,群众反映的问题为:", *enumeration(parts), *rest, "。")


def headline(w: Writer) -> Text:
    """The problem types that the plan names first, however few tickets they have."""
    parts = [
        (ProblemType(slug).name_zh, *w.fill("{n}件", n=f"2.{slug}.any"))
        for slug in w.frame.policy.headline_types
    ]
    return ("方案重点关注的问题(含次类):", *enumeration(parts), "。")


def people(w: Writer) -> list[Block]:
    """A sentence on each group that a short document speaks of."""
    seen = [g for g in GROUPS if g in FOCUS_GROUPS or w.value(f"3.{g[0]}.count")]
    return [Paragraph(group(w, slug, flag)) for slug, flag in seen]


def group(w: Writer, slug: str, flag: str) -> Text:
    """How many complaints of one group, or that there is none."""
    number = f"3.{slug}"
    if w.value(f"{number}.count") == 0:
        return sentence(f"本月未收到{flag}执法类投诉举报", w.change(f"{number}.count", "mom"))
    return sentence(
        w.fill(f"{flag}执法类投诉举报{{n}}件", n=f"{number}.count"),
        w.fill("涉及{n}人", n=f"{number}.callers") if w.value(f"{number}.count") > 1 else "",
        w.change(f"{number}.count", "mom"),
        w.change(f"{number}.count", "yoy"),
    )


NOT_VISITED = "导出表没有回访记录,不计算回访率。"
NO_EFFICIENCY = "本月无执法类工单受理或到期,不作办理质效统计。"


def is_idle(w: Writer) -> bool:
    """Nothing to say of how complaints were handled."""
    return w.value("1.enforcement") == 0 and not w.value("4.closure_a.base")


def efficiency_text(w: Writer) -> list[Block]:
    """How the complaints were handled, in sentences."""
    if is_idle(w):
        return [Paragraph((NO_EFFICIENCY,))]
    rated = (
        *w.rate("4.satisfaction", "满意率", "满意", "有效评价"),
        *w.fill(";未评价{n}件。", n="4.unrated"),
    )
    known = f"本月受理、截至{day_zh(w.frame.manifest['as_of'])}已办结的执法类工单"
    visited = (
        sentence(w.rate("4.visit", "回访率", "已回访", known))
        if is_visited(w.frame)
        else (NOT_VISITED,)
    )
    blocks: list[Block] = [Paragraph((*_due(w), *_working_days(w))), Paragraph((*rated, *visited))]
    if w.value("4.repeat.hits"):
        blocks.append(
            Paragraph(
                sentence(
                    w.fill("重复投诉{n}件", n="4.repeat.hits"),
                    w.fill("涉及{n}人", n="4.repeat.callers"),
                )
            )
        )
    return blocks


def _due(w: Writer) -> Text:
    """Both rates of the tickets due, which have one denominator."""
    if w.value("4.closure_a.base") and w.value("4.closure_a.rate") is None:
        return w.fill(
            "本月到期的执法类工单{base}件,其中期末前办结{closed}件、按期办结{on_time}件,"
            "样本不足,不计算办结率A和按期办结率。",
            base="4.closure_a.base", closed="4.closure_a.hits", on_time="4.on_time.hits",
        )  # fmt: skip
    return sentence(
        w.rate("4.closure_a", "办结率A", "期末前办结", "本月到期的执法类工单"),
        w.rate("4.on_time", "按期办结率", "按期办结"),
    )


def _working_days(w: Writer) -> Text:
    if not w.value("4.handling.n"):
        return ()
    now = w.fill(
        "本月办结的执法类工单{n}件,平均办理{mean}个工作日,中位数{median}个工作日",
        n="4.handling.n", mean="4.handling.mean", median="4.handling.median",
    )  # fmt: skip
    if not w.value("4.handling.previous.n"):
        return (*now, "。")
    then = w.fill(
        ";上月办结{n}件,平均{mean}个工作日,中位数{median}个工作日。",
        n="4.handling.previous.n",
        mean="4.handling.previous.mean",
        median="4.handling.previous.median",
    )
    return (*now, *then)


def judged(target: Target | None, rate: float | None) -> tuple[Text, Text]:
    """The bound a plan sets, and whether a rate in percent reached it."""
    if target is None:
        return ("—",), ("—",)
    bound = (f"{'≤' if target.at_most else '≥'}{target.value:g}%",)
    if rate is None:
        return bound, ("不作判断",)
    is_met = rate <= target.value if target.at_most else rate >= target.value
    return bound, ("达到" if is_met else "未达到",)


def item_levels(w: Writer) -> Text:
    """How many items, of which level; a sentence of every document."""
    if not w.value("7.items"):
        return ("本月没有提出监督事项。",)
    levels = [
        (f"{w.frame.policy.levels[level]}({level})", *w.fill("{n}项", n=f"7.items.{level}"))
        for level in LEVELS
        if w.value(f"7.items.{level}")
    ]
    if len(levels) == 1:
        return sentence(w.fill("本月工单涉及监督事项{n}项", n="7.items"), ("等级为", levels[0][0]))
    return sentence(
        w.fill("本月工单涉及监督事项{n}项", n="7.items"), ("其中", *enumeration(levels))
    )


def settled(w: Writer) -> Text:
    said = "本月销号{n}项。" if w.value("7.settled") else "本月没有销号事项。"
    return w.fill(said, n="7.settled")


def apart(w: Writer) -> Text:
    """Confidential items: that there are some, and nothing else (domain B10)."""
    return ("另有事项按规定另报。",) if w.frame.manifest["confidential_items"] else ()


def items_text(w: Writer) -> Text:
    """Items raised, settled and reported apart, as one paragraph."""
    return (*item_levels(w), *settled(w), *apart(w))
