"""``hotline policy``: the plans as configuration."""

from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, day, explained, print_json, table

app = typer.Typer(help="方案档。", no_args_is_help=True)


@app.command()
def show(
    profile_id: Annotated[str | None, typer.Argument(help="方案档编号；不填列出全部。")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """列出方案档，或显示其中一个：哪些是文件规定，哪些是系统默认。"""
    from pipeline.policies import load_profile, profile_ids

    today = day(as_of)
    with explained():
        profiles = [load_profile(key) for key in ([profile_id] if profile_id else profile_ids())]
    if as_json:
        told = [p.model_dump(mode="json") | {"status": p.status_zh(today)} for p in profiles]
        print_json(told[0] if profile_id else told)
    elif profile_id:
        _show_one(profiles[0], today)
    else:
        for profile in profiles:
            typer.echo(f"{profile.id}  {profile.title}  {profile.status_zh(today)}")


def _show_one(profile, today) -> None:
    from pipeline.supervise.explain import explain_zh
    from pipeline.supervise.plan import PARTS, plan, rule_lines

    typer.echo(explain_zh(plan(profile, today)))
    table("监督规则", list(PARTS), [list(line) for line in rule_lines(profile)])


@app.command()
def check() -> None:
    """检查全部方案档：未知键、引文是否确在原文。"""
    from pipeline.policies import load_profile, misquotations, profile_ids

    with explained():
        wrong = []
        for key in profile_ids():
            wrong += [f"{key}：{quotation}" for quotation in misquotations(load_profile(key))]
    for line in wrong:
        typer.secho(f"! 原文没有这句话：{line}", fg=typer.colors.RED)
    typer.echo(f"方案档 {len(profile_ids())} 个，引文不符 {len(wrong)} 处。")
    raise typer.Exit(1 if wrong else 0)
