"""The shipped model trained from models/; challengers that learn supervisors' labels too."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.labels import HEADLINE_TYPES, ProblemType
from pipeline.domain.privacy import mask_text
from pipeline.settings import MODELS_DIR
from pipeline.stages.champion import Champion, champion
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome
from pipeline.store import tables as t
from pipeline.store.engine import read_only
from pipeline.store.labels import gold_labels, outdated_count
from pipeline.store.lock import writing
from pipeline.store.models import (
    KEPT,
    PROMOTED,
    REVERTED,
    decisions,
    in_force,
    last_contest,
    record_decision,
)

if TYPE_CHECKING:
    from pipeline.classify.championship import Contest, Rule
    from pipeline.policies import Setting

VERDICT_ZH = {PROMOTED: "采用", KEPT: "维持", REVERTED: "退回"}
SET_ZH = {"corpus": "语料留出折", "gold": "人工标注", "frozen": "冻结回归集"}
_MAX_REASON = 500


class ModelRefused(OperatorError):
    """The models cannot be changed so; the Chinese message says why."""


def headline_zh(slug: str) -> str:
    return "执法类" if slug == "enforcement" else ProblemType(slug).name_zh


def train(*, card: bool = True, force: bool = False) -> StageOutcome:
    """The shipped model; nothing happens where its artifact is there already.

    keys: ``model_version``. counts: ``trained`` 0 or 1, ``tickets`` learned from.
    """
    from pipeline.classify import current_version, is_built
    from pipeline.classify import train as build

    artifacts = MODELS_DIR / "artifacts"
    version = current_version(MODELS_DIR)
    if is_built(MODELS_DIR, artifacts) and not force:
        return StageOutcome(
            "train",
            keys={"model_version": version},
            counts={"trained": 0},
            messages=(f"模型 {version} 已是由现有语料、参数和代码训练的，不必重做。",),
        )
    report = build(MODELS_DIR, artifacts, card=card)
    return StageOutcome(
        "train",
        keys={"model_version": report.version},
        counts={"trained": 1, "tickets": report.tickets},
        messages=(f"模型 {report.version} 已由 {report.tickets} 件标注工单训练完成。",),
    )


def retrain(
    context: Context, *, force: bool = False, wait_seconds: float = 600, profile: str | None = None
) -> StageOutcome:
    """Train a challenger from the corpus and every gold label, and let it replace the champion
    if it wins; the decision is recorded either way.

    It waits until the profile's ``classifier.new_labels`` have come that neither the champion nor
    the last challenger has learned (so a lost contest is not tried again with every label);
    ``force`` does not wait. What may not fall and what counts as noise: classify.championship.
    Training needs minutes and holds no lock.
    keys: ``model_version`` in force afterwards, ``decision`` (id or None). counts: ``labels``,
    ``new_labels``, ``trained``, ``promoted``. Raises CorpusError, StoreBusy.
    """
    from pipeline.classify.championship import contest, version_with
    from pipeline.policies import load_profile

    started_at = context.clock()
    settings = load_profile(profile or context.settings.profile).classifier
    with read_only(context.engine).connect() as reading:
        now = champion(reading, context.settings)
        learned = _learned(in_force(reading, now.base))
        gold = gold_labels(reading)
        new = _new(reading, now.base, gold)
    version = version_with(now.base, gold)
    least = settings["new_labels"]
    why_not = None
    if version == now.version or not gold:
        is_lost = not now.is_shipped and not (now.folder / version / "model.json").is_file()
        if not (force and gold and is_lost):
            why_not = f"没有新的人工标注可学（在用模型 {now.version}），不重新训练。"
    elif new < least.value and not force:
        why_not = (
            f"上次训练之后新增人工标注 {new} 件，不足 {least.value} 件（{least.origin_zh}），"
            "不重新训练。"
        )
    counts = {"labels": len(gold), "new_labels": new}
    if why_not:
        keys = {"model_version": now.version, "decision": None}
        return StageOutcome(
            "retrain", keys=keys, counts={**counts, "trained": 0, "promoted": 0},
            messages=(why_not,),
        )  # fmt: skip
    held = contest(MODELS_DIR, version, gold, learned, _rule(settings))
    with writing(context.settings, context.engine, wait_seconds):
        if version == now.version:  # its artifact was lost, and this is the same again
            held.save(context.settings.artifacts_dir)
            outcome = StageOutcome(
                "retrain",
                keys={"model_version": version, "decision": None},
                counts={**counts, "trained": 1, "promoted": 0},
                messages=(f"在用模型 {version} 的文件已按原样重新生成。",),
            )
        else:
            reason = _reason(held, settings)
            outcome = _settle(context, now, held, reason=reason, gold=gold, counts=counts)
        context.record(outcome, started_at, None)
    return outcome


def _settle(
    context: Context,
    now: Champion,
    held: "Contest",
    *,
    reason: str,
    gold: list[dict],
    counts: dict[str, int],
) -> StageOutcome:
    """Record the contest; the winner's artifact is there before it is named."""
    if held.is_won:
        held.save(context.settings.artifacts_dir)
    with context.engine.begin() as connection:
        if champion(connection, context.settings) != now:
            raise ModelRefused("训练期间在用模型已经更换，本次比较作废，请重新运行。")
        decision = record_decision(
            connection,
            context.clock(),
            base=now.base,
            champion=now.version,
            challenger=held.version,
            verdict=PROMOTED if held.is_won else KEPT,
            person="system",
            reason=reason,
            figures={**held.figures, "lost": held.lost},
            gold=[ticket["decision_id"] for ticket in gold],
        )
    verdict = (
        f"采用新模型 {held.version}，历史工单由 hotline reclassify 重新分类。"
        if held.is_won
        else f"维持在用模型 {now.version}。"
    )
    return StageOutcome(
        "retrain",
        keys={
            "model_version": held.version if held.is_won else now.version,
            "decision": decision,
        },
        counts={**counts, "trained": 1, "promoted": int(held.is_won)},
        messages=(f"第 {decision} 号决定：{verdict}", reason),
    )


