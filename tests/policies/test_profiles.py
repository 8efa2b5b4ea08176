from datetime import date

import pytest
from pydantic import ValidationError

from pipeline.policies import (
    ProfileUnknown,
    Setting,
    build_profile,
    load_profile,
    misquotations,
    plan_text,
    profile_ids,
)

ALL = profile_ids()


def _own(profile_id: str) -> dict:
    from pipeline.policies import _read

    return _read(profile_id)


def test_the_five_plans_are_there():
    assert ALL == ["ah-2024", "fz-ja-2024", "fz-jt-2024", "mot-2024-25", "xn-2024-30"]
    with pytest.raises(ProfileUnknown, match="mot-2024-25"):
        load_profile("../defaults")


@pytest.mark.parametrize("profile_id", ALL)
def test_every_quoted_clause_stands_in_the_plan(profile_id):
    profile, text = load_profile(profile_id), plan_text(profile_id)
    assert len(profile.clauses) >= 10
    assert misquotations(profile) == []
    assert all(term.strip("执法") in text for term in profile.terms)


def test_a_misquotation_is_found():
    own = _own("ah-2024")
    own["clauses"] = own["clauses"] | {"AH-13": "防止以管代罚"}
    assert misquotations(build_profile(own)) == ["AH-13:防止以管代罚"]


@pytest.mark.parametrize("profile_id", ALL)
def test_the_plan_texts_hold_no_telephone(profile_id):
    assert "联系电话" not in plan_text(profile_id)


def test_status_at_the_edges_of_validity():
    ministry, xining = load_profile("mot-2024-25"), load_profile("xn-2024-30")
    assert ministry.status_zh(date(2024, 1, 1)) == "有效"
    assert ministry.status_zh(date(2026, 12, 31)) == "有效"
    assert ministry.status_zh(date(2027, 1, 1)) == "已到期（有效期至2026-12-31）"
    assert ministry.status_zh(date(2023, 12, 31)) == "尚未生效（自2024-01-01起）"
    assert xining.status_zh(date(2026, 1, 1)).startswith("已到期")


def test_text_and_default_are_kept_apart():
    anhui, xining, ministry = map(load_profile, ("ah-2024", "xn-2024-30", "mot-2024-25"))
    assert anhui.targets["satisfaction"].value == 0.95
    assert anhui.targets["satisfaction"].origin_zh == "文件规定"
    assert ministry.targets == {}
    assert ministry.main_report.due_day.origin == "default"
    assert [r.due_day.value for r in xining.reports if r.due_day and r.due_day.clause] == [5, 25]
    assert ministry.threshold("R11", "tickets") == Setting(value=5, origin="default")


def test_a_quotation_names_its_source():
    assert load_profile("mot-2024-25").quote("M-01") == (
        "「按月形成执法类投诉举报分析报告」（交办法〔2024〕25号，M-01）"
    )
    assert load_profile("ah-2024").quote("AH-13").startswith("「防止以罚代管」（《安徽省")


def test_own_thresholds_lie_over_the_defaults():
    own = _own("ah-2024") | {"rules": {"R11": {"tickets": {"value": 8, "origin": "default"}}}}
    profile = build_profile(own)
    assert profile.threshold("R11", "tickets").value == 8
    assert profile.threshold("R11", "times_median").value == 3


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"rules": {"R11": {"tickets": {"value": 8, "origin": "text"}}}},
        {"rules": {"R11": {"tickets": {"value": 8, "origin": "text", "clause": "AH-99"}}}},
        {"valid_to": date(2020, 1, 1)},
        {"reports": []},
    ],
)
def test_what_a_profile_refuses(change):
    with pytest.raises(ValidationError):
        build_profile(_own("ah-2024") | change)


def test_a_profile_cannot_be_changed():
    with pytest.raises(ValidationError):
        load_profile("ah-2024").title = "other"


@pytest.mark.parametrize("profile_id", ALL)
def test_a_plan_shows_what_is_text_and_what_is_default(profile_id):
    from pipeline.supervise.explain import explain_zh
    from pipeline.supervise.plan import plan, rule_lines

    profile = load_profile(profile_id)
    said = explain_zh(plan(profile, date(2026, 11, 20)))
    assert ("已到期" in said) == (profile_id[:2] in {"xn", "fz"})
    assert "系统默认" in said
    for clause in profile.clauses:
        assert f"，{clause}）" in said
    lines = {line[0][:3]: line for line in rule_lines(profile)}
    assert len(lines) == 29
    assert all("系统默认" in line[3] or "文件规定" in line[3] or "不运行" in line[3]
               for line in lines.values())  # fmt: skip
    assert ("不运行" in lines["R20"][3]) == (profile_id != "ah-2024")
    assert lines["R07"][1].startswith("X ")
