"""``hotline layout check|draft``: what a file's headings mean, and a first YAML for new ones."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import AsJson, explained, print_json

app = typer.Typer(help="版式：核对、起草。", no_args_is_help=True)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(readable=False, help="导出文件。")],
    layout: Annotated[
        Path | None, typer.Option(help="按这个版式草稿核对，而不按已有的版式。")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """说明一个文件会怎样读：哪些列对上、忽略、不认识，缺哪些必需列。"""
    from dataclasses import asdict

    from pipeline.intake.drafting import check_headings
    from pipeline.intake.layouts import parse_layout

    with explained(), file.open("rb") as stream:
        draft = parse_layout(layout.read_text(encoding="utf-8")) if layout else None
        found = check_headings(stream, file.name, draft)
    if as_json:
        print_json(asdict(found))
    else:
        typer.echo(f"版式 {found.layout}：{'可以读取' if found.is_readable else '不能读取'}")
        for field, heading in found.mapped.items():
            typer.echo(f"  {heading} → {field}")
        for title, headings in (
            ("忽略", found.ignored), ("不认识", found.unknown), ("缺少", found.missing)
        ):  # fmt: skip
            if headings:
                typer.echo(f"  {title}：{'、'.join(headings)}")
    raise typer.Exit(0 if found.is_readable and not found.unknown else 1)


@app.command()
def draft(
    file: Annotated[Path, typer.Argument(readable=False, help="新平台的导出文件。")],
    name: Annotated[str, typer.Option(help="新版式的名称。")],
) -> None:
    """按一个文件的列标题起草版式 YAML；人工补全后放入 HOTLINE_HOME/layouts/ 即可使用。"""
    from pipeline.intake.drafting import draft_layout

    with explained(), file.open("rb") as stream:
        typer.echo(draft_layout(stream, file.name, name))
