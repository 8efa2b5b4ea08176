"""Names in cells that are to hold them: who called, whom the complaint is about."""

import re

from pipeline.domain.nameforms import CLOSED, ETHNIC, SURNAME, TYPICAL
from pipeline.domain.namewords import WORDS

_LONG_NAME = re.compile(f"{SURNAME}(?:{CLOSED}){{3}}")  # 马依布拉
_FULL = re.compile(
    f"{SURNAME}[^\\W\\d_A-Za-z某]{{1,2}}|(?!.*[县区市乡镇村州旗队局所站处]$){ETHNIC}"
)


def is_full_name(text: str) -> bool:
    """A cell that holds nothing but a surname and a given name in clear."""
    return bool(2 <= len(text) <= 16 and _FULL.fullmatch(text))


_ORGANISATIONS = "司厂店部局所队站院校社会委处心铺行"
_PLACES = "省市县区州盟旗乡镇村"  # 徐州市, 蒙城县: a surname begins many of them


def is_callers_name(text: str) -> bool:
    """:func:`is_full_name` for a cell that is to hold a name: four characters may be one too."""
    return is_full_name(text) or bool(
        _LONG_NAME.fullmatch(text) and text[:2] not in WORDS and text[-1] not in _ORGANISATIONS
    )


_BETWEEN_CALLERS = re.compile("[、,，;；/|+\\n]|(?<=[^ ]{2})(?: +|[和与及])(?=[^ ]{2})")
_REMARK = re.compile("[(（](?P<remark>[^()（）]*)[)）]")
_RUN_TOGETHER = re.compile(f"(?:{SURNAME}{TYPICAL}{{2}}){{2,4}}")


def callers_names(text: str) -> tuple[str, ...]:
    """The names of a cell that is to hold them, as they stand in it: 王建国、李秀英（代） both,
    王 建 国 whole. A remark in brackets may be one as well, but no word (车主)."""
    if is_callers_name(text):
        return (text,)
    parts = _BETWEEN_CALLERS.split(_REMARK.sub("、", text))
    found = [part for part in parts if is_callers_name(part.replace(" ", ""))]
    for part in parts:
        if _RUN_TOGETHER.fullmatch(part):
            found += [part[at : at + 3] for at in range(0, len(part), 3)]
    remarks = [match["remark"] for match in _REMARK.finditer(text)]
    found += [word for word in remarks if word not in WORDS and is_callers_name(word)]
    return tuple(dict.fromkeys(found))


_PERSON = re.compile(f"{SURNAME}{TYPICAL}{{2}}")


def people_named(text: str) -> tuple[str, ...]:
    """Full names of three characters that alone make up a part of a cell for units (投诉对象) or
    for staff: 张建军（蜀山大队）, but not 安监局. Two characters are as likely a firm (万顺)."""
    parts = _BETWEEN_CALLERS.split(re.sub("[()（）:：]", "、", text))
    return tuple(
        part
        for part in parts
        if _PERSON.fullmatch(part)
        and part[:2] not in WORDS
        and part[-1] not in _ORGANISATIONS + _PLACES
    )
