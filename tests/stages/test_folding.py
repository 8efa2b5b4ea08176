"""One matter in several rows and under several numbers (domain B7.8, B7.14), from the export to
the store."""

import sqlalchemy as sa

from pipeline.stages import loading, night
from pipeline.stages.landing import land
from pipeline.stages.verify import verify
from pipeline.store import tables as t
from tests.intake.makers import csv_bytes, xlsx_bytes
from tests.stages.conftest import AS_OF

HEADINGS = [
    "工单编号", "受理时间", "受理内容", "业务类别", "业务领域", "承办单位", "转办时间", "状态",
    "办结时间", "办理结果", "转办单号",
]  # fmt: skip
TEXT = (
    "货车司机反映,10月8日在青原县国道检查点,执法人员说没有票据也可以,先交罚款两千元才放行,"
    "不开具决定书,要求退还罚款并书面答复。"
)
CITY_NO, NO = "12345340120261008000777", "12328340120261009000555"
BASE = [f"'{NO}", "2026-10-09 09:00:00", TEXT, "投诉举报", "普通公路"]
MAIN = [*BASE, "市执法支队", "2026-10-09 10:00", "已办结", "2026-10-12 09:00", "已核实。", CITY_NO]
OTHER = [*BASE, "县治超站", "2026-10-10 10:00", "办理中", "", "", CITY_NO]
CITY = [
    ["工单编号", "受理时间", "内容描述", "工单类型", "主办单位", "二级分类"],
    [CITY_NO, "2026-10-08 16:00:00", TEXT, "投诉举报类", "市交通运输局", "行政执法"],
]


def test_rows_of_two_units_and_the_city_s_number(context, tmp_path):
    (tmp_path / "12345.csv").write_bytes(csv_bytes(CITY, "gb18030"))
    (tmp_path / "12328.xlsx").write_bytes(xlsx_bytes([HEADINGS, MAIN, OTHER, MAIN]))
    landed = land(context, [tmp_path / "12328.xlsx", tmp_path / "12345.csv"], AS_OF)
    loading.load_files(context, landed.keys["pending"], lambda _line: None)
    night.classify(context)
    night.link(context, AS_OF)
    with context.engine.connect() as connection:
        files = {f.name: f for f in connection.execute(sa.select(t.export_file))}
        outcomes = connection.scalars(
            sa.select(t.export_row.c.outcome)
            .where(t.export_row.c.file_id == files["12328.xlsx"].id)
            .order_by(t.export_row.c.row_no)
        ).all()
        tickets = {x.ticket_no: x for x in connection.execute(sa.select(t.ticket))}
        matters = connection.execute(sa.select(t.matter.c.ticket_id, t.matter.c.matter_id)).all()
        links = connection.scalars(sa.select(t.ticket_link.c.kind)).all()
    assert outcomes == ["inserted", "updated", "duplicate"]
    ticket = tickets[NO]
    assert (ticket.handler_unit, ticket.co_handler_unit) == (
        "市交通运输综合行政执法支队",
        "县治超站",
    )
    assert (ticket.status, ticket.closed_at, ticket.reply) == ("办理中", None, "已核实。")
    assert ticket.linked_ticket_no == CITY_NO
    assert "reference" in links
    assert len(matters) == 2
    assert len({matter_id for _, matter_id in matters}) == 1
    assert [v for v in verify(context) if not v.holds] == []
