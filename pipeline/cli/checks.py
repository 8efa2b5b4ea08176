"""``hotline checks list|clear``."""

from typing import Annotated

import typer

from pipeline.cli.console import AsJson, explained, print_json, table

app = typer.Typer(help="须核查的检查：列出、放行。", no_args_is_help=True)


@app.command("list")
def list_checks(
    everything: Annotated[bool, typer.Option("--all", help="连同已放行的。")] = False,
    as_json: AsJson = False,
) -> None:
    """列出未放行的检查：其文件所涉月份的报告暂不发布。"""
    from pipeline.stages import open_context
    from pipeline.stages.clearing import list_stops

    with explained(), open_context(write=False) as context:
        found = list_stops(context.engine, with_cleared=everything)
    if as_json:
        print_json(found)
        return
    table(
        f"{'未通过' if everything else '未放行'}的检查 {len(found)} 项",
        ["编号", "文件", "日期", "检查", "放行"],
        [[c["check_id"], c["file"], c["as_of"], c["message"], _clearance(c)] for c in found],
    )


@app.command()
def clear(
    check_id: Annotated[int, typer.Argument(help="检查编号，见 hotline checks list。")],
    person: Annotated[str, typer.Option("--by", help="由谁放行（记入审计，印入月报）。")],
    reason: Annotated[str, typer.Option("--reason", help="核查情况和放行理由（印入月报）。")],
    as_json: AsJson = False,
) -> None:
    """放行一项检查：记录姓名和理由，检查结果本身不改。"""
    from pipeline.stages import open_context
    from pipeline.stages.clearing import clear as clear_stop

    with explained(), open_context() as context:
        cleared = clear_stop(context.engine, check_id, person, reason, context.clock())
    if as_json:
        print_json(cleared)
    else:
        typer.echo(f"检查 {check_id}（{cleared['file']}：{cleared['message']}）已放行。")


def _clearance(check: dict) -> str:
    if check["cleared_at"] is None:
        return "未放行"
    return f"{check['cleared_by']} {check['cleared_at']:%Y-%m-%d}:{check['reason']}"
