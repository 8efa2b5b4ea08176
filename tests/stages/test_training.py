"""The life of a model: labels come, a challenger is trained, wins or loses, and is put in force."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.classify import ModelMissing, championship, current_version
from pipeline.classify.championship import Rule
from pipeline.stages import champion as champions
from pipeline.stages import night, training
from pipeline.stages.champion import champion, champion_of
from pipeline.stages.training import ModelRefused, overview, retrain, revert
from pipeline.store import tables as t
from tests.stages.world import add_tickets, count, decide

AT = datetime(2026, 11, 10, 9)


@pytest.fixture
def models(four_kinds, tmp_path, monkeypatch) -> Path:
    """models/ of the test, with a shipped model in it."""
    folder = shutil.copytree(four_kinds[0], tmp_path / "models")
    for module in (champions, training):
        monkeypatch.setattr(module, "MODELS_DIR", folder)
    return folder


@pytest.fixture
def labelled(context, four_kinds):
    """Forty decisions that agree with the corpus, and forty tickets that nobody has seen."""
    told = [ticket for found in four_kinds[1].values() for ticket in found[:10]]
    keys = add_tickets(context.engine, told)
    add_tickets(context.engine, [t for found in four_kinds[1].values() for t in found[10:20]], 101)
    decide(context.engine, keys, told, AT)
    return told


def in_force(context):
    with context.engine.connect() as connection:
        return champion(connection, context.settings)


@dataclass
class Staged:
    """A contest whose end is given: the decisions around it are what is tested."""

    version: str
    fallen: list = field(default_factory=list)
    lost: list = field(default_factory=list)
    figures: dict = field(
        default_factory=lambda: {
            "gold": {
                "n": 40,
                "headlines": {"rough": {"champion": 0.9, "challenger": 0.5}},
            }
        }
    )
    saved: list = field(default_factory=list)

    @property
    def is_won(self):
        return not (self.fallen or self.lost)

    def save(self, folder):
        (folder / self.version).mkdir(parents=True, exist_ok=True)
        (folder / self.version / "model.json").write_text("{}")


@pytest.fixture
def staged(monkeypatch):
    """What the next contests end with; and what they were given."""
    seen: list[dict] = []
    end: dict = {}

    def contest(models_dir, version, gold, learned, rule):
        seen.append({"version": version, "gold": gold, "learned": learned, "rule": rule})
        return Staged(version, **end)

    monkeypatch.setattr(championship, "contest", contest)
    return seen, end


def test_without_labels_the_shipped_model_stands(context, models):
    outcome = retrain(context, force=True)
    assert outcome.counts == {"labels": 0, "new_labels": 0, "trained": 0, "promoted": 0}
    now = in_force(context)
    assert (now.version, now.is_shipped) == (current_version(models), True)
    assert now.folder == models / "artifacts"
    assert count(context.engine, t.model_decision) == 0


def test_it_waits_for_fifty_new_labels(context, models, labelled, staged):
    outcome = retrain(context)
    assert outcome.counts["new_labels"] == 40
    assert "不足 50 件（系统默认）" in outcome.messages[0]
    more = labelled[:10]
    decide(context.engine, add_tickets(context.engine, more, 301), more, AT)
    assert retrain(context).counts == {
        "labels": 50, "new_labels": 50, "trained": 1, "promoted": 1,
    }  # fmt: skip
    ((given,), _) = staged
    assert (given["learned"], len(given["gold"])) == (frozenset(), 50)
    assert (given["rule"].confidence, given["rule"].least_tickets) == (0.95, 20)


def test_the_winner_is_in_force_and_what_it_learned_is_no_longer_new(
    context, models, labelled, staged
):
    shipped = in_force(context)
    outcome = retrain(context, force=True)
    now = in_force(context)
    assert (now.version, now.base) == (outcome.keys["model_version"], shipped.version)
    assert now.version != shipped.version
    assert now.folder == context.settings.artifacts_dir
    assert (now.folder / now.version / "model.json").is_file()
    assert champion_of(context.settings) == now
    found = overview(context)
    assert (found["labels"], found["new_labels"]) == (40, 0)
    (decision,) = found["decisions"]
    assert (decision["verdict"], decision["labels"], decision["champion"]) == (
        "promoted", 40, shipped.version,
    )  # fmt: skip
    assert "F1 均未下降" in decision["reason"]
    assert "系统默认" in decision["reason"]
    assert retrain(context, force=True).counts["trained"] == 0  # there is nothing to learn
    told = labelled[:1]
    decide(context.engine, add_tickets(context.engine, told, 301), told, AT)
    retrain(context, force=True)
    seen, _ = staged
    assert len(seen[1]["learned"]) == 40  # the champion is measured with what it knew
    assert in_force(context).version == seen[1]["version"]


def test_the_loser_is_recorded_and_fifty_more_labels_are_waited_for(
    context, models, labelled, staged
):
    seen, end = staged
    end |= {"fallen": [("gold", "rough")], "lost": ["甲", "乙"]}
    before = in_force(context)
    outcome = retrain(context, force=True)
    assert outcome.counts["promoted"] == 0
    assert outcome.keys["model_version"] == before.version
    assert in_force(context) == before
    assert not context.settings.artifacts_dir.exists()
    (decision,) = overview(context)["decisions"]
    assert decision["verdict"] == "kept"
    assert "人工标注的粗暴执法 F1 由 0.900 降至 0.500" in decision["reason"]
    assert "失守底线用例 2 条" in decision["reason"]
    more = labelled + labelled[:9]
    decide(context.engine, add_tickets(context.engine, more, 301), more, AT)
    assert "新增人工标注 49 件" in retrain(context).messages[0]  # not tried again with each label
    decide(context.engine, add_tickets(context.engine, more[:1], 401), more[:1], AT)
    assert retrain(context).keys["decision"] == 2
    assert [len(given["gold"]) for given in seen] == [40, 90]
    assert overview(context)["new_labels"] == 0
    assert retrain(context, force=True).keys["decision"] == 3


def test_after_an_upgrade_the_shipped_model_stands(context, models, labelled, staged):
    retrain(context, force=True)
    promoted = in_force(context)
    with (models / "params.yaml").open("a", encoding="utf-8") as params:
        params.write("\n")
    now = in_force(context)
    assert now.is_shipped
    assert now.version not in {promoted.version, promoted.base}
    assert overview(context)["new_labels"] == 40  # the shipped model knows none of them


def test_a_named_person_puts_the_shipped_model_back(context, models, labelled, staged):
    with pytest.raises(ModelRefused, match="就是随程序发布的"):
        revert(context, "王科长", "误报变多")
    retrain(context, force=True)
    with pytest.raises(ModelRefused, match="理由"):
        revert(context, "王科长", "  ")
    outcome = revert(context, "王科长", "误报变多,来电 13812345678")
    now = in_force(context)
    assert now.is_shipped
    assert outcome.keys["model_version"] == now.version
    newest = overview(context)["decisions"][0]
    assert (newest["verdict"], newest["person"]) == ("reverted", "王科长")
    assert "13812345678" not in newest["reason"]
    assert count(context.engine, t.audit_event, t.audit_event.c.action == "model_reverted") == 1
    assert retrain(context).counts["new_labels"] == 0  # the same model does not come back by itself
    assert retrain(context, force=True).counts["promoted"] == 1
    assert not in_force(context).is_shipped


def test_a_model_changed_meanwhile_makes_the_contest_void(
    context, models, labelled, staged, monkeypatch
):
    contest = championship.contest

    def interrupted(*arguments):
        held = contest(*arguments)
        with context.engine.begin() as connection:
            training.record_decision(
                connection, AT, base=current_version(models), champion="a", challenger="b",
                verdict="promoted", person="system", reason="甲", figures={}, gold=[],
            )  # fmt: skip
        return held

    monkeypatch.setattr(championship, "contest", interrupted)
    with pytest.raises(ModelRefused, match="已经更换"):
        retrain(context, force=True)
    assert in_force(context).version == "b"


def test_a_real_challenger_is_trained_promoted_and_classifies(
    context, models, labelled, monkeypatch
):
    lenient = Rule(confidence=0.95, resamples=100, least_tickets=20, tolerance=0.5)
    monkeypatch.setattr(training, "_rule", lambda _settings: lenient)  # a small model sways
    told = [{**labelled[0], "content": f"{labelled[0]['content']}独此一家的说法"}]
    decide(context.engine, add_tickets(context.engine, told, 301), told, AT)
    held = {p: p.read_bytes() for p in models.rglob("*") if p.is_file()}
    outcome = retrain(context, force=True)
    assert outcome.counts == {"labels": 41, "new_labels": 41, "trained": 1, "promoted": 1}
    now = in_force(context)
    (decision,) = overview(context)["decisions"]
    assert decision["figures_json"]["gold"]["n"] == 41
    assert set(decision["figures_json"]) == {"corpus", "gold", "frozen", "lost"}
    assert night.classify(context).counts["classified"] == 81
    made = count(context.engine, t.classification, t.classification.c.model_version == now.version)
    assert made == 81
    # What citizens said is neither in models/ nor in the artifact's text.
    assert {p: p.read_bytes() for p in models.rglob("*") if p.is_file()} == held
    assert "独此一家" not in (now.folder / now.version / "model.json").read_text("utf-8")
    # The artifact lost, it is said so; trained again it is the same to the byte.
    before = {p.name: p.read_bytes() for p in (now.folder / now.version).iterdir()}
    shutil.rmtree(now.folder)
    with pytest.raises(ModelMissing, match="HOTLINE_HOME/artifacts"):
        in_force(context).load()
    assert retrain(context, force=True).keys == {"model_version": now.version, "decision": None}
    assert {p.name: p.read_bytes() for p in (now.folder / now.version).iterdir()} == before


def test_without_a_store_commands_use_the_shipped_model(sqlite_settings, models):
    assert champion_of(sqlite_settings).is_shipped
    assert not sqlite_settings.home.exists()  # and none is made
