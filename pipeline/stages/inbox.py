"""The inbox (收件目录): which files lie there, and which of them must not be read yet."""

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.errors import system_reason
from pipeline.domain.outcome import FileReason

STILL_WRITTEN = "仍在写入（大小在变化），留待下次。"

_UNFINISHED = (
    ".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp", ".download", ".opdownload",
    ".downloading", ".xltd", ".td", ".aria2", ".lck", ".lock",
)  # fmt: skip
"""Endings under which programs keep a file that they still transfer, or a note beside it."""
_YOUNG = 2.0
"""Seconds since the last change within which a file is looked at twice."""
_PAUSE = 1.0
"""Seconds between the two looks: a slow line may deliver nothing for half a second."""
_PASSING = frozenset({errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT, errno.EHOSTDOWN})
"""Errors of a shared folder that may be gone tomorrow."""


class NotReady(Exception):
    """A file is left for the next pass; the message says why, in Chinese."""


def find_files(paths: Iterable[Path]) -> tuple[set[Path], list[str]]:
    """The files under the paths, hidden ones and those in hidden folders left out; and a sentence
    for each folder under them that cannot be looked into. Raises FileNotFoundError, and
    PermissionError for one of the paths themselves.
    """
    paths = list(paths)
    found: set[Path] = set()
    problems: list[str] = []

    def closed(error: OSError) -> None:
        if Path(error.filename) in paths:  # nothing of the inbox can be seen: no night
            raise error
        problems.append(f"{Path(error.filename).name}：文件夹无法打开（{system_reason(error)}）。")

    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"路径不存在：{path}")
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=closed):
                folders[:] = [name for name in folders if not _is_hidden(name)]
                found.update(Path(folder, name) for name in names if not _is_hidden(name))
        elif path.is_file():
            found.add(path)
        else:
            problems.append(f"{path.name}：不是普通文件，无法导入。")
    return {path for path in found if path.is_file()}, problems


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def unready(files: set[Path], new: set[Path]) -> dict[Path, str]:
    """Those of the ``new`` files that must not be read yet, each with the reason; ``files`` are
    all that lie there.

    Files changed just now are looked at twice, so that one that grows is seen; a night of files
    that came by day waits for nothing.
    """
    told = {path: why for path in new if (why := _telltale(path, files))}
    now = time.time()
    looks = {path: look(path) for path in new - told.keys()}
    young = {path: seen for path, seen in looks.items() if now - seen[1] / 1e9 < _YOUNG}
    if young:
        time.sleep(_PAUSE)
    return told | {path: STILL_WRITTEN for path, seen in young.items() if look(path) != seen}


def _telltale(path: Path, files: set[Path]) -> str | None:
    """What a file's name, or a name beside it, says against reading it now."""
    if path.name.startswith("~$"):
        return "是办公软件的锁文件，未导入。"
    if path.name.lower().endswith(_UNFINISHED):
        return "仍在传输（临时文件名），留待下次。"
    if any(path.with_name(path.name + ending) in files for ending in _UNFINISHED):
        return "仍在传输（旁边有同名的临时文件），留待下次。"
    for lock in (f"~${path.name}", f".~lock.{path.name}#", f".~{path.name}"):
        if path.with_name(lock).exists():
            return f"正被打开编辑（锁文件 {lock}），留待下次；如已无人打开，请删除锁文件。"
    return None


def look(path: Path) -> tuple[int, int]:
    """Size, and time of the last change in nanoseconds; (-1, 0) for a file that has gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return -1, 0
    return found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """The file opened. Raises NotReady for what the next pass may find put right."""
    try:
        with path.open("rb") as handle:
            yield handle
    except OSError as error:
        if error.filename not in (None, str(path)):  # not this file's: the archive's own
            raise
        if isinstance(error, FileNotFoundError):
            raise NotReady("已被移走或改名，留待下次。") from error
        if isinstance(error, PermissionError):
            raise NotReady(FileReason.UNREADABLE.advice_zh) from error
        if error.errno not in _PASSING:
            raise
        raise NotReady(f"读取出错（{system_reason(error)}），留待下次。") from error
