"""``hotline model list|show|retrain|revert|drift`` and ``hotline reclassify``."""

from typing import Annotated

import typer

from pipeline.cli.console import (
    AsJson,
    AsOf,
    NotDone,
    Profile,
    day,
    explained,
    print_json,
    progress,
    table,
    warn,
)

app = typer.Typer(help="分类模型：在用哪个、为什么、是否漂移。", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """在用模型、人工标注、待重分的历史，以及历次更换模型的决定。"""
    from pipeline.stages import open_context
    from pipeline.stages.training import VERDICT_ZH, overview

    with explained(), open_context() as context:
        found = overview(context)
    if as_json:
        print_json(found)
        return
    origin = "随程序发布" if found["is_shipped"] else "学过人工标注"
    typer.echo(
        f"在用模型 {found['model_version']}（{origin}）。"
        f"人工标注 {found['labels']} 件，其中上次训练之后新增 {found['new_labels']} 件；"
        f"仍是旧模型分类的历史工单 {found['outdated']} 件。"
    )
    table(
        f"更换模型的决定 {len(found['decisions'])} 项",
        ["编号", "时间", "在用", "挑战", "结论", "标注", "由谁", "理由"],
        [
            [
                d["id"],
                f"{d['decided_at']:%Y-%m-%d %H:%M}",
                d["champion"],
                d["challenger"],
                VERDICT_ZH[d["verdict"]],
                d["labels"],
                d["person"],
                d["reason"],
            ]
            for d in found["decisions"]
        ],
    )


@app.command()
def show(
    decision: Annotated[int, typer.Argument(help="决定编号，见 hotline model list。")],
    as_json: AsJson = False,
) -> None:
    """一项决定的数字：两个模型在同一批工单上的表现。"""
    from pipeline.stages import open_context
    from pipeline.stages.training import SET_ZH, overview

    with explained(), open_context() as context:
        found = next((d for d in overview(context)["decisions"] if d["id"] == decision), None)
        if found is None:
            raise NotDone(f"没有第 {decision} 号决定。")
    if as_json:
        print_json(found)
        return
    typer.echo(f"在用 {found['champion']}，挑战 {found['challenger']}：{found['reason']}")
    figures = found["figures_json"]
    for name in [name for name in SET_ZH if name in figures]:
        _print_figures(f"{SET_ZH[name]} {figures[name]['n']} 件", figures[name])
    for text in figures.get("lost", []):
        typer.secho(f"! 失守底线用例：{text}", fg=typer.colors.YELLOW)


def _print_figures(title: str, figures: dict) -> None:
    from pipeline.domain.labels import HEADLINE_TYPES
    from pipeline.stages.training import headline_zh

    names = {
        "precision": "执法类精确率",
        "recall": "执法类召回率",
        "macro_f1": "各类型平均 F1",
        "ordinary_flagged": "非执法误报率",
        "ece": "校准误差",
        "abstained": "弃权（转人工）",
    }
    headlines = figures["headlines"]  # JSON keeps no order
    rows = [
        [f"{headline_zh(slug)} F1(n={line['n']})", line["champion"], line["challenger"],
         f"{line['low']:+.3f} … {line['high']:+.3f}", "下降" if line["fell"] else "未下降"]
        for slug in ("enforcement", *HEADLINE_TYPES) if (line := headlines.get(slug))
    ]  # fmt: skip
    rows += [
        [zh, figures["champion"][key], figures["challenger"][key], "", ""]
        for key, zh in names.items()
    ]
    table(title, ["指标", "在用", "挑战", "差的范围", "判断"], rows)


@app.command()
def retrain(
    force: Annotated[bool, typer.Option(help="不论新增标注多少都训练和比较。")] = False,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """用语料和人工标注训练挑战模型，胜出才换；两种结论都留档。"""
    from pipeline.stages import open_context
    from pipeline.stages.training import retrain as challenge

    with explained():
        with open_context():  # migrates; training itself holds no lock
            pass
        with open_context(write=False) as context:
            outcome = challenge(context, force=force, profile=profile)
    if as_json:
        print_json(outcome.as_json())
    else:
        typer.echo("\n".join(outcome.messages))


@app.command()
def revert(
    person: Annotated[str, typer.Option("--by", help="由谁退回（记入审计）。")],
    reason: Annotated[str, typer.Option("--reason", help="理由。")],
    as_json: AsJson = False,
) -> None:
    """退回随程序发布的模型。"""
    from pipeline.stages import open_context
    from pipeline.stages.training import revert as put_back

    with explained(), open_context() as context:
        outcome = put_back(context, person, reason)
    if as_json:
        print_json(outcome.as_json())
    else:
        typer.echo("\n".join(outcome.messages))


@app.command()
def drift(
    month: Annotated[str | None, typer.Option(help="年-月，默认上一个完整的月。")] = None,
    as_of: AsOf = None,
    profile: Profile = None,
    as_json: AsJson = False,
) -> None:
    """按月核对分类是否漂移：稳定性指数、转人工比例、没见过的词；有提示时退出码为 1。"""
    from pipeline.domain.calendar import month_bounds
    from pipeline.stages import open_context
    from pipeline.stages.drift import history, measure
    from pipeline.stages.month import month_before

    with explained(), open_context() as context:
        month = month or month_before(day(as_of))
        try:
            month_bounds(month)
        except ValueError as error:
            raise NotDone(f"月份写法应为 2026-10 这样的年-月：{month}（{error}）") from error
        outcome = measure(context, month, profile)
        months = history(context)
    if as_json:
        print_json({"measured": outcome.keys, "months": months})
    else:
        _print_months(months)
        _print_thresholds(outcome.keys)
        warn(outcome.messages)
    raise typer.Exit(int(outcome.status))


def _print_months(months: list[dict]) -> None:
    from pipeline.stages.drift import MEASURES

    def value(measure: dict) -> str:
        if measure["value"] is None:
            return "—"
        shown = (
            f"{measure['value']:.2f}"
            if measure["reference"] is None
            else f"{measure['value']:.1%}({measure['reference']:.1%})"
        )
        return shown + (" !" if measure["warns"] else "")

    table(
        "分类漂移（分布为稳定性指数，比例括号内为基准月）",
        ["月份", "基准月", "工单", "执法类", *MEASURES.values()],
        [
            [
                row["month"],
                "、".join(row["reference_json"]) or "无",
                row["tickets"],
                row["enforcement"],
                *(value(row["measures_json"][name]) for name in MEASURES),
            ]
            for row in months
        ],
    )


def _print_thresholds(row: dict) -> None:
    from pipeline.stages.drift import MEASURES

    said = ";".join(
        f"{MEASURES[name]} {measure['threshold']:g}({measure['origin']})"
        for name, measure in row["measures_json"].items()
    )
    typer.echo(f"提示的阈值：{said}。工单太少、或与基准月是同一个月的，不作比较（—）。")
    if row["pending"]:
        typer.echo(f"有 {row['pending']} 件尚未由在用模型分类，没有计入：hotline reclassify。")


def reclassify(
    limit: Annotated[int | None, typer.Option(min=1, help="这次最多重分多少件。")] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """用在用模型重新分类历史工单：分批，可中断后继续；人工结论不受影响。"""
    from pipeline.stages import open_context
    from pipeline.stages.reclassify import reclassify as read_anew

    with explained(), open_context() as context:
        outcome = read_anew(context, day(as_of), limit, progress(as_json))
    if as_json:
        print_json(outcome.as_json())
    else:
        typer.echo(" ".join(outcome.messages))