def _reason(held: "Contest", settings: Mapping[str, "Setting"]) -> str:
    confidence = settings["confidence"]
    noise = (
        f"成对重抽样 {settings['resamples'].value} 次，{confidence.value:.0%} 以上变低且降幅"
        f"不小于 {settings['tolerance'].value:g} 才算下降，不足 {settings['least_tickets'].value}"
        f" 件的不作判断，{confidence.origin_zh}"
    )
    if held.is_won:
        measured = "、".join(SET_ZH[name] for name in held.figures)
        types = "、".join(headline_zh(kind.value) for kind in HEADLINE_TYPES)
        return f"在{measured}上，执法类和{types}的 F1 均未下降（{noise}），底线用例没有失守。"
    faults = []
    for name, slug in held.fallen:
        line = held.figures[name]["headlines"][slug]
        before, after = line["champion"], line["challenger"]
        faults.append(f"{SET_ZH[name]}的{headline_zh(slug)} F1 由 {before:.3f} 降至 {after:.3f}")
    if held.lost:
        faults.append(f"失守底线用例 {len(held.lost)} 条")
    return f"{'；'.join(faults)}（{noise}）。"


def _learned(decision: sa.RowMapping | None) -> frozenset[int]:
    return frozenset(decision["gold_json"] if decision else ())


def _new(connection: sa.Connection, base: str, gold: list[dict]) -> int:
    """Gold labels that neither the champion nor the last challenger on this base has learned."""
    seen = _learned(in_force(connection, base)) | _learned(last_contest(connection, base))
    return sum(ticket["decision_id"] not in seen for ticket in gold)


def _rule(settings: Mapping[str, "Setting"]) -> "Rule":
    from pipeline.classify.championship import Rule

    return Rule(
        confidence=float(settings["confidence"].value),
        resamples=int(settings["resamples"].value),
        least_tickets=int(settings["least_tickets"].value),
        tolerance=float(settings["tolerance"].value),
    )


def revert(context: Context, person: str, reason: str) -> StageOutcome:
    """Put the shipped model in force again, by a named person with a reason, audited.

    Raises ModelRefused where it stands already or name or reason are missing.
    """
    person, reason = person.strip(), mask_text(" ".join(reason.split()))
    if not person or not 1 <= len(reason) <= _MAX_REASON:
        raise ModelRefused(f"请写明由谁退回和理由（1—{_MAX_REASON} 个字）。")
    at = context.clock()
    with context.engine.begin() as connection:
        now = champion(connection, context.settings)
        if now.is_shipped:
            raise ModelRefused(f"在用的就是随程序发布的模型 {now.version}。")
        decision = record_decision(
            connection,
            at,
            base=now.base,
            champion=now.version,
            challenger=now.base,
            verdict=REVERTED,
            person=person,
            reason=reason,
            figures={},
            gold=[],
        )
        connection.execute(
            sa.insert(t.audit_event).values(
                at=at,
                person=person,
                action="model_reverted",
                subject=f"model:{now.version}",
                detail_json={"decision": decision, "reason": reason},
            )
        )
    return StageOutcome(
        "revert",
        keys={"model_version": now.base, "decision": decision},
        messages=(f"已退回随程序发布的模型 {now.base}，历史工单由 hotline reclassify 重新分类。",),
    )


def overview(context: Context) -> dict:
    """What ``hotline model list`` shows: the champion, gold labels, history waiting, decisions."""
    with read_only(context.engine).connect() as reading:
        now = champion(reading, context.settings)
        gold = gold_labels(reading)
        return {
            "model_version": now.version,
            "base": now.base,
            "is_shipped": now.is_shipped,
            "labels": len(gold),
            "new_labels": _new(reading, now.base, gold),
            "outdated": outdated_count(reading, now.version),
            "decisions": [
                {key: value for key, value in row.items() if key not in {"gold_json"}}
                | {"labels": len(row["gold_json"])}
                for row in decisions(reading)
            ],
        }
