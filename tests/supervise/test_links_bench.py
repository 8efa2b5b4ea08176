from pipeline.bench import supervision
from pipeline.bench.links import HISTORY, _step


def test_the_bench_links_what_it_made(tmp_path, monkeypatch):
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)
    assert _step("fill", tmp_path, 40) == {}
    figures = _step("link", tmp_path, 40)
    assert HISTORY == 3
    assert figures["links"] > 0
    assert figures["peak_mib"] > 0
    assert _step("link", tmp_path, 40)["links"] == 0


def test_the_bench_of_the_rules_raises_once(tmp_path, monkeypatch):
    monkeypatch.delenv("HOTLINE_DATABASE_URL", raising=False)
    assert supervision._step("fill", tmp_path, 260) == {}
    figures = supervision._step("supervise", tmp_path, 260)
    assert figures["first_changed"] > 20
    assert figures["again_changed"] == 0
