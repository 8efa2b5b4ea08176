"""``hotline model …`` and ``hotline reclassify``: what they print, and how they end."""

import json
from datetime import datetime

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import reset_settings
from pipeline.stages import open_context
from pipeline.store.models import record_decision


@pytest.fixture
def hotline(tmp_path, monkeypatch):
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path))
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)
    reset_settings()
    yield lambda *arguments: CliRunner().invoke(app, [*arguments])
    reset_settings()


@pytest.fixture
def decided(hotline):
    """A store with one decision; its number."""
    line = {"n": 30, "champion": 0.9, "challenger": 0.7, "low": -0.3, "high": -0.1, "fell": True}
    side = {
        "precision": 0.9, "recall": 0.8, "macro_f1": 0.7, "ordinary_flagged": 0.01, "ece": 0.02,
        "abstained": 3,
    }  # fmt: skip
    part = {"n": 60, "champion": side, "challenger": side, "headlines": {"enforcement": line}}
    with open_context() as context, context.engine.begin() as connection:
        return record_decision(
            connection, datetime(2026, 11, 1), base="a", champion="a", challenger="b",
            verdict="kept", person="system", reason="执法类 F1 下降。",
            figures={"gold": part, "lost": ["骂人"]}, gold=[1, 2],
        )  # fmt: skip


def test_list_says_which_model_stands_and_why(hotline, decided):
    shown = hotline("model", "list")
    assert shown.exit_code == 0, shown.output
    assert "随程序发布" in shown.output
    assert "维持" in shown.output
    found = json.loads(hotline("model", "list", "--json").stdout)
    assert found["is_shipped"] is True
    assert found["outdated"] == 0
    (decision,) = found["decisions"]
    assert (decision["id"], decision["labels"], decision["verdict"]) == (decided, 2, "kept")


def test_show_puts_both_models_side_by_side(hotline, decided):
    shown = hotline("model", "show", str(decided))
    assert shown.exit_code == 0, shown.output
    for words in ("人工标注 60 件", "执法类 F1(n=30)", "0.9", "0.7", "下降", "失守底线用例：骂人"):
        assert words in shown.output
    found = json.loads(hotline("model", "show", str(decided), "--json").stdout)
    assert found["figures_json"]["gold"]["headlines"]["enforcement"]["fell"] is True


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["model", "show", "99"], 2, "没有第 99 号决定"),
        (["model", "retrain"], 0, "人工标注"),
        (["model", "revert", "--by", "王科长", "--reason", "误报变多"], 2, "随程序发布"),
        (["model", "drift", "--month", "2026-13"], 2, "年-月"),
        (["model", "drift", "--as-of", "2026-11-20"], 0, "2026-10"),
        (["reclassify"], 0, "历史工单 0 件"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_every_command_ends_in_a_sentence(hotline, arguments, status, says):
    done = hotline(*arguments)
    assert done.exit_code == status, done.output
    assert says in done.output
    assert not done.exception or isinstance(done.exception, SystemExit)


def test_drift_shows_thresholds_as_defaults_and_months_as_json(hotline):
    shown = hotline("model", "drift", "--month", "2026-10")
    assert "0.25(系统默认)" in shown.output
    found = json.loads(hotline("model", "drift", "--month", "2026-09", "--json").stdout)
    assert found["measured"]["tickets"] == 0
    assert [row["month"] for row in found["months"]] == ["2026-10", "2026-09"]
