"""Every format an export comes in: the same rows are read from each of them."""

import codecs
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake import texts, workbooks
from pipeline.intake.reading import open_export
from pipeline.intake.tables import open_tables
from tests.intake.makers import csv_bytes
from tests.intake.xlsb import xlsb_bytes

SAMPLES = Path(__file__).parent / "samples"
"""Made from ``monthly_workbook`` (and from one with a row at 65,536) by LibreOffice 7.4."""
HEADINGS = ["工单编号", "受理时间", "受理内容", "业务类别", "业务领域"]
ROW = ["12328340120261001000001", "2026-10-01 08:00:00", "反映路面坑槽", "投诉举报", "普通公路"]


def monthly_workbook() -> openpyxl.Workbook:
    """What a platform's print-out has: merged titles, double-decked headings, a ticket of two
    units under merged cells, a hidden column, filtered rows, totals, and a hidden sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "明细"
    sheet.append(["××市12328热线工单明细表(2026年10月)"])
    sheet.append(["统计时间:2026-10-01 至 2026-10-31"])
    sheet.append([*HEADINGS, "承办单位", "办结时间", "回访情况", "", "来电人"])
    sheet.append(["", "", "", "", "", "", "", "时间", "结果", ""])
    sheet.append([*ROW, "市支队", "2026-10-03 09:00", "2026-10-05", "回访成功", "王先生"])
    sheet.append(["", "", "", "", "", "县大队", "", "", "", ""])
    second = ["12328340120261002000002", "2026-10-02 10:00:00", "反映站牌破损", "投诉举报"]
    sheet.append([*second, "城市客运", "公交集团", "", "", "未接通", "李*"])
    sheet.append(["合计", 2])
    sheet.append(["制表人:孙某", "", "", "审核:李某"])
    for cells in ("A1:J1", "A2:J2", "H3:I3", *(f"{c}3:{c}4" for c in "ABCDEFGJ")):
        sheet.merge_cells(cells)
    for column in "ABCDE":
        sheet.merge_cells(f"{column}5:{column}6")
    sheet.column_dimensions["J"].hidden = True
    sheet.auto_filter.ref = "A4:J7"
    sheet.auto_filter.add_filter_column(4, ["普通公路"])
    sheet.row_dimensions[7].hidden = True
    other = book.create_sheet("旧数据")
    other.append(HEADINGS)
    other.append(["12328340120260930000003", "2026-10-30 10:00:00", "反映绕路", "投诉举报", "其他"])
    other.sheet_state = "hidden"
    return book


def monthly_xlsx() -> bytes:
    out = io.BytesIO()
    monthly_workbook().save(out)
    return out.getvalue()


def rows_of(data: bytes, name: str = "x"):
    export = open_export(io.BytesIO(data), name)
    return export, [chunk.row(i) for chunk in export.chunks() for i in range(len(chunk))]


# --- workbooks --------------------------------------------------------------------------------

MONTHLY = {
    "xlsx": monthly_xlsx,
    "xls": (SAMPLES / "monthly.xls").read_bytes,
    "ods": (SAMPLES / "monthly.ods").read_bytes,
}


@pytest.mark.parametrize("kind", MONTHLY)
def test_a_print_out_is_read_the_same_from_each_format(kind):
    data = MONTHLY[kind]()
    assert open_tables(io.BytesIO(data)).kind == kind
    export, rows = rows_of(data)
    assert [row["工单编号"][-6:] for row in rows if row["工单编号"]] == [
        *(["000001"] if kind == "ods" else ["000001"] * 2), "000002", "000003",
    ]  # fmt: skip
    assert [row.get("承办单位", "") for row in rows] == ["市支队", "县大队", "公交集团", ""]
    assert rows[2]["来电人"] == "李*"  # hidden column, hidden row
    mapped = export.headings["mapped"]
    assert (mapped["visited_at"], mapped["visit_result"]) == ("回访时间", "回访结果")
    assert export.headings["unknown"] == []
    assert str(export.period_start) == "2026-10-01"
    assert export.warnings == ["工作表「旧数据」是隐藏的，已一并读取。"]


def test_cells_merged_downwards_stand_in_each_row_and_sideways_in_one():
    _, rows = rows_of(monthly_xlsx())
    first, second = rows[:2]
    assert {h: second[h] for h in HEADINGS} == {h: first[h] for h in HEADINGS}
    assert (second["办结时间"], second["回访结果"]) == ("", "")


def test_a_merged_cell_ends_with_its_last_row_and_a_chart_is_no_table():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADINGS, ROW, ROW[:4], ROW[:4]]):
            sheet.write_row(at, 0, row)
        sheet.merge_range("E2:E3", ROW[4])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Sheet1!$A$2:$A$4"})
        book.add_chartsheet("图").set_chart(chart)
    export, rows = rows_of(out.getvalue())
    assert [row["业务领域"] for row in rows] == [ROW[4], ROW[4], ""]
    assert export.warnings == []


def test_an_xls_full_to_its_last_row_is_suspected_of_truncation():
    export, rows = rows_of((SAMPLES / "limit.xls").read_bytes())
    assert len(rows) == 2
    assert export.warnings == [
        "工作表「明细」恰到 xls 格式的上限 65536 行，之后的数据可能被平台截断，请分段导出。"
    ]


@pytest.mark.parametrize("count", [65_534, 65_535, 65_536])
def test_so_is_a_csv_that_was_an_xls(count):
    export = open_export(io.BytesIO(csv_bytes([HEADINGS, *[ROW] * count])), "x")
    for _ in export.chunks():
        pass
    assert any("65536 行" in w for w in export.warnings) is (count == 65_535)


def test_an_xlsb_is_read():
    cells = {(r, c): text for r, row in enumerate([HEADINGS, ROW]) for c, text in enumerate(row)}
    assert rows_of(xlsb_bytes(cells))[1] == [dict(zip(HEADINGS, ROW, strict=True))]


def ods_bytes(rows: str) -> bytes:
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f"<office:document-content{spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="甲">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            "<manifest:manifest"
            ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            "</manifest:manifest>",
        )
        archive.writestr("content.xml", content)
    return out.getvalue()


def ods_row(cells: list[str], repeat: int = 1, after: str = "") -> str:
    texts_ = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
        for c in cells
    )
    return (
        f'<table:table-row table:number-rows-repeated="{repeat}">{texts_}{after}</table:table-row>'
    )


BLANKS = '<table:table-cell table:number-columns-repeated="16383"/>'
FAR_CELL = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'


def far_row_xlsx() -> bytes:
    """A row far out whose cells do not say where they are."""
    source, out = zipfile.ZipFile(io.BytesIO(monthly_xlsx())), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, data.replace(b'<row r="7"', b"<row r = '99999999999'"))
    return out.getvalue()


FAR = {
    "xlsx": far_row_xlsx,
    "xlsb": lambda: xlsb_bytes({(0, 0): "工单编号", (1_048_575, 16_383): "x"}),
    "ods": lambda: ods_bytes(
        ods_row(HEADINGS)
        + f'<table:table-row table:number-rows-repeated="1048574">{BLANKS}</table:table-row>'
        + f"<table:table-row>{BLANKS}{FAR_CELL}</table:table-row>"
    ),
    "ods, repeated": lambda: ods_bytes(
        ods_row(HEADINGS)
        + ods_row(
            [], 99_999_999, FAR_CELL.replace(" ", ' table:number-columns-repeated="9999" ', 1)
        )
    ),
}


@pytest.mark.parametrize("kind", FAR)
def test_a_far_cell_is_refused_before_it_fills_the_memory(kind):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(FileStopped) as caught:
        open_export(io.BytesIO(FAR[kind]()), "x")
    assert caught.value.reason is FileReason.TOO_LARGE
    assert "工作表的范围达到" in caught.value.message_zh
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB


def test_an_xls_that_calamine_does_not_survive_is_damaged():
    data = bytearray((SAMPLES / "limit.xls").read_bytes())
    data[0xEFA] = 60  # of a cell's column: calamine asks for terabytes and aborts
    with pytest.raises(FileStopped) as caught:
        open_tables(io.BytesIO(bytes(data)))
    assert caught.value.reason is FileReason.DAMAGED


def test_cells_that_hold_only_a_format_do_not_count_and_the_refusal_tells_the_true_size():
    book = openpyxl.Workbook()
    for row in (HEADINGS, ROW):
        book.active.append(row)
    book.active["XFD9"].number_format = "0.00"
    out = io.BytesIO()
    book.save(out)
    assert len(rows_of(out.getvalue())[1]) == 1
    book.active["XFD9"] = 1
    out = io.BytesIO()
    book.save(out)
    assert len(rows_of(out.getvalue())[1]) == 2  # the stray cell's row goes into quarantine
    book.active["A9000"] = 1
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(FileStopped, match="9000 行 × 16384 列"):
        open_tables(io.BytesIO(out.getvalue()))


def test_a_workbook_too_large_to_be_held_is_refused_with_a_way_out(monkeypatch):
    data = monthly_xlsx()
    monkeypatch.setattr(workbooks, "MAX_SHEETS", 2000)
    for workbook in (data, MONTHLY["ods"]()):
        with pytest.raises(FileStopped, match="另存为 csv") as caught:
            open_tables(io.BytesIO(workbook))
        assert caught.value.reason is FileReason.TOO_LARGE


def test_blank_rows_and_columns_that_programs_add_do_not_count():
    data = ods_bytes(
        ods_row(HEADINGS, after=BLANKS)
        + ods_row(ROW, after=BLANKS)
        + f'<table:table-row table:number-rows-repeated="1048574">{BLANKS}</table:table-row>'
    )
    assert len(rows_of(data)[1]) == 1


# VmHWM and not ru_maxrss: the kernel carries the parent's peak into a child's ru_maxrss, and late
# in the suite the parent is larger than what is measured here.
READ_LAST_ROW = """
import pathlib, sys
from pipeline.intake.reading import open_export
with open(sys.argv[1], "rb") as stream:
    export = open_export(stream, "x")
    print(sum(len(chunk) for chunk in export.chunks()))
    print(export.warnings == ["工作表「Sheet」恰到 xlsx 格式的上限 1048576 行，"
                              "之后的数据可能被平台截断，请分段导出。"])
