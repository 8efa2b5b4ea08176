"""``hotline quarantine list|show|export|replay``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, NotDone, day, explained, print_json, table, warn

app = typer.Typer(help="隔离区：列出、查看、导出修复、重放。", no_args_is_help=True)


@app.command("list")
def list_rows(
    reason: Annotated[str | None, typer.Option(help="只看某个原因代码。")] = None,
    as_json: AsJson = False,
) -> None:
    """列出待修复的行。"""
    from pipeline.stages import open_context
    from pipeline.stages.quarantine import open_rows

    with explained(), open_context() as context:
        rows = open_rows(context, reason)
    if as_json:
        print_json(rows)
        return
    table(
        f"隔离区：{len(rows)} 行待修复",
        ["编号", "文件", "表格行", "原因", "内容（已遮盖）"],
        [
            [r["id"], r["file"], r["source_row"], "、".join(r["reasons_zh"]), r["preview"][:60]]
            for r in rows
        ],
    )


@app.command()
def show(
    row_id: Annotated[int, typer.Argument(help="隔离行编号。")], as_json: AsJson = False
) -> None:
    """查看一行（个人信息已遮盖）。"""
    from pipeline.stages import open_context
    from pipeline.stages.quarantine import open_rows

    with explained(), open_context() as context:
        found = [row for row in open_rows(context) if row["id"] == row_id]
    if not found:
        with explained():
            raise NotDone(f"隔离区没有待修复的行 {row_id}。")
    if as_json:
        print_json(found[0])
    else:
        for key, value in found[0].items():
            typer.echo(f"{key}:{value}")


@app.command()
def export(
    output: Annotated[Path, typer.Option("--output", help="写到哪个 xlsx。")],
    ids: Annotated[list[int] | None, typer.Option("--id", help="只导出这些编号。")] = None,
) -> None:
    """导出待修复的行；改好后用 replay 重放。"""
    from pipeline.intake.quarantine import export_rows
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        count = export_rows(context.engine, context.vault, output, ids)
    typer.echo(f"已导出 {count} 行到 {output}。请改正后运行：hotline quarantine replay {output}")


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(readable=False, help="改好的 xlsx。")],
    person: Annotated[str, typer.Option(help="由谁修复（记入台账）。")] = "operator",
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """把修复后的行重新入库；原行保留出处。"""
    from pipeline.stages import open_context
    from pipeline.stages.quarantine import replay as replay_rows

    with explained(), open_context() as context:
        outcome = replay_rows(context, file, person, day(as_of))
    if as_json:
        print_json(outcome.as_json())
    else:
        counts = outcome.counts
        typer.echo(
            f"重放 {counts['rows_read']} 行：新增 {counts['inserted']}，更新 {counts['updated']}，"
            f"无变化 {counts['unchanged']}，重复 {counts['duplicate']}，"
            f"仍隔离 {counts['quarantined']}。"
        )
        warn(outcome.messages)
    raise typer.Exit(int(outcome.status))
