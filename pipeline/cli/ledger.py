"""``hotline ledger``: lists to hand out."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import AsJson, AsOf, Profile, day, explained, fail, print_json, table

app = typer.Typer(help="台账和清单：列出、导出、回填。", no_args_is_help=True)

Month = Annotated[str | None, typer.Option(help="月份，如 2026-10（默认以哪一天为准的那个月）。")]
By = Annotated[str | None, typer.Option(help="领取人（复核台账号姓名）。")]


@app.command("list")
def list_kinds(profile: Profile = None, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """列出能导出的清单，及其在方案档中的名称。"""
    from pipeline.policies import load_profile
    from pipeline.settings import get_settings
    from pipeline.supervise.ledgers import KINDS

    with explained():
        plan = load_profile(profile or get_settings().profile)
    found = [
        {
            "kind": kind.id,
            "name": kind.name,
            "title": kind.title(plan),
            "about": kind.about,
            "restricted": kind.is_restricted,
        }
        for kind in KINDS.values()
    ]
    if as_json:
        print_json(found)
        return
    table(
        f"{plan.source_zh} {plan.status_zh(day(as_of))}",
        ["KIND", "本方案名称", "内容", "限权"],
        [[k["kind"], k["title"], k["about"], "是" if k["restricted"] else ""] for k in found],
    )


@app.command()
def export(  # noqa: PLR0917
    kind: Annotated[str, typer.Argument(help="哪一种清单，见 hotline ledger list。")],
    output: Annotated[Path, typer.Option(help="输出目录。")],
    month: Month = None,
    as_of: AsOf = None,
    profile: Profile = None,
    form: Annotated[str, typer.Option("--format", help="xlsx 或 html。")] = "xlsx",
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="回访抽样附姓名、电话（逐件留痕）。")
    ] = False,
    confidential: Annotated[
        bool, typer.Option("--confidential", help="导出限权清单（留痕）。")
    ] = False,
    by: By = None,
    reason: Annotated[str | None, typer.Option(help="领取理由。")] = None,
    as_json: AsJson = False,
) -> None:
    """导出一种清单。"""
    from pipeline.stages import ledgers, open_context

    if (with_contacts or confidential) and not by:
        fail("领取联系方式或限权清单，须用 --by 写明领取人。")
    bearer = ledgers.Bearer(by or "", reason or "")
    writes = kind == ledgers.FOLLOW_UP.id or confidential
    with explained(), open_context(write=writes) as context:
        made = ledgers.export(
            context,
            kind,
            month=month,
            as_of=as_of.date() if as_of else None,
            profile_id=profile,
            form=form,
            output=output,
            contacts_for=bearer if with_contacts else None,
            leads_for=bearer if confidential else None,
        )
    if as_json:
        print_json(made.as_json())
    else:
        told = f"{made.rows} 行" if made.rows else "本期无内容"
        typer.echo(f"{made.title}（{made.period}，截至 {made.as_of}）：{told}")
        typer.echo(f"  {made.path}")


@app.command()
def refill(
    file: Annotated[Path, typer.Argument(readable=False, help="填好的回访抽样名单 xlsx。")],
    month: Annotated[str, typer.Option(help="抽样的月份，如 2026-10。")],
    by: Annotated[str, typer.Option(help="回填人（复核台账号姓名）。")],
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """回填回访结果：全部无误才写入。"""
    from pipeline.stages import ledgers, open_context

    with explained(), open_context() as context:
        counts = ledgers.refill(context, file, month=month, by=by, profile_id=profile)
    if as_json:
        print_json(counts)
    else:
        typer.echo(
            f"写入 {counts['recorded']} 件，未变 {counts['unchanged']} 件，"
            f"尚未填写 {counts['empty']} 件。"
        )
