"""``hotline bench --desk``: how long the review desk's pages take under load.

A store is filled directly, the desk served as a process of its own, and people ask for pages as
people do: each on average every THINK seconds. The time of a page is that of the whole answer.
"""

import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

from pipeline.bench import environment_of
from pipeline.domain.calendar import now
from pipeline.domain.labels import ProblemType
from pipeline.settings import Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, upgrade

PEOPLE = 20
THINK = 2.0
_BATCH = 10_000
_PASSWORD = "三更灯火五更鸡正是读书时"  # noqa: S105  of an account that lives for the measurement
_UNITS = [f"第{n}交通执法大队" for n in range(40)]
_REGIONS = [f"{n}县" for n in range(12)]


def run(tickets: int = 200_000, items: int = 5_000, seconds: float = 30) -> dict:
    """``{"tickets", "items", "people", "pages": {path: {"n", "p50_ms", "p95_ms"}}, "all": {…}}``.

    ``all`` also has ``failed``, the answers that were no page, and ``cpu_ms``, the server's own
    time for a page, which says more than the clock where others use the machine too.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings = Settings(home=Path(folder), database_url="")
        _fill(settings, tickets, items)
        environment = environment_of(settings.home)
        command = [sys.executable, "-m", "pipeline"]
        made = subprocess.run(
            [*command, "user", "add", "bench", "--role", "负责人"],
            env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        once = re.search(r"(?:\w{4}-){3}\w{4}", made.stdout)[0]
        port = _free_port()
        server = subprocess.Popen([*command, "serve", "--port", str(port)], env=environment)
        try:
            cookie = _log_in(port, once)
            before = _cpu_seconds(server.pid)
            times, failed = _load(port, cookie, _pages(tickets, items), seconds)
            cpu = _cpu_seconds(server.pid) - before
        finally:
            server.terminate()
            server.wait(30)
    every = [each for found in times.values() for each in found]
    return {
        "tickets": tickets,
        "items": items,
        "people": PEOPLE,
        "pages": {path: _summary(found) for path, found in sorted(times.items())},
        "all": _summary(every) | {"failed": failed, "cpu_ms": 1000 * cpu / len(every)},
    }


def _summary(times: list[float]) -> dict:
    ordered = sorted(times)
    return {
        "n": len(ordered),
        "p50_ms": 1000 * ordered[len(ordered) // 2],
        "p95_ms": 1000 * ordered[int(len(ordered) * 0.95)],
    }


# --- the store ------------------------------------------------------------------------------------


def _fill(settings: Settings, tickets: int, items: int) -> None:
    """Tickets of a year, one in twenty about enforcement, one in two hundred uncertain; open items
    of five tickets each.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings)
    upgrade(engine)
    draw, today = random.Random(7), now()
    types = [problem.value for problem in ProblemType if problem is not ProblemType.INTEGRITY]
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.export_file).values(
                id=1, sha256="0" * 64, name="bench.csv", size_bytes=1, landed_at=today,
                as_of=today.date(), state="loaded", rows_read=tickets, inserted=tickets,
            )
        )  # fmt: skip
        for first in range(1, tickets + 1, _BATCH):
            ids = range(first, min(first + _BATCH, tickets + 1))
            connection.execute(sa.insert(t.ticket), [_ticket(n, tickets, today) for n in ids])
            said = [_classification(n, draw, types, today) for n in ids]
            connection.execute(sa.insert(t.classification), said)
        connection.execute(
            sa.insert(t.supervision_item),
            [_item(n, draw, types, today.date()) for n in range(items)],
        )
        links = [
            {"item_id": n + 1, "ticket_id": key}
            for n in range(items)
            for key in draw.sample(range(1, tickets + 1), 5)
        ]
        connection.execute(sa.insert(t.item_ticket), links)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _ticket(n: int, tickets: int, today: datetime) -> dict:
    return {
        "id": n,
        "hotline": "12345",
        "ticket_no": f"B{n:09d}",
        "accepted_at": today - timedelta(days=365 * (tickets - n) / tickets),
        "category": "投诉举报",
        "title": f"反映执法检查问题{n}",
        "content": "司机反映在国道被拦停检查，执法人员没有出示证件就罚款两千元，要求核实处理。" * 3,
        "target_unit": _UNITS[n % len(_UNITS)],
        "region": _REGIONS[n % len(_REGIONS)],
        "status": "办理中",
        "text_hash": f"{n * 2654435761 % 2**32:08x}" * 4,
        "state_at": today,
        "row_hash": f"{n:032x}",
        "first_file_id": 1,
        "first_row_no": n,
        "last_file_id": 1,
        "last_row_no": n,
    }


