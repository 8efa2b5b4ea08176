"""Sections 6–10 of the report: early signs, items, cases, advice, annexes and definitions."""

from dataclasses import dataclass

from pipeline.domain.labels import ProblemType
from pipeline.domain.outcome import FileOutcome, RowReason
from pipeline.domain.ticket import Hotline
from pipeline.report.chapters import parts_of
from pipeline.report.document import Block, Heading, Paragraph, Section, Table, Text
from pipeline.report.figures import BAND_UNIT, part_zh, token
from pipeline.report.formulas import parse
from pipeline.report.freeze import CREW_WORDS
from pipeline.report.indicators import ORIGIN_ZH, dictionary
from pipeline.report.periods import day_zh
from pipeline.report.phrases import chinese_number, mask_ticket_nos, told
from pipeline.report.plan import (
    LEDGER,
    LEVELS,
    SPROUT_MONTHS,
    is_followed,
    split_pair,
    sprouts_known,
)
from pipeline.report.sentences import items_text
from pipeline.report.writer import Writer, enumeration, figure_text, sentence

NOT_FOLLOWED = (
    "本月执法类工单没有后续导出,也没有重办状态,不知其后来的办理和评价,重办率、差评整改率不计算。"
)
ORIGINS = {"text": "文件规定", "default": "系统默认"}


def early_signs(w: Writer) -> Section:
    blocks: list[Block] = [Heading("苗头性问题")]
    if not sprouts_known(w.frame):
        blocks.append(Paragraph((f"历史数据不足{SPROUT_MONTHS}个月,本期不作苗头性判断。",)))
    else:
        found = parts_of(w, "6.sprout.", ".count")
        lines = []
        for part in found:
            unit, problem = split_pair(part)
            lines.append(
                (
                    f"{part_zh(unit)}·{problem.name_zh}",
                    *w.fill("{n}件", n=f"6.sprout.{token(part)}.count"),
                )
            )
        rule = f"前{SPROUT_MONTHS}个月没有、本月{w.frame.policy.sprout_count}件及以上(系统默认)"
        if lines:
            blocks.append(Paragraph((f"{rule}的有:", *enumeration(lines), "。")))
        else:
            blocks.append(Paragraph((f"本月没有{rule}的问题。",)))
    blocks.append(Heading("隐蔽性问题"))
    if w.value("6.hidden.hits"):
        categories = [
            (part_zh(c), *w.fill("{n}件", n=f"6.hidden.category.{token(c)}"))
            for c in parts_of(w, "6.hidden.category.", "")
            if w.value(f"6.hidden.category.{token(c)}")
        ]
        blocks.append(
            Paragraph(
                sentence(
                    w.fill("登记为其他业务类别、内容实为投诉执法的工单{n}件", n="6.hidden.hits"),
                    ("其中", *enumeration(categories)) if len(categories) > 1 else categories[0],
                )
            )
        )
    else:
        blocks.append(Paragraph(("本月没有在咨询、求助、建议类工单中发现执法类投诉。",)))
    if w.value("1.scope.E2"):
        blocks.append(
            Paragraph(
                w.fill("另有要求查处市场主体违法的线索{n}件,不计入执法类投诉举报。", n="1.scope.E2")
            )
        )
    return Section("苗头性、隐蔽性问题", tuple(blocks))


def items(w: Writer) -> Section:
    blocks: list[Block] = [Paragraph(items_text(w))]
    if w.value("7.items"):
        blocks += [_item_table(w), _rule_table(w)]
    return Section("监督事项清单", tuple(blocks))


def _items_by_level(w: Writer) -> list[dict]:
    return sorted(w.frame.manifest["items"], key=lambda i: (-LEVELS.index(i["level"]), i["id"]))


def _item_table(w: Writer) -> Table:
    rows = [
        (
            (f"{item['level']} {w.frame.policy.levels[item['level']]}",),
            (mask_ticket_nos(item["summary"]),),
            (item["rule"],),
            (item["due_on"] or "未定",),
            (item["state"],),
            w.cell(f"7.item.{item['id']}"),
        )
        for item in _items_by_level(w)
    ]
    return Table(
        "监督事项清单",
        ("等级", "事项(群众反映)", "规则", "期限", "状态", "工单/件"),
        tuple(rows),
        note="投诉是群众反映,不是认定结果;L3、L4级为建议,由审批人决定。一件工单可属于多个事项。"
        "期限所在年份的节假日安排未公布的,期限未定。各规则的依据见下表。",
        print_limit=40,
        sheet="监督事项",
    )


