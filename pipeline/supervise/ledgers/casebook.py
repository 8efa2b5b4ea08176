"""错题本: what went wrong, what ought to be done, on what ground. Verified complaints only, and
nobody can be told from an entry: neither caller nor officer nor unit nor place nor day.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Column
from pipeline.policies import Profile, load_profile
from pipeline.supervise.ledgers.period import Period
from pipeline.supervise.ledgers.sheet import WITHHELD, Sheet
from pipeline.supervise.ledgers.tickets import VERIFIED, Ticket, load_tickets, shown

_MINISTRY = "mot-2024-25"


class Lesson(BaseModel):
    """One problem type's line of lessons.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wrong: str
    right: str
    clauses: tuple[str, ...]

    def ground(self, profile: Profile) -> str:
        """The quotation that carries it: the profile's own, else the ministry's."""
        for source in (profile, load_profile(_MINISTRY)):
            for key in self.clauses:
                if key in source.clauses:
                    return source.quote(key)
        raise LookupError(f"neither {profile.id} nor the ministry has any of {self.clauses}")


@lru_cache(maxsize=1)
def lessons() -> dict[ProblemType, Lesson]:
    """Every problem type but integrity, which never stands in an ordinary list."""
    import yaml

    lines = yaml.safe_load((Path(__file__).parent / "lessons.yaml").read_text(encoding="utf-8"))
    return {ProblemType(slug): Lesson(**line) for slug, line in lines.items()}


_N = "[0-9０-９〇零一二两三四五六七八九十百千万]"
_HIDDEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?:20[0-9]{2}年)?[0-9]{1,2}月(?:[0-9]{1,2}[日号]?|初|底|末|中旬|[上下]旬)?", "某日"),
        (r"(?<![0-9])[0-9]{1,2}[日号](?=[^楼线])", "某日"),
        (rf"{_N}{{1,3}}[时点](?:{_N}{{1,3}}分?|半)?(?!间|候|位|多钱)", "某时"),
        (r"[0-9]{1,2}[:：][0-9]{2}", "某时"),
        (rf"{_N}+(?:\.[0-9]+)?(?:多|余|来)?(?:万|千|百)?(?:元|块钱?|万)", "若干元"),
        (rf"(?<=罚款)(是|了|我|他|她)?{_N}{{2,}}", "若干"),
        (rf"(?<=[罚交缴收])(了|我|他|她|你)?(?:[0-9]{{3,}}|{_N}[百千万]{_N}*)", "若干"),
        (r"[GSXYgsxy]\s?[0-9]{1,4}(?:线|国道|省道|高速)?|[0-9]{3}(?:国道|省道|县道)", "某路"),
        (r"[Kk][0-9]+(?:\+[0-9]+)?", "某处"),
        (r"[A-Za-z]{0,6}[0-9]{5,}", "某号"),
        (r"[\u4e00-\u9fff]{2,10}(?:公司|车队|合作社|商砼站|砂石厂|修理厂)", "某企业"),
    )
)
_OFFICES = re.compile(
    "[\u4e00-\u9fff]{1,12}?(?:支队|大队|中队|超限站|治超站|检查站|执法局|运管所|路政所|交通运输局)"
)
_REGIONS = re.compile("[\u4e00-\u9fff]{2,3}(?:省|市|县|区|旗|镇|乡|村|街道)(?!场|别|政|里|民)")


def deidentified(text: str, known: Iterable[str | None] = ()) -> str:
    """A text in which nobody and nowhere can be told; ``known`` are the ticket's own names."""
    for name in sorted(filter(None, known), key=len, reverse=True):
        text = text.replace(name, "某处")
    text = shown(text)
    text = _OFFICES.sub("某执法单位", text)
    text = _REGIONS.sub("某地", text)
    for pattern, instead in _HIDDEN:
        text = pattern.sub(instead, text)
    return text


_INNER_QUOTES = str.maketrans({"“": "‘", "”": "’", '"': ""})


def _situation(ticket: Ticket) -> str:
    """What the caller said, in the pieces that carry the primary label."""
    spans = (ticket.evidence_json or {}).get(ticket.labels[0], [])
    known = (ticket.unit, ticket.target_unit, ticket.handler_unit, ticket.region, ticket.place)
    told = dict.fromkeys(deidentified(span, known).translate(_INNER_QUOTES) for span in spans)
    if not told:
        return "（由审核人据卷宗补写）"
    return f"有诉求人反映：{'；'.join(f'“{one}”' for one in told)}"


def casebook(connection: sa.Connection, profile: Profile, period: Period) -> Sheet:
    """Entries of complaints settled in the period and found 属实 or 部分属实, by type.

    Complaints on which the model abstained and nobody has decided are left out, because an
    example must not teach a wrong label; so are those of callers who asked for secrecy.
    """
    verified = [
        ticket
        for ticket in load_tickets(connection, period, by=("closed_at", "accepted_at"))
        if ticket.verified in VERIFIED and ticket.labels and not ticket.review
    ]
    entries = [ticket for ticket in verified if not ticket.is_confidential]
    kinds = list(ProblemType)
    entries.sort(key=lambda k: (kinds.index(ProblemType(k.labels[0])), k.accepted_at, k.id))
    rows = []
    for n, ticket in enumerate(entries, 1):
        lesson = lessons()[ProblemType(ticket.labels[0])]
        rows.append(
            (
                n,
                ProblemType(ticket.labels[0]).name_zh,
                _situation(ticket),
                lesson.wrong,
                lesson.right,
                lesson.ground(profile),
                ticket.verified,
            )
        )
    return Sheet(
        columns=(
            Column("序号", 3),
            Column("问题类型", 5),
            Column("情形", 24),
            Column("错在哪", 14),
            Column("应当怎样", 18),
            Column("依据", 18),
            Column("核实结论", 4),
        ),
        rows=rows,
        empty="本期无核查属实、可编入的案例。",
        summary=f"案例{len(rows)}条。" if rows else "",
        notes=(
            "范围：期间内办结、核查结论为属实或部分属实的执法类投诉举报；"
            "分类尚待人工复核、诉求人要求保密的不列；部分属实的，以核查认定的部分为准。",
            "已隐去人员、单位、地点、日期、数额；情形摘自诉求原文，印发前由审核人对照原件复核。",
            "“错在哪”“应当怎样”为系统默认提示，由法规部门核定后使用；依据引自方案原文。",
            WITHHELD,
        ),
    )
