"""The linter (核对): nothing is published whose numbers do not add up or that names a person.

:func:`lint_figures` reads figures and manifest, :func:`lint_document` the document as it will be
printed. External tables: see lint_table.
"""

import re
from collections.abc import Iterator
from statistics import median

from pipeline.domain.labels import ProblemType
from pipeline.domain.ticket import Hotline
from pipeline.report.document import Document, Num, Paragraph, Table, Text, nums, plain, texts
from pipeline.report.figures import Book, Figures, Frame
from pipeline.report.findings import Finding, error, warning
from pipeline.report.formulas import evaluate, parse
from pipeline.report.lint_table import lint_table
from pipeline.report.parts import DIMENSIONS
from pipeline.report.periods import periods
from pipeline.report.plan_splits import exposed_cells
from pipeline.report.queries import UNCLASSIFIED
from pipeline.report.writer import figure_text

__all__ = ["lint_completeness", "lint_document", "lint_figures", "lint_table"]

TOLERANCE = 1e-6


def lint_figures(frame: Frame, figures: Figures) -> list[Finding]:
    """Sums, bounds and formulas of the figures themselves."""
    return [*_sums(figures), *_bounds(figures), *_formulas(frame, figures)]


def _sums(figures: Figures) -> Iterator[Finding]:
    """Every split that must be complete adds up to its total."""
    splits = [
        (r"1\.hotline\.[^.]+\.received", "1.received", "各平台受理量"),
        (r"1\.hotline\.[^.]+\.enforcement", "1.enforcement", "各平台执法类"),
        (r"1\.scope\.[^.]+", "1.received", "各范围工单"),
        (r"2\.[^.]+\.count", "1.enforcement", "各问题类型(主类型)"),
        (r"4\.unit\.[^.]+\.count", "1.enforcement", "各单位执法类"),
        (r"10\.region\.[^.]+\.enforcement", "1.enforcement", "各地区执法类"),
        (r"10\.trade\.[^.]+\.enforcement", "1.enforcement", "各业务领域执法类"),
        (r"10\.channel\.[^.]+\.enforcement", "1.enforcement", "各渠道执法类"),
        (r"10\.channel\.[^.]+\.received", "1.received", "各渠道受理量"),
        *(
            (rf"4\.by\.{d.id}\.[^.]+\.count", "1.enforcement", f"办理情况按{d.name_zh}")
            for d in DIMENSIONS
            if not d.overlaps
        ),
        (r"5\.disputed\.trade\.[^.]+", "5.disputed", "争议罚款各业务领域"),
        (r"6\.hidden\.category\.[^.]+", "6.hidden.hits", "隐蔽性问题各类别"),
        (r"7\.items\.L\d", "7.items", "各等级监督事项"),
    ]
    for pattern, total, name in splits:
        if total not in figures:
            continue
        parts = [f.value for n, f in figures.items() if re.fullmatch(pattern, n)]
        if sum(parts) != figures[total].value:
            yield error(
                "sum",
                f"{name}之和 {sum(parts):g} 不等于"
                f"{figures[total].label} {figures[total].value:g}。",
            )
    ledger = [figures[f"10.ledger.{c}"].value for c in _LEDGER if f"10.ledger.{c}" in figures]
    if ledger and ledger[0] != sum(ledger[1:]):
        yield error("ledger", f"行数账不平:读取 {ledger[0]:g},各去向之和 {sum(ledger[1:]):g}。")


_LEDGER = ("rows_read", "inserted", "updated", "unchanged", "duplicate", "quarantined")


def _bounds(figures: Figures) -> Iterator[Finding]:
    """A part is never larger than its whole; a rate lies between 0 and 100 %."""
    for number, figure in figures.items():
        if number.endswith(".hits"):
            base = figures[number[:-5] + ".base"]
            if figure.value > base.value:
                yield error(
                    "numerator", f"{figure.label}:分子 {figure.value:g} 大于分母 {base.value:g}。"
                )
        is_rate = figure.formula is not None and figure.formula.startswith(("ratio", "corrected"))
        if is_rate and figure.value is not None and not 0 <= figure.value <= 100:
            yield error("rate_range", f"{figure.label}为 {figure.value:.2f}%,不在 0—100% 之间。")
        if number.endswith((".callers", ".matters")):
            whole = figures.get(number.rsplit(".", 1)[0]) or figures.get(
                number.rsplit(".", 1)[0] + ".count"
            )
            if whole and whole.unit == "件" and figure.value > whole.value:
                yield error("people", f"{figure.label} {figure.value:g} 大于件数 {whole.value:g}。")
        if number.endswith(".any") and figure.value < figures[number[:-4] + ".count"].value:
            yield error("labels", f"{figure.label}少于主类型件数。")