def _rule_table(w: Writer) -> Table:
    """Each rule's clause once: it would fill pages beside every item."""
    rules = {
        (item["rule"], item["clause"], ORIGINS[item["threshold_origin"]])
        for item in w.frame.manifest["items"]
    }
    return Table(
        "监督规则与依据",
        ("规则", "依据", "阈值来源"),
        tuple(((rule,), (clause,), (origin,)) for rule, clause, origin in sorted(rules)),
        sheet="监督规则",
    )


def cases(w: Writer) -> Section:
    chosen = w.frame.manifest["cases"]["chosen"]
    if not chosen:
        text = "本月没有核查结论为属实、可以选登的案例。"
        if w.value("8.verified"):
            text = "本月核查结论为属实的工单{n}件,没有适合公开的去标识材料,不选登案例。"
        return Section("典型案例", (Paragraph(w.fill(text, n="8.verified")),))
    blocks: list[Block] = [
        Paragraph(w.fill("本月核查结论为属实的工单{v}件(部分属实的、按规定另报的不计),选登{n}件,"
                         "每类至多一件,已去标识。", v="8.verified", n="8.chosen"))
    ]  # fmt: skip
    for order, case in enumerate(chosen, 1):
        kind = ProblemType(case["type"]).name_zh
        blocks.append(
            Paragraph((f"案例{order}({kind}):群众反映{told(case['evidence'])}。经核查,反映属实。",))
        )
    return Section("典型案例", tuple(blocks))


def advice_lines(w: Writer) -> list[Text]:
    """Placeholder sentences drawn from the figures; the reviewer writes the real ones."""
    found: list[tuple[bool, str, dict[str, str]]] = [
        (
            bool(parts_of(w, "5.high.", ".count")),
            "对同一单位同一类型集中反映的事项逐项核查,核查结果报法规部门。",
            {},
        ),
        (
            bool(parts_of(w, "6.sprout.", ".count")),
            "对新出现的苗头性问题提醒有关单位,跟踪下月变化。",
            {},
        ),
        (
            bool(w.value("4.overdue.hits")),
            "督促承办单位对{n}件超期工单说明原因,尚未办结的限时办结。",
            {"n": "4.overdue.hits"},
        ),
        (
            bool(w.value("4.stage_missing.hits")),
            "督促承办单位补录{n}件已办结工单缺失的办理环节记录。",
            {"n": "4.stage_missing.hits"},
        ),
        (
            bool(w.value("6.hidden.hits")),
            "将{n}件按咨询、求助等类别登记的执法类投诉提请受理平台改判类别。",
            {"n": "6.hidden.hits"},
        ),
        (
            bool(w.value("3.truck.count")),
            "对货车司机反映的{n}件优先办理、按时回访。",
            {"n": "3.truck.count"},
        ),
        (
            bool(w.value("10.abstained.hits")),
            "对{n}件分类存疑的工单进行人工复核,据以更新统计。",
            {"n": "10.abstained.hits"},
        ),
    ]
    lines = [w.fill(text, **numbers) for is_seen, text, numbers in found if is_seen]
    if not lines:
        lines = [("本月数据没有需要专门提出的建议,由审核人员结合工作情况补充。",)]
    return lines


def drafts(lines: list[Text]) -> list[Block]:
    """Numbered as official documents number what stands under 一、; a single line has no number."""
    if len(lines) == 1:
        return [Paragraph(lines[0], "draft")]
    return [
        Paragraph((f"({chinese_number(n)})", *line), "draft") for n, line in enumerate(lines, 1)
    ]


def advice(w: Writer, heading: str = "工作建议") -> Section:
    lines = advice_lines(w)
    blocks: list[Block] = [Paragraph(("〔以下由系统根据本期数据拟出,供审核修改〕",), "note")]
    return Section(heading, (*blocks, *drafts(lines)))


@dataclass(frozen=True, slots=True)
class Moved:
    """A figure that a new revision changed."""

    number: str
    label: str
    unit: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Restatement:
    """What a new revision changed against the one filed before it, and what came in between."""

    revision: int
    moved: tuple[Moved, ...]
    new_files: tuple[str, ...]


