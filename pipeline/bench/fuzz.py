"""``make fuzz``: mutated exports. None may raise anything but FileStopped, each ends with an
outcome and a sentence for the operator, and every ledger balances.

A share of the mutants goes through the store, the others through reading and normalising only.
Usage: python -m pipeline.bench.fuzz FOLDER… [--count N] [--first N]
"""

import argparse
import io
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from pipeline.bench.mutants import Mutant, Sample, load_samples, mutate
from pipeline.domain.outcome import FileOutcome, FileStopped

_AS_OF = date(2026, 11, 20)
_SECRET = "a secret of the fuzzer, 32 characters or more"  # noqa: S105
_MOST_SECONDS = 20.0
"""A mutant that takes longer is a fault: a sample takes a fraction of a second."""
_MOST_MEMORY = 8 << 30
_BATCH = 25
_STORED = 5  # one batch in so many goes through the store


class Fault(AssertionError):
    """A mutant that was not taken as every file must be."""


def read(mutant: Mutant) -> FileOutcome:
    """Read and normalise every row. Raises Fault, or whatever the mutant made our code raise."""
    from pipeline.intake.normalise import Normaliser
    from pipeline.intake.reading import open_export
    from pipeline.store.vault import Vault

    begin = time.monotonic()
    try:
        export = open_export(io.BytesIO(mutant.data), mutant.name)
        normaliser = Normaliser(export, Vault(_SECRET.encode()))
        expected = 1
        for raw in export.chunks(200):
            chunk = normaliser.normalise(raw)
            if chunk.row_no != list(range(expected, expected + len(chunk))):
                raise Fault("row numbers are not whole")
            if {len(column) for column in chunk.columns.values()} != {len(chunk)}:
                raise Fault("columns differ in length")
            expected += len(chunk)
        outcome = FileOutcome.LOADED
    except FileStopped as stopped:
        if not stopped.message_zh.endswith("。"):
            raise Fault("no sentence for the operator") from stopped
        outcome = FileOutcome.STOPPED
    if time.monotonic() - begin > _MOST_SECONDS:
        raise Fault(f"took {time.monotonic() - begin:.0f} s")
    return outcome


def store(mutants: Iterable[Mutant]) -> Counter[str]:
    """Land and load the mutants as one night does, in a store of their own, and prove it.

    Returns how many files, members of archives included, ended in which state.
    """
    from pipeline.settings import Settings
    from pipeline.stages import loading, open_context
    from pipeline.stages.landing import land
    from pipeline.stages.night import all_files, summarise
    from pipeline.stages.verify import verify

    with tempfile.TemporaryDirectory(prefix="hotline-fuzz-") as folder:
        inbox = Path(folder, "inbox")
        inbox.mkdir()
        for mutant in mutants:
            name = Path(mutant.name).name[-60:]
            (inbox / f"{mutant.number:06d} {name}").write_bytes(mutant.data)
        settings = Settings(home=Path(folder, "home"), secret_key=_SECRET, settle_seconds=0)
        with open_context(settings) as context:
            landed = land(context, [inbox], _AS_OF)
            loading.load_files(context, landed.keys["pending"], lambda _line: None)
            files = summarise(context, _AS_OF, all_files(context))["files"]
            broken = [
                f"{verdict.invariant}:{verdict.broken[0]}"
                for verdict in verify(context)
                if not verdict.holds and "现行模型" not in verdict.invariant  # not classified here
            ]
    ends = Counter(file["state"] for file in files)
    silent = [f["name"] for f in files if f["state"] == "stopped" and not f["message"]]
    if landed.counts["left"] or ends["landed"] or silent or broken:
        raise Fault(f"left {landed.messages}, not ended {ends}, silent {silent}, broken {broken}")
    return ends


def run(folders: Sequence[Path], count: int, first: int = 0) -> dict:
    """``{"files", "ends": {state: count}, "faults": [sentence], "seconds"}`` of ``count`` mutants
    on all cores, in processes whose memory is bounded.
    """
    begin = time.monotonic()
    samples = load_samples(folders)
    ends: Counter[str] = Counter()
    faults: list[str] = []
    numbers = range(first, first + count)
    batches = [numbers[at : at + _BATCH] for at in range(0, count, _BATCH)]
    for batch, ended, found in _carry_out(samples, batches):
        ends += ended
        faults += found
        print(f"\r{batch.stop - first} of {count}, {len(faults)} faults", end="", file=sys.stderr)
    print(file=sys.stderr)
    return {
        "files": count,
        "ends": dict(ends),
        "faults": faults,
        "seconds": round(time.monotonic() - begin, 1),
    }


def _carry_out(
    samples: Sequence[Sample], batches: list[range]
) -> Iterator[tuple[range, Counter[str], list[str]]]:
    """Each batch with what became of it. A mutant that kills its process is found by running
    what is left in one process, in order: it is the first that is not done.
    """
    workers = None
    while batches:
        done = 0
        with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_bound) as pool:
            futures = [pool.submit(_batch, samples, numbers) for numbers in batches]
            try:
                for numbers, future in zip(batches, futures, strict=True):
                    yield numbers, *future.result()
                    done += 1
                return
            except BrokenProcessPool:
                batches = batches[done:]
        if workers is None:
            workers = 1
        elif len(batches[0]) > 1:
            batches[:1] = [range(number, number + 1) for number in batches[0]]
        else:
            yield batches[0], Counter(), [f"{batches.pop(0).start}: the process died"]
            workers = None


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def _batch(samples: Sequence[Sample], numbers: range) -> tuple[Counter[str], list[str]]:
    ends: Counter[str] = Counter()
    faults: list[str] = []
    mutants = [mutate(samples, number) for number in numbers]
    for mutant in mutants:
        try:
            ends[read(mutant).value] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            faults.append(
                f"{mutant.number} ({mutant.how}): {type(error).__name__} {error} "
                f"at {Path(where.filename).name}:{where.lineno}"
            )
    if numbers.start // _BATCH % _STORED == 0:
        try:
            store(mutants)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            faults.append(
                f"{numbers.start}–{numbers.stop - 1} stored: {type(error).__name__} {error} "
                f"at {Path(where.filename).name}:{where.lineno}"
            )
    return ends, faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    told = parser.parse_args()
    figures = run(told.folders, told.count, told.first)
    print(f"{figures['files']} files in {figures['seconds']} s: {figures['ends']}")
    for fault in figures["faults"]:
        print(fault)
    raise SystemExit(1 if figures["faults"] else 0)


if __name__ == "__main__":
    main()