def _formulas(frame: Frame, figures: Figures) -> Iterator[Finding]:
    """Every derived figure equals its formula; 环比 and 同比 divide by the month they name."""
    for figure in figures.values():
        if figure.formula is None:
            if figure.query is None:
                yield error("untraceable", f"{figure.label}({figure.number})没有查询,也没有公式。")
            continue
        expected = evaluate(
            figure.formula,
            lambda number: figures[number].value,
            frame.manifest,
            frame.policy,
        )
        if not _same(expected, figure.value):
            yield error(
                "formula",
                f"{figure.label}为 {figure.value},按公式 {figure.formula} 应为 {expected}。",
            )
        name, operands = parse(figure.formula)
        if name in ("change", "diff") and "points" not in figure.number:
            base = figures[operands[1]]
            wanted = "year_ago" if "同比" in figure.label else "previous"
            if base.params.get("period") != wanted:
                yield error("comparison", f"{figure.label}的基数是“{base.label}”,名称与基数不符。")


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= TOLERANCE


def lint_completeness(book: Book) -> list[Finding]:
    """What data are missing or doubtful: unclassified tickets, failed checks, sources, days,
    months to compare with."""
    frame, figures = book.frame, book.figures
    found: list[Finding] = []
    unclassified = book.parts("received", "by_scope").get(UNCLASSIFIED)
    if unclassified:
        found.append(
            error(
                "unclassified", f"有 {unclassified.tickets} 件工单尚未分类,请先运行分类再出报告。"
            )
        )
    found += _checks(frame.manifest)
    for hotline in frame.policy.expected_hotlines:
        if figures[f"1.hotline.{hotline}.received"].value == 0:
            found.append(
                warning(
                    "missing_source", f"本月没有{Hotline(hotline).name_zh}的工单,可能缺少来源。"
                )
            )
    found += _missing_days(book)
    found += [
        error("small_cell", f"交叉表中“{name}”的小数单元格可由合计推算,不得刊出。")
        for name in exposed_cells(book)
    ]
    unknown = figures["4.handling.unknown"].value
    if unknown:
        found.append(
            warning(
                "handling_unknown",
                f"本月办结的执法类工单有 {unknown:g} 件办结早于转办,或所在年份节假日安排未收录,"
                "不计办理工作日。",
            )
        )
    months = frame.manifest["months_with_data"]
    for period, name in (("previous", "上月"), ("year_ago", "去年同月")):
        span = next(p for p in periods(frame.month) if p.name == period)
        if f"{span.since:%Y-%m}" not in months:
            found.append(warning(f"no_{period}", f"没有{name}数据,不作相应比较。"))
    for file in frame.manifest["files"]:
        if file["state"] == "stopped":
            found.append(warning("file_stopped", f"文件“{file['name']}”未能读取:{file['message']}"))
    quarantined = figures["10.ledger.quarantined"].value
    if quarantined:
        found.append(
            warning("quarantined", f"有 {quarantined:g} 行进入隔离区,修复重放前未计入本报告。")
        )
    abstained = figures["10.abstained.hits"].value
    if abstained:
        found.append(warning("abstained", f"有 {abstained:g} 件执法类工单分类存疑,尚未人工复核。"))
    if figures["2.integrity.count"].value or frame.manifest["confidential_items"]:
        found.append(warning("confidential", "廉政线索和保密事项另报,不在本报告列示内容。"))
    return found


def _checks(manifest: dict) -> Iterator[Finding]:
    """A failed stop holds the report back until a named person clears it; then it is printed."""
    for check in manifest["checks"]:
        named = f"文件“{check['file']}”{check['message']}"
        if check["cleared_on"] is None:
            yield error("check_stop", f"{named};检查{check['check_id']}未放行,本报告不予发布。")
        else:
            yield warning(
                "check_cleared",
                f"{named};{check['cleared_by']}于{check['cleared_on']}核查后放行,"
                f"理由:{check['reason'].rstrip('。')}。",
            )


def _missing_days(book: Book) -> Iterator[Finding]:
    """Days without any ticket on a platform that has tickets on most days."""
    span = periods(book.frame.month)[0]
    total = (span.until - span.since).days
    daily: dict[str, dict[str, int]] = {}
    for part, found in book.parts("received", "by_hotline_day").items():
        hotline, day = part.split("|")
        daily.setdefault(hotline, {})[day] = found.tickets
    for hotline, days in sorted(daily.items()):
        counts = [*days.values(), *([0] * (total - len(days)))]
        if len(days) < total and median(counts) >= 3:
            known = {int(day[8:10]) for day in days}
            missing = [f"{n}日" for n in range(1, total + 1) if n not in known]
            yield warning(
                "missing_days",
                f"{Hotline(hotline).name_zh}有 {len(missing)} 天没有工单:{'、'.join(missing)}。",
            )


