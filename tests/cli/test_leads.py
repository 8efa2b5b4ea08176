"""Nothing that the command writes or prints without permission tells of an integrity lead."""

import html
import sqlite3
import zipfile
from pathlib import Path

import pytest

from pipeline.supervise.ledgers import KINDS
from tests.cli.test_cli import home, hotline  # noqa: F401

MONTH = ("--month", "2026-10", "--as-of", "2026-11-20")


@pytest.fixture(scope="module")
def leads(home) -> dict[str, set]:  # noqa: F811
    """Ids of confidential items; of their tickets the numbers and the words no other ticket has."""
    with sqlite3.connect(home / "hotline.db") as store:
        items = {i for (i,) in store.execute("SELECT id FROM supervision_item WHERE level = 'X'")}
        marks = ",".join(map(str, items))
        rows = store.execute(
            "SELECT ticket_no, content FROM ticket WHERE id IN "
            f"(SELECT ticket_id FROM item_ticket WHERE item_id IN ({marks}))"
        ).fetchall()
        everything = "\n".join(t or "" for (t,) in store.execute("SELECT content FROM ticket"))
    words = {text[at : at + 12] for _, text in rows for at in range(0, len(text) - 12, 12)}
    own = {piece for piece in words if everything.count(piece) == 1}
    assert len(items) >= 2
    assert len(own) > 20
    return {"items": items, "told": own | {number for number, _ in rows}}


def _text(path: Path) -> str:
    if path.suffix in {".docx", ".xlsx"}:
        with zipfile.ZipFile(path) as archive:
            parts = [archive.read(name).decode(errors="ignore") for name in archive.namelist()]
        return html.unescape("\n".join(parts))
    return html.unescape(path.read_text(errors="ignore"))


def test_no_file_and_no_line_tells_of_a_lead(home, leads, tmp_path):  # noqa: F811
    said = {}
    for kind in (kind for kind in KINDS.values() if not kind.is_restricted):
        for form in ("xlsx", "html"):
            asked = ("ledger", "export", kind.id, *MONTH, "--format", form)
            done = hotline(home, *asked, "--output", str(tmp_path))
            assert done.returncode == 0, done.stderr
    said["report"] = hotline(home, "report", "2026-10", "--out", str(tmp_path / "report")).stdout
    said["items"] = hotline(home, "item", "list", "--json").stdout
    said["supervise"] = hotline(home, "supervise", "--as-of", "2026-11-20", "--json").stdout
    said["night"] = (home / "night.json").read_text()
    files = [p for folder in (tmp_path, home / "notices", home / "data_docs", home / "reports")
             for p in folder.rglob("*") if p.is_file()]  # fmt: skip
    assert {p.suffix for p in files} >= {".docx", ".xlsx", ".html", ".json"}
    said |= {str(path): _text(path) for path in files}
    assert {
        where for where, text in said.items() for word in leads["told"] if word in text
    } == set()


def test_a_lead_is_no_item_to_who_asks_for_it(home, leads):  # noqa: F811
    for item_id in (min(leads["items"]), 999_999):
        done = hotline(home, "item", "explain", str(item_id))
        assert (done.returncode, done.stderr.strip()) == (2, f"没有监督事项 {item_id}。")
    done = hotline(home, "ledger", "export", "referrals", *MONTH, "--output", str(home))
    assert done.returncode == 2
