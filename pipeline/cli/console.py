"""What the sub-commands share: options, errors as sentences, tables, JSON."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.domain.errors import OperatorError, system_reason
from pipeline.domain.punctuation import typeset

if TYPE_CHECKING:
    from sqlalchemy.exc import DBAPIError

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。")]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="以哪一天为准（默认今天，北京时间）。"),
]
Profile = Annotated[str | None, typer.Option(help="方案档（默认 HOTLINE_PROFILE）。")]


class NotDone(OperatorError):
    """The command cannot do what was asked; the message says why."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn the errors an operator can act on into a sentence; defects keep their traceback."""
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except OperatorError as error:
        fail(str(error))
    except FileNotFoundError as error:
        fail(str(error) if error.filename is None else f"找不到文件：{error.filename}")
    except DBAPIError as error:
        if not _is_of_the_database(error):
            raise
        fail(f"数据库不可用或写入失败，已保留最后一致的状态：{_of_database(str(error.orig))}")
    except OSError as error:
        where = f"：{error.filename}" if error.filename else ""
        reason = system_reason(error)
        again = "" if "重新运行" in reason else "，请排除后重新运行"
        fail(f"{reason}{where}。已保留最后一致的状态{again}。")
    except ValidationError as error:
        fail(f"配置有误：{error}")


_OF_DATABASE = {
    "readonly database": "数据库文件（连同 -wal、-shm）没有写权限",
    "disk is full": "磁盘已满，请清理后重新运行",
    "No space left": "数据库服务器磁盘已满，请清理后重新运行",
    "disk I/O error": "磁盘读写出错或已满",
    "unable to open database file": "打不开数据库文件，请检查目录和权限",
    "database is locked": "数据库正被另一进程占用，请稍后重新运行",
    "onnection refused": "连不上数据库服务器，请确认它在运行，再重新运行本命令",
    "permission denied": "数据库用户没有所需的权限，请由管理员授权后重新运行",
    "read-only transaction": "数据库是只读的（备库或维护中），请恢复后重新运行",
    "could not translate host name": "找不到数据库服务器的地址",
    "timeout expired": "数据库服务器没有应答",
    "server closed the connection": "与数据库服务器的连接中断，请恢复后重新运行",
    "terminating connection": "与数据库服务器的连接中断，请恢复后重新运行",
    "the database system is": "数据库服务器正在启动或停止，请稍后重新运行",
    "authentication failed": "数据库用户名或密码不对",
}


_REFUSED = {"42501", "25006"}
"""SQLSTATEs of PostgreSQL that the driver gives no operational class: no privilege, read-only."""


def _is_of_the_database(error: "DBAPIError") -> bool:
    """Whether the database, not a defect of ours, is the cause."""
    from sqlalchemy.exc import OperationalError

    refused = getattr(error.orig, "sqlstate", None) in _REFUSED
    return refused or isinstance(error, OperationalError)


def _of_database(message: str) -> str:
    """What a person can do, before the driver's own words."""
    first = message.strip().splitlines()[0]
    known = (zh for words, zh in _OF_DATABASE.items() if words in message)
    return f"{zh}（{first}）" if (zh := next(known, None)) else first


def fail(message: str) -> None:
    """Print why to stderr and end with exit status 2."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(2)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def table(title: str, headings: list[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left")
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(width=None if sys.stdout.isatty() else 160).print(drawn)


def warn(messages: Iterator[str] | list[str] | tuple[str, ...]) -> None:
    for message in messages:
        typer.secho(f"! {typeset(message)}", fg=typer.colors.YELLOW)


def day(as_of: datetime | None) -> date:
    """The option's day, or today in Beijing."""
    from pipeline.domain import calendar

    return as_of.date() if as_of else calendar.now().date()


def progress(as_json: bool) -> Callable[[str], None]:
    """Progress lines go to stderr, and nowhere with ``--json``."""
    return (lambda _line: None) if as_json else (lambda line: typer.echo(f"· {line}", err=True))
