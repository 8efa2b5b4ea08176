"""Addresses to the door: 3栋2单元501室, and house numbers after words that say whose home it is.

A street with a number alone is where something happened, and stays.
"""

import re
from collections.abc import Iterator

from pipeline.domain.privacy.findings import ANY_DIGIT, ANY_LETTER, Finding
from pipeline.domain.text import word_list

_N = "[0-9一二三四五六七八九十百零〇]"
_L = "[0-9A-Za-z一二三四五六七八九十百零〇甲乙丙丁]"
_HOUSE = f"{_N}{{1,5}}号(?:大院|院)?(?![线楼])"
_BUILDING = f"{_L}{{1,4}}(?:号楼|#楼|栋|幢|座|#)"
_UNIT = f"{_L}{{1,3}}单元"
_ROOM = (
    f"(?:{_N}{{1,3}}[层楼])?(?:{_N}{{2,5}}(?:室|户|号(?![楼线门口车院路]))"
    "|[0-9]{3,4}(?![0-9]|[元米户人个年月日天吨平万千块件张.%路号]))"
)
_DOOR = re.compile(
    f"(?:{_HOUSE})?(?:{_N}{{1,4}}弄(?:{_N}{{1,4}}号)?(?:{_BUILDING})?|{_BUILDING}(?:{_UNIT})?|{_UNIT})"
    f"{_ROOM}"
)
_HOME_CUE = re.compile(
    "家住|现住(?:址|在)?|住址|住在|居住(?:在|于|地址?)|租住(?:在|于)?|户籍(?:所在地|地址?)"
    "|户口(?:所在地|在)|(?:邮?寄|送)到|(?:家庭|收件|收货|邮寄|寄送|送达|联系|身份证|通讯|通信)地址"
)
_CLAUSE = re.compile("[^\uff0c。\uff1b,;\n()\uff08\uff09]{0,48}")
# At home a house number is a door too, and 5-2-301 is building, unit and room.
_HOME_DOOR = re.compile(
    f"(?:{_N}{{1,4}}组)?(?:{_HOUSE}|{_N}{{1,4}}弄|{_BUILDING})[^与和]{{0,16}}?{_ROOM}"
    f"|(?:{_N}{{1,4}}组)?{_HOUSE}(?=附近|旁|对面|$)"
    "|[0-9]{1,3}-[0-9]{1,2}-[0-9]{2,4}室?"
)
LOOK_FOR = "|".join(
    [
        *(
            f"{mark}(?<=[{ANY_DIGIT}{ANY_LETTER}一二三四五六七八九十百零〇].)"
            for mark in "栋幢座弄#＃"
        ),
        *word_list("号楼 单元 家住 现住 住址 住在 居住 租住 户籍 户口 地址 寄到 送到"),
    ]
)
"""What is in every address to the door; every alternative begins with plain characters."""
_HINT = re.compile(LOOK_FOR)
_NUMERAL = re.compile(f"{_N}+|[A-Za-z]+")


def find_addresses(probe: str) -> Iterator[Finding]:
    """Spans of doors in a probe; they may overlap."""
    if not _HINT.search(probe):
        return
    for match in _DOOR.finditer(probe):
        yield Finding("address", *match.span())
    for cue in _HOME_CUE.finditer(probe):
        clause = _CLAUSE.match(probe, cue.end())
        if match := _HOME_DOOR.search(clause[0]):
            yield Finding("address", clause.start() + match.start(), clause.start() + match.end())


def mask_address(probe: str) -> str:
    """``3栋2单元501室`` → ``*栋*单元***室``."""
    return _NUMERAL.sub(lambda number: "*" if len(number[0]) <= 2 else "***", probe)
