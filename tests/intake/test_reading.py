import io
import json
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.cells import cell_text
from pipeline.intake.normalise import Normaliser
from pipeline.intake.reading import _headings, open_export
from pipeline.intake.tables import open_tables
from pipeline.store.vault import Vault
from tests.conftest import EXPORTS
from tests.intake.makers import CITY_HEADINGS, city_csv, city_rows, csv_bytes, xlsx_bytes

HEADINGS = ["工单编号", "受理时间", "受理内容", "业务类别", "业务领域"]
ROW = ["12328340120261001000001", "2026-10-01 08:00:00", "反映路面坑槽", "投诉举报", "普通公路"]
REASONS = {
    ("ticket_no_problem", "scientific"): "ticket number lost to scientific notation",
    ("ticket_no_problem", "missing"): "no ticket number",
    ("content_problem", "missing"): "no content",
    ("accepted_at_problem", "impossible"): "impossible time",
    ("accepted_at_problem", "unreadable"): "unreadable time",
    ("accepted_at_problem", "missing"): "no time",
}


def read(data: bytes, name: str = "x"):
    export = open_export(io.BytesIO(data), name)
    rows = []
    for chunk in export.chunks(7):
        rows += [chunk.row(i) for i in range(len(chunk))]
    return export, rows


def stopped(data: bytes, name: str = "x") -> FileStopped:
    with pytest.raises(FileStopped) as caught:
        read(data, name)
    return caught.value


@pytest.mark.parametrize(
    "truth", sorted(EXPORTS.glob("composed/*_20*.truth.json")), ids=lambda p: p.stem
)
def test_samples_agree_with_their_truth(truth):
    told = json.loads(truth.read_text())
    path = truth.with_name(told["file"])
    reasons, hashes = [], []
    with path.open("rb") as stream:
        export = open_export(stream, path.name)
        normaliser = Normaliser(export, Vault(b"s" * 32))
        for chunk in map(normaliser.normalise, export.chunks(100)):
            for (column, problem), reason in REASONS.items():
                reasons += [reason] * chunk.columns[column].count(problem)
            assert set(chunk.columns["row_problem"]) == {None}
            hashes += chunk.columns["row_hash"]
    assert export.layout == told["layout"].removesuffix("old").removesuffix("new")
    assert len(hashes) == told["data_rows"]
    assert sorted(reasons) == sorted(told["bad_rows"])
    assert len(hashes) - len(set(hashes)) == told["repeated_rows"]
    assert export.headings["unknown"] == []
    assert (export.period_start, export.warnings) == (date.fromisoformat(told["month"] + "-01"), [])


# --- encodings and delimiters -----------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le"]
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_files(encoding, delimiter):
    data = csv_bytes([HEADINGS, ROW], encoding, delimiter)
    assert read(data)[1] == [dict(zip(HEADINGS, ROW, strict=True))]


@pytest.mark.parametrize("head", ["", "\ufeff", '<?xml version="1.0"?>\n'])
def test_xls_that_is_html(head):
    cells = "".join(f"<td>{cell}</td>" for cell in ROW)
    heads = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    page = f"{head}<html><body><table><tr>{heads}</tr><tr>{cells}</tr></table></body></html>"
    assert read(page.encode("gb18030"), "导出.xls")[1] == [dict(zip(HEADINGS, ROW, strict=True))]


def test_a_byte_order_mark_is_no_part_of_the_first_cell():
    data = csv_bytes([["工单\n编号", *HEADINGS[1:]], ROW], "utf-8-sig")
    assert read(data)[1] == [dict(zip(HEADINGS, ROW, strict=True))]


def test_the_encoding_is_told_by_what_follows_a_long_beginning_in_ascii():
    rows = [["no", "at", "text"], *[["1", "2026-10-01", "x"]] * 20_000, ["2", "", "路面坑槽"]]
    assert open_tables(io.BytesIO(csv_bytes(rows, "gb18030"))).encoding == "gb18030"


def test_numbers_that_a_csv_guards_against_spreadsheets():
    lines = [",".join(HEADINGS), ",".join(f'="{cell}"' for cell in ROW)]
    export = open_export(io.BytesIO("\n".join(lines).encode()), "x")
    columns = Normaliser(export, Vault(b"s" * 32)).normalise(next(export.chunks())).columns
    assert (columns["ticket_no"], columns["content"]) == ([ROW[0]], [ROW[2]])
    assert columns["accepted_at"] == [datetime(2026, 10, 1, 8)]