def _classification(n: int, draw: random.Random, types: list[str], today: datetime) -> dict:
    is_ours = n % 20 == 0
    primary = draw.choice(types) if is_ours else None
    return {
        "id": n,
        "ticket_id": n,
        "model_version": "bench",
        "text_hash": f"{n * 2654435761 % 2**32:08x}" * 4,
        "is_current": True,
        "scope": "E1" if is_ours else "E0",
        "score": draw.random(),
        "primary_type": primary,
        "labels_json": [primary] if primary else [],
        "scores_json": {primary: 0.8} if primary else {},
        "evidence_json": {primary: ["没有出示证件"]} if primary else {},
        "flags_json": [],
        "review": n % 200 == 0,
        "classified_at": today,
    }


def _item(n: int, draw: random.Random, types: list[str], today: date) -> dict:
    due = today + timedelta(days=draw.randint(-10, 30))
    return {
        "id": n + 1,
        "item_key": f"bench{n}",
        "profile": "mot-2024-25",
        "rule": draw.choice(["R02", "R04", "R10", "R14", "R29"]),
        "level": draw.choice(["L0", "L1", "L2", "L3", "L4"]),
        "subject": f"事项{n}",
        "unit": draw.choice(_UNITS),
        "region": draw.choice(_REGIONS),
        "problem_type": draw.choice(types),
        "summary": "30日内反映同一单位同一问题5件5人",
        "clause": "M-04",
        "threshold_origin": "default",
        "numbers_json": {"tickets": 5},
        "missing_json": ["核实结论"],
        "state": "待核",
        "raised_on": today - timedelta(days=draw.randint(0, 60)),
        "due_on": due,
        "updated_on": today,
        "row_version": 1,
    }


# --- the people -----------------------------------------------------------------------------------


def _pages(tickets: int, items: int) -> list[tuple[str, list[str]]]:
    """(name, addresses to choose from), as often as they are asked for."""
    one = [f"/items/{n}" for n in range(1, items, max(1, items // 50))]
    ticket = [f"/tickets/{n}" for n in range(20, tickets, max(1, tickets // 50))]
    review = [f"/queue/{n}" for n in range(200, tickets, max(200, tickets // 50 // 200 * 200))]
    filters = [{"unit": _UNITS[3]}, {"level": "L3", "sort": "due_on"}, {"due": "over"}]
    return [
        ("/", ["/"]),
        ("/items", ["/items", "/items?page=40", *("/items?" + urlencode(f) for f in filters)]),
        ("/items/{id}", one),
        ("/items/{id}", one),
        ("/queue", ["/queue"]),
        ("/queue/next", ["/queue/next"]),
        ("/queue/{id}", review),
        ("/queue/{id}", review),
        ("/tickets/{id}", ticket),
        ("/tickets/{id}", ticket),
    ]


def _load(
    port: int, cookie: str, pages: list[tuple[str, list[str]]], seconds: float
) -> tuple[dict[str, list[float]], int]:
    times: dict[str, list[float]] = defaultdict(list)
    failed, lock, until = 0, threading.Lock(), time.monotonic() + seconds

    def person(number: int) -> None:
        nonlocal failed
        draw = random.Random(number)
        time.sleep(draw.random() * THINK)
        while time.monotonic() < until:
            name, addresses = draw.choice(pages)
            began = time.perf_counter()
            answer, _ = _ask(port, "GET", draw.choice(addresses), {"Cookie": cookie})
            took = time.perf_counter() - began
            with lock:
                times[name].append(took)
                failed += answer.status not in {200, 303}
            time.sleep(draw.expovariate(1 / THINK))

    threads = [threading.Thread(target=person, args=(n,)) for n in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, failed


def _log_in(port: int, once: str) -> str:
    """The session cookie of the account, its password changed as the desk demands."""
    deadline = time.monotonic() + 120
    while True:
        try:
            cookie, token = _form(port, "/login", "")
            break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
    cookie = _post(port, "/login", cookie, {"csrf_token": token, "name": "bench", "password": once})
    cookie, token = _form(port, "/password", cookie)
    fields = {"csrf_token": token, "old": once, "new": _PASSWORD, "again": _PASSWORD}
    return _post(port, "/password", cookie, fields)


def _form(port: int, path: str, cookie: str) -> tuple[str, str]:
    answer, body = _ask(port, "GET", path, {"Cookie": cookie})
    token = re.search('name="csrf_token" value="([0-9a-f]+)"', body)[1]
    return _cookie(answer) or cookie, token


def _post(port: int, path: str, cookie: str, fields: dict[str, str]) -> str:
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer, _ = _ask(port, "POST", path, headers, urlencode(fields))
    if answer.status != 303:
        raise RuntimeError(f"{path}: {answer.status}")
    return _cookie(answer)


def _ask(port: int, method: str, path: str, headers: dict, body: str | None = None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def _cookie(answer: http.client.HTTPResponse) -> str:
    return (answer.headers.get("Set-Cookie") or "").split(";", 1)[0]


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (Linux, proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    print(json.dumps(run(*map(int, sys.argv[1:3])), indent=1))
