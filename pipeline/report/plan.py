"""Which figures a report has, section by section (domain B10)."""

from pipeline.domain.calendar import month_bounds, shift_month
from pipeline.domain.labels import ProblemType, Scope
from pipeline.domain.ticket import Hotline
from pipeline.report.figures import BAND_UNIT, Book, Frame, part_zh, token
from pipeline.report.indicators import dictionary
from pipeline.report.parts import GROUPS, PRINTED_TYPES
from pipeline.report.periods import baseline_months, month_zh
from pipeline.report.plan_splits import splits

EFFICIENCY = (
    "response", "closure_a", "closure_b", "on_time", "overdue", "visit", "satisfaction", "resolved",
    "verified", "repeat", "returned", "redone", "mended", "stage_missing",
)  # fmt: skip
LEVELS = ("L0", "L1", "L2", "L3", "L4")
LEDGER = {
    "rows_read": "读取行数",
    "inserted": "新增",
    "updated": "更新",
    "unchanged": "无变化",
    "duplicate": "重复行",
    "quarantined": "隔离",
}


def compute(frame: Frame) -> Book:
    """Every figure of the report at its frozen set, in the order of the sections."""
    book = Book(frame)
    for section in (
        _overall, _types, _groups, _efficiency, _frequent, _early_signs, _items, _cases, _annexes,
        splits,
    ):  # fmt: skip
        section(book)
    return book


def has_data(frame: Frame, month: str) -> bool:
    """Whether the store knew any ticket of that month when the report was frozen."""
    return month in frame.manifest["months_with_data"]


FOLLOWED = ("redone", "mended")
"""Indicators that need a ticket's state over time."""
VISIT = "visit"


def is_followed(frame: Frame) -> bool:
    """Whether any of the month's complaints came in again after its first export, or as one to be
    done again: else nobody can know what became of it (M-19). Absent from manifests of before."""
    return bool(frame.manifest.get("followed"))


def is_visited(frame: Frame) -> bool:
    """Whether any complaint of the months compared has a record of a visit: else the exports have
    no such column, and nobody can know who was called back. Absent from manifests of before."""
    return bool(frame.manifest.get("visited", True))


def resting(frame: Frame) -> frozenset[str]:
    """Indicators that the month's exports tell nothing of: they have no figures (无数据)."""
    rests = set() if is_followed(frame) else set(FOLLOWED)
    return frozenset(rests if is_visited(frame) else rests | {VISIT})


def _bases(book: Book, previous: str, year_ago: str) -> dict[str, str | None]:
    """The numbers to compare with; none for a month the store knows nothing of."""
    month = book.frame.month
    return {
        "previous": previous if has_data(book.frame, shift_month(month, -1)) else None,
        "year_ago": year_ago if has_data(book.frame, shift_month(month, -12)) else None,
    }


def _with_periods(book: Book, number: str, label: str, query: str, **how) -> None:
    """A count, the same of the previous month and of last year, and both comparisons."""
    book.count(number, label, query, **how)
    book.count(f"{number}.previous", f"{label}(上月)", query, period="previous", **how)
    book.count(f"{number}.year_ago", f"{label}(去年同月)", query, period="year_ago", **how)
    book.compare(number, label, **_bases(book, f"{number}.previous", f"{number}.year_ago"))


