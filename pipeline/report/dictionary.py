"""The dictionary of the report: indicators, queries and tables, as Markdown for BI users."""

from functools import cache
from importlib import resources

from pipeline.domain.punctuation import typeset
from pipeline.report.indicators import ORIGIN_ZH, dictionary
from pipeline.report.policy import ReportPolicy
from pipeline.report.queries import query_names, query_text
from pipeline.store import tables


@cache
def described() -> dict[str, dict]:
    """Table or view → ``{"note", "columns": {name: meaning}}``, from dictionary.yaml."""
    import yaml

    text = resources.files("pipeline.report").joinpath("dictionary.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def report_tables() -> dict[str, list[tuple[str, str]]]:
    """The report tables of the store, name → (column, SQL type)."""
    return {
        name: [(column.name, str(column.type)) for column in table.columns]
        for name, table in tables.metadata.tables.items()
        if name == "report" or name.startswith("report_")
    }


def markdown() -> str:
    """The whole dictionary; the same code gives the same text."""
    policy = ReportPolicy()
    return "\n".join(
        [
            "# 月度报告数据字典",
            "",
            "由 `hotline report dictionary` 生成，请勿手改。口径中的数字是默认值，以方案档为准。",
            "",
            "## 指标",
            "",
            *_indicators(policy),
            "",
            "## 查询",
            "",
            "集合查询每件工单一行:全部行为分母，`is_hit = 1` 的行为分子，分子因此必在分母之内。"
            "`by_` 开头的查询拆分集合。",
            "",
            *_row("查询", "说明"),
            *(_line(f"`sql/reports/{name}.sql`", _comment(name)) for name in query_names()),
            "",
            "## 数据表",
            *_tables(),
            "",
        ]
    )


def _indicators(policy: ReportPolicy) -> list[str]:
    lines = _row("编号", "指标", "单位", "口径", "查询", "最小分母", "来源")
    book = dictionary()
    for count in book.counts:
        source = count.source + ORIGIN_ZH[count.origin]
        lines.append(
            _line(
                count.id, count.name, count.unit, typeset(count.definition_for(policy)),
                count.query, "—", typeset(source),
            )
        )  # fmt: skip
    for rate in book.rates:
        source = rate.source + ORIGIN_ZH[rate.origin]
        least = str(policy.min_n_for_rate)
        lines.append(
            _line(
                rate.id, rate.name, "%", typeset(rate.definition(policy)), rate.query, least,
                typeset(source),
            )
        )  # fmt: skip
    return lines


def _comment(name: str) -> str:
    """The comment that a query opens with."""
    lines = []
    for line in query_text(name).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def _tables() -> list[str]:
    known = report_tables()
    lines = []
    for name, table in described().items():
        types = dict(known.get(name, ()))
        lines += [
            "",
            f"### {name}",
            "",
            f"{typeset(table['note'])}。",
            "",
            *_row("列", "类型", "含义"),
        ]
        lines += [
            _line(column, types.get(column, "视图"), typeset(meaning))
            for column, meaning in table["columns"].items()
        ]
    return lines


def _row(*headings: str) -> list[str]:
    return [_line(*headings), _line(*["---"] * len(headings))]


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
