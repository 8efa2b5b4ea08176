"""Cleaning of cells: what spreadsheets, web pages and code pages leave in a text.

:func:`clean` is for free text and keeps the writer's Chinese punctuation, because evidence must
be shown as it was written; :func:`clean_code` is for ids, headings and value words, where every
compatibility form means the same.
"""

import re
import unicodedata


def word_list(text: str) -> list[str]:
    """The words of a table in source code, separated by white space."""
    return text.split()


NULL_WORDS = frozenset(
    word_list(
        """
    无 null none nan nil n/a na #n/a undefined - -- — —— ——— / \\ 暂无 空 (空) 未填 未填写
    无数据
    """
    )
) | {""}
"""Words that stand for an empty cell (domain B7.9), in lower case."""

_LONGEST_NULL = max(map(len, NULL_WORDS))

WIDTHS = {
    ord(wide): ord(wide) - 0xFEE0 for wide in map(chr, range(0xFF01, 0xFF5F)) if wide.isalnum()
}
"""Full-width letters and digits to ASCII, one character for one."""

# A lone surrogate cannot be encoded, so no store would take it.
_REMOVED = (
    *range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x180E,
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xFFF9,
    0xFFFA, 0xFFFB, *range(0xFE00, 0xFE10), *range(0xD800, 0xE000),
)  # fmt: skip
_TABLE: dict[int, int | None] = {
    **dict.fromkeys(_REMOVED),
    **WIDTHS,
    **dict.fromkeys((0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), ord("\n")),
    **dict.fromkeys((0x09, 0xA0, 0x3000, 0x202F, 0x205F, *range(0x2000, 0x200B)), ord(" ")),
}
_WIDE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_AS_TEXT = re.compile(r'\s*="(.*)"\s*', re.DOTALL)
"""How a csv tells a spreadsheet to leave a number as it is: ="12328…"."""
_EXCEL_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_ENTITY = re.compile(r"&(nbsp|ensp|emsp|lt|gt|quot|apos|amp|ldquo|rdquo|hellip|mdash|middot);")
_ENTITIES = {
    "nbsp": " ", "ensp": " ", "emsp": " ", "lt": "<", "gt": ">", "quot": '"', "apos": "'",
    "amp": "&", "ldquo": "“", "rdquo": "”", "hellip": "…", "mdash": "—", "middot": "·",
}  # fmt: skip
_BREAK_TAG = re.compile(r"<\s*(?:br|/p|/div)\s*/?\s*>", re.IGNORECASE)
_SPACES = re.compile(r" {2,}")
_LINES = re.compile(r" *\n[ \n]*")


def clean(text: str) -> str | None:
    """Free text without the debris of its journey, or None where nothing is said.

    Removes zero-width and control characters and ``_x000D_``; makes tabs, full-width and
    no-break spaces one space, runs of line ends one ``\\n``, full-width digits and letters ASCII;
    strips; takes text out of ``="…"``. Punctuation stays as written. Null words (无, NULL, —,
    暂无 …) give None.
    """
    if '="' in text and (match := _AS_TEXT.fullmatch(text)):
        text = match[1].replace('""', '"')
    # isprintable() is false for every control, format and odd space character, and far cheaper
    # than a search: most cells leave here untouched.
    if not text.isprintable() or "  " in text or "_x" in text or "&" in text or _WIDE.search(text):
        if "_x" in text:
            text = _EXCEL_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        if "&" in text:
            text = _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)
        if "<" in text:
            text = _BREAK_TAG.sub("\n", text)
        text = _SPACES.sub(" ", text.replace("\r\n", "\n").translate(_TABLE))
        text = _LINES.sub("\n", text)
    text = text.strip()
    if len(text) <= _LONGEST_NULL and text.lower() in NULL_WORDS:
        return None
    return text


def clean_code(text: str) -> str | None:
    """A short value in one form: NFKC, no white space, no invisible characters; None if null."""
    if not (text.isascii() and text.isalnum()):
        cleaned = clean(text)
        if cleaned is None:
            return None
        text = "".join(unicodedata.normalize("NFKC", cleaned).split())
    return None if text.lower() in NULL_WORDS else text


_MARKS = {wide: wide - 0xFEE0 for wide in map(ord, "\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f")}


def probe(text: str) -> str:
    """The text as patterns read it: character for character, with full-width commas, colons,
    semicolons, brackets, exclamation and question marks in their ASCII shape.
    """
    return text.translate(_MARKS)
