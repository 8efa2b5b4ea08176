"""Single cells to canonical values: ids, value words, flags, counts, regions, phones."""

import re
from collections.abc import Callable, Sequence

from pipeline.domain.privacy import MASKED_MOBILE, find_personal_data, mask_text
from pipeline.domain.text import clean, clean_code


class Cached(dict):
    """Memo of a function of one cell: ``list(map(cached.__getitem__, column))`` runs in C for
    every value seen before. Emptied when it grows past ``limit``."""

    def __init__(self, function: Callable, limit: int = 50_000) -> None:
        super().__init__()
        self._function, self._limit = function, limit

    def __missing__(self, cell: object) -> object:
        if len(self) >= self._limit:
            self.clear()
        value = self[cell] = self._function(cell)
        return value

    def column(self, cells: list[str]) -> list:
        return list(map(self.__getitem__, cells))


FORMULA_ERROR = re.compile(
    r"\s*(#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!"
    r"|EXTERNAL!|UNKNOWN!|PYTHON!|GETTING_DATA)|Err:5[0-9]{2})\s*"
)
"""A cell that shows why a spreadsheet has no value for it; the last one is LibreOffice's."""
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[Ee][+]?[0-9]{1,3}")
_TRAILING_ZERO = re.compile(r"([0-9]+)\.0+")
_KEPT_DIGITS = 15  # of a number, in a spreadsheet
_TELLING_DIGITS = 20  # five zeros at the end of a number are no chance


class IdLost(ValueError):
    """A ticket number of which a spreadsheet kept only the first digits."""


def parse_ticket_no(text: str) -> str | None:
    """A ticket number as text: no apostrophe, tabs, ``.0`` or full-width digits; None if blank,
    or nothing but zeros, which a formula leaves that was not calculated.

    Raises :class:`IdLost` for scientific notation, and for a long number whose digits after the
    fifteenth are all zero (what is left when such a number is formatted as a number again).
    """
    if not (text.isdecimal() and text.isascii()):
        code = clean_code(text)
        code = clean_code(code.strip("'`’‘\"")) if code else None
        if code is None:
            return None
        if _SCIENTIFIC.fullmatch(code):
            raise IdLost
        match = _TRAILING_ZERO.fullmatch(code)
        text = match[1] if match else code
    if not text.strip("0"):
        return None
    if len(text) >= _TELLING_DIGITS and looks_rounded(text):
        raise IdLost
    return text


def looks_rounded(number: str) -> bool:
    """Whether the digits that a spreadsheet does not keep are all zero. Of a number with 16 to 19
    digits this may be so by chance, and only many of them tell.
    """
    return (
        len(number) > _KEPT_DIGITS and number.isdecimal() and not number[_KEPT_DIGITS:].strip("0")
    )


_BETWEEN_NUMBERS = re.compile("[、,\uff0c;\uff1b/\\s]+")


def other_numbers(cell: str) -> str | None:
    """The numbers of a cell in the form of ``ticket_no``, so that they can be looked up."""
    numbers = []
    for part in _BETWEEN_NUMBERS.split(cell):
        try:
            number = parse_ticket_no(part)
        except IdLost:
            number = clean_code(part)
        if number:
            numbers.append(number)
    return mask_text("、".join(dict.fromkeys(numbers))) or None


_SUFFIX = re.compile(r"[((\[【].*?[))\]】]$|[-—_/::].*$")


def look_up(table: dict[str, str], text: str) -> str | None:
    """A value word, whole or without a suffix such as (短信) or -结果; None if not listed."""
    code = clean_code(text)
    if code is None:
        return None
    code = code.lower()
    for form in (code, _SUFFIX.sub("", code), re.sub("^(?:已短信|短信)?评价", "", code)):
        if form in table:
            return table[form]
    return None


_PLAIN_YES_NO = frozenset("是否10yn√×") | {"yes", "no", "true", "false", "有"}


def parse_flag(table: dict[str, str], text: str, *, inverted: bool = False) -> bool | None:
    """是/否 and the like; a count above 0 is yes. None where blank or not understood."""
    code = clean_code(text)
    if code is None:
        # 无 is a null word, but where a flag is asked for it says no.
        return inverted if text.strip() == "无" else None
    word = look_up(table, code)
    if word is not None:
        return (word == "true") != (inverted and code.lower() in _PLAIN_YES_NO)
    if code.isdecimal() and code.isascii():
        return bool(code.strip("0"))
    return None


_COUNT = re.compile(r"([0-9]{1,4})(?:\.0+)?[次条个]?")


def parse_count(table: dict[str, str], text: str) -> int | None:
    """``2``, ``2.0``, ``2次``; 是 is 1 and 否 is 0. None where blank or not understood."""
    code = clean_code(text)
    if code is None:
        return None
    if match := _COUNT.fullmatch(code):
        return int(match[1])
    flag = parse_flag(table, code)
    return None if flag is None else int(flag)


_AREA = "[^/\\\\\\s路街道号村镇,\uff0c。省市]"
# A street or a town may be named after a county or a market: 新市街道, 沙市镇, 西市区街道.
# 沙市区 and 津市市 hold the character of another level, 合肥市区 is the city.
_NO_REGION = "(?!区?(?:街|镇|乡|村|路|办事处))"
_REGION = re.compile(
    rf"(?:{_AREA}{{2,7}}(?:省|自治区|特别行政区)[/\-\s]?)?(?:{_AREA}{{2,7}}(?:市|自治州|盟)[/\-\s]?)?"
    rf"(?P<region>(?![全本某我该各])(?:[\u4e00-\u9fff]市[区市]{_NO_REGION}|{_AREA}{{1,10}}?"
    rf"(?:(?<![小社园景校库院厂牧])区|县|旗|(?<![超集夜菜])市){_NO_REGION}))"
)


def region_of(address: str) -> str | None:
    """The county or district an address begins with: 合肥市蜀山区望江路 → 蜀山区."""
    match = _REGION.match(address)
    return match["region"] if match else None


_MOBILE = re.compile("1[3-9][0-9]{9}")


def full_phones(text: str) -> list[str]:
    """The complete telephone numbers of a cell as digits, mobiles first; masked ones are not."""
    if _MOBILE.fullmatch(text):
        return [text]
    if MASKED_MOBILE.fullmatch(text):
        return []
    cleaned = clean(text)
    if cleaned is None:
        return []
    numbers = []
    for finding in find_personal_data(cleaned):
        digits = "".join(filter(str.isdigit, cleaned[finding.start : finding.end]))
        if finding.kind == "mobile":
            numbers.insert(sum(_MOBILE.fullmatch(n) is not None for n in numbers), digits[-11:])
        elif finding.kind == "landline":
            numbers.append(digits)
    return numbers


def all_kept(texts: Sequence[tuple[str, str]]) -> str:
    """The filled texts of (heading, cell) pairs, each under its heading where there are several;
    one that another holds word for word is said once."""
    filled = {cell: heading for heading, cell in reversed(texts) if cell and clean(cell)}
    own = [cell for cell in reversed(filled) if not any(cell in c for c in filled if c != cell)]
    if len(own) < 2:
        return own[0] if own else ""
    return "\n".join(f"【{filled[cell]}】{cell}" for cell in own)
