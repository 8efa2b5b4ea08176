"""Finding phones, national ids and bank cards: the numbers that are told by their digits.

Each finder is a pattern with what must not stand around it. Only the neighbourhood of a chain of
digits is searched.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date

from pipeline.domain.privacy.findings import ANY_DIGIT, Finding, digits_of
from pipeline.domain.text import word_list

SPELLED = "零〇洞幺一二两三四五六拐七八九勾壹贰叁肆伍陆柒捌玖"
TO_DIGIT = str.maketrans(SPELLED, "0001122345677899123456789")
"""Digits as people say them (幺 1, 洞 0, 拐 7, 勾 9) and as they write them on cheques."""

_S = r"[ \-_.·,，、()（）]{0,3}"  # what people put between groups of digits
_SAY = "(?:号码|号)?(?:是|为)?[:：,， (（]{0,2}"  # between a cue and its number

_MOBILE = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)(?:[(（]?(?:\+|00)?86[)）]?[ \-]{{0,2}}|0)?"
    rf"(?P<number>(?:[(（](?=1[0-9]{{2}}[)）]))?1{_S}[3-9](?:{_S}[0-9]){{9}})(?![0-9])"
)
_AREA_CODE = "0(?:10|2[0-9]|[3-9][0-9]{2})"
_SUBSCRIBER = r"[2-9][0-9]{2,3}[ \-]{0,3}[0-9]{4}"
LANDLINE = re.compile(
    rf"(?<![0-9])[(（]?(?:(?:\+|00)?86[ \-]?)?"
    rf"(?P<area>{_AREA_CODE}|(?:(?<=86)|(?<=86[ \-]))[1-9][0-9]{{1,2}})[)）]?"
    rf"[ \-_、/]{{0,3}}(?P<number>{_SUBSCRIBER})(?:[ \-]?(?:转|分机|-)[ ]?[0-9]{{1,5}})?(?![0-9])"
)
_PHONE_WORDS = "(?:电话|座机|固话|手机|号码|致电|来电|拨打|联系方式|传真|打|总机|值班室)"
_PHONE_CUE = re.compile(f"{_PHONE_WORDS}{_SAY}$")
_LOCAL_NUMBER = re.compile(f"{_PHONE_WORDS}{_SAY}(?P<number>{_SUBSCRIBER})(?![0-9])")
_NATIONAL_ID = re.compile(r"(?<![0-9])[1-9](?:[ \-]?[0-9]){16}[ \-]?[0-9Xx](?![0-9])")
_CUED_ID = re.compile(
    f"(?:身份证|证件|证号){_SAY}"
    r"(?P<number>[1-9](?:[ \-]?[0-9]){13}(?:(?:[ \-]?[0-9]){3})?[0-9Xx])(?![0-9])"
)
# Letters before it make it a ticket's or a document's number.
_CARD = re.compile(
    r"(?<![0-9A-Za-z])(?=[3-69])[0-9]{4}(?:[ \-]?[0-9]{4}){3}(?:[ \-]?[0-9]{1,3})?(?![0-9])"
)
_CUED_CARD = re.compile(
    "(?:卡号|账号|帐号|账户|帐户|银行卡|储蓄卡|信用卡|(?:打|转|汇|存)(?:账|款)?[到入])"
    rf"{_SAY}(?P<number>[0-9](?:[ \-]?[0-9]){{11,20}})(?![0-9])"
)
_SPELLED_RUN = re.compile(rf"[0-9{SPELLED}](?<![0-9{SPELLED}].)(?:{_S}[0-9{SPELLED}]){{9,}}[Xx]?")
_SAID = re.compile(f"[{SPELLED}].*[{SPELLED}]")  # two at least; the rest may be in figures
_IN_PARENTHESES = re.compile(f"[(（][0-9{SPELLED}]{{3}}[)）]")
_SPELLED_PIECE = re.compile(f"[0-9{SPELLED}]+[Xx]?")

# A number so introduced is an order, a case or a document, not a telephone.
_DOCUMENT = re.compile(
    "(?:(?:订单|运单|快递|工单|流水|条形?码|批次|合同|编号|序号|文书)(?:号码|编号|号)?"
    "|(?:单|票|案|文|证|书|档|编)编?(?:号码|号)"
    "|[¥￥$№]|N[oO][.:： ]?)(?:是|为)?[:：,， (（]{0,2}(?:[A-Za-z]{1,6}[\\-/ ]?)?$"
)
_BEFORE = 16  # characters in which such an introduction ends
_LETTERS = re.compile("[A-Za-z]+$")
_PHONE_LETTERS = frozenset(
    word_list("tel phone mobile wx vx v qq q m t h call wechat weixin sjh sj dh")
)
_AMOUNT_NEXT = re.compile(r"\.[0-9]|\s*(?:元|万|亿|块钱|千克|公斤|吨|斤|公里|千米|米|次|件|份)")
_DATE_FORM = re.compile("(?:19|20)[0-9]{2}[ -]?(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_REGIONS = frozenset(
    word_list(
        """
    11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63
    64 65 71 81 82 83
    """
    )
)


def id_checksum_ok(number: str) -> bool:
    """GB 11643-1999: the 18th character of a citizen's number follows from the other 17."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def luhn_ok(number: str) -> bool:
    """ISO/IEC 7812: check digit of bank cards."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + position % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_national_id(number: str) -> bool:
    """``number``: 17 digits and a digit or X. Region and birthday must be possible."""
    year, month, day = number[6:10], number[10:12], number[12:14]
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    if number[:2] not in _REGIONS or not 1900 <= int(year) <= 2099:
        return False
    # A mistyped check digit is still somebody's number. One "born" in our days is an order or a
    # ticket that begins with a region and a date: a child's number needs its cue (_CUED_ID).
    return int(year) <= 2015


_USUAL_GROUPS = re.compile(
    r"[0-9]{6}[ \-]?[0-9]{4}[ \-]?[0-9]{2}[ \-]?[0-9]{2}[ \-]?[0-9]{3}[0-9Xx]"
)


def _ids(probe: str, start: int, end: int) -> Iterator[Finding]:
    for match in _NATIONAL_ID.finditer(probe, start, end):
        number = match[0].replace(" ", "").replace("-", "")
        if _is_national_id(number) and (
            _USUAL_GROUPS.fullmatch(match[0]) or id_checksum_ok(number)
        ):
            yield Finding("national_id", *match.span())


def _cards(probe: str, start: int, end: int) -> Iterator[Finding]:
    for match in _CARD.finditer(probe, start, end):
        before = probe[max(0, match.start() - _BEFORE) : match.start()]
        if luhn_ok(digits_of(match[0])) and not _DOCUMENT.search(before):
            yield Finding("bank_card", *match.span())


def _is_mobile_in_form(number: str, *, is_cued: bool) -> bool:
    """Eleven digits in groups as people write them, unlike lists and ranges of numbers."""
    groups = re.findall("[0-9]+", number)
    sizes = tuple(map(len, groups))
    if len(sizes) == 1:
        return True
    gaps = set(re.findall("[^0-9]+", number))
    if max(sizes) == 1:
        return len(gaps) == 1
    if sizes in {(5, 6), (6, 5)} and gaps & {"-", " - ", "--"}:
        return False
    if any(mark in gap for gap in gaps for mark in ",，、"):  # or three numbers of a list
        return is_cued and sizes == (3, 4, 4)
    return sizes[0] >= 3 and min(sizes) >= 2 and len(sizes) <= 4


def _mobiles(probe: str, start: int, end: int) -> Iterator[Finding]:
    for match in _MOBILE.finditer(probe, start, end):
        is_cued = _PHONE_CUE.search(probe[max(0, match.start() - _BEFORE) : match.start()])
        if _is_mobile_in_form(match["number"], is_cued=bool(is_cued)) and not _is_document(
            probe, *match.span()
        ):
            yield Finding("mobile", *match.span())


def _is_document(probe: str, start: int, end: int) -> bool:
    before = probe[max(0, start - _BEFORE) : start]
    letters = _LETTERS.search(before)
    return bool(
        _DOCUMENT.search(before)
        or (letters and letters[0].lower() not in _PHONE_LETTERS)
        or _AMOUNT_NEXT.match(probe, end)
    )


def _landlines(probe: str, start: int, end: int) -> Iterator[Finding]:
    for match in LANDLINE.finditer(probe, start, end):
        if not _is_document(probe, *match.span()):
            yield Finding("landline", *match.span())
    for match in _LOCAL_NUMBER.finditer(probe, start, end):
        span = match.span("number")
        if not (_DATE_FORM.fullmatch(match["number"]) or _is_document(probe, *span)):
            yield Finding("landline", *span)


def _spelled(probe: str) -> Iterator[Finding]:
    """Numbers dictated digit by digit: 幺三八 零零幺三 八零零零, of any of the kinds above."""
    for run in _SPELLED_RUN.finditer(probe):
        if not _SAID.search(run[0]):
            continue
        pieces = [piece.span() for piece in _SPELLED_PIECE.finditer(probe, *run.span())]
        first = 0
        while first < len(pieces):
            last = len(pieces)
            while last > first and not (found := _spelled_in(probe, pieces[first:last])):
                last -= 1
            if last > first:
                yield found
            first = max(last, first + 1)


def _spelled_in(probe: str, pieces: list[tuple[int, int]]) -> Finding | None:
    start, end = pieces[0][0], pieces[-1][1]
    if not _SAID.search(probe, start, end):
        return None
    kind = _kind_of("".join(filter(str.isalnum, probe[start:end])).translate(TO_DIGIT))
    if kind and _IN_PARENTHESES.match(probe, start - 1):
        start -= 1
    return Finding(kind, start, end) if kind else None


def _kind_of(digits: str) -> str | None:
    if re.fullmatch("(?:86|0)?1[3-9][0-9]{9}", digits):
        return "mobile"
    if re.fullmatch(f"{_AREA_CODE}[2-9][0-9]{{6,7}}", digits):
        return "landline"
    if re.fullmatch("[0-9]{17}[0-9Xx]", digits) and _is_national_id(digits):
        return "national_id"
    if re.fullmatch("[3-69][0-9]{15,18}", digits) and luhn_ok(digits):
        return "bank_card"
    return None


def _cued(kind: str, pattern: re.Pattern) -> Callable[[str, int, int], Iterator[Finding]]:
    def finder(probe: str, start: int, end: int) -> Iterator[Finding]:
        for match in pattern.finditer(probe, start, end):
            yield Finding(kind, *match.span("number"))

    return finder


# With the fewest and the most digits that each finds where nothing stands between them.
_FINDERS = (
    (_ids, 17, 18),
    (_cards, 16, 19),
    (_mobiles, 11, 15),
    (_landlines, 7, 19),
    (_cued("national_id", _CUED_ID), 14, 18),
    (_cued("bank_card", _CUED_CARD), 12, 21),
)

_CHAIN = re.compile(r"[0-9](?:[ \-_.·,，、()（）/]{0,3}[0-9]){6,}")
_PLAIN_MOBILE = re.compile("1[3-9][0-9]{9}")
_AROUND = 20  # characters before a chain of digits in which a cue ends, and after it

MAY_HOLD_DIGITS = (
    rf"(?<=[{ANY_DIGIT}])(?:[^0-9\uff10-\uff19\u4e00-\u9fff\n]{{0,3}}[{ANY_DIGIT}]){{6}}"
    rf"|(?<=[{ANY_DIGIT}{SPELLED}])(?:[^\u4e00-\u9fff\n]{{0,3}}[{ANY_DIGIT}{SPELLED}]){{9}}"
)
"""In every text with such a number, after its first digit; raw, with full-width forms."""


def find_digits(probe: str) -> Iterator[Finding]:
    """Findings, unordered; they may overlap. The likelier of two with the same span comes first."""
    for chain in _CHAIN.finditer(probe):
        if not _PLAIN_MOBILE.fullmatch(chain[0]):
            yield from _around(probe, chain)
        elif not _is_document(probe, *chain.span()):
            yield Finding("mobile", *chain.span())
    yield from _spelled(probe)


def _around(probe: str, chain: re.Match) -> Iterator[Finding]:
    """Findings in and around a chain of digits; one without gaps is at most one number."""
    start, end = max(0, chain.start() - _AROUND), chain.end() + _AROUND
    has_no_gaps = chain[0].isdigit()
    count = len(digits_of(chain[0]))
    for finder, least, most in _FINDERS:
        if least <= count and (count <= most or not has_no_gaps):
            found = list(finder(probe, start, end))
            yield from found
            if found and has_no_gaps:
                return