def _overall(book: Book) -> None:
    _with_periods(book, "1.received", "受理量", "received")
    book.count("1.received.matters", "受理量(合并后)", "received", measure="matters", unit="项")
    _with_periods(book, "1.enforcement", "执法类投诉举报", "enforcement")
    book.count(
        "1.enforcement.callers", "执法类涉及人数", "enforcement", measure="callers", unit="人"
    )
    book.count(
        "1.enforcement.matters", "执法类(合并后)", "enforcement", measure="matters", unit="项"
    )
    book.rate("1.share", "enforcement_share", "执法类占比")
    for hotline in Hotline:
        split = {"by": "by_hotline", "part": hotline.value}
        for measure, unit in (("callers", "人"), ("matters", "项")):
            book.count(
                f"1.hotline.{hotline.value}.{measure}", f"{hotline.name_zh}执法类({unit})",
                "enforcement", measure=measure, unit=unit, **split,
            )  # fmt: skip
        for name, query in (("received", "received"), ("enforcement", "enforcement")):
            book.count(
                f"1.hotline.{hotline.value}.{name}",
                f"{hotline.name_zh}{'受理量' if name == 'received' else '执法类'}",
                query,
                **split,
            )
    for scope in Scope:
        label = f"{scope.value} {scope.name_zh}"
        number = f"1.scope.{scope.value}"
        book.count(number, label, "received", by="by_scope", part=scope.value)
        book.count(
            f"{number}.previous", f"{label}(上月)", "received",
            by="by_scope", part=scope.value, period="previous",
        )  # fmt: skip
        book.derive(f"{number}.share", f"{label}占比", "%", f"ratio({number},1.received)")
    for month in baseline_months(book.frame.month):
        if has_data(book.frame, month):
            _between(book, f"1.trend.{month}", f"{month_zh(month)}执法类投诉举报", month)


def _between(book: Book, number: str, label: str, month: str, **how) -> str:
    since, until = (moment.isoformat(sep=" ") for moment in month_bounds(month))
    return book.count(number, label, "enforcement_between", since=since, until=until, **how)


def _types(book: Book) -> None:
    untyped = book.parts("enforcement", "by_primary").get("untyped")
    for slug, name in [(t.value, t.name_zh) for t in PRINTED_TYPES] + (
        [("untyped", "未定类型")] if untyped else []
    ):
        number = f"2.{slug}"
        split = {"by": "by_primary", "part": slug}
        _with_periods(book, f"{number}.count", name, "enforcement", **split)
        book.count(
            f"{number}.callers", f"{name}人数", "enforcement", measure="callers", unit="人", **split
        )
        book.derive(f"{number}.share", f"{name}占比", "%", f"ratio({number}.count,1.enforcement)")
        if slug != "untyped":
            book.count(f"{number}.any", f"{name}(含次类)", "enforcement", by="by_label", part=slug)
    book.count("2.integrity.count", "另报事项", "enforcement", by="by_primary", part="integrity")


def _groups(book: Book) -> None:
    for slug, flag in GROUPS:
        number = f"3.{slug}"
        _with_periods(
            book, f"{number}.count", f"{flag}执法类投诉举报", "enforcement_flag", flag=flag
        )
        book.count(
            f"{number}.callers", f"{flag}人数", "enforcement_flag",
            measure="callers", unit="人", flag=flag,
        )  # fmt: skip
        book.rate(
            f"{number}.closure", "closure_b", f"{flag}办结率B", query="flag_closure", flag=flag
        )
        for problem in _printed_of_group(book, flag):
            book.count(
                f"{number}.type.{problem.value}", f"{flag}·{problem.name_zh}", "enforcement_flag",
                by="by_primary", part=problem.value, flag=flag,
            )  # fmt: skip


def _printed_of_group(book: Book, flag: str) -> list[ProblemType]:
    """The types a group's complaints are counted by: small cells have no figure, as in the cross
    tables. Were one type alone left out, the total would give it away: then the smallest goes too.
    """
    found = book.parts("enforcement_flag", "by_primary", flag=flag)
    counts = {t: found[t.value].tickets for t in PRINTED_TYPES if t.value in found}
    shown = [t for t in counts if counts[t] >= book.frame.policy.min_cell]
    if len(PRINTED_TYPES) - len(shown) == 1:
        shown.remove(min(shown, key=counts.__getitem__))
    return shown


def _efficiency(book: Book) -> None:
    known = has_data(book.frame, shift_month(book.frame.month, -1))
    rests = resting(book.frame)
    for indicator in EFFICIENCY:
        if indicator in rests:
            continue
        name = dictionary().rate(indicator).name
        book.rate(f"4.{indicator}", indicator, name)
        if known:
            book.rate(f"4.{indicator}.previous", indicator, f"{name}(上月)", period="previous")
            book.derive(
                f"4.{indicator}.points", f"{name}环比百分点", "百分点",
                f"diff(4.{indicator}.rate,4.{indicator}.previous.rate)",
            )  # fmt: skip
    book.count("4.repeat.callers", "重复投诉人数", "repeat", measure="hit_callers", unit="人")
    book.count("4.unrated", "未评价", "unrated")
    book.count("4.no_due", "无办理时限", "no_due")
    _units(book)


