"""``hotline supervise``, ``hotline item`` and ``hotline policy``."""

from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, Profile, day, explained, print_json, warn
from pipeline.domain.punctuation import typeset

item_app = typer.Typer(help="监督事项。", no_args_is_help=True)
policy_app = typer.Typer(help="方案档。", no_args_is_help=True)


def supervise(as_of: AsOf = None, profile: Profile = None, as_json: AsJson = False) -> None:
    """关联工单，按规则提出、更新监督事项。"""
    from pipeline.stages import night, open_context

    with explained(), open_context() as context:
        night.link(context, day(as_of))
        outcome = night.supervise(context, day(as_of), profile)
        items = night.summarise(context, day(as_of), [])["items"]
    if as_json:
        print_json(outcome.as_json() | {"items": items})
    else:
        counts = outcome.counts
        typer.echo(
            f"新增 {counts['raised']} 项，更新 {counts['updated']} 项，"
            f"未变 {counts['unchanged']} 项。"
        )
        warn([typeset(message) for message in outcome.messages])


@item_app.command("list")
def list_items(
    rule: Annotated[str | None, typer.Option(help="只看某条规则，如 R14。")] = None,
    level: Annotated[str | None, typer.Option(help="只看某一级别，如 L4。")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """列出未销号的监督事项（不含另报事项）。"""
    from pipeline.stages import night, open_context

    with explained(), open_context(write=False) as context:
        items = night.summarise(context, day(as_of), [])["items"]["described"]
    items = [i for i in items if rule in {None, i["rule"]} and level in {None, i["level"]}]
    if as_json:
        print_json(items)
        return
    for item in items:
        typer.echo(
            f"#{item['id']} {item['level']} {item['rule']} {item['state']} "
            f"{typeset(item['summary'])} 期限 {item['due_on'] or '未定'}"
        )
    typer.echo(f"共 {len(items)} 项。")


@item_app.command()
def explain(
    item_id: Annotated[int, typer.Argument(help="监督事项编号。")], as_json: AsJson = False
) -> None:
    """说明一项监督事项：规则、条款、数字、工单。"""
    from pipeline.stages import open_context
    from pipeline.supervise.items import explain as explain_item
    from pipeline.supervise.items import explain_zh

    with explained(), open_context(write=False) as context:
        explanation = explain_item(context.engine, item_id)
    if as_json:
        print_json(explanation)
    else:
        typer.echo(explain_zh(explanation))


@policy_app.command("show")
def show_policy(
    profile_id: Annotated[str | None, typer.Argument(help="方案档编号；不填列出全部。")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """列出方案档，或显示其中一个。"""
    from pipeline.policies import load_profile, profile_ids

    with explained():
        if profile_id is None:
            profiles = [load_profile(key) for key in profile_ids()]
            if as_json:
                print_json([profile.model_dump(mode="json") for profile in profiles])
            else:
                for profile in profiles:
                    status = profile.status_zh(day(as_of))
                    typer.echo(f"{profile.id}  {profile.title}  {status}")
            return
        print_json(load_profile(profile_id).model_dump(mode="json"))


@policy_app.command("check")
def check_policies() -> None:
    """检查全部方案档：未知键、引文是否确在原文。"""
    from pipeline.policies import load_profile, misquotations, profile_ids

    with explained():
        wrong = []
        for key in profile_ids():
            wrong += [f"{key}:{quotation}" for quotation in misquotations(load_profile(key))]
    for line in wrong:
        typer.secho(f"! 原文没有这句话：{line}", fg=typer.colors.RED)
    typer.echo(f"方案档 {len(profile_ids())} 个，引文不符 {len(wrong)} 处。")
    raise typer.Exit(1 if wrong else 0)
