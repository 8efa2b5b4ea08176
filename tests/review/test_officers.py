"""Before 属实 nobody is told which officer a complaint names: no page, no list, no file."""

import json
from datetime import datetime

import pytest
import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.store import tables as t
from pipeline.supervise.items import explain, explain_zh
from tests.review.conftest import NOW

NAME, SURNAME, BADGE = "孟庆河", "孟某", "34011234"
SAID = f"中队长{NAME}没有出示证件,执法证号\uff1a{BADGE},{SURNAME}的话:中队长{SURNAME}说了算"
READERS = [Role.VIEWER, Role.REVIEWER, Role.SUPERVISOR, Role.CHIEF]


def _named(store, engine, verified: str | None) -> dict[str, str]:
    """A ticket whose every text names an officer, as no intake should leave it; its pages."""
    columns = {"title": f"反映中队长{NAME}", "reply": f"已约谈中队长{NAME}", "verified": verified}
    evidence = {"procedure": [f"中队长{NAME}没有出示证件"]}
    ticket = store.ticket(SAID, evidence=evidence, ticket_no="NAMED1", **columns)
    other = store.ticket("另一件", ticket_no="OTHER1")
    item = store.item(ticket)
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.ticket_link).values(
                ticket_id=other, other_id=ticket, kind="repeat", score=1.0, known_on=NOW.date()
            )
        )
        connection.execute(
            sa.insert(t.ticket_version).values(
                ticket_id=ticket, version=2, file_id=store.file_id, row_no=2,
                recorded_at=datetime(2026, 11, 3), changes_json={"reply": [None, columns["reply"]]},
            )
        )  # fmt: skip
    return {
        "ticket": f"/tickets/{ticket}",
        "linked": f"/tickets/{other}",
        "found": "/tickets?number=NAMED1",
        "item": f"/items/{item}",
        "items": "/items",
        "csv": "/items.csv",
        "today": "/",
    }


@pytest.mark.parametrize("verified", [None, "不属实", "无法核实"])
def test_no_page_and_no_file_names_an_officer(store, engine, as_role, verified):
    pages = _named(store, engine, verified)
    for role in READERS:
        for name, url in pages.items():
            answer = as_role(role).get(url)
            assert answer.status_code == 200, (role, name)
            for secret in (NAME, BADGE, f"中队长{SURNAME}"):
                assert secret not in answer.text, (role, name, secret)
    assert "中队长××没有出示证件" in as_role(Role.VIEWER).get(pages["ticket"]).text


def test_of_one_found_true_the_texts_are_shown_as_stored(store, engine, as_role):
    pages = _named(store, engine, "属实")
    for name in ("ticket", "item", "linked", "found"):
        assert NAME in as_role(Role.VIEWER).get(pages[name]).text, name


def test_the_explanation_of_an_item_names_none(store, engine):
    _named(store, engine, None)
    explanation = explain(engine, 1)
    for text in (json.dumps(explanation, ensure_ascii=False, default=str), explain_zh(explanation)):
        assert NAME not in text
        assert BADGE not in text
