"""Sentences from numbers. Placeholders in braces are filled with figures by the section builders.

Each function decides only the wording, from values; so every case can be put in a table of tests.
"""

import re


def change_template(
    name: str, base_zh: str, current: float, base: float, percent: float | None, *, unit: str = "件"
) -> str:
    """环比 or 同比 with the base shown.

    ``percent`` null means the base is under the minimum for a percentage (domain B4: then the
    difference alone; base 0 is 新增). Placeholders: ``{percent} {diff} {base}``.
    """
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
    """A rate with both its counts; ``{hits} {base} {rate}``. Under the minimum n no percentage.

    Without ``base_zh`` the sentence has told the base already.
    """
    if not base_zh:
        if base == 0:
            return ""
        return f"{hits_zh}{{hits}}件" if rate is None else f"{name}为{{rate}}({{hits}}/{{base}})"
    if base == 0:
        return f"没有{base_zh},不计算{name}"
    counts = f"{base_zh}{{base}}件,其中{hits_zh}{{hits}}件"
    return f"{counts},样本不足,不计算{name}" if rate is None else f"{counts},{name}为{{rate}}"


def points_template(points: float | None) -> str:
    """Change of a rate in percentage points; ``{points}``."""
    if points is None:
        return "—"
    if round(points, 2) == 0:
        return "持平"
    return ("上升" if points > 0 else "下降") + "{points}个百分点"


def enforcement_template(count: float) -> str:
    """The first clause on enforcement; ``{count}``."""
    return "其中,执法类投诉举报{count}件" if count else "本月未收到执法类投诉举报"


def percent_text(value: float) -> str:
    """Two decimals and the sign: ``95.27%``."""
    return f"{abs(value):.2f}%"


def count_text(value: float) -> str:
    """A whole number, or a median with one decimal where it has a half."""
    value = abs(value)
    return str(int(value)) if value == int(value) else f"{value:.1f}"


_DIGITS = "〇一二三四五六七八九"


def chinese_number(n: int) -> str:
    """1–99 as 一, 十, 十一, 二十, 九十九."""
    tens, ones = divmod(n, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def mask_ticket_no(ticket_no: str) -> str:
    """``12328340100202611030012`` → ``1232****0012``: enough to find it, not to name it."""
    keep = min(4, max(1, len(ticket_no) // 4))
    return f"{ticket_no[:keep]}****{ticket_no[-keep:]}"


_INNER_QUOTES = str.maketrans({"“": "‘", "”": "’", '"': ""})


def quoted(text: str) -> str:
    """A piece of a ticket in quotation marks; those inside it become single ones."""
    return f"“{text.translate(_INNER_QUOTES)}”"


_SENTENCE_END = re.compile(r"[。；;！!？?\n]")
_LEAST_OVERLAP = 2


def told(spans: list[str]) -> str:
    """Evidence as printed in a case, each piece in quotation marks.

    A span is cut by the model's window: of one that runs over the end of a sentence its longest
    piece is told, and spans that overlap in the ticket are told as one.
    """
    pieces: list[str] = []
    for span in spans:
        piece = max(_SENTENCE_END.split(span), key=len).strip(" ，,、")
        before = pieces[-1] if pieces else ""
        shared = next(
            (n for n in range(len(piece), _LEAST_OVERLAP - 1, -1) if before.endswith(piece[:n])), 0
        )
        if shared:
            pieces[-1] = before + piece[shared:]
        elif piece:
            pieces.append(piece)
    return "".join(quoted(piece) for piece in dict.fromkeys(pieces))


_TICKET_NO = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,5}[0-9]{10,}(?![A-Za-z0-9])")


def mask_ticket_nos(text: str) -> str:
    """A text of the store as printed: ticket numbers in it are masked as in the lists."""
    return _TICKET_NO.sub(lambda found: mask_ticket_no(found[0]), text)
