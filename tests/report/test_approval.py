"""Where persons publish, a report is made and left pending; what they sent back stays so."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from pipeline.report.compose import restatement_of
from pipeline.stages.publication import (
    PublicationRefused,
    Signed,
    approve,
    publish,
    send_back,
)
from pipeline.store.tables import audit_event, report, report_step, ticket
from tests.report.builder import handmade

AT = datetime(2026, 11, 3, 10, 0)


def states(engine) -> dict[int, str]:
    with engine.connect() as connection:
        query = sa.select(report.c.revision, report.c.state).order_by(report.c.revision)
        return {row.revision: row.state for row in connection.execute(query)}


@pytest.fixture
def quick_papers(monkeypatch, tmp_path):
    """Documents that cost nothing: how they look is tested elsewhere."""

    def write(_connection, row, directory, _document):
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"r{row.revision}.docx"
        path.touch()
        return {"docx": path}

    monkeypatch.setattr("pipeline.report._file", write)


@pytest.mark.usefixtures("quick_papers")
def test_two_persons_publish_and_the_sent_back_is_made_anew(engine, build, report_of):
    handmade(build)
    made = report_of(needs_approval=True)
    assert made.state == "pending"
    assert all(path.exists() for path in made.paths.values())  # there to be read
    assert report_of(needs_approval=True).state == "pending"
    with pytest.raises(PublicationRefused, match="还没有审核"):
        publish(engine, made.report_id, "", Signed("乙", AT))
    with pytest.raises(PublicationRefused, match="须写明原因"):
        send_back(engine, made.report_id, " ", Signed("甲", AT))
    send_back(engine, made.report_id, "第二章有误，电话13912345678", Signed("甲", AT))
    assert report_of(needs_approval=True).state == "returned"  # nothing was mended
    with pytest.raises(PublicationRefused, match="不在待审状态"):
        approve(engine, made.report_id, "", Signed("甲", AT))

    with engine.begin() as connection:
        connection.execute(ticket.update().where(ticket.c.id == 2).values(satisfaction="满意"))
    second = report_of(needs_approval=True)
    assert (second.revision, second.state) == (2, "pending")
    with engine.connect() as connection:
        row = connection.execute(sa.select(report).where(report.c.revision == 2)).one()
        assert restatement_of(connection, row, {}) is None  # what nobody published
    approve(engine, second.report_id, "", Signed("甲", AT))
    with pytest.raises(PublicationRefused, match="已由甲审核"):
        approve(engine, second.report_id, "", Signed("丙", AT))
    with pytest.raises(PublicationRefused, match="两个人"):
        publish(engine, second.report_id, "", Signed("甲", AT))
    publish(engine, second.report_id, "同意", Signed("乙", AT))
    assert states(engine) == {1: "returned", 2: "filed"}
    assert report_of(needs_approval=True).state == "filed"
    with engine.connect() as connection:
        steps = connection.execute(sa.select(report_step).order_by(report_step.c.id)).all()
        audited = set(connection.scalars(sa.select(audit_event.c.action)))
    assert [(s.step, s.person) for s in steps] == [
        ("returned", "甲"), ("approved", "甲"), ("published", "乙"),
    ]  # fmt: skip
    assert "13912345678" not in steps[0].note
    assert audited == {"report_returned", "report_approved", "report_published"}


def test_an_older_revision_is_not_published_after_a_newer_one_was_made(engine):
    with engine.begin() as connection:
        for revision in (1, 2):
            connection.execute(
                report.insert().values(
                    id=revision, month="2026-10", profile="p", revision=revision, frozen_at=AT,
                    as_of=AT.date(), input_hash="", manifest_json={}, state="pending",
                    findings_json=[],
                )
            )  # fmt: skip
    approve(engine, 1, "", Signed("甲", AT))
    with pytest.raises(PublicationRefused, match="第 2 版"):
        publish(engine, 1, "", Signed("乙", AT))
    assert states(engine) == {1: "pending", 2: "pending"}
