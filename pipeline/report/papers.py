"""The documents a plan asks for beside the main report: each form is a choice of its sections.

They are made from the figures of the same frozen month, pass the same linter and print no number
that the main report's figures do not hold.
"""

from collections.abc import Callable
from dataclasses import replace

from pipeline.domain.calendar import shift_month
from pipeline.domain.labels import ProblemType
from pipeline.report import chapters, sentences
from pipeline.report.chapters_close import advice, advice_lines, drafts, early_signs
from pipeline.report.document import Block, Document, Heading, Paragraph, Section, Table
from pipeline.report.figures import Figures, Frame
from pipeline.report.indicators import dictionary
from pipeline.report.parts import FOCUS_GROUPS
from pipeline.report.periods import month_zh
from pipeline.report.phrases import told
from pipeline.report.policy import Paper, Target
from pipeline.report.typeset import typeset_document
from pipeline.report.writer import DASH, Writer

_ADVICE_OF_A_BRIEF = 2
_ORIGIN = {"text": "文件规定", "default": "系统默认"}


def paper_name(paper: Paper) -> str:
    """The name without the plan's remark on the month, which the title itself says."""
    return paper.name.removesuffix("(上月)")


def paper_files(paper: Paper, month: str) -> dict[str, str]:
    """Kind → file name; a paper of figures comes as xlsx too."""
    name = paper_name(paper)
    files = {name: f"{name}_{month}.docx"}
    if paper.form == "filing":
        files[f"{name}(xlsx)"] = f"{name}_{month}.xlsx"
    return files


def compose_paper(main: Document, frame: Frame, figures: Figures, paper: Paper) -> Document:
    """One document beside ``main``, whose frame (issue, date, footer, versions) it shares."""
    name = paper_name(paper)
    is_one_page = paper.form == "brief"
    versions = ("数据截至", "输入指纹") if is_one_page else tuple(main.meta)
    meta = {key: main.meta[key] for key in versions}
    if paper.clause:
        meta |= {"依据": paper.clause}
    if paper.due_day:
        due = f"{month_zh(shift_month(frame.month, 1))}{paper.due_day}日前"
        meta = {"报送时限": f"{due}({_ORIGIN[paper.due_origin]})"} | meta
    document = replace(
        main,
        title=f"{month_zh(frame.month)}{name}",
        sections=tuple(_FORMS[paper.form](Writer(frame, figures))),
        masthead=name if main.masthead else "",
        to=paper.to,
        signs=(paper.reviewer, "签发") if paper.reviewer else main.signs,
        is_one_page=is_one_page,
        meta=meta,
    )
    return typeset_document(document)


def _brief(w: Writer) -> list[Section]:
    """One page: the figures that matter, the problems, the items, what to do."""
    problems = [text for text in (sentences.by_type(w), sentences.headline(w)) if text]
    items = (*sentences.item_levels(w), *sentences.settled(w))
    todo = drafts(advice_lines(w)[:_ADVICE_OF_A_BRIEF])
    if w.value("1.enforcement") == 0:
        first: list[Block] = sentences.overall_text(w)
        problems = []
    else:
        first = [_key_figures(w)]
    return [
        Section("主要数据", tuple(first)),
        *([Section("反映的主要问题", tuple(map(Paragraph, problems)))] if problems else []),
        Section("监督事项", (Paragraph(items),)),
        Section("下步工作(供审核修改)", tuple(todo)),
    ]


