"""Chinese punctuation for people: sources write ASCII commas and brackets, print must not."""

import re

_FULL_WIDTH = str.maketrans(
    {"(": "（", ")": "）", ",": "，", ":": "：", ";": "；", "?": "？", "!": "！"}
)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[,:](?=\d)")
_SPACED_NUMBER = re.compile(r"(?<=[\u4e00-\u9fff]) (\d+) (?=[\u4e00-\u9fff])")
_STRAIGHT_QUOTES = re.compile(r'"([^"]*)"')


def typeset(text: str) -> str:
    """``上升12%(上月40件),其中:`` → full-width; ``10:30`` and ``1,000`` stay.

    A number set off by blanks (``有 3 天``) is closed up, straight quotes become ``“…”``.
    """
    text = _STRAIGHT_QUOTES.sub(r"“\1”", _SPACED_NUMBER.sub(r"\1", text))
    kept = {match.start() for match in _BETWEEN_DIGITS.finditer(text)}
    wide = text.translate(_FULL_WIDTH)
    if not kept:
        return wide
    return "".join(text[n] if n in kept else wide[n] for n in range(len(text)))