def lint_document(document: Document, frame: Frame, figures: Figures) -> list[Finding]:
    """The document as printed: texts, tables and the figures it shows."""
    return [
        *_shown(document, figures),
        *_denominators(document, figures),
        *_tables(document, frame, figures),
        *_words(document, frame.manifest),
        *_leads(document, frame),
    ]


def _shown(document: Document, figures: Figures) -> Iterator[Finding]:
    """What is printed is the figure, and rates are shown only where there is one."""
    for block in document.blocks():
        for num in nums(block):
            figure = figures.get(num.number)
            if figure is None:
                yield error("untraceable", f"印出的数字“{num.text}”没有来历({num.number})。")
            elif figure.value is None or num.text != figure_text(figure.value, figure.unit):
                yield error(
                    "printed", f"{figure.label}印为“{num.text}”,与数值 {figure.value} 不符。"
                )


def _denominators(document: Document, figures: Figures) -> Iterator[Finding]:
    """A percentage stands in the same block as the count it divides by."""
    for block in document.blocks():
        shown = {num.number for num in nums(block)}
        for number in sorted(shown):
            figure = figures.get(number)
            if figure and figure.unit == "%" and _denominator(figure.formula) not in shown:
                yield error("denominator", f"{figure.label}没有同时写明分母或基数。")


def _denominator(formula: str) -> str:
    """The number a percentage divides by, or compares with."""
    name, operands = parse(formula)
    return operands[2 if name.startswith("corrected") else 1]


_AMOUNT = re.compile(r"罚款(数额|金额|总额)|罚没(收入|金额|款)")


def _tables(document: Document, frame: Frame, figures: Figures) -> Iterator[Finding]:
    for table in document.tables():
        for column in table.additive:
            values = [_cell_value(row[column], figures) for row in table.rows]
            *parts, total = values
            if all(v is None for v in values):
                continue
            if sum(v or 0 for v in parts) != total:
                yield error(
                    "table_sum",
                    f"表“{table.caption}”的“{table.columns[column]}”各行之和 "
                    f"{sum(v or 0 for v in parts):g} 不等于合计 {total}。",
                )
        for column in table.cross:
            for row in table.rows:
                value = _cell_value(row[column], figures)
                if value is not None and 0 < value < frame.policy.min_cell:
                    yield error(
                        "small_cell",
                        f"表“{table.caption}”有小于 {frame.policy.min_cell} 的单元格,"
                        "可能识别个人。",
                    )
        if any(_AMOUNT.search(column) for column in table.columns):
            yield error("amount", f"表“{table.caption}”按罚款数额统计,违反部方案M-10。")
        if any(len(row) != len(table.columns) for row in table.rows):
            yield error("shape", f"表“{table.caption}”有错列的行。")


def _cell_value(cell: Text, figures: Figures) -> float | None:
    spans = [span for span in cell if isinstance(span, Num)]
    if len(spans) != 1 or spans[0].number not in figures:
        return None
    return figures[spans[0].number].value


def _words(document: Document, manifest: dict) -> Iterator[Finding]:
    """Personal data and names, but for those who answer for having cleared a check."""
    from pipeline.domain.names import find_names
    from pipeline.domain.privacy import find_personal_data

    seen: set[str] = set()
    named = {check["cleared_by"] for check in manifest.get("checks", ())}
    for place, text in texts(document):
        if text in seen:
            continue
        seen.add(text)
        kinds = sorted({finding.kind for finding in find_personal_data(text)})
        if kinds:
            yield error("personal_data", f"“{place}”中有个人信息({'、'.join(kinds)}),不得刊出。")
        if any(text[start:end] not in named for start, end in find_names(text)):
            yield error("name", f"“{place}”中疑有人员姓名,不得刊出。")


def _leads(document: Document, frame: Frame) -> Iterator[Finding]:
    """Of integrity leads and level X nothing but counts (M-06, domain D5)."""
    for item in frame.manifest["items"]:
        if item["level"] == "X":
            yield error("lead", f"监督事项 {item['id']} 为保密级,不得列入清单。")
    for case in frame.manifest["cases"]["chosen"]:
        if case["type"] == ProblemType.INTEGRITY.value:
            yield error("lead", "典型案例中有廉政线索,必须另报。")
    for block in document.blocks():
        text = plain(block.text) if isinstance(block, Paragraph) else ""
        if re.search(r"廉政线索[^,，。]*(单位|大队|支队|中队|所|站)", text):
            yield error("lead", "正文描述了廉政线索的单位,必须另报。")
        if isinstance(block, Table):
            for row in block.rows:
                name, *cells = (plain(cell) for cell in row)
                if ProblemType.INTEGRITY.name_zh in "".join((name, *cells)) and (
                    ProblemType.INTEGRITY.name_zh not in name or any(c != "—" for c in cells[1:])
                ):
                    yield error("lead", f"表“{block.caption}”列出了廉政线索的内容,只能写“另报”。")
