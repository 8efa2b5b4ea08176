"""``hotline supervise`` and ``hotline item``."""

from datetime import date
from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, Profile, day, explained, print_json, warn
from pipeline.domain.punctuation import typeset

item_app = typer.Typer(help="监督事项。", no_args_is_help=True)


def supervise(
    as_of: AsOf = None,
    profile: Profile = None,
    *,
    replay: Annotated[
        bool, typer.Option("--replay", help="只按当日所知重算并列出，不写入任何事项。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """关联工单，按规则提出、更新监督事项。"""
    from pipeline.stages import night, open_context

    if replay:
        return _replay(day(as_of), profile, as_json)
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
    return None


def _replay(as_of: date, profile: str | None, as_json: bool) -> None:
    from pipeline.stages import night, open_context

    with explained(), open_context(write=False) as context:
        found = night.replay(context, as_of, profile)
    if as_json:
        return print_json(found)
    for one in found:
        typer.echo(f"{one['rule']} {one['level']} {typeset(one['summary'])}")
    typer.echo(f"按 {as_of} 所知共 {len(found)} 项，未写入；另报事项不列。")
    return None


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
