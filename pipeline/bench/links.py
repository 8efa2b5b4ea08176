"""``hotline bench --links``: linking many new complaints against a history.

Filling the store and linking are processes of their own, so that the memory peak is linking's.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.labels import ProblemType
from pipeline.settings import MODELS_DIR

if TYPE_CHECKING:
    import sqlalchemy as sa

AS_OF = date(2026, 11, 20)
_YEAR = timedelta(days=365)
_NEW = timedelta(days=31)
_UNITS = 2800  # counties: a nation's or a large province's complaints
_AGAIN = 0.15  # share of complaints that come again from a caller of the last months
_TYPES = [p.value for p in ProblemType if p is not ProblemType.UNSPECIFIED]
_SHORT_WORDS = 60  # characters of a text; the history's rows are short


HISTORY = 3
"""Complaints of the year before, per new one."""


def run(new: int) -> dict[str, float]:
    """seconds and cpu_seconds of linking alone, links found, peak_mib, history.

    ``new`` complaints of the last month, all about enforcement, are linked against ``HISTORY``
    times as many of the year before, which have their matters. The store is an embedded one, or
    the database that HOTLINE_DATABASE_URL names, which must be empty.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as home:
        figures = {}
        for step in ("fill", "link"):
            command = [sys.executable, "-m", "pipeline.bench.links", step, home, str(new)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            figures = json.loads(done.stdout.splitlines()[-1])
    return figures | {"history": HISTORY * new}


def _step(step: str, home: Path, new: int) -> dict[str, float]:
    from pipeline.settings import get_settings
    from pipeline.stages import open_context
    from pipeline.supervise.linking import link

    with open_context(get_settings().model_copy(update={"home": home})) as context:
        if step == "fill":
            with context.engine.begin() as connection:
                fill(connection, new, HISTORY * new)
            return {}
        began, cpu = time.perf_counter(), time.process_time()
        found = link(context.engine, AS_OF)
        return {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
            "links": sum(found.values()),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def fill(connection: "sa.Connection", new: int, history: int) -> None:
    """Tickets with their classification, and a matter for each of the history."""
    from pipeline.store import tables as t
    from pipeline.store.bulk import insert_columns

    at = datetime.combine(AS_OF, datetime.min.time())
    file = {
        "id": 1, "sha256": "0" * 64, "name": "bench", "size_bytes": 0, "as_of": AS_OF,
        "landed_at": at, "state": "loaded",
    }  # fmt: skip
    connection.execute(t.export_file.insert(), file)
    rng = random.Random(12328)
    size = history + new
    ids = range(1, size + 1)
    tickets = _tickets(rng, new, history)
    hashes = [f"{i:032x}" for i in ids]
    ones = [1] * size
    insert_columns(
        connection,
        t.ticket,
        {name: [ticket[name] for ticket in tickets] for name in tickets[0]}
        | {"id": ids, "ticket_no": hashes, "hotline": ["12328"] * size, "text_hash": hashes}
        | {"row_hash": hashes, "state_at": [at] * size, "version": ones, "first_file_id": ones}
        | {"first_row_no": ids, "last_file_id": ones, "last_row_no": ids},
    )
    types = [[rng.choice(_TYPES)] for _ in ids]
    insert_columns(
        connection,
        t.classification,
        {"id": ids, "ticket_id": ids, "model_version": ["bench"] * size, "text_hash": hashes}
        | {"is_current": [True] * size, "scope": ["E1"] * size, "score": [0.9] * size}
        | {"labels_json": types, "review": [False] * size, "classified_at": [at] * size}
        | dict.fromkeys(("scores_json", "evidence_json"), [{}] * size)
        | {"flags_json": [[]] * size},
    )
    known = ids[:history]
    insert_columns(connection, t.matter, {"ticket_id": known, "matter_id": known})


def _tickets(rng: random.Random, new: int, history: int) -> list[dict]:
    last = datetime.combine(AS_OF, datetime.min.time())
    times = sorted(last - _NEW - _YEAR * rng.random() for _ in range(history))
    times += sorted(last - _NEW * rng.random() for _ in range(new))
    texts = _texts()
    tickets: list[dict] = []
    for number, accepted_at in enumerate(times):
        unit = int(_UNITS * rng.random() ** 2)  # some have many times the complaints of others
        half = _SHORT_WORDS // 2
        words = rng.choice(texts)[:half]
        ticket = {
            "accepted_at": accepted_at,
            "closed_at": accepted_at + timedelta(days=8) if accepted_at < last - _NEW / 2 else None,
            "caller_key": f"{number:032x}",
            "target_unit": f"第{unit}执法大队",
            "region": f"第{unit // 4}县",
            "content": rng.choice(texts)[:half] + words,
        }
        if rng.random() < _AGAIN and tickets:
            before = tickets[-rng.randint(1, 1 + len(tickets) // 10)]
            ticket |= {name: before[name] for name in ("caller_key", "target_unit", "region")}
            ticket["content"] = before["content"][:half] + words
        tickets.append(ticket)
    return tickets


def _texts() -> list[str]:
    """Clauses of the corpus's enforcement complaints, cut anywhere: any two may be joined."""
    texts = []
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            ticket = json.loads(line)
            if ticket["scope"] == "E1":
                text = ticket["content"]
                texts += [text[at:] for at in range(0, max(1, len(text) - _SHORT_WORDS // 2), 7)]
    return texts


if __name__ == "__main__":
    print(json.dumps(_step(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
