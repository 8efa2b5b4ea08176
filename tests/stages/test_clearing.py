"""A night's failed stop, the month it holds back, and the person who clears it; end to end."""

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.stages import Status, loading, month, night
from pipeline.stages.clearing import ClearingRefused, clear, list_stops
from pipeline.stages.landing import land
from pipeline.store import tables as t
from tests.intake.makers import CITY_HEADINGS, city_rows, csv_bytes

FRIDAYS = [date(2026, 10, 2) + n * timedelta(weeks=1) for n in range(5)]
MADE_ON = date(2026, 11, 2)
SHORT = "本次 10 行，近 4 个周五中位数 40 行，下限 20 行"


def export(folder: Path, as_of: date, rows: int) -> Path:
    """A 12345 export of tickets accepted the day before, closed at once."""
    day = as_of - timedelta(days=1)
    table = city_rows(rows, seed=as_of.toordinal())
    number, accepted, due, closed = map(
        CITY_HEADINGS.index, ("工单编号", "受理时间", "办结时限", "办结时间")
    )
    for n, row in enumerate(table):
        row[number] = f"12345340120{day:%Y%m%d}{n:06d}"
        row[accepted] = f"{day} 09:{n % 60:02d}:00"
        row[due] = row[closed] = f"{day} 18:00:00"
    path = folder / f"工单导出{as_of:%m%d}.csv"
    path.write_bytes(csv_bytes([CITY_HEADINGS, *table]))
    return path


@pytest.fixture
def held(context, tmp_path):
    """Five Fridays, the last of them short; returns that night's outcome."""
    for as_of in FRIDAYS[:-1]:
        landed = land(context, [export(tmp_path, as_of, 40)], as_of)
        loading.load_files(context, landed.keys["pending"], lambda _line: None)
    return night.nightly(context, [export(tmp_path, FRIDAYS[-1], 10)], FRIDAYS[-1])


def plain(path: str) -> str:
    return re.sub(r"<[^>]*>", "", Path(path).read_text(encoding="utf-8"))


def test_a_short_night_is_stored_and_its_month_held_until_a_person_clears_it(
    context, held, tmp_path
):
    assert held.status is Status.ATTENTION
    assert f"工单导出1030.csv:{SHORT}" in held.messages
    assert held.keys["summary"]["files"][0]["inserted"] == 10  # the night went on to its end
    page = (context.settings.data_docs_dir / "index.html").read_text(encoding="utf-8")
    assert page.count(SHORT) == 2  # in the list of what is held, and with its file
    for words in ("与历史导出比较", "未放行的检查（1 项）", "系统默认", "未判断"):
        assert words in page
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)  # read offline
    (stop,) = list_stops(context.engine)
    assert (stop["code"], stop["message"], stop["as_of"]) == ("rows_low", SHORT, FRIDAYS[-1])

    made = month.monthly_report(context, "2026-10", MADE_ON)
    assert made.status is Status.FAILED
    assert made.messages[0].startswith("2026-10 报告已计算，未发布：1 项检查未通过")
    assert SHORT in made.messages[1]
    assert (made.keys["state"], made.keys["paths"]) == ("blocked", {})
    assert [check["check_id"] for check in made.keys["held_by"]] == [stop["check_id"]]
    with context.engine.connect() as connection:
        figures = connection.scalar(sa.select(sa.func.count()).select_from(t.report_figure))
    assert figures > 100  # computed all the same
    with pytest.raises(LookupError):
        month.newest_report(context, "2026-10")

    landed = land(context, [export(tmp_path, date(2026, 11, 6), 40)], date(2026, 11, 6))
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    night.classify(context)
    other = month.monthly_report(context, "2026-11", date(2026, 12, 2))
    assert (other.status, other.keys["held_by"]) == (Status.DONE, [])  # none of the file's tickets

    at = datetime(2026, 11, 2, 9)
    clear(context.engine, stop["check_id"], "李明", "平台升级,已补导并核对", at)
    assert list_stops(context.engine) == []
    assert list_stops(context.engine, with_cleared=True)[0]["cleared_by"] == "李明"
    made = month.monthly_report(context, "2026-10", MADE_ON)
    assert (made.status, made.keys["state"], made.keys["held_by"]) == (Status.DONE, "filed", [])
    said = plain(made.keys["paths"]["html"]).split("）口径说明")[-1]
    assert "近4个周五中位数40行" in said
    assert "李明于2026-11-02核查后放行，理由：平台升级，已补导并核对。" in said
    (check,) = json.loads(Path(made.keys["paths"]["manifest"]).read_text())["checks"]
    assert (check["code"], check["cleared_by"]) == ("rows_low", "李明")
    assert month.newest_report(context, "2026-10")["revision"] == made.keys["revision"]
    again = month.monthly_report(context, "2026-10", MADE_ON)
    assert (again.keys["is_new"], again.keys["revision"]) == (False, made.keys["revision"])


def test_a_file_of_which_nothing_was_accepted_holds_the_month_of_its_night(context, tmp_path):
    path = tmp_path / "工单导出.csv"
    table = city_rows(3)
    for row in table:
        row[CITY_HEADINGS.index("工单编号")] = ""
    path.write_bytes(csv_bytes([CITY_HEADINGS, *table]))
    night.nightly(context, [path], date(2026, 10, 30))
    held_by = month.monthly_report(context, "2026-10", MADE_ON).keys["held_by"]
    assert [check["code"] for check in held_by] == ["nothing_accepted"]
    assert month.monthly_report(context, "2026-08", MADE_ON).keys["held_by"] == []


@pytest.mark.parametrize(
    ("person", "reason", "said"),
    [
        ("", "已核对", "由谁放行"),
        ("李明", "  ", "放行理由"),
        ("李明", "请来电 13812345678 核实", "个人信息"),
        ("13812345678", "已核对", "个人信息"),
    ],
)
def test_who_and_why_must_be_fit_to_print(context, person, reason, said):
    with pytest.raises(ClearingRefused, match=said):
        clear(context.engine, 1, person, reason, datetime(2026, 11, 2))
