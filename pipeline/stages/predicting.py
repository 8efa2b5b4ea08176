"""The champion over many batches: alone where they are few, by all cores where they are many."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline import parallel
from pipeline.domain.errors import OperatorError
from pipeline.domain.labels import Prediction
from pipeline.settings import Settings
from pipeline.stages.champion import Champion, champion_of

if TYPE_CHECKING:
    from pipeline.classify import Classifier

_BATCHES_ALONE = 10
"""So many batches take less time than starting processes for them."""
_BYTES_ALONE = 8 << 20
"""A larger file of lines goes to all cores from its beginning."""

In = TypeVar("In")
Out = TypeVar("Out")


class SameFile(OperatorError):
    """Source and output are one file."""


def predicted(
    model: Champion, batches: Iterator[list[dict]]
) -> Iterator[tuple[list[dict], list[Prediction]]]:
    """Batches of tickets with what the model says of them, in order."""
    return _each(model, _predict, batches, _BATCHES_ALONE)


def classify_lines(settings: Settings, source: Path, output: Path) -> dict[str, int]:
    """JSON lines in, one line out for each, in order and in bounded memory.

    Returns counts: lines, enforcement, review, errors (:func:`pipeline.classify.lines`).
    Raises classify.ModelMissing, OSError, and SameFile where the output would empty the source.
    """
    from pipeline.classify.lines import chunks, classify_chunk

    model = champion_of(settings)
    alone = 0 if source.stat().st_size > _BYTES_ALONE else _BATCHES_ALONE
    counts = Counter(lines=0, enforcement=0, review=0, errors=0)
    with source.open("rb") as lines:
        if output.exists() and output.samefile(source):
            raise SameFile(f"输出文件不能就是输入文件：{source}")
        _load(model)  # before the output is emptied
        with output.open("wb") as out:
            for _chunk, (answers, counted) in _each(model, classify_chunk, chunks(lines), alone):
                out.write(answers)
                counts.update(counted)
    return dict(counts)


def _each(
    model: Champion, work: Callable[["Classifier", In], Out], items: Iterator[In], alone: int
) -> Iterator[tuple[In, Out]]:
    """(item, work(classifier, item)) in order, the first ``alone`` items without other processes.
    ``work`` is a function of a module, so that another process finds it."""
    apply = partial(_apply, model, work)
    for item in islice(items, alone):
        yield item, apply(item)
    first = next(items, None)
    if first is None:
        return
    with parallel.processes(__name__) as pool:
        ahead = 2 * (os.cpu_count() or 1)
        yield from parallel.ordered(pool, apply, chain([first], items), ahead)


def _apply(model: Champion, work: Callable[["Classifier", In], Out], item: In) -> Out:
    return work(_load(model), item)


def _predict(classifier: "Classifier", batch: list[dict]) -> list[Prediction]:
    return classifier.predict(batch)


@cache
def _load(model: Champion) -> "Classifier":
    return model.load()
