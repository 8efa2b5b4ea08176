"""A workbook read in windows gives what calamine gives of it as a whole, cell for cell."""

import io
import os
import subprocess
import sys
import zipfile
from datetime import datetime

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake import workbooks
from pipeline.intake.cuts import Uncut
from pipeline.intake.reading import open_export
from pipeline.intake.tables import open_tables
from pipeline.intake.windows import CutWorkbook
from pipeline.store.scratch import Scratch
from tests.intake.makers import city_rows
from tests.intake.test_formats import HEADINGS, ROW, monthly_xlsx

SPACE = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{SPACE}/spreadsheetml/2006/main"'
RELATIONS = f'xmlns="{SPACE}/package/2006/relationships"'
TO = f"{SPACE}/officeDocument/2006/relationships"
STYLES = f'<styleSheet {MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>'


def xlsx(rows: str, strings: str = "", end: str = "", epoch: str = "0", **parts: str) -> bytes:
    """A workbook of one sheet out of its XML."""
    files = {
        "_rels/.rels": f'<Relationships {RELATIONS}><Relationship Id="rId1" '
        f'Type="{TO}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{TO}"><workbookPr date1904="{epoch}"/>'
        '<sheets><sheet name="明细" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {RELATIONS}>"
        f'<Relationship Id="rId1" Type="{TO}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{TO}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f"<sst {MAIN}>{strings}</sst>",
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet {MAIN}><cols/><sheetData>'
        f"{rows}</sheetData>{end}</worksheet>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (files | parts).items():
            archive.writestr(name, data)
    return out.getvalue()


def cut(data: bytes, window: int) -> list:
    """Each sheet in windows of as many bytes, or of one row where those are fewer."""
    book = CutWorkbook(zipfile.ZipFile(io.BytesIO(data)), None, window)
    names = [sheet.name for sheet in book.sheets_metadata]
    return [told(book.get_sheet_by_name(name)) for name in names]


def whole(data: bytes) -> list:
    book = workbooks._calamine(io.BytesIO(data))
    return [told(book.get_sheet_by_name(name)) for name in book.sheet_names]


def told(sheet) -> tuple:
    rows = [[workbooks.cell_text(cell) for cell in row] for row in sheet.iter_rows()]
    return sheet.start, sheet.merged_cell_ranges, rows


# --- what programs write ------------------------------------------------------------------------

TEXT = st.text(st.sampled_from("甲 a1\t\n_x000D_&<>\"'！"), max_size=6)


def escaped(text: str) -> str:
    for mark, entity in {"&": "&amp;", "<": "&lt;", "\t": "&#9;"}.items():
        text = text.replace(mark, entity)
    return text


@st.composite
def string_items(draw) -> str:
    space = draw(st.sampled_from(["", ' xml:space="preserve"']))
    texts = [f"<t{space}>{escaped(draw(TEXT))}</t>" for _ in range(3)]
    phonetic = f'<rPh sb="0" eb="1">{texts[2]}</rPh><phoneticPr fontId="1"/>'
    forms = [
        "", "<t/>", texts[0], texts[0] + phonetic, f"<r>{texts[0]}</r>",
        f"<r>{texts[0]}</r><r><rPr><b/></rPr>{texts[1]}</r>{phonetic}",
    ]  # fmt: skip
    return draw(st.sampled_from(forms))


@st.composite
def cells(draw, strings: int) -> str:
    """What stands in a <c> after its place."""
    number = draw(st.one_of(st.integers(-9, 60_000), st.floats(0, 60_000)))
    forms = [
        f"><v>{number}</v></c>", f' s="1"><v>{number}</v></c>', ' s="1"/>',
        f' t="n"><f>A1+1</f><v>{number}</v></c>', ' t="b"><v>1</v></c>', ' t="e"><v>#N/A</v></c>',
        f' t="str"><f>A1&amp;""</f><v>{escaped(draw(TEXT))}</v></c>',
        f' t="inlineStr"><is>{draw(string_items())}</is></c>', "><v></v></c>",
    ]  # fmt: skip
    if strings:
        index = draw(st.integers(0, strings - 1))
        forms += [f' t="s"><v>{index}</v></c>', f' t="s" s="1"><v>{index}</v></c>'] * 4
    return draw(st.sampled_from(forms))


@st.composite
def workbook_bytes(draw) -> bytes:
    strings = draw(st.lists(string_items(), max_size=200))
    rows, at = [], 0
    for _ in range(draw(st.integers(0, 14))):
        is_placed = draw(st.booleans())
        at += draw(st.integers(1, 9)) if is_placed else 1
        place = f' r="{at}"' if is_placed else ""
        told = draw(st.sampled_from([place, place + ' spans="1:9"', ' spans="1:9"' + place]))
        letters = draw(st.lists(st.sampled_from("BCDEFG"), max_size=4, unique=True).map(sorted))
        filled = "".join(
            (f'<c r="{letter}{at}"' if draw(st.booleans()) else "<c") + draw(cells(len(strings)))
            for letter in letters
        )
        rows.append(f"<row{told}>{filled}</row>" if filled else f"<row{told}/>")
    spans = [f"B{n}:B{n + draw(st.integers(0, 5))}" for n in draw(st.lists(st.integers(1, 40)))]
    merged = "".join(f'<mergeCell ref="{span}"/>' for span in spans)
    end = f"<mergeCells>{merged}</mergeCells><rowBreaks><brk id='1'/></rowBreaks>"
    return xlsx(
        "".join(rows),
        "".join(f"<si>{item}</si>" for item in strings),
        end if spans else "",
        draw(st.sampled_from("01")),
    )


@settings(max_examples=60, deadline=None)
@given(workbook_bytes(), st.integers(1, 600))
def test_any_sheet_reads_the_same_in_windows(data, window):
    assert cut(data, window) == whole(data)


@pytest.mark.parametrize("form", ["<si/>", '<si id="1"><t>甲</t></si>', "<!-- <si></si> -->"])
def test_shared_strings_of_another_form_count_as_ever(form):
    data = xlsx('<row><c t="s"><v>1</v></c></row>', form + "<si><t>乙</t></si>" * 2)
    with pytest.raises(Uncut):
        cut(data, 1)


def test_pieces_and_windows_of_many_rows_follow_each_other():
    data = xlsx("".join(f'<row r="{n}"><c><v>{n}</v></c></row>' for n in range(1, 2000)))
    assert cut(data, 30_000) == whole(data)


def test_an_empty_sheet_is_cut_too():
    sheet = f"<worksheet {MAIN}><sheetData /><pageMargins/></worksheet>"
    data = xlsx("", **{"xl/worksheets/sheet1.xml": sheet})
    assert cut(data, 1) == whole(data) == [(None, [], [])]


def odd_workbook() -> openpyxl.Workbook:
    book = openpyxl.load_workbook(io.BytesIO(monthly_xlsx()))
    sheet = book.create_sheet("其他")
    sheet["C3"] = datetime(2026, 10, 1, 8, 30)
    sheet["D40"] = CellRichText("反映", TextBlock(InlineFont(b=True), " 绕路 "))
    sheet["AB41"] = "=1+1"
    sheet.merge_cells("C3:C30")
    book.create_sheet("空")
    return book


def test_workbooks_of_openpyxl_and_xlsxwriter_read_the_same():
    first = io.BytesIO()
    odd_workbook().save(first)
    second = io.BytesIO()
    with xlsxwriter.Workbook(second, {"default_date_format": "yyyy-mm-dd"}) as book:
        for _ in range(2):
            sheet = book.add_worksheet()
            sheet.write_rich_string("B2", "甲", book.add_format({"bold": True}), " 乙")
            sheet.write_row("B3", [True, 1.5, datetime(2026, 1, 1), "x\ny", "=1/0", None, " z "])
            for at, row in enumerate(city_rows(20), 5):
                sheet.write_row(at, 0, row)
            sheet.merge_range("B30:B45", "合")
            sheet.autofilter("A5:D9")
    for data in (first.getvalue(), second.getvalue()):
        for window in (1, 3000, 1 << 20):
            assert cut(data, window) == whole(data)


# --- through the reader -------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Every workbook is large, and every window a few rows."""
    monkeypatch.setattr(workbooks, "_LARGE", -1)
    monkeypatch.setattr(CutWorkbook.__init__, "__defaults__", (1,))


def rows_of(data: bytes) -> list[dict[str, str]]:
    export = open_export(io.BytesIO(data), "x")
    return [chunk.row(i) for chunk in export.chunks() for i in range(len(chunk))]


def test_a_ticket_in_several_rows_is_completed_across_windows(small):
    rows = rows_of(monthly_xlsx())
    assert [row["工单编号"][-1:] for row in rows] == ["1", "1", "2", "3"]
    assert [row.get("承办单位") for row in rows] == ["市支队", "县大队", "公交集团", None]


def test_merged_cells_are_found_where_the_first_column_is_blank():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate([HEADINGS, ROW, ["", "", "", ROW[3], ""]]):
            sheet.write_row(at, 1, row)
        sheet.merge_range("A2:A3", "")
        for column in "BCD":
            sheet.merge_range(f"{column}2:{column}3", ROW["BCD".index(column)])
    first, second = rows_of(out.getvalue())
    assert list(second.values()) == [*ROW[:4], ""]
    assert list(first.values()) == ROW


@pytest.mark.parametrize("large", [-1, 1 << 60])
def test_formula_errors_stand_where_they_are(large, small, monkeypatch):
    monkeypatch.setattr(workbooks, "_LARGE", large)
    cell = '<c r="{}" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    rows = "".join(
        f'<row r="{n}"><c r="B{n}"><v>{n}</v></c>{cell.format(f"D{n}")}</row>' for n in (2, 3, 9)
    )
    (sheet,) = open_tables(io.BytesIO(xlsx(rows))).sheets
    blank = ["", "", ""]
    filled = [[str(n), "", "#DIV/0!"] for n in (2, 3, 9)]
    assert list(sheet.rows()) == [blank, *filled[:2], *[blank] * 5, filled[2]]


