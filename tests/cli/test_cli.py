"""The command as users and machines run it, in a process of its own, on the sample exports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import typer
from sqlalchemy.exc import DBAPIError

from pipeline.cli.console import explained

ROOT = Path(__file__).parents[2]
EXPORTS = ROOT / "tests" / "exports" / "composed"


def hotline(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HOTLINE_HOME": str(home), "NO_COLOR": "1"}
    for name in ("HOTLINE_DATABASE_URL", "HOTLINE_PROFILE", "HOTLINE_SECRET_KEY"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home after one night over the seven samples; its JSON is kept beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "inbox").mkdir()
    for path in [*EXPORTS.glob("*.xlsx"), *EXPORTS.glob("*.csv")]:
        shutil.copy(path, folder / "inbox")
    done = hotline(folder, "nightly", "--as-of", "2026-11-20", "--json")
    assert done.returncode == 1, done.stderr  # quarantined rows need a person
    (folder / "night.json").write_text(done.stdout)
    return folder


def test_the_night_reports_ledgers_types_and_items_with_clause_and_level(home):
    night = json.loads((home / "night.json").read_text())
    summary = night["keys"]["summary"]
    for truth in (json.loads(p.read_text()) for p in EXPORTS.glob("*.truth.json")):
        (file,) = [f for f in summary["files"] if f["name"] == truth["file"]]
        assert file["rows_read"] == truth["data_rows"]
        assert file["headings"]["unknown"] == []
    assert summary["enforcement"]["count"] > sum(summary["enforcement"]["types"].values()) > 100
    assert summary["items"]["described"]
    for item in summary["items"]["described"]:
        assert item["level"] != "X"
        assert "「" in item["clause"]
        assert item["threshold_origin"] in {"text", "default"}


def test_the_planted_signals_are_found(home):
    summary = json.loads((home / "night.json").read_text())["keys"]["summary"]
    described = summary["items"]["described"]
    found = {
        (i["rule"], unit)
        for i in described
        for unit in ("青原县", "临河县")
        if unit in i["summary"]
    }
    assert {("R11", "青原县"), ("R14", "青原县"), ("R12", "临河县"), ("R15", "临河县")} <= found
    assert "R07" not in {item["rule"] for item in described}  # two leads are in the sample
    assert summary["items"]["open"] == len(described)
    assert "integrity" not in summary["enforcement"]["types"]


def test_a_second_night_changes_nothing_and_says_so(home):
    done = hotline(home, "nightly", "--as-of", "2026-11-20")
    assert "没有新文件" in done.stdout
    assert json.loads(hotline(home, "nightly", "--as-of", "2026-11-20", "--json").stdout)[
        "counts"
    ] == {"new_files": 0, "classified": 0, "items_raised": 0, "items_updated": 0}


def test_every_invariant_holds_and_a_tampered_store_is_found_out(home, tmp_path):
    done = hotline(home, "verify", "--json")
    assert done.returncode == 0, done.stdout
    verdicts = json.loads(done.stdout)
    assert len(verdicts) == 10
    assert all(v["checked"] > 0 for v in verdicts if "报告" not in v["invariant"])
    other = shutil.copytree(home, tmp_path / "tampered")
    import sqlite3

    with sqlite3.connect(other / "hotline.db") as connection:
        connection.execute("UPDATE ticket SET content = '请打 13812345678' WHERE id = 1")
        connection.execute(
            'UPDATE classification SET evidence_json = \'{"rough": ["没有这句话"]}\' '
            "WHERE scope = 'E1' AND id = (SELECT min(id) FROM classification WHERE scope = 'E1')"
        )
        connection.execute("DELETE FROM export_row WHERE file_id = 1 AND row_no = 1")
        connection.execute("UPDATE supervision_item SET state = '已销号' WHERE id = 1")
    done = hotline(other, "verify", "--json")
    assert done.returncode == 1
    broken = [v["invariant"] for v in json.loads(done.stdout) if not v["holds"]]
    assert broken == [
        "每个文件的行数与去向平衡",
        "每件工单的来源都是它自己的行",
        "依据片段都是工单原文",
        "监督事项的每个状态都有事件",
        "各表没有明文个人信息",
    ]


def test_a_report_is_made_traced_and_made_again_byte_for_byte(home):
    done = hotline(home, "report", "2026-10", "--as-of", "2026-11-20", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    keys = json.loads(done.stdout)["keys"]
    assert keys["is_new"] is True
    before = {kind: Path(path).read_bytes() for kind, path in keys["paths"].items()}
    assert {"docx", "xlsx", "html", "manifest"} <= set(before)
    Path(keys["paths"]["docx"]).unlink()
    again = json.loads(
        hotline(home, "report", "2026-10", "--as-of", "2026-11-20", "--json").stdout
    )["keys"]
    assert (again["is_new"], again["revision"]) == (False, keys["revision"])
    assert {kind: Path(path).read_bytes() for kind, path in again["paths"].items()} == before
    traced = json.loads(
        hotline(home, "report", "trace", "2026-10", "1.enforcement", "--json").stdout
    )
    assert len(traced["tickets"]) == traced["value"] > 0


def test_repair_and_replay_from_the_command_line(home, tmp_path):
    copy = shutil.copytree(home, tmp_path / "home")
    rows = json.loads(hotline(copy, "quarantine", "list", "--json").stdout)
    assert len(rows) == 35
    assert "科学计数法" in hotline(copy, "quarantine", "list").stdout
    assert hotline(copy, "quarantine", "show", str(rows[0]["id"])).returncode == 0
    sheet = tmp_path / "repair.xlsx"
    assert "35 行" in hotline(copy, "quarantine", "export", "--output", str(sheet)).stdout
    done = hotline(copy, "quarantine", "replay", str(sheet))
    assert (done.returncode, "没有改正过" in done.stderr) == (2, True)  # nothing was mended
    assert hotline(copy, "verify").returncode == 0


def test_a_failed_check_holds_the_report_until_it_is_cleared(home, tmp_path):
    copy = shutil.copytree(home, tmp_path / "home")
    assert json.loads(hotline(copy, "checks", "list", "--json").stdout) == []
    import sqlite3

    with sqlite3.connect(copy / "hotline.db") as connection:
        (check,) = connection.execute(
            "UPDATE check_result SET passed = 0, message = '本次 10 行' WHERE code = 'missing_days'"
            " AND file_id = (SELECT id FROM export_file WHERE name = '12345_2026-10.csv')"
            " RETURNING id"
        ).fetchone()
    published = sorted((copy / "reports").rglob("*.docx"))
    held = hotline(copy, "report", "2026-10", "--as-of", "2026-11-20")
    assert held.returncode == 2
    assert "2026-10 报告已计算，未发布：1 项检查未通过" in held.stdout
    assert f"本次10行；检查{check}未放行" in held.stdout
    assert sorted((copy / "reports").rglob("*.docx")) == published
    assert "本次 10 行" in hotline(copy, "checks", "list").stdout
    clear = ("checks", "clear", str(check), "--by", "李明", "--reason", "已核对")
    assert "已放行" in hotline(copy, *clear).stdout
    again = hotline(copy, *clear)
    assert (again.returncode, "已由李明于" in again.stderr) == (2, True)
    (cleared,) = json.loads(hotline(copy, "checks", "list", "--all", "--json").stdout)
    assert (cleared["check_id"], cleared["cleared_by"]) == (check, "李明")
    made = hotline(copy, "report", "2026-10", "--as-of", "2026-11-20", "--json")
    assert made.returncode == 0
    assert json.loads(made.stdout)["keys"]["state"] == "filed"


def test_classify_gives_one_line_out_per_line_in(home, tmp_path):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        '{"id": "1", "title": "", "content": "执法人员当面说罚款任务还差二十台,罚够才下班"}\n'
        "not json\n"
        '{"id": "3", "title": "路灯不亮", "content": "小区门口路灯坏了一周"}\n'
    )
    done = hotline(home, "classify", str(source), "--output", str(output), "--json")
    assert done.returncode == 1
    first, bad, third = (json.loads(line) for line in output.read_text().splitlines())
    assert set(first) >= {
        "id", "scope", "enforcement", "score", "primary", "labels", "scores", "evidence",
        "flags", "review", "model_version",
    }  # fmt: skip
    assert (first["scope"], first["primary"]) == ("E1", "profit_driven")
    assert "error" in bad
    assert third["enforcement"] is False


def test_classify_never_empties_its_own_input(home, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "1", "content": "路灯坏了一周"}\n')
    done = hotline(home, "classify", str(source), "--output", str(source))
    assert (done.returncode, "不能就是输入文件" in done.stderr) == (2, True)
    assert source.read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["ingest", "no/such/file.csv"], 2, "不存在"),
        (["report", "2026-13"], 2, "年-月"),
        (["report", "trace", "2026-09", "1.received"], 2, "没有 2026-09 的报告"),
        (["policy", "show", "nowhere"], 2, "nowhere"),
        (["policy", "check"], 0, "引文不符 0 处"),
        (["policy", "show", "fz-jt-2024", "--as-of", "2026-01-01"], 0, "「已到期"),
        (["item", "explain", "99999"], 2, "99999"),
        (["evaluate", "no/such.jsonl"], 2, "no/such.jsonl"),
        (["quarantine", "show", "99999"], 2, "99999"),
        (["checks", "clear", "99999", "--by", "李明", "--reason", "已核对"], 2, "99999"),
        (["db", "purge", "--before", "2026-10-01"], 0, "将清除"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_mistakes_end_in_a_sentence(home, arguments, status, says):
    done = hotline(home, *arguments)
    assert done.returncode == status, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_commands_of_the_readme_exist():
    helped = hotline(ROOT / "var", "--help").stdout
    for command in ("nightly", "ingest", "quarantine", "checks", "classify", "evaluate", "train",
                    "supervise", "report", "verify", "serve", "db", "bench", "user"):  # fmt: skip
        assert command in helped


def test_a_database_that_is_gone_is_said_not_traced(tmp_path):
    environment = {
        **os.environ,
        "HOTLINE_HOME": str(tmp_path),
        "HOTLINE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "HOTLINE_SECRET_KEY": "k" * 32,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "verify"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "数据库不可用" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("orig", "words"),
    [
        (psycopg.errors.InsufficientPrivilege("permission denied for table ticket"), "授权后"),
        (psycopg.errors.ReadOnlySqlTransaction("in a read-only transaction"), "数据库是只读的"),
        (psycopg.errors.DiskFull("No space left on device"), "磁盘已满"),
        (psycopg.errors.UniqueViolation("duplicate key"), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_database_refuses_is_said_and_a_defect_is_not_hidden(capsys, orig, words):
    error = DBAPIError.instance("INSERT", {}, orig, psycopg.Error)
    with pytest.raises(typer.Exit if words else DBAPIError), explained():
        raise error
    assert (words or "") in capsys.readouterr().err


def test_a_reader_where_nothing_was_ever_written_says_what_to_run(tmp_path):
    for command in (["item", "list"], ["ledger", "export", "items", "--output", "x"]):
        done = hotline(tmp_path / "new", *command)
        assert done.returncode == 2, command
        assert "请先运行 hotline nightly" in done.stderr
