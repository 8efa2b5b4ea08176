"""The inbox (收件目录): which files lie there, and which of them must not be read yet."""

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.domain.errors import system_reason
from pipeline.domain.outcome import FileReason
from pipeline.domain.privacy import mask_text

STILL_WRITTEN = "仍在写入（大小或修改时间在变化），留待下次。"

_UNFINISHED = (
    ".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp", ".download", ".opdownload",
    ".downloading", ".xltd", ".td", ".aria2", ".lck", ".lock",
)  # fmt: skip
"""Endings under which programs keep a file that they still transfer, or a note beside it."""
_GLANCE = 1.0
"""Seconds, at most, between two looks at files that have long been quiet by their own clock."""
_PASSING = frozenset({errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT, errno.EHOSTDOWN})
"""Errors of a shared folder that may be gone tomorrow."""


class NotReady(Exception):
    """A file is left for the next pass; the message says why, in Chinese."""


def find_files(paths: Iterable[Path]) -> tuple[set[Path], list[str]]:
    """The files under the paths, hidden ones and those in hidden folders left out; and a sentence
    for each thing there that cannot be looked into: a closed folder, a link that leads nowhere or
    to a folder, a pipe. Raises FileNotFoundError, and PermissionError for one of the paths
    themselves.
    """
    paths = list(paths)
    found: set[Path] = set()
    problems: list[str] = []

    def closed(error: OSError) -> None:
        folder = Path(error.filename)
        if folder in paths:  # nothing of the inbox can be seen: no night
            raise error
        problems.append(f"{name_of(folder)}：文件夹无法打开（{system_reason(error)}）。")

    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"路径不存在：{name_of(path)}")
        if path.is_dir():
            for folder, folders, names in os.walk(path, onerror=closed):
                folders[:] = [name for name in folders if not _is_hidden(name)]
                linked = [name for name in folders if Path(folder, name).is_symlink()]
                inside = (Path(folder, name) for name in names if not _is_hidden(name))
                found.update(inside, (Path(folder, name) for name in linked))
        else:
            found.add(path)
    told = {path: why for path in found if (why := _no_file(path))}
    problems += [f"{name_of(path)}：{told[path]}" for path in sorted(told)]
    return found - told.keys(), problems


def _no_file(path: Path) -> str | None:
    """Why there is nothing to open: opening a pipe would wait for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "是链接，所指的文件不存在，未导入。" if path.is_symlink() else "已被移走，未导入。"
    except OSError as error:
        return f"无法查看（{system_reason(error)}），未导入。"
    if stat.S_ISDIR(mode):
        return "是指向文件夹的链接，没有进入；如需导入，请另行指定该文件夹。"
    return None if stat.S_ISREG(mode) else "不是普通文件，无法导入。"


def name_of(path: Path) -> str:
    """A file's name as text: where it is not UTF-8, Windows in China wrote it in GBK."""
    name = os.fsencode(path.name)
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeError):
            return name.decode(encoding)
    return name.decode("utf-8", "backslashreplace")


def key_of(path: Path) -> str:
    """The path as the store remembers it; another for every path, whatever bytes it holds."""
    return os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


def unready(
    files: set[Path],
    new: set[Path],
    settle_seconds: float,
    progress: Callable[[str], None] = lambda _line: None,
) -> dict[Path, str]:
    """Those of the ``new`` files that must not be read yet, each with the reason; ``files`` are
    all that lie there.

    A file is read once it has been quiet for ``settle_seconds``, by what its time of change says
    or else by two looks so far apart: a slow line may deliver nothing for seconds. All files are
    waited for together. The clock that stamps a shared folder may be wrong, so every file is
    looked at twice, one that seems old after a moment; and one stamped in the future waits no
    longer than any other. ``progress`` is told of a wait that a person would notice.
    """
    told = {path: why for path in new if (why := _telltale(path, files))}
    looks = {path: look(path) for path in new - told.keys()}
    if looks:
        youngest = max(looks, key=lambda path: looks[path][1])
        missing = settle_seconds - max(time.time() - looks[youngest][1] / 1e9, 0)
        if missing > _GLANCE:
            others = f"等 {len(looks)} 个新文件" if len(looks) > 1 else ""
            name = f"{mask_text(name_of(youngest))} {others}"
            progress(f"收件：{name}刚有改动，等待 {missing:.0f} 秒以确认已写完")
        time.sleep(max(missing, min(_GLANCE, settle_seconds)))
    return told | {path: STILL_WRITTEN for path, seen in looks.items() if look(path) != seen}


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
