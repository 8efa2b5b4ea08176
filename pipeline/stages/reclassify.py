"""History read anew by a new champion: in batches, resumable, at its own time and not the night's.

The older classification stays as history, and a person's decision stands above both.
"""

from collections.abc import Callable, Iterator
from datetime import date

from pipeline.stages.champion import Champion, champion
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome
from pipeline.stages.predicting import predicted
from pipeline.store.engine import read_only
from pipeline.store.labels import outdated, outdated_count, store_predictions

BATCH = 2000


def reclassify(
    context: Context,
    as_of: date | None = None,
    limit: int | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> StageOutcome:
    """Classify by the champion what another model classified, a transaction a batch.

    Killed and run again it goes on where it stood; a second run does nothing. ``limit`` ends it
    after so many tickets. counts: ``reclassified``, ``changed`` (another scope or primary type),
    ``left``. Raises classify.ModelMissing.
    """
    started_at = context.clock()
    reader = read_only(context.engine)
    with reader.connect() as reading:
        model = champion(reading, context.settings)
        waiting = outdated_count(reading, model.version)
    todo = waiting if limit is None else min(limit, waiting)
    done = changed = 0
    for batch, said in predicted(model, _batches(context, model, todo)) if todo else ():
        with context.engine.begin() as connection:
            store_predictions(connection, batch, said, context.clock())
        done += len(batch)
        changed += sum(
            (row["scope"], row["primary_type"]) != (p.scope.value, p.primary and p.primary.value)
            for row, p in zip(batch, said, strict=True)
        )
        progress(f"重新分类：{done} / {todo} 件")
    left = waiting - done
    outcome = StageOutcome(
        "reclassify",
        keys={"model_version": model.version},
        counts={"reclassified": done, "changed": changed, "left": left},
        messages=(
            f"模型 {model.version} 重新分类历史工单 {done} 件，其中 {changed} 件范围或主类型有变"
            + (f",还有 {left} 件。" if left else "。"),
        ),
    )
    if done:
        context.record(outcome, started_at, as_of)
    return outcome


def _batches(context: Context, model: Champion, todo: int) -> Iterator[list[dict]]:
    """Each batch is read in a transaction of its own: a long one would keep SQLite's log from
    being written back, and it would grow to the size of the history.
    """
    after = 0
    while todo > 0:
        with read_only(context.engine).connect() as reading:
            batch = outdated(reading, model.version, after, min(BATCH, todo))
        if not batch:
            return
        after = batch[-1]["id"]
        todo -= len(batch)
        yield batch
