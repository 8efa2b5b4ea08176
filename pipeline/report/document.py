"""The document as data: what docx, xlsx and html render, and what the linter reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Num:
    """A printed figure: its number in report_figure and the characters that stand for it."""

    number: str
    text: str


Span = str | Num
Text = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``kind``: body, note (small, under a table) or draft (to be changed by the reviewer)."""

    text: Text
    kind: str = "body"


@dataclass(frozen=True, slots=True)
class Heading:
    """A sub-heading of a section: （一） …"""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A three-line table; one without a caption is not numbered.

    ``additive``: columns whose rows must add up to the last row (合计). ``print_limit``: rows the
    docx prints; it says how many more the xlsx holds. ``cross``: columns of a cross table that
    could identify a person, whose cells must not be under the minimum.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    additive: tuple[int, ...] = ()
    note: str = ""
    print_limit: int | None = None
    cross: tuple[int, ...] = ()
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """``kind``: bar (categories) or line (months). Values are figures by number."""

    caption: str
    kind: str
    labels: tuple[str, ...]
    values: tuple[Num, ...]


LABELS_OF_A_LINE = 12


def label_step(chart: Chart) -> int:
    """Every how many points of a line a label has room; the first always has its own."""
    return -(-len(chart.values) // LABELS_OF_A_LINE) if chart.kind == "line" else 1


Block = Paragraph | Heading | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """``footer`` stands on every page: the profile, its document number and its status.

    ``masthead`` is the red head (发文机关标志), ``to`` the 主送机关, both optional; ``signs`` are
    the places for signatures; ``is_one_page`` sets the body closer, as a 简报 wants it.
    """

    title: str
    issue: str
    issuer: str
    dated: str
    footer: str
    sections: tuple[Section, ...]
    masthead: str = ""
    to: str = ""
    signs: tuple[str, ...] = ("审核", "签发")
    is_one_page: bool = False
    meta: dict[str, str] = field(default_factory=dict)

    def blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks

    def tables(self) -> list[Table]:
        return [block for block in self.blocks() if isinstance(block, Table)]


def plain(text: Text) -> str:
    return "".join([span.text if isinstance(span, Num) else span for span in text])


def nums(block: Block) -> Iterator[Num]:
    """Every printed figure of a block."""
    if isinstance(block, Paragraph):
        yield from (span for span in block.text if isinstance(span, Num))
    elif isinstance(block, Table):
        for row in block.rows:
            for cell in row:
                yield from (span for span in cell if isinstance(span, Num))
    elif isinstance(block, Chart):
        yield from block.values


def texts(document: Document) -> Iterator[tuple[str, str]]:
    """Every text of the document with where it stands, for checks on words."""
    yield from (("标题", document.title), ("期号", document.issue), ("页脚", document.footer))
    for section in document.sections:
        yield section.heading, section.heading
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield section.heading, plain(block.text)
            elif isinstance(block, Heading):
                yield section.heading, block.text
            elif isinstance(block, Chart):
                yield block.caption, block.caption
                yield from ((block.caption, label) for label in block.labels)
            else:
                yield block.caption, f"{block.caption} {block.note}"
                yield from ((block.caption, column) for column in block.columns)
                yield from ((block.caption, plain(c)) for row in block.rows for c in row)