def _key_figures(w: Writer) -> Table:
    counts = [("受理各类工单", "1.received"), ("执法类投诉举报", "1.enforcement")]
    counts += [(f"其中:{flag}", f"3.{slug}.count") for slug, flag in FOCUS_GROUPS]
    rows = [
        (
            (f"{name}(件)",),
            w.cell(number),
            w.base_cell(number, "mom"),
            w.change_cell(number, "mom"),
        )
        for name, number in counts
    ]
    for indicator in ("closure_a", "on_time", "satisfaction"):
        number = f"4.{indicator}"
        rows.append(
            (
                (dictionary().rate(indicator).name,),
                w.rate_cell(number, with_counts=True),
                w.rate_cell(f"{number}.previous", with_counts=True),
                w.points_cell(f"{number}.points"),
            )
        )
    return Table(
        "",  # the heading above says it
        ("指标", "本月", "上月", "环比"),
        tuple(rows),
        note="投诉是群众反映,不是认定结果。口径同当月分析报告。",
        sheet="主要数据",
    )


def _filing(w: Writer) -> list[Section]:
    """Figures to enter elsewhere, each with its definition; what is not ours stays blank."""
    own = [
        ("执法类投诉举报", "1.enforcement", "件", "报告期内受理、判为投诉执法(E1)的工单"),
        ("涉及人数", "1.enforcement.callers", "人", "按来电人标识去重"),
        ("合并同一事项后", "1.enforcement.matters", "项", "各渠道反映同一事项的合并为一项"),
        ("应办结", "4.closure_a.base", "件", "报告期内到期的执法类工单"),
        ("已办结", "4.closure_a.hits", "件", "应办结中期末前已办结"),
        ("按期办结", "4.on_time.hits", "件", "应办结中时限内办结"),
        ("有效评价", "4.satisfaction.base", "件", "未评价、默认好评不计入"),
        ("满意", "4.satisfaction.hits", "件", "有效评价中评价为满意的"),
        ("有核查结论", "4.verified.base", "件", "无法核实的不计入"),
        ("属实或部分属实", "4.verified.hits", "件", "有核查结论的执法类工单"),
        ("重复投诉", "4.repeat.hits", "件", "同一来电人就同一事项再次投诉"),
        ("提出监督事项", "7.items", "项", "本月工单涉及的监督事项,另报的不计入"),
        ("监督事项销号", "7.settled", "项", "报告期内销号"),
    ]
    rows = [((name,), w.cell(number), (unit,), (said,)) for name, number, unit, said in own]
    elsewhere = ("行政执法案件", "行政复议及诉讼案件", "行刑衔接")
    rows += [((name,), (DASH,), (DASH,), ("由业务系统填报,本系统不掌握",)) for name in elsewhere]
    table = Table(
        "行政执法监督(投诉举报)数据",
        ("填报项目", "数值", "单位", "口径"),
        tuple(rows),
        note="件数为群众反映,不是认定结果。空项由有关部门补填。",
        sheet="填报数据",
    )
    return [Section("填报数据", (table,)), Section("突出问题分项", tuple(_terms(w)))]


def _terms(w: Writer) -> list[Block]:
    """The plan's own words for problems, with the type that each is counted as."""
    terms = w.frame.policy.terms
    if w.value("1.enforcement") == 0:
        return [Paragraph(("本月未收到执法类投诉举报。",))]
    rows = [
        ((term,), (ProblemType(slug).name_zh,), w.cell(f"2.{slug}.count"), w.cell(f"2.{slug}.any"))
        for term, slug in terms
    ]
    return [
        Table(
            "方案所列突出问题",
            ("方案用语", "归入的问题类型", "主类型/件", "含次类/件"),
            tuple(rows),
            note="归入同一类型的用语件数相同,各行不可相加。",
            sheet="突出问题",
        )
    ]


def _operation(w: Writer) -> list[Section]:
    """安徽 AH-07: how enforcement runs, against the plan's targets and its own words."""
    blocks = [*sentences.overall_text(w), chapters.hotline_table(w)]
    by_type = sentences.by_type(w)
    return [
        Section("总体运行情况", tuple(blocks)),
        Section("目标完成情况", tuple(_targets(w))),
        Section("突出问题", (*([Paragraph(by_type)] if by_type else []), *_terms(w))),
        Section("重点群体", tuple(sentences.people(w))),
        early_signs(w),
        Section("监督事项", (Paragraph(sentences.items_text(w)),)),
        advice(w, "下一步工作"),
    ]