UNSTATED = "(未注明)"
"""The part of tickets without the split's value; as a unit it is no single one: it has no months
of its own, and what comes together in it is no cluster."""


def units(book: Book) -> list[str]:
    """Units with an enforcement complaint this month or in the six before, in name order."""
    names = set(book.parts("enforcement", "by_unit"))
    for month in baseline_months(book.frame.month):
        since, until = (moment.isoformat(sep=" ") for moment in month_bounds(month))
        names |= set(book.parts("enforcement_between", "by_unit", since=since, until=until))
    return sorted(names)


def _units(book: Book) -> None:
    for unit in units(book):
        number, label = f"4.unit.{token(unit)}", part_zh(unit)
        split = {"by": "by_unit", "part": unit}
        book.count(f"{number}.count", f"{label}执法类", "enforcement", **split)
        known = _baseline(book, number, label, **split)
        if unit != UNSTATED and known >= book.frame.policy.band_months:
            book.derive(
                f"{number}.band", f"{label}色带", BAND_UNIT, f"band({number}.count,{number}.median)"
            )
        book.rate(f"{number}.closure_b", "closure_b", f"{label}办结率B", **split)
        book.rate(f"{number}.satisfaction", "satisfaction", f"{label}满意率", **split)


def _baseline(book: Book, number: str, label: str, **split) -> int:
    """Own counts of the six months before, as far as known, and their median; how many months."""
    months = [m for m in baseline_months(book.frame.month) if has_data(book.frame, m)]
    history = [
        _between(book, f"{number}.m.{month}", f"{label}({month_zh(month)})", month, **split)
        for month in months
    ]
    if history:
        book.derive(
            f"{number}.median", f"{label}近{len(months)}个月中位数", "件",
            f"median({','.join(history)})",
        )  # fmt: skip
    return len(months)


def split_pair(part: str) -> tuple[str, ProblemType]:
    """``unit|slug`` of by_unit_type."""
    unit, slug = part.rsplit("|", 1)
    return unit, ProblemType(slug)


def _pair_zh(part: str) -> str:
    unit, problem = split_pair(part)
    return f"{part_zh(unit)}·{problem.name_zh}"


def _frequent(book: Book) -> None:
    policy = book.frame.policy
    for part, found in book.parts("enforcement", "by_unit_type").items():
        if found.tickets >= policy.high_frequency and split_pair(part)[0] != UNSTATED:
            number, split = f"5.high.{token(part)}", {"by": "by_unit_type", "part": part}
            book.count(f"{number}.count", _pair_zh(part), "enforcement", **split)
            book.count(
                f"{number}.callers", f"{_pair_zh(part)}人数", "enforcement",
                measure="callers", unit="人", **split,
            )  # fmt: skip
            _baseline(book, number, _pair_zh(part), **split)
    for part, found in book.parts("enforcement", "by_matter", kind="callers").items():
        if found.callers >= policy.group_callers:
            split = {"by": "by_matter", "part": part}
            book.count(f"5.matter.{part}.count", f"事项{part}", "enforcement", **split)
            book.count(
                f"5.matter.{part}.callers", f"事项{part}人数", "enforcement",
                measure="callers", unit="人", **split,
            )  # fmt: skip
    _with_periods(book, "5.disputed", "争议罚款事项", "disputed_penalty")
    for trade in book.parts("disputed_penalty", "by_trade"):
        book.count(
            f"5.disputed.trade.{token(trade)}", f"争议罚款·{part_zh(trade)}", "disputed_penalty",
            by="by_trade", part=trade,
        )  # fmt: skip


SPROUT_MONTHS = 3
"""Months without a case before a new cluster counts as 苗头 (domain R12)."""


def sprouts_known(frame: Frame) -> bool:
    """Whether the store knows the months that must be free of cases."""
    return all(has_data(frame, shift_month(frame.month, -n)) for n in range(1, SPROUT_MONTHS + 1))