def test_a_few_damaged_bytes_do_not_stop_a_file():
    data = bytearray(city_csv(50))
    data[3000] = 0xFF
    assert len(read(bytes(data))[1]) == 50


def test_a_stray_quotation_mark_is_seen():
    rows = city_rows(30)
    data = csv_bytes([CITY_HEADINGS, *rows], "utf-8").decode().splitlines(keepends=True)
    data[5] = data[5].replace(rows[4][5], '"' + rows[4][5], 1)
    data[9] = data[9].replace(rows[8][5], rows[8][5] + '"', 1)
    export = open_export(io.BytesIO("".join(data).encode()), "x")
    chunk = next(export.chunks())
    assert chunk.broken == {4}


# --- workbooks --------------------------------------------------------------------------------


def test_title_rows_totals_and_signatures_are_no_data():
    sheet = [
        ["××市工单明细表(2026年10月)"],
        ["统计时间:2026-10-01 至 2026-10-31"],
        ["序号", *HEADINGS],
        [1, *ROW],
        [],
        [" ", "\u3000"],
        [2, *ROW],
        ["序号", *HEADINGS],
        ["", "合\u3000计", 2],
        ["制表人:孙某", "", "", "审核:李某"],
    ]
    export, rows = read(xlsx_bytes(sheet))
    assert [row["序号"] for row in rows] == ["1", "2"]
    assert (export.period_start, export.period_end) == (date(2026, 10, 1), date(2026, 10, 31))
    chunk = next(open_export(io.BytesIO(xlsx_bytes(sheet)), "x").chunks())
    assert (chunk.row_no, chunk.source_row) == ([1, 2], [4, 7])


def test_a_row_of_a_ticket_is_data_even_if_nearly_empty():
    sheet = [
        ["标题", *HEADINGS],
        ["审核材料要跑三趟", *ROW],
        ["", "", "", "合计：三千元没有票据", "", ""],
        ["", "123", "", "", "", ""],
        ["", "", "", "", "业务类别", "业务领域"],
    ]
    assert len(read(xlsx_bytes(sheet))[1]) == 4


def test_headings_repeated_on_each_page_are_no_data_even_if_they_begin_with_digits():
    headings = ["12345工单编号", "12345受理时间", "12345内容描述"]
    row = ["A1", "2026-10-01", "反映路面坑槽"]
    assert len(read(csv_bytes([headings, row, headings, row]))[1]) == 2


def test_a_first_row_that_fills_only_an_unknown_column_is_data():
    sheet = [[*HEADINGS, "星座"], ["", "", "", "", "", "白羊"], [*ROW, ""]]
    assert len(read(xlsx_bytes(sheet))[1]) == 2


def test_headings_are_found_under_many_rows_of_titles_which_tell_the_period():
    titles = [["××市工单明细表(2026年10月)"], *[["说明"]] * 12]
    export, rows = read(xlsx_bytes([*titles, HEADINGS, ROW]), "2026-09.xlsx")
    assert len(rows) == 1
    assert export.period_start == date(2026, 10, 1)


def test_double_decked_headings():
    sheet = [
        ["工单编号", "受理时间", "受理内容", "回访情况", "", "业务领域"],
        ["", "", "", "时间", "结果", ""],
        [ROW[0], ROW[1], ROW[2], "2026-10-05", "未接通", "普通公路"],
    ]
    export, rows = read(xlsx_bytes(sheet))
    assert export.headings["mapped"]["visited_at"] == "回访时间"
    assert export.headings["mapped"]["visit_result"] == "回访结果"
    assert rows[0]["回访结果"] == "未接通"


def test_lower_headings_belong_to_the_upper_one_they_stand_under():
    upper = ["回访情况", "", "", "", "满意度", ""]
    lower = ["回访时间", "结果", "", "评价", "", "备注"]
    assert _headings([upper, lower]) == [
        "回访时间",
        "回访结果",
        "列3",
        "评价",
        "满意度",
        "满意度备注",
    ]


