"""What the report splits its figures by, and how each part is called in print."""

from dataclasses import dataclass

from pipeline.domain.labels import ProblemType
from pipeline.domain.ticket import Hotline
from pipeline.report.figures import part_zh

PRINTED_TYPES = tuple(t for t in ProblemType if t is not ProblemType.INTEGRITY)
"""Integrity leads are reported apart: one count, no comparison, no list."""

GROUPS = (("truck", "货车司机"), ("enterprise", "涉企"), ("crew", "船员"))
FOCUS_GROUPS = GROUPS[:2]
"""Of whom every document speaks, be it that there is nothing; of 船员 only where there is."""
REDONE, BAD_RATING = "重办", "差评"
"""Flags that freezing derives from a ticket's successive exports (see freeze)."""

UNTYPED = "untyped"
UNTYPED_ZH = "未定类型"


@dataclass(frozen=True, slots=True)
class Dimension:
    """``query`` is the split; ``overlaps`` where a ticket can be in several parts or in none."""

    id: str
    name_zh: str
    query: str
    overlaps: bool = False


DIMENSIONS = (
    Dimension("hotline", "受理平台", "by_hotline"),
    Dimension("channel", "受理渠道", "by_channel"),
    Dimension("region", "地区", "by_region"),
    Dimension("trade", "业务领域", "by_trade"),
    Dimension("type", "问题类型", "by_primary", overlaps=True),  # integrity leads are in no part
    Dimension("group", "群体", "by_flag", overlaps=True),
)
CROSSES = (("region", "地区", "by_region_type"), ("trade", "业务领域", "by_trade_type"))
"""Cross tables with the primary problem type: part ``region|slug``."""

STAGES = (("dispatched", "转办"), ("signed", "签收"), ("closed", "办结"), ("visited", "回访"))


def name_zh(dimension: str, part: str) -> str:
    """A part of a dimension as printed."""
    if dimension == "hotline":
        return Hotline(part).name_zh
    if dimension == "channel":
        hotline, channel = part.split("·", 1)
        return f"{Hotline(hotline).name_zh}·{part_zh(channel)}"
    if dimension == "type":
        return UNTYPED_ZH if part == UNTYPED else ProblemType(part).name_zh
    return part_zh(part)


def is_published(dimension: str, part: str) -> bool:
    """Whether a part has figures of its own: not integrity leads, and of flags only the groups."""
    if dimension == "type":
        return part != ProblemType.INTEGRITY.value
    return dimension != "group" or part in {flag for _, flag in GROUPS}
