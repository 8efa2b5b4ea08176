"""``hotline report 2026-10``, ``hotline report trace``, ``hotline report lint``."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from pipeline.cli.console import (
    AsJson,
    AsOf,
    NotDone,
    Profile,
    day,
    explained,
    print_json,
    table,
    warn,
)
from pipeline.domain.punctuation import typeset


class _MonthFirst(TyperGroup):
    """``hotline report 2026-10`` means ``hotline report make 2026-10``."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h"}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MonthFirst,
    help="月度报告：hotline report 2026-10；追溯数字：hotline report trace 2026-10 编号。",
    no_args_is_help=True,
)


@app.command()
def make(
    month: Annotated[str, typer.Argument(help="报告期，如 2026-10。")],
    profile: Profile = None,
    out: Annotated[
        Path | None, typer.Option(help="输出目录（默认 HOTLINE_HOME/reports）。")
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """冻结、计算、核对并生成一个月的《执法类投诉举报分析报告》。"""
    from pipeline.stages import month as stage
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        try:
            outcome = stage.monthly_report(context, month, day(as_of), profile, out)
        except ValueError as error:
            raise NotDone(f"报告期写法应为 2026-10 这样的年-月：{month}（{error}）") from error
    if as_json:
        print_json(outcome.as_json())
    else:
        if outcome.keys["state"] == "filed":
            print_report(outcome.keys)
        warn([typeset(message) for message in outcome.messages])
    raise typer.Exit(int(outcome.status))


def print_report(keys: dict) -> None:
    """Where the report is, and whether it is a new revision."""
    state = "新生成" if keys["is_new"] else "输入未变，沿用"
    typer.echo(f"{keys['month']} 报告 第 {keys['revision']} 版（{state}）：")
    for kind, path in keys["paths"].items():
        typer.echo(f"  {kind}: {path}")


@app.command()
def period(
    until: Annotated[str, typer.Argument(help="评估期最后一个月，如 2026-10。")],
    since: Annotated[str | None, typer.Option(help="第一个月（默认为方案起始月）。")] = None,
    profile: Profile = None,
    out: Annotated[
        Path | None, typer.Option(help="输出目录（默认 HOTLINE_HOME/reports）。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """由已发布的各月报告生成方案实施期评估报告（中期、终期评估）。"""
    from pipeline.stages import open_context
    from pipeline.stages.period_review import period_review

    with explained(), open_context() as context:
        try:
            outcome = period_review(context, until, since, profile, out)
        except ValueError as error:
            raise NotDone(f"月份写法应为 2026-10 这样的年-月（{error}）") from error
    if as_json:
        print_json(outcome.as_json())
    else:
        keys = outcome.keys
        missing = f"，{len(keys['missing'])} 个月没有已发布的报告" if keys["missing"] else ""
        typer.echo(
            f"{keys['first']} 至 {keys['last']} 评估报告（{keys['months']} 个月{missing}）："
        )
        for kind, path in keys["paths"].items():
            typer.echo(f"  {kind}: {path}")
        warn([typeset(message) for message in outcome.messages])
    raise typer.Exit(int(outcome.status))


@app.command()
def trace(
    month: Annotated[str, typer.Argument(help="报告期，如 2026-10。")],
    number: Annotated[str, typer.Argument(help="数字编号，见报告附表。")],
    profile: Profile = None,
    revision: Annotated[int | None, typer.Option(help="第几版（默认最新）。")] = None,
    as_json: AsJson = False,
) -> None:
    """列出报告中一个数字背后的工单。"""
    from pipeline.domain.ticket import Hotline
    from pipeline.report import trace as trace_number
    from pipeline.stages import open_context

    with explained(), open_context(write=False) as context:
        found = trace_number(
            context.engine, month, profile or context.settings.profile, number, revision
        )
    if as_json:
        print_json(found)
        return
    typer.echo(typeset(f"{found['label']}:{_told(found)}"))
    if found["operands"]:
        parts = "；".join(
            f"{typeset(o['label'])}（{o['number']}）{_told(o)}" for o in found["operands"]
        )
        typer.echo(f"由以下数字计算：{parts}；公式 {found['formula']}")
    elif found["withheld"]:
        typer.echo("涉及另报事项，不列工单。")
    elif found["query"]:
        typer.echo(f"查询：sql/reports/{found['query']}.sql")
        rows = [[Hotline(t["hotline"]).name_zh, *list(t.values())[1:]] for t in found["tickets"]]
        table(f"工单 {len(rows)} 件", ["热线", "工单编号", "受理时间"], rows)


def _told(figure: dict) -> str:
    """A figure as printed, with its sign and unit."""
    from pipeline.report.writer import figure_text

    value, unit = figure["value"], figure["unit"]
    if value is None:
        return "不计算"
    text = ("-" if value < 0 else "") + figure_text(value, unit)
    return text if unit in {"%", "色带"} else f"{text}{unit}"


@app.command()
def lint(
    file: Annotated[Path, typer.Argument(help="任意来源的汇总表 xlsx。")], as_json: AsJson = False
) -> None:
    """核对一张汇总表：合计、比例、同比环比、截断、小数单元格、个人信息。"""
    from pipeline.report.linter import lint_table

    with explained():
        findings = lint_table(file)
    if as_json:
        print_json(
            [{"severity": f.severity, "code": f.code, "message": f.message} for f in findings]
        )
    else:
        warn([typeset(f.message) for f in findings])
        typer.echo(f"发现 {len(findings)} 处问题。" if findings else "没有发现问题。")
    raise typer.Exit(1 if findings else 0)


@app.command()
def dictionary(
    out: Annotated[Path | None, typer.Option(help="写入文件（默认显示）。")] = None,
) -> None:
    """月度报告的数据字典：指标、查询、数据表。"""
    from pipeline.report.dictionary import markdown

    if out is None:
        typer.echo(markdown(), nl=False)
    else:
        out.write_text(markdown(), encoding="utf-8")


@app.command()
def figures(
    month: Annotated[str, typer.Argument(help="报告期，如 2026-10。")],
    out: Annotated[Path, typer.Option(help="写入的 CSV 文件。")],
    source: Annotated[str, typer.Option(help="本地区名称，汇总时作列名，如 安徽省。")],
    profile: Profile = None,
    revision: Annotated[int | None, typer.Option(help="第几版（默认最新）。")] = None,
) -> None:
    """导出一个月已发布报告的全部数字，供上级汇总或其他工具读取。"""
    from pipeline.report.rollup import export_table
    from pipeline.stages import open_context

    with explained(), open_context(write=False) as context:
        written = export_table(
            context.engine,
            out,
            month=month,
            profile=profile or context.settings.profile,
            source=source,
            revision=revision,
        )
    typer.echo(f"{month} 报告的 {written} 个数字已写入 {out}。")


@app.command()
def rollup(
    files: Annotated[list[Path], typer.Argument(help="各地区的数字表（hotline report figures）。")],
    out: Annotated[Path, typer.Option(help="写入的 CSV 文件。")],
    as_json: AsJson = False,
) -> None:
    """按编号汇总几个地区的数字表：件数相加，比率和同比环比重新计算。"""
    from pipeline.report import ReportPolicy
    from pipeline.report.rollup import read_table, roll_up, write_rolled

    with explained():
        rolled = roll_up([read_table(file) for file in files], ReportPolicy())
        write_rolled(out, rolled)
    if as_json:
        print_json([{"number": r.number, "value": r.value, "values": r.values} for r in rolled])
    else:
        typer.echo(
            f"已汇总 {len(files)} 个地区的 {len(rolled)} 个数字，写入 {out}。"
            "人数、事项数为各地相加，跨地区的同一人分别计。"
        )