print(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_a_cell_in_the_last_row_is_read_without_exhausting_the_memory(tmp_path):
    book = openpyxl.Workbook(write_only=False)
    book.active.append(HEADINGS)
    book.active.append(ROW)
    for column, text in enumerate(ROW, 1):
        book.active.cell(1_048_576, column, text)
    book.save(tmp_path / "far.xlsx")
    done = subprocess.run(
        [sys.executable, "-c", READ_LAST_ROW, tmp_path / "far.xlsx"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    count, is_warned, peak = done.stdout.split()
    assert (count, is_warned) == ("2", "True")
    assert int(peak) < 700_000  # KiB


# --- text -------------------------------------------------------------------------------------

CHINESE = [[*ROW[:2], "反映路面坑槽多日无人修复,希望尽快处理并书面答复" * 12, *ROW[3:]]] * 5
RARE = "㐀𠮷𡈽先生反映😀"  # four bytes each in GB18030


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF16_LE])
def test_utf16_is_known_even_where_nearly_all_of_it_is_chinese(delimiter, bom):
    data = bom + csv_bytes([HEADINGS, *CHINESE], "utf-16-le", delimiter)
    assert [row["受理内容"] for row in rows_of(data, "导出.xls")[1]] == [row[2] for row in CHINESE]
    big = csv_bytes([HEADINGS, *CHINESE], "utf-16-be", delimiter)
    assert len(rows_of(big)[1]) == 5


def test_characters_of_four_bytes_in_gb18030():
    assert len(RARE[:3].encode("gb18030")) == 12
    rows = [[*ROW[:2], RARE, *ROW[3:]]] * 200
    data = csv_bytes([HEADINGS, *rows], "gb18030")
    assert {row["受理内容"] for row in rows_of(data)[1]} == {RARE}


def test_tab_separated_text_named_xls():
    data = csv_bytes([["××市工单明细"], HEADINGS, ROW], "gbk", "\t")
    assert rows_of(data, "10月.xls")[1] == [dict(zip(HEADINGS, ROW, strict=True))]


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(texts, "LINE_LIMIT", 1 << 18)
    data = csv_bytes([HEADINGS, ROW]) + b"1," * (1 << 18)
    with pytest.raises(FileStopped, match="一行过长") as caught:
        rows_of(data)
    assert caught.value.reason is FileReason.DAMAGED


# --- html -------------------------------------------------------------------------------------


def test_html_with_cells_over_several_rows_and_columns():
    page = (
        "<!-- 报表 --><style>td{}</style><table>"
        "<tr><td colspan=7>工单明细(2026年10月)</td></tr><tr>"
        + "".join(f"<th rowspan='2'>{heading}</th>" for heading in HEADINGS)
        + "<th colspan=2>回访情况</th></tr><tr><th>时间</th><th>结果</th></tr><tr>"
        + "".join(f"<td rowspan=2>{cell}</td>" for cell in ROW)
        + "<td>2026-10-05</td><td>未接通</td></tr><tr><td>2026-10-06</td><td>回访成功</td></tr>"
        + "<tr><td>A2</td></tr></table>"
    )
    export, rows = rows_of(page.encode("gb18030"), "10月.xls")
    assert export.headings["mapped"]["visit_result"] == "回访结果"
    assert [row["回访结果"] for row in rows] == ["未接通", "回访成功", ""]
    assert [row["工单编号"] for row in rows] == [ROW[0], ROW[0], "A2"]
    assert rows[1]["业务领域"] == "普通公路"


def test_html_with_lines_and_a_table_within_a_cell():
    cells = [ROW[0], ROW[1], "一<br>二<p>三<table><tr><td>附</td></tr></table>", *ROW[3:]]
    rows = (HEADINGS, cells, ROW)
    page = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    read = rows_of(f"<table>{page}</table>".encode())[1]
    assert [row["受理内容"] for row in read] == ["一\n二\n三", ROW[2]]


def test_html_that_stands_for_millions_of_cells_is_refused(monkeypatch):
    monkeypatch.setattr(texts, "MAX_HTML_CELLS", 10_000)
    page = "<table><tr>" + "<td colspan=64>x</td>" * 1000 + "</tr></table>"
    with pytest.raises(FileStopped) as caught:
        open_tables(io.BytesIO(page.encode()))
    assert caught.value.reason is FileReason.TOO_LARGE


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (
            '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
            '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "XML 电子表格",
        ),
        ("MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n", "网页存档"),
    ],
)
def test_other_markup_is_named(head, what):
    with pytest.raises(FileStopped, match=what) as caught:
        open_tables(io.BytesIO(head.encode()))
    assert caught.value.reason is FileReason.NOT_A_TABLE
    assert "请打开后另存为 xlsx" in caught.value.message_zh