def annexes(w: Writer, restatement: Restatement | None, warnings: tuple[str, ...]) -> Section:
    blocks: list[Block] = []
    for name, title in (("region", "地区"), ("trade", "业务领域"), ("channel", "受理渠道")):
        table = _split_table(w, name, title)
        if table:
            blocks.append(table)
    blocks = [Heading("附表"), *blocks] if blocks else []
    blocks += [Heading("口径说明"), _definitions(w), *_remarks(w, warnings)]
    blocks += [Heading("数据质量"), *_data_quality(w)]
    blocks += [Heading("分类抽检一致率"), *_agreement(w)]
    if restatement:
        blocks += [Heading("更正说明"), *_restatement(w, restatement)]
    return Section("附表、口径与数据质量", tuple(blocks))


def _split_table(w: Writer, name: str, title: str) -> Table | None:
    parts = parts_of(w, f"10.{name}.", ".enforcement")
    if not parts:
        return None
    known = bool(w.value("1.received.previous"))
    rows = [
        (
            (_channel_zh(part) if name == "channel" else part_zh(part),),
            w.cell(f"10.{name}.{token(part)}.enforcement"),
            w.cell(f"10.{name}.{token(part)}.callers"),
            w.cell(f"10.{name}.{token(part)}.previous") if known else ("无数据",),
            w.cell(f"10.{name}.{token(part)}.received"),
        )
        for part in parts
    ]
    additive: tuple[int, ...] = (1,)
    last = ("—",)
    if name == "channel":  # every channel is listed, so 受理量 adds up as well
        additive, last = (1, 4), w.cell("1.received")
    rows.append((("合计",), w.cell("1.enforcement"), ("—",), ("—",), last))
    return Table(
        f"执法类投诉举报按{title}分布",
        (title, "执法类/件", "人数", "上月/件", "受理量/件"),
        tuple(rows),
        additive=additive,
        note=f"按{title}名称排列"
        + ("" if name == "channel" else ";只列本月有执法类投诉举报的,受理量为该项全部工单")
        + "。同一人在多处反映的分别计人。",
        print_limit=40,
        sheet=title,
    )


def _channel_zh(part: str) -> str:
    hotline, channel = part.split("·", 1)
    return f"{Hotline(hotline).name_zh}·{part_zh(channel)}"


def _definitions(w: Writer) -> Table:
    book, policy = dictionary(), w.frame.policy
    rows = [
        ((c.name,), (c.definition_for(policy),), (c.source + ORIGIN_ZH[c.origin],))
        for c in book.counts
    ] + [
        ((r.name,), (r.definition(policy),), (r.source + ORIGIN_ZH[r.origin],)) for r in book.rates
    ]
    return Table("指标口径", ("指标", "口径", "来源"), tuple(rows), sheet="口径")


def _remarks(w: Writer, warnings: tuple[str, ...]) -> list[Block]:
    policy, manifest = w.frame.policy, w.frame.manifest
    lines = [
        f"数据截至{day_zh(manifest['as_of'])},办结、超期按报告期末状态计,回访、评价、核查按冻结时状态计。",
        f"分母不足{policy.min_n_for_rate}件不计算比率;同比、环比基数不足"
        f"{policy.min_base_for_change}件只列件数差,基数为0写新增(系统默认)。",
        "问题类型由模型判定,人工复核结论优先;以罚代管归逐利执法,一刀切单列,"
        "降低认定门槛归乱作为,钓鱼执法单列。",
        "投诉是群众反映,不是认定结果。",
        f"船员按工单文字中的{'、'.join(CREW_WORDS)}等词识别(系统默认),不是身份登记。",
        *([NOT_FOLLOWED] if w.value("1.enforcement") and not is_followed(w.frame) else []),
        *policy.notes,
        *warnings,
    ]
    return [Paragraph((f"{n}. {line}",), "note") for n, line in enumerate(lines, 1)]


