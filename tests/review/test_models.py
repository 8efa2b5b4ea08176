"""模型: persons against the model, with the tickets; drift and decisions as they are stored."""

import sqlalchemy as sa

from pipeline.review.access import Role
from pipeline.store import tables as t
from tests.review.conftest import NOW
from tests.review.test_decisions import Desk


def test_confusions_lead_to_their_tickets(store, as_role, as_person, engine):
    desk = Desk(as_role(Role.REVIEWER), store)
    for n in range(3):
        desk.correct(store.ticket(title=f"认作粗暴{n}"), "rough", reason="语言粗暴")
    desk.decide(store.ticket(review=False, text_hash="00" * 16), "accept")
    liaison = Desk(as_role(Role.LIAISON), store)
    liaison.decide(store.ticket(primary="integrity"), "accept")  # for nobody else, nor counted
    with engine.begin() as connection:
        connection.execute(
            sa.insert(t.model_decision).values(
                decided_at=NOW, base="b", champion="m1", challenger="m2", verdict="kept",
                person="system", reason="召回率下降", gold_json=[1, 2],
                figures_json={
                    "gold": {"n": 40, "champion": _figures(0.8), "challenger": _figures(0.7)}
                },
            )
        )  # fmt: skip
    text = as_role(Role.VIEWER).get("/models").text
    for words in ("1 / 4 件", "1 / 1 件", "召回率下降", "0.8 → 0.7", "还没有测过"):
        assert words in text, words
    assert text.count("看工单") == 1
    url = "/models?said=procedure&made=rough"
    examples = as_role(Role.VIEWER).get(url).text
    assert all(f"认作粗暴{n}" in examples for n in range(3))
    assert "语言粗暴" in examples
    elsewhere = as_person("某外", Role.VIEWER, regions=["乙县"])
    assert "认作粗暴" not in elsewhere.get(url).text
    bounded = elsewhere.get("/models").text
    assert "0 / 0 件" in bounded
    assert "仍是旧模型" in text
    assert "仍是旧模型" not in bounded  # a count of everybody's tickets


def _figures(value: float) -> dict:
    return {"precision": value, "recall": value, "macro_f1": value}
