"""Lists to hand out: made, drawn, filled in again; contacts and leads only to named persons."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import orjson
import sqlalchemy as sa

from pipeline.domain.errors import OperatorError
from pipeline.domain.ledger import Ledger
from pipeline.domain.privacy import mask_text
from pipeline.policies import Profile, load_profile
from pipeline.report.render.ledger import FORMATS, render_ledger
from pipeline.stages.context import Context
from pipeline.store import tables as t
from pipeline.store.bulk import among
from pipeline.store.engine import read_only
from pipeline.supervise.ledgers import FOLLOW_UP, Kind, Period, bound, build, kind_of, period_of
from pipeline.supervise.ledgers.follow_up import draw, follow_up_sheet, frame, sampled, seed_of
from pipeline.supervise.ledgers.referrals import referrals
from pipeline.supervise.ledgers.refill import Answer, read_answers

MAY_SEE_CONTACTS = frozenset({"监督员", "负责人", "纪检联络员"})
MAY_SEE_LEADS = frozenset({"纪检联络员"})
"""Roles of the desk (``person.role``); a test holds them equal to the desk's own."""

_PRIVATE = 0o600


class LedgerRefused(OperatorError):
    """The list is not given out so; the Chinese message says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """A list on disk."""

    kind: str
    title: str
    period: str
    as_of: date
    rows: int
    path: Path

    def as_json(self) -> dict:
        return {
            "kind": self.kind,
            "title": self.title,
            "period": self.period,
            "as_of": self.as_of.isoformat(),
            "rows": self.rows,
            "path": str(self.path),
        }


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who takes a guarded list, and why."""

    person: str
    reason: str = ""


def export(
    context: Context,
    kind_id: str,
    *,
    month: str | None = None,
    as_of: date | None = None,
    profile_id: str | None = None,
    form: str = "xlsx",
    output: Path,
    contacts_for: Bearer | None = None,
    leads_for: Bearer | None = None,
) -> Made:
    """Write one list into ``output``.

    回访抽样 draws (or tops up) the month's sample first. ``contacts_for`` adds names and phones
    to it; ``leads_for`` is needed for 移送清单. Both are checked against the desk's people and
    written down before anything is shown. Raises LedgerRefused, LedgerUnknown, PeriodUnfit,
    ProfileUnknown.
    """
    kind = kind_of(kind_id)
    if form not in FORMATS:
        raise LedgerRefused(f"没有格式“{form}”。现有：{'、'.join(FORMATS)}")
    if contacts_for and kind is not FOLLOW_UP:
        raise LedgerRefused("只有回访抽样名单可以附联系方式。")
    if kind.is_restricted != (leads_for is not None):
        raise LedgerRefused(
            f"{kind.name}限权：须加 --confidential 并用 --by 写明领取人（纪检联络员）。"
            if kind.is_restricted
            else f"{kind.name}不是限权清单，不用 --confidential。"
        )
    profile = load_profile(profile_id or context.settings.profile)
    period = period_of(month, as_of, context.clock().date())
    if kind is FOLLOW_UP:
        ledger = _follow_up(context, profile, period, contacts_for)
    elif leads_for:
        ledger = _referrals(context, kind, profile, period, leads_for)
    else:
        with read_only(context.engine).connect() as connection:
            ledger = build(connection, kind, profile, period)
    name = f"{ledger.title}_{profile.id}_{period.month}_{period.as_of:%Y%m%d}.{form}"
    path = _write(output / name, render_ledger(ledger, form), ledger)
    return Made(kind.id, ledger.title, period.text, period.as_of, len(ledger.rows), path)


def _write(path: Path, content: bytes, ledger: Ledger) -> Path:
    """Complete or not at all; a guarded list is readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    if ledger.is_restricted:
        part.touch(mode=_PRIVATE)
    part.write_bytes(content)
    return part.replace(path)


# --- 移送清单 -----------------------------------------------------------------------------------


def _referrals(
    context: Context, kind: Kind, profile: Profile, period: Period, bearer: Bearer
) -> Ledger:
    with context.engine.begin() as connection:
        _permitted(connection, bearer, MAY_SEE_LEADS)
        sheet = referrals(connection, profile, period, context.vault)
        ledger = bound(kind, profile, period, sheet)
        _audit(
            connection,
            context.clock(),
            bearer,
            "confidential_seen",
            kind=kind,
            rows=len(ledger.rows),
        )
    return ledger


def _permitted(connection: sa.Connection, bearer: Bearer, roles: frozenset[str]) -> None:
    person = t.person.c
    role = connection.scalar(
        sa.select(person.role).where(person.name == bearer.person, person.is_active)
    )
    if role not in roles:
        who = "、".join(sorted(roles))
        raise LedgerRefused(f"“{bearer.person}”不是在用的{who}账号，不能领取。")


def _audit(
    connection: sa.Connection, at: datetime, bearer: Bearer, action: str, *, kind: Kind, rows: int
) -> None:
    connection.execute(
        sa.insert(t.audit_event).values(
            at=at,
            person=bearer.person,
            action=action,
            subject=f"ledger:{kind.id}",
            detail_json={"rows": rows, "reason": mask_text(bearer.reason)},
        )
    )


# --- 回访抽样 -----------------------------------------------------------------------------------


def _follow_up(context: Context, profile: Profile, period: Period, bearer: Bearer | None) -> Ledger:
    if bearer and not bearer.reason.strip():
        raise LedgerRefused("领取联系方式须用 --reason 写明理由。")
    at = context.clock()
    with context.engine.begin() as connection:
        if bearer:
            _permitted(connection, bearer, MAY_SEE_CONTACTS)
        _draw(connection, profile, period, at)
        sample = [row.id for row in sampled(connection, profile, period)]
        contacts = _contacts(context, connection, sample, bearer, at) if bearer else None
        sheet = follow_up_sheet(connection, profile, period, contacts)
    return bound(FOLLOW_UP, profile, period, sheet, is_restricted=bearer is not None)


def _draw(connection: sa.Connection, profile: Profile, period: Period, at: datetime) -> None:
    """Draw the month's sample, or top it up by what was closed since."""
    table = t.follow_up
    of_month = (table.c.profile == profile.id) & (table.c.month == period.month)
    kept = set(connection.scalars(sa.select(table.c.ticket_id).where(of_month)))
    ratio, least = profile.follow_up["ratio"].value, int(profile.follow_up["least"].value)
    drawn = draw(
        frame(connection, period), kept, ratio=ratio, least=least, seed=seed_of(profile, period)
    )
    new = [
        {
            "profile": profile.id,
            "month": period.month,
            "ticket_id": ticket_id,
            "stratum": stratum,
            "drawn_at": at,
        }
        for ticket_id, stratum in drawn
        if ticket_id not in kept
    ]
    if new:
        connection.execute(sa.insert(table), new)


