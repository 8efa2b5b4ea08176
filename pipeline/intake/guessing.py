"""Which field a heading that no layout knows may stand for: by likeness, and by its values."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

from rapidfuzz.fuzz import ratio

from pipeline.domain.text import clean
from pipeline.domain.ticket import FIELDS, Kind
from pipeline.intake.layouts import load_layouts, load_words, normalise_heading
from pipeline.intake.times import ImpossibleTime, UnreadableTime, parse_time, working_days_of
from pipeline.intake.values import full_phones, look_up, parse_count, parse_flag

_LEAST_ALIKE = 60  # rapidfuzz ratio, 0–100: of four characters, three and their order
_LEAST_FITTING = 0.6  # of the filled values
_ANY_YEAR = (date(2026, 1, 1), date(2026, 12, 31))  # whether 11月3日 is a time, not which
# What platforms call by other words than the layouts do.
_SAME = {
    "日期": "时间", "部门": "单位", "手机": "电话", "群众": "市民", "打分": "满意度",
    "评分": "满意度", "环节": "状态", "进度": "状态", "乡镇": "街道", "过程": "情况",
    "大类": "一级分类", "小类": "二级分类", "限办时间": "办理时限", "查询号": "查询编号",
}  # fmt: skip
_KINDS = {field.name: field.kind for field in FIELDS}
_WORDED = ("category", "trade", "verified", "resolved", "status", "satisfaction")


def guess_fields(
    headings: Sequence[str], columns: Mapping[str, Sequence[str]], taken: set[str]
) -> dict[str, tuple[str, bool]]:
    """Heading → field, and whether its yes means no (是否公开), of those that some field fits.

    ``columns``: heading → its first cells. ``taken``: fields that known headings stand for; only
    replies and levels of matter may have more. Each other field goes to the likeliest heading.
    """
    filled = {h: [text for cell in columns.get(h, ()) if (text := clean(cell))] for h in headings}
    likely = [
        (alike, heading, field, says_no)
        for heading in headings
        for field, says_no, aliases in _aliases()
        if (alike := max(ratio(_common(heading), alias) for alias in aliases)) >= _LEAST_ALIKE
        and _fits(field, filled[heading])
    ]
    guesses: dict[str, tuple[str, bool]] = {}
    gone = taken - {"reply", "matter"}
    for _, heading, field, says_no in sorted(likely, key=lambda found: -found[0]):
        if heading not in guesses and field not in gone:
            guesses[heading] = field, says_no
            gone |= {field} - {"reply", "matter"}
    for field, fits in _BY_VALUES.items():
        left = [h for h in headings if h not in guesses and filled[h] and fits(filled[h])]
        if field not in gone and left:
            guesses[max(left, key=lambda h: sum(map(len, filled[h])))] = field, False
    return {heading: guesses[heading] for heading in headings if heading in guesses}


def _common(heading: str) -> str:
    heading = normalise_heading(heading)
    for word, same in _SAME.items():
        heading = heading.replace(word, same)
    return heading


def _aliases() -> list[tuple[str, bool, list[str]]]:
    """(field, whether yes means no, headings that stand for it in any layout)."""
    found: dict[tuple[str, bool], list[str]] = {}
    for layout in load_layouts():
        for field, headings in layout.fields.items():
            for heading in headings.all():
                found.setdefault((field, heading in headings.inverted), []).append(_common(heading))
    return [(field, says_no, aliases) for (field, says_no), aliases in found.items()]


def _mostly(values: Sequence[str], test: Callable[[str], object]) -> bool:
    return sum(bool(test(value)) for value in values) >= _LEAST_FITTING * len(values)


def _is_time(text: str) -> bool:
    try:
        return parse_time(text, _ANY_YEAR) is not None
    except ImpossibleTime:
        return True
    except UnreadableTime:
        return working_days_of(text) is not None


def _is_number(values: Sequence[str]) -> bool:
    """Like ticket numbers: each another, with digits, short, no times and no telephones."""
    return len(set(values)) == len(values) and all(
        6 <= len(v) <= 40 and any(map(str.isdigit, v)) and not _is_time(v) and not full_phones(v)
        for v in values
    )


def _is_told(values: Sequence[str]) -> bool:
    """Like what callers say: long, and hardly ever the same."""
    return sum(map(len, values)) >= 12 * len(values) and 2 * len(set(values)) > len(values)


_BY_VALUES: dict[str, Callable[[Sequence[str]], bool]] = {
    "ticket_no": _is_number,
    "accepted_at": lambda values: _mostly(values, _is_time),
    "content": _is_told,
    "caller_phone": lambda values: _mostly(values, full_phones),
}
"""Fields that values alone tell well enough to be proposed, where no heading is like theirs."""


def _fits(field: str, values: Sequence[str]) -> bool:
    """Whether the values may be those of the field; nothing said fits everything."""
    kind = _KINDS.get(field)
    if not values:
        return True
    if field == "ticket_no":
        return len(set(values)) * 2 > len(values) and _mostly(values, lambda v: len(v) <= 40)
    if field == "caller_phone":
        return _mostly(values, lambda v: full_phones(v) or "*" in v or v == "保密")
    if field in _WORDED:
        return _mostly(values, partial(look_up, load_words().lookup(field)))
    if kind is Kind.TIME:
        return _mostly(values, _is_time)
    flags = load_words().lookup("flag")
    if kind is Kind.FLAG:
        return _mostly(values, lambda v: parse_flag(flags, v) is not None)
    if kind is Kind.COUNT:
        return _mostly(values, lambda v: parse_count(flags, v) is not None)
    return not _mostly(values, _is_time)
