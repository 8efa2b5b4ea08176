"""The first screen's lines count what the person may see, each day once."""

from datetime import date, datetime

from pipeline.review.access import Role
from pipeline.review.trends import DAYS, HEIGHT, WIDTH, Trend


def test_lines_count_what_one_may_see(store, as_role, as_person):
    for day, fields in (
        (5, {}),  # 30 days up to 4 November begin on 6 October
        (6, {}),
        (6, {"scope": "E0"}),
        (31, {"region": "乙县", "target_unit": "乙队"}),
        (31, {"primary": "integrity"}),
    ):
        store.ticket(accepted_at=datetime(2026, 10, day, 23, 59), **fields)
    store.ticket(accepted_at=datetime(2026, 11, 5))  # after today
    store.item(raised_on=date(2026, 11, 4))
    store.item(raised_on=date(2026, 11, 4), level="X", problem_type="integrity")
    text = as_role(Role.VIEWER).get("/").text
    for words in (
        "受理工单：合计 3 件，单日最多 2 件",
        "执法类投诉：合计 2 件",
        "监督事项：合计 1 项",
    ):
        assert words in text, words
    assert "受理工单：合计 1 件" in as_person("某乙", Role.VIEWER, regions=["乙县"]).get("/").text
    store.ticket(accepted_at=datetime(2026, 11, 4))
    assert "受理工单：合计 4 件，单日最多 2 件，最后一日 1 件" in as_role(Role.VIEWER).get("/").text


def test_points_lie_within_the_picture():
    line = Trend("线", "件", date(2026, 11, 4), [0] * (DAYS - 2) + [7, 14])
    points = [tuple(map(float, pair.split(","))) for pair in line.points.split()]
    assert len(points) == DAYS
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[0][1] > points[-2][1] > points[-1][1]
    assert line.since == date(2026, 10, 6)