def test_several_sheets_and_hidden_ones():
    data = xlsx_bytes(
        [HEADINGS, ROW], [HEADINGS, ROW, ROW], [["随手记"], ["x"]], names=("甲", "乙", "丙")
    )
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["乙"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    export, rows = read(out.getvalue())
    assert len(rows) == 3
    assert any("「乙」是隐藏的" in w for w in export.warnings)
    assert any("「丙」没有可识别的列标题" in w for w in export.warnings)
    assert [n for chunk in export.chunks(2) for n in chunk.row_no] == [1, 2, 3]


def test_columns_of_every_sheet_are_told():
    data = xlsx_bytes(
        [[*HEADINGS, "星座"], [*ROW, ""]], [[*HEADINGS, "车牌号", "年", "血型"], [*ROW, "", "", ""]]
    )
    headings = read(data)[0].headings
    assert headings["mapped"]["plate"] == "车牌号"
    assert (headings["ignored"], headings["unknown"]) == (["年"], ["星座", "血型"])


def test_dates_and_numbers_of_a_spreadsheet_become_text():
    row = [24, datetime(2026, 10, 1, 8, 0, 1), "x", "投诉举报", 46258.5]
    assert list(read(xlsx_bytes([HEADINGS, row]))[1][0].values()) == [
        "24",
        "2026-10-01 08:00:01",
        "x",
        "投诉举报",
        "46258.5",
    ]
    assert "E+22" in cell_text(1.2328340120260810e22)
    assert cell_text(999_999_999_999_999.0) == "999999999999999"
    assert "E+15" in cell_text(1_234_567_890_123_456)
    assert [cell_text(float(x)) for x in ("inf", "nan")] == ["inf", "nan"]
    assert cell_text(datetime(2026, 10, 1, 8, 0, 0, 999_999)) == "2026-10-01 08:00:01"
    assert cell_text(datetime(9999, 12, 31, 23, 59, 59, 999999)) == "9999-12-31 23:59:59"


def test_ragged_rows():
    rows = read(csv_bytes([HEADINGS, ROW[:3], [*ROW, "", ""], [*ROW, "多"]]))[1]
    assert rows[0]["业务领域"] == ""
    assert "多余单元格1" not in rows[1]
    assert rows[2]["多余单元格1"] == "多"


def test_repeated_and_blank_headings_are_reported():
    export, _ = read(csv_bytes([[*HEADINGS, "", "业务领域", "星座"], [*ROW, "a", "b", "c"]]))
    assert export.headings["unknown"] == ["列6", "业务领域#2", "星座"]
    assert any("星座" in warning for warning in export.warnings)


# --- files that are stopped -------------------------------------------------------------------


def _encrypted() -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx_bytes([HEADINGS, ROW]))).encrypt("secret", out)
    return out.getvalue()


def _far_cell() -> bytes:
    source, out = zipfile.ZipFile(io.BytesIO(xlsx_bytes([HEADINGS, ROW]))), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, data.replace(b'r="E2"', b'r="XFD1048576"'))
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (64 << 20))
    return out.getvalue()


