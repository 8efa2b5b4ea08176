"""``hotline nightly`` and ``hotline ingest``."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import (
    AsJson,
    AsOf,
    Profile,
    day,
    explained,
    print_json,
    progress,
    table,
    warn,
)
from pipeline.domain.punctuation import typeset


def nightly(
    inbox: Annotated[
        Path | None, typer.Option(readable=False, help="收件目录（默认 HOTLINE_HOME/inbox）。")
    ] = None,
    as_of: AsOf = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """整个夜间任务：收件、读取、检查、入库、分类、关联、监督、发布。"""
    from pipeline.stages import night, open_context

    with explained(), open_context() as context:
        paths = [inbox or _inbox(context.settings.inbox_dir)]
        outcome = night.nightly(context, paths, day(as_of), profile, progress(as_json))
    if as_json:
        print_json(outcome.as_json())
    else:
        print_night(outcome.keys["summary"], changed=outcome.keys["changed"])
        warn([typeset(message) for message in outcome.messages])
    raise typer.Exit(int(outcome.status))


def _inbox(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def ingest(
    paths: Annotated[list[Path], typer.Argument(readable=False, help="导出文件或目录。")],
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """只导入：收件、读取、检查、入库。"""
    from pipeline.stages import Status, loading, night, open_context
    from pipeline.stages.landing import land

    say = progress(as_json)
    with explained(), open_context() as context:
        landed = land(context, paths, day(as_of), say)
        statuses, messages = [landed.status], list(landed.messages)
        for loaded in loading.load_files(context, landed.keys["pending"], say):
            statuses.append(loaded.status)
            messages += loaded.messages
        files = night.summarise(context, day(as_of), landed.keys["seen"])["files"]
    if as_json:
        print_json({"files": files, "messages": messages})
    else:
        print_ledgers(files)
        warn(messages)
    if night.needs_a_person(files):
        statuses.append(Status.ATTENTION)
    raise typer.Exit(int(max(statuses)))


def print_night(summary: dict, changed: bool = True) -> None:
    """The night's summary for people: ledgers, enforcement tickets by type, items."""
    from pipeline.domain.labels import ProblemType

    if not changed:
        typer.echo("没有新文件，也没有变化：数据库与上次完全相同。")
    print_ledgers(summary["files"])
    enforcement = summary["enforcement"]
    typer.echo(f"工单 {summary['tickets']} 件，其中执法类投诉举报 {enforcement['count']} 件。")
    if enforcement["types"]:
        table(
            "执法类投诉举报的问题类型（按主类）",
            ["类型", "件数"],
            [[ProblemType(k).name_zh, v] for k, v in enforcement["types"].items()],
        )
    print_items(summary["items"])


def print_items(items: dict) -> None:
    """Open items, highest level first, with the clause of each rule once above them."""
    from pipeline.policies import ORIGIN_ZH

    typer.echo(f"监督事项：未销号 {items['open']} 项，均为建议，由具名人员决定。另报事项不列。")
    by_rule: dict[tuple, list[dict]] = {}
    for item in items["described"]:
        key = item["level"], item["rule"], item["clause"], item["threshold_origin"]
        by_rule.setdefault(key, []).append(item)
    for (level, rule, clause, origin), members in sorted(by_rule.items(), reverse=True):
        typer.secho(f"\n{level} {rule} {len(members)} 项 · 依据 {clause}", bold=True)
        typer.echo(f"   触发数值：{ORIGIN_ZH[origin]}")
        shown = members if level >= "L4" else members[:3]
        for item in shown:
            typer.echo(
                f"   #{item['id']} {typeset(item['summary'])} 期限 {item['due_on'] or '未定'}"
            )
        if len(shown) < len(members):
            left = len(members) - len(shown)
            typer.echo(f"   另有 {left} 项：hotline item list --rule {rule} --level {level}")


def print_ledgers(files: list[dict]) -> None:
    """One line per file: rows read and every outcome's count, with the reasons."""
    from pipeline.domain.outcome import RowOutcome, RowReason

    rows = []
    for file in files:
        note = typeset(file["message"] or "") or "；".join(
            f"{RowReason(r['code']).name_zh} {r['count']}" for r in file["reasons"]
        )
        counts = [file["rows_read"], *(file[o.value] for o in RowOutcome)]
        rows.append([file["name"], file["layout"], file["state_zh"], *counts, note])
    headings = ["文件", "版式", "结果", "数据行", *(o.name_zh for o in RowOutcome), "说明"]
    table("导出文件", headings, rows)
