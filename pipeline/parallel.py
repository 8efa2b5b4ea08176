"""Work for all cores of the machine, in order and in bounded memory."""

import gc
import importlib
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def processes(module: str, count: int | None = None) -> ProcessPoolExecutor:
    """A pool of spawned processes, one for each core unless ``count`` says otherwise.

    Spawned, not forked: the parent holds database connections and threads. They end with their
    parent, also where it is killed: left alone they would wait for work for ever. They begin by
    importing ``module``, where their work is, without garbage collection: that is a third of it.
    So this module stands outside of packages that import much.
    """
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        count or os.cpu_count() or 1, spawn, initializer=_begin, initargs=(module,)
    )


def _begin(module: str) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with collecting_seldom():
        importlib.import_module(module)


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """No automatic garbage collection inside, but where the caller calls ``gc.collect()``.

    Rows in their hundred thousands make the collector walk over all of them, and over every
    module loaded, again and again, though rows hold no cycles: a fifth of intake's time. What is
    there at the beginning is never looked at.
    """
    was_on = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def ordered(
    pool: Executor, work: Callable[[In], Out], items: Iterable[In], ahead: int
) -> Iterator[tuple[In, Out]]:
    """(item, work(item)) in the items' order, with at most ``ahead`` items under way."""
    waiting: deque = deque()
    for item in items:
        waiting.append((item, pool.submit(work, item)))
        if len(waiting) >= ahead:
            done, future = waiting.popleft()
            yield done, future.result()
    for done, future in waiting:
        yield done, future.result()
