"""``hotline classify``, ``evaluate`` and ``train``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.console import AsJson, NotDone, explained, print_json, table

if TYPE_CHECKING:
    from pipeline.classify import Classifier


def classify(
    source: Annotated[Path, typer.Argument(help="JSON 行：id, title, content …")],
    output: Annotated[Path, typer.Option("--output", help="结果写到哪个文件。")],
    as_json: AsJson = False,
) -> None:
    """给 JSON 行文件逐行分类（不动数据库）。"""
    with explained():
        from pipeline.settings import get_settings
        from pipeline.stages.predicting import classify_lines

        counts = classify_lines(get_settings(), source, output)
    if as_json:
        print_json(counts)
    else:
        typer.echo(
            f"{counts['lines']} 行：执法类 {counts['enforcement']}，需人工复核 {counts['review']}，"
            f"无法读取 {counts['errors']}。"
        )
    raise typer.Exit(1 if counts["errors"] else 0)


def evaluate(
    gold: Annotated[Path, typer.Argument(help="带 scope, primary, secondary 的 JSON 行。")],
    as_json: AsJson = False,
) -> None:
    """在标注数据上测量分类器。"""
    with explained():
        from pipeline.classify import evaluate as measure

        rows = _gold_rows(gold)
        figures = measure(_load(), rows)
    if as_json:
        print_json(figures)
        return
    table(
        f"{figures['n']} 件",
        ["指标", "值"],
        [
            *[[f"执法类 {k}", f"{v:.3f}"] for k, v in figures["enforcement"].items()],
            *[[k, f"{figures[k]:.3f}"] for k in ("macro_f1", "micro_f1", "ece")],
            ["弃权（转人工）", figures["abstained"]],
            ["件/秒", f"{figures['docs_per_second']:.0f}"],
        ],
    )
    table(
        "各类型",
        ["类型", "n", "精确率", "召回率", "F1"],
        [
            [slug, v["n"], *(f"{v[k]:.2f}" for k in ("precision", "recall", "f1"))]
            for slug, v in figures["types"].items()
        ],
    )


def train(
    as_json: AsJson = False,
    card: Annotated[bool, typer.Option(help="更新 models/MODEL_CARD.md 的数字。")] = True,
    force: Annotated[bool, typer.Option(help="已有同版本模型也重新训练。")] = False,
) -> None:
    """由 models/ 训练分类器；输入未变且已训练过则不重复。"""
    with explained():
        from pipeline.stages.training import train as train_model

        outcome = train_model(card=card, force=force)
    if as_json:
        print_json(outcome.as_json())
    else:
        typer.echo(" ".join(outcome.messages))


def _load() -> "Classifier":
    """The model in force (stages.champion)."""
    from pipeline.settings import get_settings
    from pipeline.stages.champion import champion_of

    return champion_of(get_settings()).load()


def _gold_rows(path: Path) -> list[dict]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise NotDone(f"{path.name} 第 {number} 行不是 JSON:{error.msg}") from error
    if not rows:
        raise NotDone(f"{path.name} 没有数据。")
    return rows