def _targets(w: Writer) -> list[Block]:
    targets = w.frame.policy.targets
    if not targets:
        return [*sentences.efficiency_text(w), Paragraph(("方案没有规定量化目标。",), "note")]
    rows = []
    for target in targets:
        number, definition = _target_number(w, target), dictionary().rate(target.indicator)
        bound, verdict = sentences.judged(target, w.value(f"{number}.rate"))
        rows.append(
            (
                (w.figures[f"{number}.rate"].label,),
                bound,
                w.rate_cell(number, with_counts=True),
                verdict,
                (definition.definition(w.frame.policy),),
            )
        )
    note = "目标出自" + "；".join(dict.fromkeys(target.clause for target in targets))
    if any(not target.hotline for target in targets):
        note = f"指标名前未写明热线的,各热线合并计算。{note}"
    table = Table(
        "方案目标完成情况",
        ("指标", "目标", "本月", "结论", "口径"),
        tuple(rows),
        note=f"{note}。分母不足{w.frame.policy.min_n_for_rate}件的不作判断(系统默认)。",
        sheet="目标",
    )
    whole = [] if sentences.is_idle(w) else [Paragraph(("各受理平台合并计算的办理情况如下。",))]
    return [table, *whole, *sentences.efficiency_text(w)]


def _target_number(w: Writer, target: Target) -> str:
    """The rate of the platform that the target is for, where the figures have it by itself."""
    own = f"4.target.{target.indicator}."
    found = [
        n.removesuffix(".rate") for n in w.figures if n.startswith(own) and n.endswith(".rate")
    ]
    return found[0] if found else f"4.{target.indicator}"


def _casebook(w: Writer) -> list[Section]:
    """安徽 AH-06: verified complaints as lessons: situation, what is wrong, what is right, why."""
    chosen = w.frame.manifest["cases"]["chosen"]
    if not chosen:
        return [Section("典型案例", (Paragraph(("本月没有核查属实、可以编入的案例。",)),))]
    blocks: list[Block] = [
        Paragraph(
            w.fill(
                "本期编入案例{n}件(每类至多一件,均经核查属实、已去标识)。“错在哪”“应当怎样”为系统"
                "默认提示,由法规部门核定后使用。",
                n="8.chosen",
            ),
            "note",
        )
    ]
    for case in chosen:
        lesson = w.frame.policy.lessons[case["type"]]
        blocks += [
            Heading(ProblemType(case["type"]).name_zh),
            Paragraph((f"情形:群众反映{told(case['evidence'])}。经核查,反映属实。",)),
            Paragraph((f"错在哪:{lesson.wrong}",)),
            Paragraph((f"应当怎样:{lesson.right}",)),
            Paragraph((f"依据:{lesson.ground}。",)),
        ]
    return [Section("典型案例", tuple(blocks))]


def _summary(w: Writer) -> list[Section]:
    """What a plan's higher body wants to know: 区司法局 and 区政府 (晋安), 市局 (福州)."""
    by_type = sentences.by_type(w)
    notes = [Paragraph((note,), "note") for note in w.frame.policy.notes]
    return [
        Section("基本情况", tuple(sentences.overall_text(w))),
        Section(
            "突出问题",
            (*([Paragraph(by_type)] if by_type else []), *_terms(w), *sentences.people(w), *notes),
        ),
        Section("整治与监督情况", (Paragraph(sentences.items_text(w)),)),
        Section("办理质效", tuple(sentences.efficiency_text(w))),
        advice(w, "下步打算"),
    ]


_FORMS: dict[str, Callable[[Writer], list[Section]]] = {
    "brief": _brief,
    "filing": _filing,
    "operation": _operation,
    "casebook": _casebook,
    "summary": _summary,
}