def _data_quality(w: Writer) -> list[Block]:
    files = w.frame.manifest["files"]
    days = [
        (hotline.name_zh, *w.fill("{n}天", n=f"10.days.{hotline.value}")) for hotline in Hotline
    ]
    blocks: list[Block] = [Paragraph(("本月有工单的天数:", *enumeration(days), "。"))]
    if not files:
        return [*blocks, Paragraph(("本月没有导入文件。",))]
    rows = [
        (
            (file["name"],),
            (FileOutcome(file["state"]).name_zh,),
            *(w.cell(f"10.file.{file['sha256'][:12]}.{column}") for column in LEDGER),
        )
        for file in files
    ]
    rows.append((("合计",), ("—",), *(w.cell(f"10.ledger.{column}") for column in LEDGER)))
    blocks.append(
        Table(
            "导出文件与行数账",
            ("文件", "去向", *LEDGER.values()),
            tuple(rows),
            additive=tuple(range(2, 2 + len(LEDGER))),
            note="读取行数=新增+更新+无变化+重复行+隔离。一个文件可含其他月份的工单。",
            print_limit=40,
            sheet="数据质量",
        )
    )
    reasons: dict[str, int] = {}
    for file in files:
        for code, count in file["quarantine_reasons"].items():
            reasons[code] = reasons.get(code, 0) + count
    if reasons:
        known = {reason.value: reason.name_zh for reason in RowReason}
        names = "、".join(known.get(code, code) for code in sorted(reasons))
        blocks.append(Paragraph((f"尚在隔离区的行,原因有:{names}。修复后可重放。",), "note"))
    return blocks


def _agreement(w: Writer) -> list[Block]:
    if not w.value("10.agreement.reviewed"):
        return [Paragraph(("本月工单尚无人工复核,不报告一致率。",))]
    lines = []
    for name, label in (("same_scope", "范围"), ("same_type", "范围和主类型")):
        number = f"10.agreement.{name}"
        if w.value(f"{number}.rate") is None:
            lines.append(w.fill(f"{label}与模型一致{{n}}件", n=number))
        else:
            lines.append(w.fill(f"{label}与模型一致{{n}}件({{p}})", n=number, p=f"{number}.rate"))
    few = w.value("10.agreement.reviewed") < w.frame.policy.min_n_for_rate
    return [
        Paragraph(
            sentence(
                w.fill("人工复核{n}件", n="10.agreement.reviewed"),
                *lines,
                "样本不足,不计算一致率" if few else "",
            )
        ),
        Paragraph(("复核对象由人员选取或系统提示,不是随机样本,一致率不代表总体准确率。",), "note"),
    ]


def _moved_to(w: Writer, number: str) -> Text:
    """The figure as it is now; a rate with what it divides by, which need not have moved."""
    figure = w.figures[number]
    if figure.unit != "%" or figure.value is None:
        return w.cell(number)
    return w.fill("{rate}(分母{base})", rate=number, base=parse(figure.formula)[1][1])


def _with_unit(moved: Moved) -> str:
    is_said = moved.label.endswith(f"({moved.unit})") or moved.unit in {"%", BAND_UNIT}
    return moved.label if is_said else f"{moved.label}({moved.unit})"


def _change(moved: Moved) -> str:
    if moved.before is None or moved.after is None or moved.unit == BAND_UNIT:
        return "—"
    by = moved.after - moved.before
    text = f"{by:+.2f}个百分点" if moved.unit == "%" else f"{by:+.1f}"
    return text.removesuffix(".0")


def _restatement(w: Writer, restatement: Restatement) -> list[Block]:
    blocks: list[Block] = []
    source = "、".join(restatement.new_files) or "无新文件,因工单状态、复核结论、口径或程序更新"
    said = f"本版更正第{restatement.revision}版。变动来源:{source}。"
    if not restatement.moved:
        return [*blocks, Paragraph((f"{said}正文数字没有变动。",))]
    blocks.append(Paragraph((f"{said}由下列数字得出的占比、同比、环比相应变动,不另列。",)))
    rows = []
    for moved in restatement.moved:
        after = _moved_to(w, moved.number) if moved.number in w.figures else ("—",)
        before = "—" if moved.before is None else figure_text(moved.before, moved.unit)
        rows.append(((_with_unit(moved),), (before,), after, (_change(moved),)))
    blocks.append(
        Table(
            "变动数字",
            ("指标", f"第{restatement.revision}版", "本版", "变动"),
            tuple(rows),
            print_limit=30,
            sheet="更正",
        )
    )
    return blocks