def _contacts(
    context: Context,
    connection: sa.Connection,
    sample: list[int],
    bearer: Bearer,
    at: datetime,
) -> Mapping[int, tuple[str, str]]:
    """Name and phone per ticket; each look is written down in the same transaction."""
    contact = t.contact.c
    sealed = connection.execute(
        sa.select(contact.ticket_id, contact.sealed).where(
            among(connection, contact.ticket_id, sample)
        )
    ).all()
    opened = {
        ticket_id: orjson.loads(context.vault.open(value, "contact")) for ticket_id, value in sealed
    }
    if opened:
        looks = {"person": bearer.person, "reason": mask_text(bearer.reason.strip()), "at": at}
        rows = [{"ticket_id": ticket_id, **looks} for ticket_id in sorted(opened)]
        connection.execute(sa.insert(t.contact_access), rows)
    _audit(connection, at, bearer, "contact_shown", kind=FOLLOW_UP, rows=len(opened))
    return {
        ticket_id: (one.get("name") or "未留", one.get("phone") or "未留")
        for ticket_id, one in opened.items()
    }


def refill(
    context: Context,
    path: Path,
    *,
    month: str,
    by: str,
    profile_id: str | None = None,
) -> dict[str, int]:
    """Take the answers of a filled-in sample list into the store.

    All or nothing: raises RefillRefused naming every line that does not fit (a ticket that was
    not drawn, a word that is none of the choices). Later answers replace earlier ones; the same
    file a second time changes nothing. Returns counts: recorded, unchanged, empty.
    """
    profile = load_profile(profile_id or context.settings.profile)
    answers = read_answers(path)
    at = context.clock()
    with context.engine.begin() as connection:
        _permitted(connection, Bearer(by), MAY_SEE_CONTACTS)
        stored = _sample(connection, profile, month)
        if unknown := [answer.number for answer in answers if answer.number not in stored]:
            raise LedgerRefused(f"{month} 的回访样本中没有：{'、'.join(unknown)}。什么都没有写入。")
        changed = [
            answer
            for answer in answers
            if not answer.is_empty and answer.values != stored[answer.number][1]
        ]
        for answer in changed:
            _store(connection, profile, month, stored[answer.number][0], answer, by, at)
        empty = sum(answer.is_empty for answer in answers)
        counts = {
            "recorded": len(changed),
            "unchanged": len(answers) - len(changed) - empty,
            "empty": empty,
        }
        if changed:
            _audit(
                connection, at, Bearer(by), "follow_up_filled", kind=FOLLOW_UP, rows=len(changed)
            )
    return counts


def _sample(
    connection: sa.Connection, profile: Profile, month: str
) -> dict[str, tuple[int, tuple[str | None, ...]]]:
    """Ticket's number → its id and the stored answers."""
    s, ticket = t.follow_up.c, t.ticket.c
    query = (
        sa.select(
            ticket.id, ticket.hotline, ticket.ticket_no,
            s.reached, s.resolved, s.satisfaction, s.note,
        )
        .join_from(t.follow_up, t.ticket, ticket.id == s.ticket_id)
        .where(s.profile == profile.id, s.month == month)
    )  # fmt: skip
    return {
        f"{row.hotline}-{row.ticket_no}": (row.id, tuple(row[3:]))
        for row in connection.execute(query)
    }


def _store(  # noqa: PLR0917
    connection: sa.Connection,
    profile: Profile,
    month: str,
    ticket_id: int,
    answer: Answer,
    by: str,
    at: datetime,
) -> None:
    s = t.follow_up.c
    connection.execute(
        sa.update(t.follow_up)
        .where(s.profile == profile.id, s.month == month, s.ticket_id == ticket_id)
        .values(
            reached=answer.reached,
            resolved=answer.resolved,
            satisfaction=answer.satisfaction,
            note=answer.note,
            recorded_by=by,
            recorded_at=at,
        )
    )
