"""The whole night and the month, on both databases: twice the same; decisions stand."""

import resource
from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.stages import Status, month, night, open_context
from pipeline.stages.reclassify import reclassify
from pipeline.stages.verify import verify
from pipeline.store import tables as t

AS_OF = date(2026, 11, 20)


@pytest.fixture
def after_night(context, inbox):
    outcome = night.nightly(context, [inbox], AS_OF)
    assert outcome.status is Status.ATTENTION
    return context


def test_the_night_twice_changes_nothing_and_every_invariant_holds(after_night, inbox):
    before = night.store_counts(after_night)
    again = night.nightly(after_night, [inbox], AS_OF)
    assert again.keys["changed"] is False
    assert night.store_counts(after_night) == before
    month.monthly_report(after_night, "2026-10", AS_OF)
    verdicts = verify(after_night)
    assert [v for v in verdicts if not v.holds] == []
    assert all(v.checked for v in verdicts)


def test_a_full_disk_leaves_the_notice_and_the_pages_of_before(context):
    night.publish(context, AS_OF)
    home = context.settings.home
    published = {p: p.read_bytes() for p in (home / "notices" / f"{AS_OF}.json",
                                             home / "data_docs" / "index.html")}  # fmt: skip
    for path, before in published.items():
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, unlimited[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                night._write(path, before)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert path.read_bytes() == before


def test_a_person_s_decision_stands_above_a_later_model(after_night):
    engine = after_night.engine
    with engine.begin() as connection:
        ticket_id = connection.scalar(
            sa.select(sa.func.min(t.classification.c.ticket_id)).where(
                t.classification.c.scope == "E1"
            )
        )
        connection.execute(
            sa.insert(t.review_decision).values(
                ticket_id=ticket_id, person="张三", decided_at=datetime(2026, 11, 20, 9),
                action="reject", is_current=True, scope="E0", labels_json=[], evidence_json={},
            )
        )  # fmt: skip
        connection.execute(sa.update(t.classification).values(model_version="older"))
    assert night.classify(after_night).counts["classified"] == 0  # history is not the night's work
    classified = reclassify(after_night)
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT scope, is_reviewed FROM labelled_ticket WHERE id = :id"),
            {"id": ticket_id},
        ).all()
        history = connection.scalar(
            sa.select(sa.func.count()).where(t.classification.c.ticket_id == ticket_id)
        )
        tickets = connection.scalar(sa.select(sa.func.count()).select_from(t.ticket))
    assert classified.counts["reclassified"] == tickets
    assert rows == [("E0", True)]
    assert history == 2


def test_months_and_nights_of_an_empty_store(context):
    outcome = night.nightly(context, [], AS_OF)
    assert outcome.status is Status.DONE
    assert outcome.keys["summary"]["tickets"] == 0
    assert month.last_complete_month(context, AS_OF) is None
    made = month.monthly_report(context, "2026-10", AS_OF)
    assert made.status is Status.DONE
    with pytest.raises(ValueError, match="unconverted"):
        month.monthly_report(context, "2026-1x", AS_OF)


def test_the_month_before_is_that_of_the_calendar():
    assert month.month_before(date(2026, 11, 2)) == "2026-10"
    assert month.month_before(date(2027, 1, 31)) == "2026-12"


def test_verify_looks_into_json_and_takes_no_fraction_for_a_card(context):
    def privacy() -> tuple[str, ...]:
        return next(v for v in verify(context) if "各表没有明文" in v.invariant).broken

    def note(observed: dict) -> None:
        with context.engine.begin() as connection:
            connection.execute(
                sa.insert(t.audit_event).values(
                    at=datetime(2026, 11, 20), person="x", action="x", detail_json=observed
                )
            )

    note({"share": 0.3090909090909091})
    assert privacy() == ()
    note({"deep": [{"phone": "13800001234"}]})
    assert "audit_event" in privacy()[0]


@pytest.mark.parametrize("column", ["first_file_id", "last_row_no"])
def test_verify_misses_the_row_that_a_ticket_came_from(after_night, column):
    """A foreign key would not tell a row of another ticket."""
    ticket = t.ticket.c
    other = sa.select(t.export_row.c.row_no, t.export_row.c.file_id).where(
        t.export_row.c.ticket_id == 2
    )
    with after_night.engine.begin() as connection:
        row_no, file_id = connection.execute(other).first()
        wrong = {"first_file_id": 1 + file_id % 2, "last_row_no": row_no}[column]
        connection.execute(sa.update(t.ticket).where(ticket.id == 1).values({column: wrong}))
    verdict = next(v for v in verify(after_night) if "来源" in v.invariant)
    assert len(verdict.broken) == 1
    assert "工单 1：" in verdict.broken[0]


def test_a_reader_needs_no_lock(after_night):
    with open_context(after_night.settings, write=False) as reader:
        assert night.store_counts(reader)["ticket"] == 2309
