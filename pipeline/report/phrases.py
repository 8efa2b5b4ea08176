"""Sentences from numbers. Placeholders in braces are filled with figures by the section builders.

Each function decides only the wording, from values; so every case can be put in a table of tests.
"""

import re


def change_template(
    name: str,
    base_zh: str,
    current: float,
    base: float | None,
    percent: float | None,
    *,
    unit: str = "件",
) -> str:
    """环比 or 同比 with the base shown.

    ``base`` null means the store has no data of that month; ``percent`` null means the base is
    under the minimum for a percentage (domain B4: then the difference alone; base 0 is 新增).
    Placeholders: ``{percent} {diff} {base}``.
    """
    if base is None:
        return f"无{base_zh}数据,不作{name}"
    if base == 0:
        if current == 0:
            return f"与{base_zh}持平(均为{{base}}{unit})"
        return f"较{base_zh}新增{{diff}}{unit}({base_zh}{{base}}{unit})"
    shown = f"({base_zh}{{base}}{unit})"
    if current == base:
        return f"{name}持平{shown}"
    if percent is None:
        verb = "增加" if current > base else "减少"
        return f"较{base_zh}{verb}{{diff}}{unit}{shown}"
    verb = "上升" if current > base else "下降"
    return f"{name}{verb}{{percent}}{shown}"


def rate_template(name: str, hits_zh: str, base_zh: str, base: float, rate: float | None) -> str:
    """A rate with both its counts; ``{hits} {base} {rate}``. Under the minimum n no percentage."""
    if base == 0:
        return f"无{base_zh},不计算{name}"
    if rate is None:
        return f"{base_zh}{{base}}件,其中{hits_zh}{{hits}}件,样本不足(n={{base}}),不计算{name}"
    return f"{name}为{{rate}}({{hits}}/{{base}})"


def points_template(points: float | None) -> str:
    """Change of a rate in percentage points; ``{points}``."""
    if points is None:
        return "—"
    if round(points, 2) == 0:
        return "持平"
    return ("上升" if points > 0 else "下降") + "{points}个百分点"


def enforcement_template(count: float) -> str:
    """The first sentence on enforcement; ``{count} {callers} {matters}``."""
    if count == 0:
        return "本月未收到执法类投诉举报"
    if count == 1:
        return "其中执法类投诉举报{count}件"
    return "其中执法类投诉举报{count}件、涉及{callers}人,合并同一事项后为{matters}项"


def percent_text(value: float) -> str:
    """Two decimals and the sign: ``95.27%``."""
    return f"{abs(value):.2f}%"


def count_text(value: float) -> str:
    """A whole number, or a median with one decimal where it has a half."""
    value = abs(value)
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def mask_ticket_no(ticket_no: str) -> str:
    """``12328340100202611030012`` → ``1232****0012``: enough to find it, not to name it."""
    keep = min(4, max(1, len(ticket_no) // 4))
    return f"{ticket_no[:keep]}****{ticket_no[-keep:]}"


_INNER_QUOTES = str.maketrans({"“": "‘", "”": "’", '"': ""})


def quoted(text: str) -> str:
    """A piece of a ticket in quotation marks; those inside it become single ones."""
    return f"“{text.translate(_INNER_QUOTES)}”"


_TICKET_NO = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,5}[0-9]{10,}(?![A-Za-z0-9])")


def mask_ticket_nos(text: str) -> str:
    """A text of the store as printed: ticket numbers in it are masked as in the lists."""
    return _TICKET_NO.sub(lambda found: mask_ticket_no(found[0]), text)
