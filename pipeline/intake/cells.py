"""Calamine's values as text, and its errors as FileStopped."""

import errno
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import MAXYEAR, date, datetime, time, timedelta

from pipeline.domain.outcome import FileReason, FileStopped


@contextmanager
def damage_is_stopped() -> Iterator[None]:
    """calamine's errors, and the panics of its Rust code, as FileStopped.

    A panic reaches Python as ``pyo3_runtime.PanicException``, a BaseException that no module
    exports; hence the look at its name. An OSError of the disk is let through.
    """
    import python_calamine as calamine

    try:
        yield
    except calamine.PasswordError as error:
        raise FileStopped(FileReason.PASSWORD_PROTECTED) from error
    except (calamine.CalamineError, OSError, ValueError, OverflowError, EOFError) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise FileStopped(FileReason.PASSWORD_PROTECTED) from error
        raise FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise FileStopped(FileReason.DAMAGED, "工作簿内容无法解析。") from error


def cell_text(cell: object) -> str:
    """A spreadsheet value as the text a reader would expect.

    Numbers of more than 15 digits are written in scientific notation: a spreadsheet has lost
    their last digits, and they must not pass for ids.
    """
    match cell:
        case str():
            return cell
        case None:
            return ""
        case bool():
            return "是" if cell else "否"
        case int() | float():
            if not math.isfinite(cell):
                return str(cell)
            if abs(cell) >= 1e15:
                return f"{cell:.14E}"
            return str(int(cell)) if cell == int(cell) else repr(cell)
        case datetime():
            if cell.year < MAXYEAR:
                cell += timedelta(microseconds=500_000)
            return cell.isoformat(" ", "seconds")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
