"""``hotline verify``, ``serve``, ``db``, ``user``, ``token``, ``notify``."""

from datetime import datetime
from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, explained, print_json, progress, table, warn

db_app = typer.Typer(help="数据库：升级、清除。", no_args_is_help=True)
user_app = typer.Typer(help="复核台用户。", no_args_is_help=True)
token_app = typer.Typer(help="接口令牌：哪个程序、代表谁、能做什么。", no_args_is_help=True)


def verify(as_json: AsJson = False) -> None:
    """核对全库的每一条不变式。"""
    from pipeline.stages import open_context
    from pipeline.stages.verify import verify as prove

    with explained(), open_context() as context:
        verdicts = prove(context, progress(as_json))
    if as_json:
        print_json(
            [
                {
                    "invariant": v.invariant,
                    "holds": v.holds,
                    "checked": v.checked,
                    "broken": list(v.broken),
                }
                for v in verdicts
            ]
        )
    else:
        table(
            "不变式",
            ["内容", "核对", "结论"],
            [[v.invariant, v.checked, "成立" if v.holds else "不成立"] for v in verdicts],
        )
        for v in verdicts:
            for problem in v.broken:
                typer.secho(f"! {problem}", fg=typer.colors.RED)
    raise typer.Exit(0 if all(v.holds for v in verdicts) else 1)


def notify(
    as_of: AsOf = None,
    again: Annotated[bool, typer.Option("--again", help="已停止重试的通知也重新发送。")] = False,
    as_json: AsJson = False,
) -> None:
    """发送监督事项通知（webhook、邮件）；未配置则什么也不做。可每几分钟运行一次。"""
    from pipeline.stages import notifications, open_context

    with explained(), open_context() as context:
        if again:
            notifications.again(context)
        outcome = notifications.notify(context, as_of.date() if as_of else None)
        kept = notifications.overview(context)
    if as_json:
        print_json(outcome.as_json() | {"outbox": kept})
    else:
        counts = outcome.counts
        typer.echo(
            f"通知：新增 {counts['new']} 条，送达 {counts['sent']} 条，"
            f"待重试 {counts['waiting']} 条，停止重试 {counts['dead']} 条。"
        )
        warn(outcome.messages)
        states = {"waiting": "待发送", "sent": "已送达", "dead": "已停止重试"}
        rows = [[r["channel"], states[r["state"]], r["count"], r["problem"]] for r in kept]
        if rows:
            table("发件箱", ["渠道", "状态", "条数", "最近问题"], rows)
    raise typer.Exit(int(outcome.status))


def serve(
    host: Annotated[str, typer.Option(help="监听地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口。")] = 8080,
) -> None:
    """启动复核台（网页）。"""
    from pipeline.review import serve as run
    from pipeline.stages import open_context

    with explained():
        with open_context() as context:  # migrates before the first request
            settings = context.settings
        run(settings, host=host, port=port)


@db_app.command()
def upgrade() -> None:
    """把数据库结构升级到本版本。"""
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        where = "内置 SQLite" if context.settings.is_embedded else context.engine.dialect.name
    typer.echo(f"数据库结构已是最新（{where}）。")


@db_app.command()
def purge(
    before: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="清除此日之前受理的工单的联系方式等。")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="确认清除；不加只显示数量。")] = False,
    as_json: AsJson = False,
) -> None:
    """清除到期的个人信息：联系方式、隔离行原文、归档文件。工单与台账保留。"""
    from pipeline.stages import open_context
    from pipeline.stages.purge import purge as purge_before

    with explained(), open_context() as context:
        counts = purge_before(context, before.date(), really=yes)
    if as_json:
        print_json({"done": yes, "counts": counts})
        return
    what = ",".join(f"{name} {count}" for name, count in counts.items())
    typer.echo(("已清除：" if yes else "将清除（加 --yes 执行）：") + what)


