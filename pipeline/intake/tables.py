"""What a file's bytes are, and its tables as rows of text. Knows nothing of layouts.

The name's extension is never trusted: platforms write html or tab-separated text as ".xls".
"""

from pathlib import Path
from typing import BinaryIO

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.sheets import Tables

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NOT_TABLES = {
    b"%PDF": "PDF 文档", b"\x89PNG": "图片", b"\xff\xd8\xff": "图片", b"GIF8": "图片",
    b"{\\rtf": "RTF 文档", b"Rar!": "RAR 压缩包", b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "gzip 压缩包", b"BZh": "bzip2 压缩包", b"\xfd7zXZ": "xz 压缩包",
    b"(\xb5/\xfd": "zstd 压缩包", b"MSCF": "CAB 压缩包",
    b"MZ": "程序文件", b"\x7fELF": "程序文件", b"SQLite format 3": "数据库文件",
}  # fmt: skip


def open_tables(stream: BinaryIO, scratch: Path | None = None) -> Tables:
    """Recognise a seekable stream. Raises FileStopped where it holds no table.

    ``scratch``: the folder for what does not fit in memory, see Scratch.
    """
    from pipeline.intake.texts import text_tables
    from pipeline.intake.workbooks import ole_tables, zip_tables

    stream.seek(0)
    head = stream.read(4096)
    stream.seek(0)
    if not head:
        raise FileStopped(FileReason.EMPTY)
    if not head.strip(b"\0 \t\r\n"):
        raise FileStopped(FileReason.EMPTY, "文件只有空白字符。")
    if head.startswith(b"PK"):
        return zip_tables(stream, scratch)
    if head.startswith(_OLE):
        return ole_tables(stream)
    for magic, what in _NOT_TABLES.items():
        if head.startswith(magic):
            raise FileStopped(FileReason.NOT_A_TABLE, f"文件是{what}。")
    return text_tables(stream)
