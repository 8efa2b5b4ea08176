"""How alike two complaints read, and what tells one encounter from another."""

import re
import zlib
from datetime import date, datetime, timedelta
from functools import lru_cache

_SKETCH = 8
_EMPTY = 4  # characters; fewer say nothing
_PART_OF_REGION = 2
_PART_OF_UNIT = 3  # characters of a unit's name that stand for it: 海事处, 三大队

# --- the words that say what happened ---------------------------------------------------------

_REQUEST = re.compile("(?:^|(?<=\\W))(?:要求|希望|请求|诉求|认为|建议|请)\\w*")
_NOISE = re.compile(
    "来电人|反映人|诉求人|当事人|市民|网友|群众|来电|致电|(?:再|第[二三四五六])次|反映|表示|咨询"
    "|核实|处理|联系人?|电话|身份证|转?(?:12345|12328)(?:平台)?(?:工单|转办)?件?|转办"
    "|执法人员|执法|交通局?|[大支中]队|司机|驾驶员|师傅|货车|车主|车辆|罚款?|处罚|检查|没有"
    "|[被因称说其的了在是也都就未元块县区市]|[\\W_\\d]+"
)


def bare(text: str, unit: str | None = None, region: str | None = None) -> str:
    """What a text says happened: without punctuation and numbers, the words that every operator
    writes, what the caller asks for or thinks of it, and the names of the ticket's own unit and
    region, whole or in part (they are compared as fields).
    """
    for least, name in ((_PART_OF_UNIT, unit or ""), (_PART_OF_REGION, region or "")):
        if any(part in text for part in _parts(name, least)):
            for n in range(len(name), least - 1, -1):
                for part in _parts(name, n):
                    text = text.replace(part, "")
    return _NOISE.sub("", _REQUEST.sub("", text))


@lru_cache(maxsize=50_000)
def _parts(name: str, n: int) -> tuple[str, ...]:
    return tuple(name[start : start + n] for start in range(len(name) - n + 1))


# --- particulars ------------------------------------------------------------------------------

_DAY = re.compile("(?<!\\d)(\\d{1,2})月(\\d{1,2})[日号]")
_SOON = timedelta(days=60)  # a day so near ahead is an appointment, and none of last year
_DAY_OF_MONTH = re.compile("(?<![\\d月])(\\d{1,2})[日号](?!线)")
_DAYS_AGO = (
    (0, re.compile("今[天日晚早晨]|当[天日]|刚才")),
    (1, re.compile("昨[天日晚夜]")),
    (2, re.compile("前[天晚]")),
)
_AMOUNT = re.compile(
    "(?<![\\dA-Za-z])(\\d{2,6})(?=元|块)|(?<=罚)款?(\\d{3,6})(?!\\d)"
    "|([一二两三四五六七八九][百千万][一二两三四五六七八九百千]*)(?!多?[米斤吨公人])"
)
_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS = {"百": 100, "千": 1000, "万": 10_000}
_ASKS_AGAIN = re.compile(
    "催|再次(?:来电|反映|投诉|致电|拨打)|再来电|第[二两三四五六]次|上次|(?:之前|此前|曾经?|已经?)"
    "(?:多次)?(?:反映|投诉|打)|(?:反映|投诉|打)过|追问|询问|至今|尚未|[仍还](?:没|未|不|是)"
    "|一直没|不认可|不满意|一事|[的个件]事|补充|重新(?:反映|调查|处理|办理)|复核|申诉|结果"
    "|(?:处理|解决|收到|办好)了?没有|什么时候能|还[扣停]"
)
_ASKING = re.compile("[催促问请]|办理|进[度展]|情况|结果|答复|回复|尽快|加急|什么时候|怎么样|一下")


def event_dates(text: str, at: datetime) -> frozenset[date]:
    """The days a text names (10月9日, 9日, 昨晚), told at local time ``at``; never later ones."""
    today = at.date()
    found = {_not_after(today, int(month), int(day)) for month, day in _DAY.findall(text)}
    if not found:
        found = {_latest(today, int(day)) for day in _DAY_OF_MONTH.findall(text)}
        found |= {today - timedelta(days=n) for n, said in _DAYS_AGO if said.search(text)}
    return frozenset(found - {None})


def _not_after(today: date, month: int, day: int) -> date | None:
    try:
        named = date(today.year, month, day)
        if named <= today:
            return named
        return None if named - today <= _SOON else date(today.year - 1, month, day)
    except ValueError:  # 13月, 2月30日: a slip of the operator
        return None


def _latest(today: date, day: int) -> date | None:
    months = (today, today.replace(day=1) - timedelta(days=1))
    for month in months:
        try:
            if (named := month.replace(day=day)) <= today:
                return named
        except ValueError:  # 31日 in a month of 30
            continue
    return None


def amounts(text: str) -> frozenset[int]:
    """Sums of money a text names, in yuan, from 2000元, 罚2000 and 两千."""
    return frozenset(
        _number(spoken) if spoken else int(digits or fined)
        for digits, fined, spoken in _AMOUNT.findall(text)
    )


def _number(spoken: str) -> int:
    """一千二 → 1200, 三百五十 is cut to 三百五 by the pattern and means the same."""
    total, digit, unit = 0, 0, 10
    for sign in spoken:
        if sign in _UNITS:
            unit = _UNITS[sign]
            total += digit * unit
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit * (unit // 10)


def asks_again(text: str) -> bool:
    """Whether the caller speaks of a complaint made before (催, 再次, 至今, 不认可 …)."""
    return _ASKS_AGAIN.search(text) is not None


def says_nothing(words: str) -> bool:
    """Whether bare ``words`` hold nothing but that the caller asks (催一下, 催促办理进度)."""
    return len(_ASKING.sub("", words)) < _EMPTY


# --- likeness ---------------------------------------------------------------------------------


def sketch(words: str) -> tuple[int, ...]:
    """The smallest hashes of all runs of four characters: texts that share some are alike."""
    data = words.encode("utf-16-le", "surrogatepass")
    runs = {zlib.crc32(data[i : i + 8]) for i in range(0, len(data) - 7, 2)}
    return tuple(sorted(runs)[:_SKETCH])


def similarity(a: str, b: str) -> float:
    """Dice coefficient of the character pairs of two texts, 0–1."""
    pairs_a = {a[i : i + 2] for i in range(len(a) - 1)}
    pairs_b = {b[i : i + 2] for i in range(len(b) - 1)}
    if not pairs_a or not pairs_b:
        return 0.0
    return 2 * len(pairs_a & pairs_b) / (len(pairs_a) + len(pairs_b))
