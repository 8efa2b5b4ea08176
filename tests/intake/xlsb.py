"""A maker of xlsb workbooks: no library in the lock writes them. Records after [MS-XLSB]."""

import io
import struct
import zipfile

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="bin" '
    'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_RELATION = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="{target}" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/></Relationships>'
)


def xlsb_bytes(cells: dict[tuple[int, int], str]) -> bytes:
    """One worksheet with texts at (row, column), both from 0."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels", _RELATION.format(target="xl/workbook.bin", kind="officeDocument")
        )
        archive.writestr("xl/workbook.bin", _workbook())
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            _RELATION.format(target="worksheets/sheet1.bin", kind="worksheet"),
        )
        archive.writestr("xl/worksheets/sheet1.bin", _sheet(cells))
    return out.getvalue()


def _workbook() -> bytes:
    sheet = struct.pack("<II", 0, 1) + _text("rId1") + _text("明细")  # BrtBundleSh
    return (
        _record(131) + _record(153, struct.pack("<II", 0, 0) + _text("")) + _record(143)
        + _record(156, sheet) + _record(144) + _record(132)
    )  # fmt: skip


def _sheet(cells: dict[tuple[int, int], str]) -> bytes:
    rows = sorted({row for row, _ in cells})
    last = max(column for _, column in cells)
    parts = [
        _record(129),
        _record(148, struct.pack("<IIII", rows[0], rows[-1], 0, last)),
        _record(145),
    ]
    for row in rows:
        parts.append(_record(0, struct.pack("<I", row) + bytes(13)))
        for (at, column), text in sorted(cells.items()):
            if at == row:  # BrtCellSt
                parts.append(_record(6, struct.pack("<II", column, 0) + _text(text)))
    return b"".join([*parts, _record(146), _record(130)])


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = len(content), b""
    while size >= 128:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + length + bytes([size]) + content


def _text(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