Units = Annotated[list[str] | None, typer.Option(help="只看这个单位（可重复）；不加为全辖区。")]
Regions = Annotated[list[str] | None, typer.Option(help="只看这个地区（可重复）；不加为全辖区。")]


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="登录名。")],
    role: Annotated[str, typer.Option(help="查看、复核、监督员、负责人、纪检联络员、管理员。")],
    unit: Units = None,
    region: Regions = None,
) -> None:
    """新增用户，显示一次性密码。"""
    from pipeline.review.people import add_person
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        password = add_person(
            context.engine, name, role, context.clock(), units=unit or (), regions=region or ()
        )
    typer.echo(f"用户 {name}（{role}）的一次性密码：{password}  首次登录须修改。")


@user_app.command("bound")
def bound_user(
    name: Annotated[str, typer.Argument(help="登录名。")],
    unit: Units = None,
    region: Regions = None,
) -> None:
    """限定用户只看某些单位、地区；都不加则恢复为全辖区。"""
    from pipeline.review.people import set_bounds
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        set_bounds(context.engine, name, units=unit or (), regions=region or (), at=context.clock())
    typer.echo(f"用户 {name} 的范围：{'、'.join([*(unit or ()), *(region or ())]) or '全辖区'}。")


@user_app.command("reset")
def reset_user(name: Annotated[str, typer.Argument(help="登录名。")]) -> None:
    """重置密码，显示新的一次性密码。"""
    from pipeline.review.people import reset_password
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        password = reset_password(context.engine, name, context.clock())
    typer.echo(f"用户 {name} 的一次性密码：{password}  下次登录须修改。")


@user_app.command("disable")
def disable_user(name: Annotated[str, typer.Argument(help="登录名。")]) -> None:
    """停用用户，其会话立即失效。"""
    from pipeline.review.people import disable_person
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        disable_person(context.engine, name, context.clock())
    typer.echo(f"用户 {name} 已停用。")


@token_app.command("add")
def add_token(
    client: Annotated[str, typer.Argument(help="客户端名称，如“数据共享平台”。")],
    person: Annotated[str, typer.Option("--user", help="代表哪个用户，角色随其账号。")],
    scope: Annotated[list[str], typer.Option(help="权限，可写多次，如 items:read。")],
    days: Annotated[int, typer.Option(help="有效天数，1—366。")] = 180,
) -> None:
    """开通接口令牌，只显示一次。"""
    from pipeline.review.api.tokens import issue
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        token = issue(context.engine, client, person, scope, context.clock(), days=days)
    typer.echo(token)
    typer.echo("令牌只显示这一次，请妥善保存。", err=True)


@token_app.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """列出接口令牌（不含令牌本身）。"""
    from pipeline.review.api import tokens
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        rows, at = tokens.list_tokens(context.engine), context.clock()
    rows = [row | {"state": tokens.state_zh(row, at)} for row in rows]
    if as_json:
        print_json(rows)
        return
    table(
        f"接口令牌 {len(rows)} 个",
        ["编号", "客户端", "代表", "权限", "有效期至", "最近使用", "状态"],
        [
            [
                row["id"],
                row["client"],
                row["person"],
                "、".join(row["scopes_json"]),
                f"{row['expires_at']:%Y-%m-%d %H:%M}",
                f"{row['last_used_at']:%Y-%m-%d %H:%M}" if row["last_used_at"] else "未使用",
                row["state"],
            ]
            for row in rows
        ],
    )


@token_app.command("revoke")
def revoke_token(
    token_id: Annotated[int, typer.Argument(help="令牌编号，见 hotline token list。")],
) -> None:
    """吊销接口令牌，立即失效。"""
    from pipeline.review.api.tokens import revoke
    from pipeline.stages import open_context

    with explained(), open_context() as context:
        revoke(context.engine, token_id, context.clock())
    typer.echo(f"令牌 {token_id} 已吊销。")
