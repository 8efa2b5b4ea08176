"""Formula errors (公式错误): #N/A, #REF! … where a spreadsheet shows no value of a cell."""

from collections.abc import Container
from dataclasses import dataclass, field, replace

from pipeline.intake.reading import RawChunk, shown
from pipeline.intake.values import FORMULA_ERROR

_ROWS_TOLD = 5


@dataclass(slots=True)
class _Told:
    count: int = 0
    words: dict[str, None] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)


class FormulaErrors:
    """What an export holds of them, chunk after chunk."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], _Told] = {}  # sheet and heading

    def blanked(self, raw: RawChunk, rows: list[str], headings: Container[str]) -> RawChunk:
        """The chunk with blanks for the errors, noted where under one of the ``headings``.

        ``rows``: every row's cells in one text.
        """
        # One look at a row is far cheaper than one at each of its cells.
        suspects = [i for i, row in enumerate(rows) if "#" in row or "Err:" in row]
        columns = list(raw.columns)
        for at, (heading, column) in enumerate(zip(raw.headings, raw.columns, strict=True)):
            matches = ((i, FORMULA_ERROR.fullmatch(column[i])) for i in suspects)
            if not (found := {i: match[1].rstrip("!?") for i, match in matches if match}):
                continue
            columns[at] = ["" if i in found else cell for i, cell in enumerate(column)]
            if heading in headings:
                self._note(raw, heading, found)
        return replace(raw, columns=columns) if suspects else raw

    def _note(self, raw: RawChunk, heading: str, found: dict[int, str]) -> None:
        told = self._told.setdefault((raw.sheet, heading), _Told())
        told.count += len(found)
        told.words |= dict.fromkeys(found.values())
        told.rows += [raw.source_row[i] for i in found][: _ROWS_TOLD - len(told.rows)]

    def warnings_zh(self) -> list[str]:
        """A sentence for each column: which errors, in which rows as the spreadsheet counts."""
        return [
            (f"工作表「{shown(sheet)}」" if sheet else "")
            + f"「{shown(heading)}」列有 {told.count} 个单元格是公式错误"
            f"（{'、'.join(told.words)}），已留空：第 {'、'.join(map(str, told.rows))} "
            f"{'行等' if told.count > len(told.rows) else '行'}，请核对原表。"
            for (sheet, heading), told in self._told.items()
        ]
