"""A file's tables as rows of text, whatever the file was."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sheet:
    """One table. ``rows()`` gives every row from the top, blank ones too, each time anew.

    ``check()`` raises the FileStopped that ``rows()`` may raise on its way to the end.
    """

    name: str
    rows: Callable[[], Iterator[list[str]]]
    is_hidden: bool = False
    delimiter: str | None = None
    check: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Tables:
    """The tables of a file. ``alternatives``: the sheets are readings of one and the same text
    with different delimiters, of which the best-fitting one is meant."""

    kind: str  # xlsx, xls, ods, text, html
    sheets: list[Sheet]
    alternatives: bool = False
    encoding: str | None = None
    warnings: list[str] = field(default_factory=list)
