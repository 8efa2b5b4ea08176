"""A sample list that came back filled in: its answers, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.domain.errors import OperatorError
from pipeline.domain.privacy import mask_text
from pipeline.supervise.ledgers.follow_up import (
    NOTE,
    RATING_AT,
    RATINGS,
    REACHED,
    REACHED_AT,
    RESOLVED,
    RESOLVED_AT,
    TICKET,
)

_CHOICES = {REACHED_AT: REACHED, RESOLVED_AT: RESOLVED, RATING_AT: RATINGS}
_MAX_NOTE = 500


class RefillRefused(OperatorError, ValueError):
    """The file is no filled-in sample list, or holds answers that are none; nothing is taken."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One line; the note is masked."""

    number: str
    reached: str | None
    resolved: str | None
    satisfaction: str | None
    note: str | None

    @property
    def values(self) -> tuple[str | None, ...]:
        return self.reached, self.resolved, self.satisfaction, self.note

    @property
    def is_empty(self) -> bool:
        return not any(self.values)


def read_answers(path: Path) -> list[Answer]:
    """The lines of the list, in order. Raises :class:`RefillRefused` naming every wrong line."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        rows = [[str(cell).strip() for cell in row] for row in sheet.to_python()]
    except (CalamineError, IndexError) as error:
        raise RefillRefused(f"{path.name} 不是可读的表格文件:{error}") from error
    heads = (TICKET, *_CHOICES, NOTE)
    head = next((n for n, row in enumerate(rows) if set(heads) <= set(row)), None)
    if head is None:
        raise RefillRefused(f"{path.name} 不是回访抽样名单:没有{'、'.join(heads)}这些列。")
    places = [rows[head].index(name) for name in heads]
    answers, wrong = [], []
    for n, row in enumerate(rows[head + 1 :], head + 2):
        number, *said = (row[place] if place < len(row) else "" for place in places)
        if "-" not in number:
            continue  # the notes below the table
        answers.append(_answer(number, said))
        wrong += [f"第{n}行{why}" for why in _faults(said)]
    numbers = [answer.number for answer in answers]
    wrong += [f"{x}出现了不止一次" for x in sorted({x for x in numbers if numbers.count(x) > 1})]
    if wrong:
        raise RefillRefused(f"什么都没有写入:{';'.join(wrong)}。")
    return answers


def _answer(number: str, said: Sequence[str]) -> Answer:
    reached, resolved, rating, note = (one or None for one in said)
    return Answer(number, reached, resolved, rating, mask_text(note) if note else None)


def _faults(said: Sequence[str]) -> list[str]:
    faults = [
        f"“{name}”填了“{one}”,应为{'、'.join(choices)}之一"
        for (name, choices), one in zip(_CHOICES.items(), said, strict=False)
        if one and one not in choices
    ]
    if any(said[1:3]) and said[0] != REACHED[0]:
        faults.append(f"没有接通,却填了{RESOLVED_AT}或{RATING_AT}")
    if len(said[3]) > _MAX_NOTE:
        faults.append(f"备注超过{_MAX_NOTE}字")
    return faults
