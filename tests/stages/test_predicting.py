"""Lines of JSON over all cores give what one process gives, in order."""

import json

import pytest

from pipeline.classify import lines
from pipeline.settings import Settings
from pipeline.stages import predicting


@pytest.fixture
def source(tmp_path):
    contents = ["执法人员当面说罚款任务还差二十台", "小区门口路灯坏了一周", "公交车晚点半小时"]
    tickets = [json.dumps({"id": str(n), "content": contents[n % 3]}) for n in range(8)]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join([*tickets[:4], "{broken", *tickets[4:]]), encoding="utf-8")
    return path


def test_all_cores_give_what_one_process_gives(source, tmp_path, monkeypatch):
    settings = Settings(home=tmp_path)
    alone = predicting.classify_lines(settings, source, tmp_path / "alone.jsonl")
    monkeypatch.setattr(lines, "BATCH", 2)
    monkeypatch.setattr(predicting, "_BYTES_ALONE", 100)
    spread = predicting.classify_lines(settings, source, tmp_path / "spread.jsonl")
    assert spread == alone == {"lines": 9, "enforcement": 3, "review": alone["review"], "errors": 1}
    written = (tmp_path / "spread.jsonl").read_bytes()
    assert written == (tmp_path / "alone.jsonl").read_bytes()
    assert [json.loads(line).get("id") for line in written.splitlines()] == [
        "0", "1", "2", "3", None, "4", "5", "6", "7",
    ]  # fmt: skip


def test_a_missing_model_leaves_the_output_as_it_was(source, tmp_path, monkeypatch):
    from pipeline.classify import ModelMissing

    missing = predicting.Champion("a", "a", tmp_path)
    monkeypatch.setattr(predicting, "champion_of", lambda _settings: missing)
    output = tmp_path / "out.jsonl"
    output.write_text("yesterday's")
    with pytest.raises(ModelMissing):
        predicting.classify_lines(Settings(home=tmp_path), source, output)
    assert output.read_text() == "yesterday's"
