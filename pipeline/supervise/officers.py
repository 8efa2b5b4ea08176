"""Officers are not named before a complaint is found true (domain D5)."""

import re

from pipeline.domain.names import find_people
from pipeline.domain.namewords import SURNAMES

_TITLE = (
    "中队长|大队长|支队长|队长|站长|科长|处长|局长|所长|主任|执法员|执法人员|协管员|协管|稽查员"
)
_NAMED = re.compile(
    f"(?P<title>{_TITLE})(?:[{SURNAMES}]某某?"
    f"|[{SURNAMES}][\u4e00-\u9fff]{{1,2}}?(?=[^\u4e00-\u9fff]|$|[的之说让叫要收把在对将称和跟]))"
)
_TITLED = re.compile(f"(?P<name>[{SURNAMES}][\u4e00-\u9fff]?)(?P<title>副?(?:{_TITLE}))")
_BADGE = re.compile(
    "(?P<what>执法证号?|工号|警号|胸牌号?|编号)(?P<sep>[是为:\uff1a尾号 ]{0,3})[A-Za-z0-9-]{3,}"
)


def is_found_true(verified: str | None) -> bool:
    return verified in {"属实", "部分属实"}


def hide_officers(text: str) -> str:
    """Names beside an officer's title and badge numbers, replaced; the rest stays readable.

    A name is replaced wherever it stands, also as the mask (``周某``) that intake leaves of it.
    """
    named = {text[p.start : p.end] for p in find_people(text) if p.is_officer}
    for name in sorted(named, key=len, reverse=True):
        text = text.replace(name, "××")
    text = _NAMED.sub(lambda m: f"{m['title']}××", text)
    text = _BADGE.sub(lambda m: f"{m['what']}{m['sep']}××", text)
    return _TITLED.sub(lambda m: f"××{m['title']}", text)