CELLS = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in HEADINGS)
DATA = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in ROW)
SHEET = f'<worksheet {MAIN}><sheetData><row r="1">{CELLS}</row>{{}}</sheetData></worksheet>'
UNUSUAL = {
    "prefix": SHEET.format(f'<row r="2">{DATA}</row>')
    .replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns", "xmlns:x"),
    "prefix of rows": SHEET.format(f'<x:row r="2"/><row>{DATA}</row>')
    .replace(MAIN, MAIN + MAIN.replace("xmlns", " xmlns:x")),
    "quotes": SHEET.format(f"<row r='2'>{DATA}</row><row>{DATA}</row>"),
    "type in quotes": SHEET.format(f'<row r="2">{DATA}</row><row><c t=\'s\'><v>0</v></c></row>'),
    "comment": SHEET.format("<!-- <row></row> -->" + f"<row>{DATA}</row>" * 5),
    "cdata": SHEET.format(
        f'<row r="2">{DATA}<c t="str"><v><![CDATA[</row><row r="7">]]></v></c></row>'
    ),
    "disorder": SHEET.format(f'<row r="5">{DATA}</row><row r="3">{DATA}</row>'),
    "gb18030": ('<?xml version="1.0" encoding="GB18030"?>' + SHEET.format(
        f'<row r="2">{DATA}</row>')).encode("gb18030"),
    "utf-16": ('<?xml version="1.0" encoding="UTF-16"?>' + SHEET.format(
        f'<row r="2">{DATA}</row>')).encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("form", UNUSUAL)
def test_what_cannot_be_cut_is_read_whole(form, small):
    data = xlsx("", "<si><t>甲</t></si>", **{"xl/worksheets/sheet1.xml": UNUSUAL[form]})
    for window in (1, len(CELLS) + 200):
        with pytest.raises(Uncut):
            cut(data, window)
    tables = open_tables(io.BytesIO(data))
    try:
        expected = whole(data)[0][2]
    except BaseException:
        with pytest.raises(FileStopped):
            list(tables.sheets[0].rows())
    else:
        assert list(tables.sheets[0].rows()) == expected


@pytest.mark.parametrize(
    "far",
    [
        '<row r="3"><c r="A3"><v>1</v></c><c r="XFD999999"><v>1</v></c></row>',
        '<row r="3"><c r="A3"><v>1</v></c><c\tr="XFD999999"><v>1</v></c></row>',
        '<row r="3"><c r="XFD3"><v>1</v></c></row><row r="9999"><c><v>1</v></c></row>',
    ],
)
def test_a_far_cell_is_refused_as_ever(far, small):
    data = xlsx("", **{"xl/worksheets/sheet1.xml": SHEET.format(f"<row>{DATA}</row>{far}")})
    with pytest.raises(FileStopped, match="工作表的范围达到"):
        open_export(io.BytesIO(data), "x")


def broken_stream() -> bytes:
    """A sheet of which the packed bytes stop making sense half way."""
    data = bytearray(xlsx("".join(f'<row r="{n}">{DATA}</row>' for n in range(1, 4000))))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    middle = info.header_offset + info.compress_size // 2
    data[middle : middle + 64] = bytes(64)
    return bytes(data)


ROWS = f"<row>{CELLS}</row><row>{DATA}</row>"
DAMAGED = {
    "stream": broken_stream(),
    "string": xlsx(ROWS + '<row><c t="s"><v>1</v></c></row>', "<si><t>x</t></si>"),
    "cell": xlsx(ROWS + f'<row><c t="x"><v>1</v></c></row><row>{DATA}</row>'),
    "reference": xlsx(ROWS + f"<row>{DATA}</row><row><c t='str'><v>&what;</v></c></row>"),
    "no end": xlsx("", **{"xl/worksheets/sheet1.xml": SHEET.format("")[:-40]}),
    "no sheet": xlsx(ROWS).replace(b"worksheets/sheet1.xml", b"worksheets/sheet2.xml", 1),
}


@pytest.mark.parametrize("limit", [workbooks.MAX_SHEETS, 0])
@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_anywhere_stops_the_file_before_its_first_row(damage, limit, small, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_SHEETS", limit)
    with pytest.raises(FileStopped) as caught:
        open_export(io.BytesIO(DAMAGED[damage]), "x")
    assert caught.value.reason in {FileReason.DAMAGED, FileReason.TOO_LARGE}
    assert limit == 0 or caught.value.reason is FileReason.DAMAGED


# --- memory and disk ----------------------------------------------------------------------------

PEAK = """
import pathlib, sys
from pipeline.intake.reading import open_export
with open(sys.argv[1], "rb") as stream:
    print(sum(len(chunk) for chunk in open_export(stream, "x").chunks()))
print(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc on this system")
def test_neither_rows_nor_shared_strings_are_held(tmp_path):
    count = 25_000
    row = f"<row>{DATA}<c><v>1</v></c>" + '<c t="s"><v>{}</v></c></row>'
    rows = f"<row>{CELLS}</row>" + "".join(map(row.format, range(count)))
    strings = "".join(f"<si><t>{os.urandom(40).hex() * 40}</t></si>" for _ in range(count))
    (tmp_path / "large.xlsx").write_bytes(xlsx(rows, strings))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, tmp_path / "large.xlsx"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    read, peak = map(int, done.stdout.split())
    assert read == count
    assert peak < 130_000  # KiB


def test_what_lies_in_scratch_has_no_name_and_cannot_be_read_by_others(tmp_path):
    scratch = Scratch(tmp_path)
    data = os.urandom(1000) + "王先生 13900000000".encode() * 50
    places = [scratch.append(part) for part in (data, data)]
    assert places == [0, len(data)]
    for place, size in ((0, 3), (15, 33), (16, 16), (len(data) - 7, 99), (len(data), 10**6)):
        assert scratch.read(place, size) == (data + data)[place : place + size]
    scratch.append(b"x")
    assert scratch.read(2 * len(data), 1) == b"x"
    assert list(tmp_path.iterdir()) == []
    scratch._file.flush()
    on_disk = os.pread(scratch._file.fileno(), 10**6, 0)
    assert len(on_disk) == scratch.size
    assert b"13900000000" not in on_disk
