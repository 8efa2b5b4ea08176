import io
import os
import zipfile

import pytest

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.intake import workbooks
from pipeline.intake.archives import MAX_MEMBERS, check_members, expand, is_archive
from pipeline.intake.reading import open_export
from tests.intake.makers import city_csv, xlsx_bytes


def make_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out


def patched(stream: io.BytesIO, local: int, central: int, value: bytes) -> io.BytesIO:
    """The archive with bytes written at an offset of every local and every central header."""
    data = bytearray(stream.getvalue())
    for mark, offset in ((b"PK\x03\x04", local), (b"PK\x01\x02", central)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset : at + offset + len(value)] = value
            at = data.find(mark, at + 4)
    return io.BytesIO(bytes(data))


def stopped(stream: io.BytesIO) -> FileStopped:
    with pytest.raises(FileStopped) as caught:
        check_members(stream)
    return caught.value


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_each_member_is_an_export(method):
    debris = {"__MACOSX/b.csv": b"x", "~$b.xlsx": b"x", ".hidden/b.csv": b"x"}
    files = {"十月/12345_a.csv": city_csv(3), "b.csv": city_csv(4)}
    stream = make_zip(files | debris, method)
    assert is_archive(stream)
    check_members(stream)
    counts = {
        name: sum(len(chunk) for chunk in open_export(member, name).chunks())
        for name, member in expand(stream)
    }
    assert counts == {"12345_a.csv": 3, "b.csv": 4}


def test_names_written_in_gbk():
    stream = make_zip({"AAAA.csv": city_csv(1)})
    data = stream.getvalue().replace(b"AAAA", "工单".encode("gbk"))
    assert [name for name, _ in expand(io.BytesIO(data))] == ["工单.csv"]


def test_names_cannot_escape():
    stream = make_zip({"../../etc/a.csv": b"x", "/b.csv": b"x", "C:\\..\\c.csv": b"x"})
    assert [name for name, _ in expand(stream)] == ["a.csv", "b.csv", "c.csv"]


def test_two_members_of_one_name_are_both_given():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.csv", b"two")
    assert [(name, m.read()) for name, m in expand(out)] == [("a.csv", b"one"), ("a.csv", b"two")]


def test_a_workbook_is_no_archive():
    assert not is_archive(io.BytesIO(xlsx_bytes([["a"]])))
    assert not is_archive(io.BytesIO(b"a,b\n1,2\n"))


def test_an_archive_in_an_archive_is_a_member_that_holds_no_table():
    inner = make_zip({"b.csv": city_csv(1)}).getvalue()
    for name, member in expand(make_zip({"a.zip": inner})):
        assert (name, is_archive(member)) == ("a.zip", True)
        with pytest.raises(FileStopped, match=r"文件是压缩包.*请解压后放入"):
            open_export(member, name)


def test_a_large_member_lies_nowhere_in_clear():
    """No file but the archive itself is open while its members are read, again and again."""
    whole = os.urandom(1 << 20) * 24

    def open_files() -> set[str]:
        return {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}

    before = open_files()
    for _, member in expand(make_zip({"a.csv": whole, "b.csv": b"x"}, zipfile.ZIP_STORED)):
        first = member.read()
        member.seek(0)
        assert member.read() == first
        member.seek(-5, io.SEEK_END)
        assert member.read() == first[-5:]
        assert {f for f in open_files() - before if f.startswith(("/tmp", "/var"))} == set()


SMALL = {"a.csv": b"0" * 100}
BAD = {
    "too many": (
        make_zip({f"{n}.csv": b"x" for n in range(MAX_MEMBERS + 1)}),
        FileReason.TOO_LARGE,
        "压缩包里有 201 个文件",
    ),
    "bomb": (make_zip({"a.csv": b"0" * (64 << 20)}), FileReason.TOO_LARGE, "压缩包解开后有 64 MB"),
    "huge": (  # 4 GB less one byte each, as the headers tell
        patched(make_zip(SMALL | {"b.csv": b"1"}), 22, 24, b"\xfe\xff\xff\xff"),
        FileReason.TOO_LARGE,
        "压缩包解开后有 8,192 MB",
    ),
    "empty": (make_zip({".hidden": b"x", "folder/": b""}), FileReason.EMPTY, "没有文件"),
    "password": (
        patched(make_zip(SMALL), 6, 8, b"\x01\x00"),
        FileReason.PASSWORD_PROTECTED,
        "密码",
    ),
    "deflate64": (
        patched(make_zip(SMALL), 8, 10, b"\x09\x00"),
        FileReason.NOT_A_TABLE,
        "压缩方式无法解开（a.csv）",
    ),
    "more than told": (  # a member longer than its header says
        patched(make_zip(SMALL, zipfile.ZIP_STORED), 22, 24, b"\x10\x00\x00\x00"),
        FileReason.DAMAGED,
        "校验不符",
    ),
    "no such place": (  # the central directory points behind the end
        io.BytesIO(make_zip(SMALL).getvalue().replace(b"PK\x03\x04", b"PK\x03\x05")),
        FileReason.DAMAGED,
        "校验不符",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_archives(name):
    stream, reason, words = BAD[name]
    error = stopped(stream)
    assert error.reason is reason
    assert words in error.message_zh
    assert error.message_zh.endswith("。")


def test_an_archive_larger_than_allowed_is_refused_however_well_it_is_packed(monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 99)
    assert stopped(make_zip(SMALL, zipfile.ZIP_STORED)).reason is FileReason.TOO_LARGE


def test_a_damaged_member_stops_the_archive():
    data = bytearray(make_zip({"a.csv": city_csv(50)}).getvalue())
    data[200] ^= 0xFF
    assert stopped(io.BytesIO(bytes(data))).reason is FileReason.DAMAGED


def test_a_fault_of_the_disk_is_no_fault_of_the_archive():
    class Failing(io.BytesIO):
        def read(self, size=-1):
            if self.tell() == 0:  # the member, not the directory at the end
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output"):
        check_members(Failing(make_zip(SMALL).getvalue()))
