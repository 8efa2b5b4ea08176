"""Zip archives of several exports: each member becomes an export of its own when it is landed."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake.workbooks import broken_zip_is_damaged, check_archive

MAX_MEMBERS = 200
_WORKBOOK_PARTS = ("xl/", "content.xml", "word/", "ppt/", "[Content_Types].xml")
_KNOWN_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
_BLOCK = 1 << 20


def is_archive(stream: BinaryIO) -> bool:
    """Whether the file is a zip of files (not a workbook, which is a zip too)."""
    stream.seek(0)
    found = stream.read(4) == b"PK\x03\x04"
    try:
        with broken_zip_is_damaged(), zipfile.ZipFile(stream) as archive:
            found = found and not any(n.startswith(_WORKBOOK_PARTS) for n in archive.namelist())
    except FileStopped:  # no zip at all, or a broken one: reading says what it is
        found = False
    stream.seek(0)
    return found


def expand(stream: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """(name, seekable stream) of each member, one at a time; folders and hidden files left out.

    A member is unpacked as it is read, and begun anew where it is read again, so that nothing of
    it lies on the disk or in memory. Only the last part of its name is given, so no path can
    escape. Raises FileStopped, also from reading a member: too many or too large, a password,
    a method of packing that is not known, damage.
    """
    with broken_zip_is_damaged(), zipfile.ZipFile(stream) as archive:
        infos = [info for info in archive.infolist() if not _is_debris(_name(info))]
        check_archive(infos)
        if len(infos) > MAX_MEMBERS:
            raise FileStopped(
                FileReason.TOO_LARGE, f"压缩包里有 {len(infos)} 个文件，超过 {MAX_MEMBERS} 个。"
            )
        if not infos:
            raise FileStopped(FileReason.EMPTY, "压缩包里没有文件。")
        for info in infos:
            name = PurePosixPath(_name(info).replace("\\", "/")).name
            if info.compress_type not in _KNOWN_METHODS:
                raise FileStopped(
                    FileReason.NOT_A_TABLE,
                    f"压缩包的压缩方式无法解开（{name}），请用普通 zip 重新压缩。",
                )
            with archive.open(info) as source:
                yield name, io.BufferedReader(_Member(source), _BLOCK)


def check_members(stream: BinaryIO) -> None:
    """Read every member to its end, so that an archive is known to be sound before any of it is
    kept. Raises FileStopped as :func:`expand` does.
    """
    for _, member in expand(stream):
        while member.read(_BLOCK):
            pass


class _Member(io.RawIOBase):
    """A member as zipfile reads it; what is unsound about it is raised as FileStopped."""

    def __init__(self, source: zipfile.ZipExtFile) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        with broken_zip_is_damaged():
            return self._source.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with broken_zip_is_damaged():
            return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; without the UTF-8 flag Windows in China wrote it in GBK."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _is_debris(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return not parts[-1] or any(p.startswith((".", "__MACOSX", "~$")) for p in parts if p != "..")
