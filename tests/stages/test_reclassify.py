"""History is read anew in batches: killed it goes on, and people and the past keep their word."""

import shutil
from dataclasses import replace

import pytest
import sqlalchemy as sa

from pipeline.classify import current_version, train
from pipeline.domain.labels import Prediction, Scope
from pipeline.stages import champion as champions
from pipeline.stages import night, predicting
from pipeline.stages import reclassify as stage
from pipeline.stages.reclassify import reclassify
from pipeline.stages.verify import verify
from pipeline.store import tables as t
from pipeline.store.labels import store_predictions
from tests.stages.world import LANDED, add_tickets, count, decide

ONE_MODEL = "每件工单恰有一条现行模型的分类"


@pytest.fixture(scope="module")
def models(four_kinds, tmp_path_factory):
    folder = shutil.copytree(four_kinds[0], tmp_path_factory.mktemp("reclassify") / "models")
    train(folder, folder / "artifacts", card=False)
    return folder


@pytest.fixture
def old(context, four_kinds, models, monkeypatch):
    """Forty tickets that an older model took for ordinary ones."""
    monkeypatch.setattr(champions, "MODELS_DIR", models)
    monkeypatch.setattr(stage, "BATCH", 7)
    told = [ticket for found in four_kinds[1].values() for ticket in found[:10]]
    keys = add_tickets(context.engine, told)
    with context.engine.begin() as connection:
        tickets = list(
            connection.execute(sa.select(t.ticket.c.id, t.ticket.c.text_hash)).mappings()
        )
        said = [
            Prediction(str(row["id"]), Scope.E0, 0.1, None, (), {}, {}, model_version="older")
            for row in tickets
        ]
        store_predictions(connection, tickets, said, LANDED)
    return keys, told


def versions(context):
    c = t.classification.c
    query = sa.select(c.model_version, sa.func.count()).where(c.is_current)
    with context.engine.connect() as connection:
        return dict(connection.execute(query.group_by(c.model_version)).all())


def labels(context):
    c = t.classification.c
    query = sa.select(c.ticket_id, c.scope, c.score, c.primary_type, c.evidence_json)
    with context.engine.connect() as connection:
        return connection.execute(query.where(c.is_current).order_by(c.ticket_id)).all()


def test_all_of_it_in_batches_with_the_past_kept(context, old, models):
    version = current_version(models)
    lines = []
    outcome = reclassify(context, progress=lines.append)
    assert outcome.counts["reclassified"] == 40
    assert outcome.counts["left"] == 0
    assert lines[0] == "重新分类：7 / 40 件"
    assert len(lines) == 6
    assert versions(context) == {version: 40}
    assert count(context.engine, t.classification) == 80
    changed = sum(row.scope != "E0" or row.primary_type is not None for row in labels(context))
    assert outcome.counts["changed"] == changed > 10
    assert next(v for v in verify(context) if v.invariant == ONE_MODEL).holds
    runs = count(context.engine, t.stage_run)
    assert reclassify(context).counts == {"reclassified": 0, "changed": 0, "left": 0}
    assert count(context.engine, t.stage_run) == runs  # a run that found nothing leaves no trace


def test_killed_it_goes_on_where_it_stood(context, old, models):
    class Killed(BaseException):
        pass

    def kill(line):
        if line.startswith("重新分类：21"):
            raise Killed

    with pytest.raises(Killed):
        reclassify(context, progress=kill)
    assert versions(context) == {current_version(models): 21, "older": 19}
    verdict = next(v for v in verify(context) if v.invariant == ONE_MODEL)
    assert len(verdict.broken) == 19
    assert "hotline reclassify" in verdict.broken[0]
    assert reclassify(context).counts["reclassified"] == 19
    killed = labels(context)
    with context.engine.begin() as connection:
        connection.execute(sa.update(t.classification).values(model_version="older"))
    reclassify(context)
    assert labels(context) == killed  # the same as in one go


def test_a_limit_ends_it_and_the_rest_waits(context, old):
    assert reclassify(context, limit=10).counts["reclassified"] == 10
    assert reclassify(context, limit=10).counts["left"] == 20
    assert versions(context)["older"] == 20


def test_a_person_s_decision_stands_above_the_new_model(context, old):
    keys, told = old
    rejected = {**told[0], "scope": "E3", "primary": None, "secondary": [], "evidence": {}}
    decide(context.engine, keys[:1], [rejected], LANDED)
    reclassify(context)
    query = sa.text("SELECT scope, is_reviewed, model_version FROM labelled_ticket WHERE id = :id")
    with context.engine.connect() as connection:
        scope, is_reviewed, version = connection.execute(query, {"id": keys[0]}).one()
    assert (scope, bool(is_reviewed)) == ("E3", True)
    assert version != "older"


def test_the_night_reads_new_texts_and_leaves_history_alone(context, old, four_kinds, models):
    new = add_tickets(context.engine, four_kinds[1]["rough"][20:23], 201)
    with context.engine.begin() as connection:  # and one whose text has changed
        connection.execute(
            sa.update(t.ticket).where(t.ticket.c.id == 1).values(text_hash="ee" * 16)
        )
    assert night.classify(context).counts["classified"] == len(new) + 1
    assert versions(context) == {current_version(models): 4, "older": 39}


def test_many_batches_go_over_all_cores_in_order(context, old, monkeypatch):
    monkeypatch.setattr(stage, "BATCH", 2)
    monkeypatch.setattr(predicting, "_BATCHES_ALONE", 3)
    assert reclassify(context).counts["reclassified"] == 40
    assert set(versions(context)) == {champions.champion_of(context.settings).version}


def test_a_champion_names_its_artifact(models):
    shipped = champions.Champion("a", "a", models)
    assert shipped.is_shipped
    assert not replace(shipped, version="b").is_shipped
