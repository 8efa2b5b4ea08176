"""Frozen inputs: what belongs to a month, nothing new from the same inputs, restatement."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa

from pipeline.report.freeze import freeze
from pipeline.report.periods import baseline_months, periods
from pipeline.report.policy import ReportPolicy
from pipeline.store.tables import report, report_ticket, ticket
from tests.report.builder import handmade


def frozen(engine, report_id, period):
    with engine.connect() as connection:
        return sorted(
            connection.scalars(
                sa.select(report_ticket.c.ticket_id).where(
                    report_ticket.c.report_id == report_id, report_ticket.c.period == period
                )
            )
        )


def file_all(engine):
    """As if what was frozen had been published: what was not is replaced by the next attempt."""
    with engine.begin() as connection:
        connection.execute(report.update().values(state="filed"))


def test_each_period_holds_its_tickets(engine, build, report_of):
    handmade(build)
    made = report_of()
    assert frozen(engine, made.report_id, "current") == list(range(1, 12))
    assert frozen(engine, made.report_id, "previous") == [13, 14]
    assert frozen(engine, made.report_id, "year_ago") == [15]
    assert frozen(engine, made.report_id, "history") == [16]  # 17 is no enforcement complaint


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)  # SQLite has no statistics
def test_the_planner_knows_a_month_as_soon_as_it_is_frozen(engine, build, report_of):
    handmade(build)
    report_of()
    with engine.connect() as connection:
        estimate = sa.text("SELECT reltuples FROM pg_class WHERE relname = 'report_ticket'")
        rows = connection.scalar(sa.select(sa.func.count()).select_from(report_ticket))
        assert connection.scalar(estimate) == rows


def test_months_across_the_new_year():
    spans = {p.name: (p.since, p.until) for p in periods("2026-01")}
    assert spans["previous"] == (datetime(2025, 12, 1), datetime(2026, 1, 1))
    assert spans["year_ago"] == (datetime(2025, 1, 1), datetime(2025, 2, 1))
    assert spans["history"] == (datetime(2025, 7, 1), datetime(2025, 12, 1))
    assert baseline_months("2026-01") == [f"2025-{n:02d}" for n in range(7, 13)]


def test_the_same_inputs_make_nothing_new(engine, build, report_of):
    handmade(build)
    first = report_of()
    contents = {kind: path.read_bytes() for kind, path in first.paths.items()}
    # Another day and a plan that expired meanwhile are no new inputs.
    later = report_of(at=datetime(2027, 1, 5), policy=ReportPolicy(status_zh="已到期"))
    assert (later.report_id, later.revision, later.is_new) == (first.report_id, 1, False)
    assert later.paths == first.paths
    assert {kind: path.read_bytes() for kind, path in later.paths.items()} == contents
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(report)) == 1


def test_missing_files_come_back_byte_identical(build, report_of):
    handmade(build)
    first = report_of()
    contents = {kind: path.read_bytes() for kind, path in first.paths.items()}
    for path in first.paths.values():
        path.unlink()
    again = report_of()
    assert not again.is_new
    assert {kind: path.read_bytes() for kind, path in again.paths.items()} == contents


@pytest.mark.parametrize(
    "changes",
    [{"code_version": "other"}, {"model_version": "m2"}, {"policy": ReportPolicy(min_cell=4)}],
)
def test_other_versions_are_other_inputs(sqlite_settings, changes, tmp_path):
    from pipeline.store.engine import make_engine, upgrade
    from tests.report.builder import StoreBuilder

    engine = make_engine(sqlite_settings)
    upgrade(engine)
    StoreBuilder(engine).ticket()
    common = {
        "as_of": date(2026, 11, 2), "at": datetime(2026, 11, 2), "code_version": "c",
        "model_version": "m1",
    }  # fmt: skip
    policy = changes.pop("policy", ReportPolicy())
    first = freeze(engine, "2026-10", ReportPolicy(), **common)
    file_all(engine)
    second = freeze(engine, "2026-10", policy, **common | changes)
    assert (first.revision, second.revision, second.is_new) == (1, 2, True)


def test_working_days_begin_the_day_after_dispatch(engine, build, report_of):
    build.ticket("2026-09-30 08:00:00", dispatched_at="2026-09-30 09:00:00",
                 closed_at="2026-10-10 09:00:00")  # fmt: skip
    build.ticket("2026-10-09 08:00:00", closed_at="2026-10-09 18:00:00")
    build.ticket("2026-10-09 08:00:00", dispatched_at="2026-10-12 08:00:00",
                 closed_at="2026-10-09 18:00:00")  # fmt: skip
    made = report_of()
    with engine.connect() as connection:
        days = connection.execute(
            sa.select(report_ticket.c.working_days).order_by(report_ticket.c.ticket_id)
        ).scalars()
        # 8, 9 and 10 October: the 1st to the 7th are days off, Saturday the 10th is worked
        assert list(days) == [3, 0, None]
    assert "handling_unknown" in {finding.code for finding in made.findings}


def test_a_changed_ticket_restates_the_month(engine, build, report_of):
    handmade(build)
    first = report_of()
    before = first.paths["docx"].read_bytes()
    with engine.begin() as connection:
        connection.execute(ticket.update().where(ticket.c.id == 2).values(satisfaction="满意"))
        build.file(connection, name="补报.xlsx")
    build.ticket("2026-10-09 09:00:00", types=("rough",), first_file_id=2, last_file_id=2)
    second = report_of()
    assert (second.revision, second.is_new, second.state) == (2, True, "filed")
    assert first.paths["docx"].read_bytes() == before  # what was published stays
    html = second.paths["html"].read_text(encoding="utf-8")
    assert "更正第1版" in html
    assert "变动来源：补报.xlsx" in html
    assert "满意率：分子（件）" in html
    assert "（第2版）" in html
    assert not report_of().is_new


def test_what_is_not_counted_restates_nothing(engine, build, report_of):
    handmade(build)
    report_of()
    with engine.begin() as connection:
        # A question answered, and a ticket of last month that is no complaint about enforcement.
        connection.execute(ticket.update().where(ticket.c.id == 10).values(status="已办结"))
        connection.execute(ticket.update().where(ticket.c.id == 14).values(region="临河县"))
    assert not report_of().is_new


@pytest.mark.parametrize(
    ("ticket_id", "change"),
    [
        (10, {"region": "临河县"}),
        (10, {"accepted_at": datetime(2026, 10, 3)}),
        (3, {"closed_at": datetime(2026, 10, 30)}),
        (13, {"accepted_at": datetime(2026, 8, 3)}),
        (14, {"accepted_at": datetime(2026, 8, 3)}),
    ],
)
def test_what_is_counted_restates(engine, build, ticket_id, change):
    handmade(build)
    versions = {
        "as_of": date(2026, 11, 2), "at": datetime(2026, 11, 2), "code_version": "c",
        "model_version": "m1",
    }  # fmt: skip
    assert freeze(engine, "2026-10", ReportPolicy(), **versions).revision == 1
    file_all(engine)
    with engine.begin() as connection:
        connection.execute(ticket.update().where(ticket.c.id == ticket_id).values(**change))
    assert freeze(engine, "2026-10", ReportPolicy(), **versions).revision == 2


def test_an_interrupted_report_is_finished(engine, build, report_of, monkeypatch):
    handmade(build)
    import pipeline.report as room

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room, "_count_and_lint", killed)
        with pytest.raises(KeyboardInterrupt):
            report_of()
    made = report_of()
    assert (made.revision, made.state) == (1, "filed")
    assert all(path.exists() for path in made.paths.values())


def test_unclassified_tickets_block_the_report(build, report_of):
    build.ticket()
    build.ticket(classified=False)
    made = report_of()
    assert made.state == "blocked"
    assert made.paths == {}
    assert "unclassified" in {f.code for f in made.findings if f.severity == "error"}
    again = report_of()
    assert (again.is_new, again.state, again.paths) == (False, "blocked", {})


def test_the_first_revision_published_is_the_first(engine, build, report_of):
    build.ticket()
    waiting = build.ticket(classified=False)
    assert (report_of().revision, report_of().state) == (1, "blocked")
    build.classify(waiting)
    made = report_of()
    assert (made.revision, made.is_new, made.state) == (1, True, "filed")
    assert "更正" not in made.paths["html"].read_text(encoding="utf-8")
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(report)) == 1
    # What was published stays under its number, also where the next attempt is held back.
    build.ticket(classified=False)
    assert (report_of().revision, report_of().state) == (2, "blocked")
