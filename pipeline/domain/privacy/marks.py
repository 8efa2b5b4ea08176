"""Finding plates, mail and messenger addresses, and officers' numbers: told by form or cue."""

import re
from collections.abc import Iterator

from pipeline.domain.privacy.digits import SPELLED
from pipeline.domain.privacy.findings import (
    ANY_DIGIT,
    ANY_LETTER,
    PROVINCES,
    Finding,
    digits_of,
)
from pipeline.domain.text import word_list

# --- plates -----------------------------------------------------------------------------------

# 挂车, 教练车, 警车 …, but not 警示牌, 超限, 港口.
_TAIL = (
    "(?:挂(?!靠)|学(?![校生员习])|警(?![示告察戒])|港(?![口区务湾])|澳|领(?![导取])|试(?![点验运])"
    "|超(?![限载速重宽高长]))"
)
_PLATE = re.compile(
    rf"[{PROVINCES}] ?[A-Za-z][ ·.\-]{{0,2}}"
    "(?:(?=[A-Za-z]{0,4}[0-9])"
    rf"(?:[A-Za-z0-9]{{5,6}}(?:挂(?!靠))?|[A-Za-z0-9]{{4}}{_TAIL}"
    "|(?=[A-Za-z0-9 ]*[0-9]{2})(?:[A-Za-z0-9]{2} [A-Za-z0-9]{3}|[A-Za-z0-9]{3} [A-Za-z0-9]{2}))"
    f"|(?=[A-Za-z]{{0,1}}[0-9{SPELLED}]{{4}})[A-Za-z0-9{SPELLED}]{{5,6}}(?![{SPELLED}]))"
    "(?![A-Za-z0-9])"
)
_CUED_PLATE = re.compile(
    "(?:车牌|牌照|牌号)(?:号码|号)?(?:是|为)?[:： (（]{0,2}"
    "(?P<number>[A-Z][·.\\- ]?(?=[A-Z]{0,4}[0-9])[A-Z0-9]{5,6})(?![A-Za-z0-9])"
)

# --- mail and messengers ----------------------------------------------------------------------

_EMAIL = re.compile(r"[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:[.·][A-Za-z0-9\-]+)*[.·][A-Za-z]{2,}")
_MESSENGERS = word_list(
    "wx(?<![A-Za-z]..) WX(?<![A-Za-z]..) Wx(?<![A-Za-z]..) vx(?<![A-Za-z]..) VX(?<![A-Za-z]..)"
    " Vx(?<![A-Za-z]..) QQ(?<![A-Za-z]..) qq(?<![A-Za-z]..) Qq(?<![A-Za-z]..)"
    " weixin Weixin wechat Wechat WeChat 薇信 V信 v信 加V 加v 扣扣 企鹅"
)
_IM = re.compile(
    f"(?:微 ?信|{'|'.join(_MESSENGERS)})(?: ?号码?| ?账号)?(?:ID|id)?[是为]?[:：,， (（]{{0,3}}"
    "(?P<number>[A-Za-z][A-Za-z0-9_\\-]{5,19}"
    "|(?<=[Qq扣鹅号是为:： ])(?<!信 )[1-9][0-9]{4,10}(?![0-9元块万]))"
)

# --- officers' numbers ------------------------------------------------------------------------

_BADGE_VALUE = (
    f"(?:[{PROVINCES}][交执法路政运]{{0,3}})?[A-Za-z0-9][A-Za-z0-9\\-]{{1,18}}(?![A-Za-z0-9])"
)
_BADGE = re.compile(
    "(?P<cue>执法证件?编?(?:号码?)?|执法(?:人员|员)?(?:证件)?编号|工作证编?号|检查证编?号|稽查证编?号|监督证编?号"
    "|警员编?号|胸牌编?(?:号码?)?|胸卡编?号?|胸章编?号?|胸号|工号|警号|证件编?号码?"
    "|证号(?<![\u4e00-\u9fff]证号)|证号(?<=[持的其员]证号))"
    "(?P<say>[，,]?(?:编号)?(?:分别)?(?:上面?)?(?:大概|好像|可能)?(?:是|为|写着?|写的是|印着)?"
    '[:： (（“"]{0,2})'
    f"(?P<number>{_BADGE_VALUE})"
)
_NEXT_BADGE = re.compile(f"(?:[、,，/ ]{{1,2}}|和|与|及|以及)(?P<number>{_BADGE_VALUE})")
_BADGE_FIRST = re.compile(
    "(?P<number>[A-Za-z0-9](?<![A-Za-z0-9].)[A-Za-z0-9]{2,19})(?=号?的?执法(?:证|人员|员|队员))"
)
_NO_BADGE_NEXT = re.compile("[元年月日天分秒时点次人个名米公吨块万条张%.:：]")


def _badges(probe: str) -> Iterator[Finding]:
    for match in _BADGE.finditer(probe):
        fewest = 2 if match["say"] or match["cue"].endswith(("号", "号码")) else 3
        while match and _is_badge(probe, match, fewest):
            yield Finding("badge", *match.span("number"))
            match = _NEXT_BADGE.match(probe, match.end("number"))  # noqa: PLW2901
            fewest = 3
    if "执法" in probe:
        for match in _BADGE_FIRST.finditer(probe):
            yield Finding("badge", *match.span("number"))


def _is_badge(probe: str, match: re.Match, fewest: int) -> bool:
    return len(digits_of(match["number"])) >= fewest and not _NO_BADGE_NEXT.match(
        probe, match.end("number")
    )


# --- all together -----------------------------------------------------------------------------

_MESSENGER = "VvWwQq\uff36\uff37\uff31\uff56\uff57\uff51"
MAY_HOLD_MARK = rf"(?<=[{PROVINCES}])[ \u3000\xa0\t]?[{ANY_LETTER}]|(?<=[{_MESSENGER}])[^ ]"
FIRST_OF_MARK = PROVINCES + _MESSENGER
_DIGIT_SOON, _LETTER_SOON = (
    f"(?=[^。\n]{{0,18}}?[{ANY_DIGIT}])",
    f"(?=[^。\n]{{0,6}}?[{ANY_LETTER}])",
)
LOOK_FOR = "|".join(
    [
        *(
            f"{cue}(?:{_DIGIT_SOON}|(?<=[{ANY_DIGIT}].{cue}))"
            for cue in word_list(
                "执法 工号 警号 警员 胸牌 胸卡 胸章 胸号 工作证 检查证 稽查证 监督证 证件 证号"
            )
        ),
        *(f"{cue}{_LETTER_SOON}" for cue in ("车牌", "牌照", "牌号")),
        *word_list("微信 薇信 扣扣 企鹅 @ \uff20 加V 加v"),
        "微[ \u3000\xa0\t]信",
    ]
)
"""What announces the others; every alternative begins with plain characters."""


def find_marks(probe: str) -> Iterator[Finding]:
    """Findings, unordered; they may overlap. The likelier of two with the same span comes first."""
    yield from _badges(probe)
    for match in _PLATE.finditer(probe):
        yield Finding("plate", *match.span())
    for kind, pattern in (("plate", _CUED_PLATE), ("im", _IM)):
        for match in pattern.finditer(probe):
            yield Finding(kind, *match.span("number"))
    if "@" in probe:
        for match in _EMAIL.finditer(probe):
            yield Finding("email", *match.span())
