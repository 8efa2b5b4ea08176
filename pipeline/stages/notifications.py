"""The end of a night: tell of new items of L2 and above, and of overdue ones.

First the outbox is written (store.notices: once per item, kind, occasion and channel), then what
waits is delivered, each delivery recorded as soon as it is done. Killed in between and run again,
nothing is forgotten; at worst a delivery whose answer got lost is made twice, under the same id.
"""

from collections.abc import Sequence
from datetime import date, datetime

from pipeline.notify import Channel, Notice, Undelivered, channels
from pipeline.stages.context import Context
from pipeline.stages.outcome import StageOutcome, Status
from pipeline.store import notices
from pipeline.store.engine import read_only

_GIVES_UP_AFTER = 3
"""Failures in a row on one channel: the other side is down, the rest would only wait for it."""


def notify(context: Context, as_of: date | None = None) -> StageOutcome:
    """Write and deliver; nothing happens, and nothing is recorded, where no channel is configured.

    ``as_of`` is the night, by default the newest whose rules were applied. counts: new, sent,
    waiting (to be tried again), dead (given up now). Status: attention where something failed.
    Raises SettingsError for a configuration that cannot be used.
    """
    open_channels = channels(context.settings)
    counts = {"new": 0, "sent": 0, "waiting": 0, "dead": 0}
    if not open_channels:
        return StageOutcome("notify", counts=counts)
    started_at = context.clock()
    as_of, counts["new"] = _write(context, open_channels, as_of, started_at)
    messages = []
    for channel in open_channels:
        told = _deliver(context, channel, counts)
        messages += [f"{_CHANNELS[channel.name]}：{problem}" for problem in told]
    if counts["dead"]:
        messages.append(
            f"{counts['dead']} 条通知多次未能送达，已停止重试；查明后运行 hotline notify --again。"
        )
    status = Status.ATTENTION if messages else Status.DONE
    outcome = StageOutcome("notify", status, counts=counts, messages=tuple(messages))
    if any(counts.values()) or messages:  # run every few minutes, it mostly finds nothing to do
        context.record(outcome, started_at, as_of)
    return outcome


def _write(
    context: Context, open_channels: Sequence[Channel], as_of: date | None, at: datetime
) -> tuple[date | None, int]:
    """The outbox of the night: which night, and how many notices are new."""
    from pipeline.supervise.items import FINAL, ordinary

    with context.engine.begin() as connection:
        as_of = as_of or notices.last_night(connection)
        if as_of is None or as_of < at.date() - notices.CATCH_UP:
            return as_of, 0  # history loaded later is on the desk; nobody waits to be told of it
        names = [channel.name for channel in open_channels]
        done = [state.value for state in FINAL]
        return as_of, notices.write_notices(connection, ordinary(), done, names, as_of, at)


_CHANNELS = {"webhook": "Webhook 通知", "mail": "邮件通知"}


def _deliver(context: Context, channel: Channel, counts: dict[str, int]) -> list[str]:
    """Hand over what waits; returns the problems, each once."""
    with read_only(context.engine).connect() as connection:
        rows = notices.waiting(connection, channel.name, context.clock())
    batches = [rows[at : at + channel.batch] for at in range(0, len(rows), channel.batch)]
    problems, failures = [], 0
    for number, batch in enumerate(batches):
        if failures == _GIVES_UP_AFTER:
            counts["waiting"] += sum(len(left) for left in batches[number:])
            break
        at = context.clock()
        try:
            problems.append(channel.deliver(_notices(context, batch), at))
        except Undelivered as error:
            problems.append(f"未能送达，{error}")
            failures += 1
            with context.engine.begin() as connection:
                dead = notices.failed(connection, batch, str(error), at)
            counts["dead"] += dead
            counts["waiting"] += len(batch) - dead
        else:
            failures = 0
            with context.engine.begin() as connection:
                notices.sent(connection, [row["id"] for row in batch], at)
            counts["sent"] += len(batch)
    return [problem for problem in dict.fromkeys(problems) if problem]


def _notices(context: Context, rows: Sequence) -> list[Notice]:
    from pipeline.supervise.rules import catalogue

    known, desk = catalogue(), context.settings.desk_url.rstrip("/")
    return [
        Notice(
            id=row["id"],
            kind=row["kind"],
            created_at=row["created_at"],
            item_id=row["item_id"],
            rule=row["rule"],
            rule_title=known[row["rule"]].title if row["rule"] in known else "",
            level=row["level"],
            unit=row["unit"],
            region=row["region"],
            due_on=row["due_on"],
            link=f"{desk}/items/{row['item_id']}" if desk else None,
        )
        for row in rows
    ]


def again(context: Context) -> int:
    """Let notices that were given up be tried again; returns how many."""
    with context.engine.begin() as connection:
        return notices.revive(connection, context.clock())


def overview(context: Context) -> list[dict]:
    """Notices by channel and state, with a problem where there is one."""
    with read_only(context.engine).connect() as connection:
        return [dict(row) for row in notices.states(connection)]
