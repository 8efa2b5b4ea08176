"""``hotline bench --supervise``: one full pass of the rules over a store full of history.

Filling and linking are a process of their own, so that time and memory are those of the pass.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bench import links

if TYPE_CHECKING:
    import sqlalchemy as sa

_MONTHS = 13  # a year of history and the month of the new ones, equally busy
_DUE = timedelta(days=14)
_CATEGORIES = ("投诉举报",) * 18 + ("咨询", "求助")
_RATINGS = ("满意",) * 12 + ("未评价",) * 6 + ("一般", "不满意")
_REPLIES = (
    "经调取执法记录仪并询问当事人,执法人员程序合规,已向来电人解释。",
    "经现场核查,所反映情况部分属实,已对当事执法人员批评教育并致歉,罚款已退还。",
    "您反映的问题我单位高度重视,感谢您的监督支持。",
    "已转交相关部门处理。",
)


def run(tickets: int) -> dict[str, float]:
    """seconds and cpu_seconds of a first pass and of one that changes nothing; items, peak_mib.

    All ``tickets`` are complaints about enforcement, of 13 months: harder than any real store of
    that size. The store is an embedded one, or the empty one of HOTLINE_DATABASE_URL.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as home:
        figures = {}
        for step in ("fill", "supervise"):
            command = [sys.executable, "-m", "pipeline.bench.supervision", step, home, str(tickets)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _step(step: str, home: Path, tickets: int) -> dict[str, float]:
    from pipeline.policies import load_profile
    from pipeline.settings import get_settings
    from pipeline.stages import open_context
    from pipeline.supervise.items import supervise
    from pipeline.supervise.linking import link

    new = tickets // _MONTHS
    with open_context(get_settings().model_copy(update={"home": home})) as context:
        if step == "fill":
            with context.engine.begin() as connection:
                links.fill(connection, new, tickets - new)
                _handle(connection)
            link(context.engine, links.AS_OF)
            return {}
        profile = load_profile(context.settings.profile)
        figures: dict[str, float] = {}
        for name in ("first", "again"):
            began, cpu = time.perf_counter(), time.process_time()
            result = supervise(context.engine, profile, links.AS_OF)
            figures[f"{name}_seconds"] = time.perf_counter() - began
            figures[f"{name}_cpu_seconds"] = time.process_time() - cpu
            figures[f"{name}_changed"] = result.raised + result.updated
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return figures | {"peak_mib": peak}


def _handle(connection: "sa.Connection") -> None:
    """Give every ticket a course: most are answered in time, some late, badly or not at all."""
    import sqlalchemy as sa

    from pipeline.store import tables as t

    rng = random.Random(12345)
    c = t.ticket.c
    rows = connection.execute(sa.select(c.id, c.accepted_at, c.closed_at)).all()
    changed = [_course(rng, *row) for row in rows]
    names = [name for name in changed[0] if name != "b_id"]
    connection.execute(
        sa.update(t.ticket)
        .where(c.id == sa.bindparam("b_id"))
        .values({name: sa.bindparam(name) for name in names}),
        changed,
    )


def _course(rng: random.Random, ticket_id: int, accepted_at, closed_at) -> dict:
    is_closed = closed_at is not None and rng.random() < 0.99
    visited_at = closed_at + timedelta(days=2) if is_closed and rng.random() < 0.8 else None
    return {
        "b_id": ticket_id,
        "category": rng.choice(_CATEGORIES),
        "dispatched_at": accepted_at + timedelta(hours=rng.choice((1, 1, 1, 30))),
        "due_at": accepted_at + _DUE,
        "status": ("已回访" if visited_at else "已办结") if is_closed else "办理中",
        "closed_at": closed_at if is_closed else None,
        "reply": rng.choice(_REPLIES) if is_closed else None,
        "visited_at": visited_at,
        "satisfaction": rng.choice(_RATINGS) if visited_at else None,
    }


if __name__ == "__main__":
    print(json.dumps(_step(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