def _early_signs(book: Book) -> None:
    frame = book.frame
    if sprouts_known(frame):
        since = month_bounds(shift_month(frame.month, -SPROUT_MONTHS))[0].isoformat(sep=" ")
        window = {"since": since, "until": month_bounds(frame.month)[0].isoformat(sep=" ")}
        before = book.parts("enforcement_between", "by_unit_type", **window)
        for part, found in book.parts("enforcement", "by_unit_type").items():
            is_told = split_pair(part)[0] != UNSTATED and part not in before
            if found.tickets >= frame.policy.sprout_count and is_told:
                number, split = f"6.sprout.{token(part)}", {"by": "by_unit_type", "part": part}
                book.count(f"{number}.count", _pair_zh(part), "enforcement", **split)
                book.count(
                    f"{number}.before", f"{_pair_zh(part)}(前{SPROUT_MONTHS}个月)",
                    "enforcement_between", **split, **window,
                )  # fmt: skip
    book.rate("6.hidden", "hidden", "隐蔽性问题占比")
    for category in book.parts("hidden", "by_category"):
        book.count(
            f"6.hidden.category.{token(category)}", f"隐蔽性问题·{part_zh(category)}", "hidden",
            measure="hits", by="by_category", part=category,
        )  # fmt: skip


def _items(book: Book) -> None:
    book.derive("7.items", "监督事项", "项", "manifest(items)")
    for level in LEVELS:
        book.derive(
            f"7.items.{level}", f"{level}级监督事项", "项", f"manifest(items[level={level}])"
        )
    for item in book.frame.manifest["items"]:
        book.derive(
            f"7.item.{item['id']}", f"监督事项{item['id']}工单数", "件",
            f"manifest(items[id={item['id']}].tickets)",
        )  # fmt: skip
    book.derive("7.settled", "本月销号", "项", "manifest(settled_items)")


def _cases(book: Book) -> None:
    book.derive("8.verified", "核查属实可公开", "件", "manifest(cases.verified)")
    book.derive("8.chosen", "选登案例", "件", "manifest(cases.chosen)")


def _annexes(book: Book) -> None:
    for name in ("region", "channel", "trade"):
        known = set(book.parts("enforcement", f"by_{name}"))
        known |= set(book.parts("received", f"by_{name}")) if name == "channel" else set()
        for part in sorted(known):
            number, split = f"10.{name}.{token(part)}", {"by": f"by_{name}", "part": part}
            book.count(f"{number}.received", f"{part_zh(part)}受理量", "received", **split)
            book.count(f"{number}.enforcement", f"{part_zh(part)}执法类", "enforcement", **split)
            book.count(
                f"{number}.callers", f"{part_zh(part)}执法类人数", "enforcement",
                measure="callers", unit="人", **split,
            )  # fmt: skip
            book.count(
                f"{number}.previous", f"{part_zh(part)}执法类(上月)", "enforcement",
                period="previous", **split,
            )  # fmt: skip
    for hotline in Hotline:
        book.count(
            f"10.days.{hotline.value}", f"{hotline.name_zh}有数据天数", "received",
            measure="days", unit="天", by="by_hotline", part=hotline.value,
        )  # fmt: skip
    book.rate("10.abstained", "abstained", "待人工复核占比")
    book.derive("10.agreement.reviewed", "人工复核", "件", "manifest(agreement.reviewed)")
    for name, label in (("same_scope", "范围一致"), ("same_type", "主类型一致")):
        number = f"10.agreement.{name}"
        book.derive(number, label, "件", f"manifest(agreement.{name})")
        book.derive(f"{number}.rate", f"{label}率", "%", f"ratio({number},10.agreement.reviewed)")
    book.derive("10.files", "导出文件", "个", "manifest(files)")
    for column, label in LEDGER.items():
        book.derive(f"10.ledger.{column}", label, "行", f"manifest(files.{column})")
    for file in book.frame.manifest["files"]:
        for column, label in LEDGER.items():
            book.derive(
                f"10.file.{file['sha256'][:12]}.{column}", label, "行",
                f"manifest(files[sha256={file['sha256']}].{column})",
            )  # fmt: skip
