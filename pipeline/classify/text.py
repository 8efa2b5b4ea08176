"""Tickets as one block of characters: every position of the block leads back to its ticket.

All features are computed over a batch's joined text, because one pass over a long string or
array costs a fraction of many passes over short ones. Normalisation replaces characters one for
one, so a span found in the block is a span of the ticket as written.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

MAX_CHARS = 6000
"""Longer fields are read up to here: a ticket states its point before, and memory stays bounded."""

_ENDS = "，。；！？,;!?:：\n\r\t…"
_TABLE: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(c): c.lower() for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{0xFF21 + n: chr(ord("a") + n) for n in range(26)},
    **dict.fromkeys(map(ord, "0123456789"), "0"),
    **dict.fromkeys(range(0xFF10, 0xFF1A), "0"),
    **dict.fromkeys(map(ord, _ENDS), "，"),
    **dict.fromkeys(map(ord, "。！？!?"), "。"),
    **dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029), "，"),
    **dict.fromkeys(map(ord, "“”‘’\"'「」『』《》"), "“"),
    **dict.fromkeys((0x3000, *range(0xD800, 0xE000)), " "),  # a lone surrogate is no character
}
_CODES = np.arange(sys.maxunicode + 1, dtype="<u4")
"""_TABLE over all code points: one array look-up for a batch, where str.translate asks a
dictionary for each character."""
_CODES[list(_TABLE)] = [ord(c) for c in _TABLE.values()]
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶余潘杜"
    "戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NOBODY = re.compile(
    # a look at the first letter alone, at most places enough, halves the time
    f"(?=[市群来诉反投举当城县区镇0京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼gsx{_SURNAMES}])(?:"
    # the operator's "the caller reports": says who writes, not what of
    "(?:市民|群众|来电人|诉求人|反映人|投诉人|举报人|当事人"
    f"|[{_SURNAMES}](?:先生|女士|小姐|师傅|某某|某|大爷|阿姨|大哥|大姐))"
    "(?:系|为)?(?:来电)?(?:反映|称|表示)?，?"
    "|[城县区镇][东西南北]"
    "|0{1,4}年|0{1,2}月|0{1,2}[日号]|0{1,2}[时点]0{0,2}分?"
    "|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·.]?[a-z0*]{4,6}|[gsx]0{2,4})"
)
"""Names, dates, plates and road numbers, which must not sway a judgement: blanked, same length."""
CLAUSE_END, SENTENCE_END, TICKET_END, BLANK = "，", "。", "\n", " "


@dataclass(frozen=True)
class Batch:
    """``texts``: title, a full stop, content; ``joined``: all normalised, ``\\n`` after each.

    ``spoken`` is ``joined`` before names, dates, plates and road numbers were blanked.
    """

    texts: list[str]
    title_lengths: np.ndarray
    joined: str
    starts: np.ndarray
    spoken: str

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def codes(self) -> np.ndarray:
        """Code points of ``joined``, uint32."""
        return np.frombuffer(self.joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")

    @cached_property
    def owner(self) -> np.ndarray:
        """For each position of ``joined`` the index of its ticket."""
        lengths = np.diff(np.append(self.starts, len(self.joined)))
        return np.repeat(np.arange(len(self.texts), dtype=np.int32), lengths)

    @cached_property
    def clause(self) -> np.ndarray:
        """For each position of ``joined`` the running number of its clause over the batch."""
        marks = np.isin(self.codes, [ord(CLAUSE_END), ord(SENTENCE_END), ord(TICKET_END)])
        return np.concatenate([[0], np.cumsum(marks)[:-1]]).astype(np.int32)

    def normalised(self, ticket: int) -> str:
        """One ticket's text, normalised, with its names and dates."""
        start = int(self.starts[ticket])
        return self.spoken[start : start + len(self.texts[ticket])]

    def field_span(self, ticket: int, start: int, end: int) -> str:
        """The text as written between two positions of ``joined`` inside one field of a ticket."""
        offset = int(self.starts[ticket])
        return self.texts[ticket][start - offset : end - offset]


def _normalised(texts: Sequence[str]) -> str:
    """The texts under _TABLE, ``\\n`` after each; line ends inside a text are clause ends."""
    block = "\n".join([*texts, ""])
    codes = np.frombuffer(block.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64) - 1
    changed = _CODES[codes]
    changed[ends] = ord(TICKET_END)
    return changed.tobytes().decode("utf-32-le")


def prepare(tickets: Sequence[Mapping[str, Any]], repairs: Mapping[str, str]) -> Batch:
    """Join the tickets' titles and contents. ``repairs`` maps misheard words to words as long."""
    titles = [(ticket.get("title") or "")[:MAX_CHARS] for ticket in tickets]
    texts = [
        f"{title}。{(ticket.get('content') or '')[:MAX_CHARS]}"
        for title, ticket in zip(titles, tickets, strict=True)
    ]
    joined = _normalised(texts)
    for wrong, right in repairs.items():
        joined = joined.replace(wrong, right)
    blanked = _NOBODY.sub(lambda match: BLANK * len(match[0]), joined)
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64) if texts else np.zeros(0, np.int64)
    title_lengths = np.array([len(t) for t in titles], dtype=np.int64)
    return Batch(texts, title_lengths, blanked, starts, spoken=joined)