GOOD_XLSX = xlsx_bytes([HEADINGS, *[ROW] * 50])
BAD_FILES = {
    "empty": (b"", FileReason.EMPTY),
    "blank": (b" \r\n\r\n", FileReason.EMPTY),
    "pdf": (b"%PDF-1.7 ...", FileReason.NOT_A_TABLE),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(500), FileReason.NOT_A_TABLE),
    "letter": ("尊敬的领导：\n现将有关情况报告如下。\n此致".encode(), FileReason.NOT_A_TABLE),
    "letter with commas": ("各单位,请报送材料。\n谢谢,再见\n".encode(), FileReason.NOT_A_TABLE),
    "page": (b"<html><body>404</body></html>", FileReason.NOT_A_TABLE),
    "password": (_encrypted(), FileReason.PASSWORD_PROTECTED),
    "truncated": (GOOD_XLSX[: len(GOOD_XLSX) * 2 // 3], FileReason.DAMAGED),
    "headings only": (xlsx_bytes([HEADINGS]), FileReason.NO_DATA_ROWS),
    "headings and total": (xlsx_bytes([HEADINGS, ["合计", 0]]), FileReason.NO_DATA_ROWS),
    "empty sheet": (xlsx_bytes([]), FileReason.EMPTY),
    "other table": (
        csv_bytes([["姓名", "部门", "岗位"], ["甲", "乙", "丙"]]),
        FileReason.UNKNOWN_LAYOUT,
    ),
    "other code page": ("受理編號,受理時間,內容\n".encode("big5") * 50, FileReason.ENCODING),
    "latin": ("é,è,ê\n".encode("latin-1") * 50, FileReason.ENCODING),
    "binary": (bytes(range(256)) * 20, FileReason.NOT_A_TABLE),
    "far cell": (_far_cell(), FileReason.TOO_LARGE),
    "bomb": (_bomb(), FileReason.TOO_LARGE),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(name):
    data, reason = BAD_FILES[name]
    error = stopped(data)
    assert error.reason is reason
    assert error.message_zh.endswith("。")


def test_unknown_layout_names_the_nearest_and_what_is_missing():
    error = stopped(csv_bytes([["工单编号", "受理时间", "业务类别", "业务领域"], ROW[:4]]))
    assert error.reason is FileReason.UNKNOWN_LAYOUT
    assert "12328热线工单明细" in error.detail_zh
    assert "缺少列：受理内容" in error.detail_zh


def test_what_stands_in_the_place_of_headings_is_shown_masked():
    wrong = csv_bytes([[*ROW[:2], "13800001234", "投诉举报", "王建国 13900001234"], HEADINGS, ROW])
    export, _ = read(wrong)
    assert export.headings["unknown"] == []
    headings = [*HEADINGS, "13800001234", "长" * 100]
    export, _ = read(csv_bytes([headings, [*ROW, "a", "b"]]))
    assert export.headings["unknown"] == ["138****1234", "长" * 60 + "…"]
    assert not any("13800001234" in warning for warning in export.warnings)
    lacking = [*HEADINGS[1:], "13800001234"]
    assert "138****1234" in stopped(csv_bytes([lacking, ROW])).message_zh


@pytest.mark.parametrize(("name", "hotline"), [("12345.csv", "12345"), ("12328.csv", "12328")])
def test_headings_that_both_hotlines_use_go_by_the_name_of_the_file(name, hotline):
    headings = ["工单编号", "受理时间", "受理内容", "承办单位"]
    row = ["A1", "2026-10-01", "路面坑槽", "市公路局"]
    export = open_export(io.BytesIO(csv_bytes([headings, row])), name)
    assert (export.hotline, export.warnings) == (hotline, [])


def test_a_name_that_contradicts_the_headings_is_told():
    headings = ["业务编号", "受理时间", "业务内容", "业务类别"]
    row = ["A1", "2026-10-01", "路面坑槽", "投诉举报"]
    export = open_export(io.BytesIO(csv_bytes([headings, row])), "12345_2026-10.csv")
    assert export.hotline == "12328"
    assert "请核对来源" in export.warnings[0]


def test_two_kinds_of_reports_in_one_file_are_refused():
    board = [["留言编号", "留言时间", "留言详情", "留言主题"], ["1", "2026-10-01", "x", "y"]]
    assert "分开导出" in stopped(xlsx_bytes([HEADINGS, ROW], board)).message_zh


def test_the_stream_stays_open_and_chunks_can_be_read_again():
    stream = io.BytesIO(city_csv(20))
    export = open_export(stream, "x")
    first, second = list(export.chunks(8)), list(export.chunks(8))
    assert first == second
    assert [len(chunk) for chunk in first] == [8, 8, 4]
    assert not stream.closed


def test_ods():
    cells = "".join(
        f"<table:table-row>{''.join(_ods_cell(cell) for cell in row)}</table:table-row>"
        for row in (HEADINGS, ROW)
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        ' xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="明细">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        "</manifest:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    assert read(out.getvalue())[1] == [dict(zip(HEADINGS, ROW, strict=True))]


def _ods_cell(text: str) -> str:
    kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"


def test_a_quotation_mark_that_never_closes_stops_the_file():
    data = csv_bytes([HEADINGS, ROW]) + b'1,2026-10-01,"' + b"x\n" * (1 << 20)
    error = stopped(data)
    assert error.reason is FileReason.DAMAGED
    assert "引号不配对" in error.detail_zh


@pytest.mark.parametrize("rest", [b"x\n", b',""\n'])
def test_a_late_quotation_mark_stops_the_file_before_its_first_row(rest):
    quoted = [*ROW[:-1], "a,b"]
    data = csv_bytes([HEADINGS, *[quoted] * 10_000]) + b'1,2026-10-01,"' + rest * (1 << 20)
    with pytest.raises(FileStopped, match="引号不配对"):
        open_export(io.BytesIO(data), "x")


def test_old_word_documents_and_broken_workbooks():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert stopped(ole + "WordDocument".encode("utf-16-le")).reason is FileReason.NOT_A_TABLE
    assert stopped(ole).reason is FileReason.DAMAGED
