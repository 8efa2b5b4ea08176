"""Every list: empty ones are right documents, nothing personal, nothing by amount."""

import itertools
from dataclasses import replace
from datetime import date, datetime

import pytest

from pipeline.domain.labels import ProblemType
from pipeline.domain.ledger import Column, Ledger
from pipeline.domain.privacy import find_personal_data
from pipeline.policies import load_profile, profile_ids
from pipeline.supervise.ledgers import KINDS, PeriodUnfit, kind_of, period_of
from pipeline.supervise.ledgers.casebook import lessons

ORDINARY = [kind for kind in KINDS if not KINDS[kind].is_restricted and kind != "follow-up"]
UNITS = ("甲县大队", "乙县大队", "丙县大队")


def _cells(ledger: Ledger) -> str:
    return "\n".join(str(cell) for row in ledger.rows for cell in row)


def _busy(desk, amounts=(200, 5000, 90000)) -> None:
    """Three units, each fined another sum, with tickets and items for every list."""
    for unit, amount in zip(UNITS, amounts, strict=True):
        span = f"超载一次罚款{amount}元"
        ids = [
            desk.store.add(
                "2026-10-08 09:00",
                "disproportionate",
                "profit_driven",
                target_unit=unit,
                region=unit[:2],
                place=f"{unit[:2]}310国道检查点",
                content=f"晚上8点{span},张建国队长说就这么定,我电话不留了",
                evidence={"disproportionate": [span]},
                dispatched_at=datetime(2026, 10, 8, 10),
                due_at=None,
                caller_key=f"{unit}-{n}",
            )
            for n in range(3)
        ]
        desk.store.add(
            "2026-10-09 09:00",
            "rough",
            target_unit=unit,
            region=unit[:2],
            content=f"拔了我的钥匙,超载罚款{amount}元",
            caller_key=None,
            evidence={"rough": [f"拔了我的钥匙,罚款{amount}元"]},
            status="已办结",
            closed_at=datetime(2026, 10, 20),
            verified="属实",
            reply="已批评教育",
        )
        desk.item("2026-10-10", tickets=ids, unit=unit, problem_type="disproportionate")


def test_an_empty_list_is_a_right_document(desk):
    for kind, profile in itertools.product(KINDS, profile_ids()):
        ledger = desk.ledger(kind, profile=profile)
        assert ledger.rows == ()
        assert ledger.empty.startswith("本期无")
        assert ledger.empty.endswith("。")
        assert ledger.title
        assert len(ledger.notes) >= 4
        assert load_profile(profile).source_zh in ledger.heading
        is_over = profile[:2] in {"xn", "fz"}
        assert ledger.is_expired == ("已到期" in ledger.heading) == is_over
        assert ("已到期" in ledger.running) == is_over


def test_no_order_and_no_cell_follows_the_amounts_of_fines(desk):
    """The sums change places among the units: no list may look different for it."""
    _busy(desk)
    before = {kind: desk.ledger(kind) for kind in ORDINARY}
    assert all(ledger.rows for ledger in before.values()), "nothing that could be ordered"
    with desk.engine.begin() as connection:
        for old, new in (("200元", "@元"), ("90000元", "200元"), ("@元", "90000元")):
            connection.exec_driver_sql(
                f"UPDATE ticket SET content = replace(content, '款{old}', '款{new}')"
            )
            connection.exec_driver_sql(
                "UPDATE classification SET evidence_json = "
                f"CAST(replace(CAST(evidence_json AS TEXT), '{old}', '{new}') AS JSON)"
                if connection.dialect.name == "postgresql"
                else "UPDATE classification SET evidence_json = "
                f"replace(evidence_json, '{old}', '{new}')"
            )
        changed = connection.exec_driver_sql("SELECT content FROM ticket WHERE id = 1").scalar()
        assert "款90000元" in changed
    assert {kind: desk.ledger(kind) for kind in ORDINARY} == before


def test_no_caller_no_officer_and_no_number_stands_in_a_list(desk):
    _busy(desk)
    for kind in ORDINARY:
        said = _cells(desk.ledger(kind))
        assert said
        assert "caller" not in said
        assert "建国" not in said
        assert not find_personal_data(said)


def test_leads_stand_in_no_ordinary_list(desk):
    settled = {
        "status": "已办结",
        "closed_at": datetime(2026, 10, 20),
        "verified": "属实",
        "target_unit": "密县大队",
        "region": "密县",
        "content": "罚款收现金",
    }
    desk.store.add("2026-10-08 09:00", "integrity", n=4, **settled)
    desk.store.add("2026-10-08 09:00", "rough", "integrity", flags=("廉政:明确",), n=4, **settled)
    attached = [desk.store.add("2026-10-08 09:00", "rough", **settled) for _ in range(4)]
    desk.item(
        "2026-10-10",
        tickets=attached,
        level="X",
        rule="R07",
        unit="密县大队",
        problem_type="integrity",
    )
    assert {kind: desk.ledger(kind).rows for kind in ORDINARY} == dict.fromkeys(ORDINARY, ())


def test_a_list_by_amount_cannot_be_made():
    values = {
        "kind": "x", "title": "x", "plan": "x", "period": "x", "as_of": date(2026, 1, 1),
        "rows": (), "empty": "x", "notes": (),
    }  # fmt: skip
    for name in ("罚款金额", "罚没收入", "单位排名", "罚款总额"):
        with pytest.raises(ValueError, match="amount"):
            Ledger(columns=(Column("单位", 5), Column(name, 5)), **values)
    fine = Ledger(columns=(Column("单位", 5),), **values)
    with pytest.raises(ValueError, match="wide"):
        replace(fine, rows=(("a", "b"),))


@pytest.mark.parametrize(
    ("kind", "profile", "title"),
    [
        ("rectification", "xn-2024-30", "突出问题整治清单"),
        ("rectification", "fz-jt-2024", "整治清单"),
        ("rectification", "fz-ja-2024", "行政执法突出问题清单"),
        ("rectification", "mot-2024-25", "突出问题整治清单"),
        ("items", "xn-2024-30", "工作台账"),
        ("items", "ah-2024", "监督事项清单"),
        ("casebook", "ah-2024", "执法典型案例错题本"),
        ("casebook", "mot-2024-25", "错题本"),
    ],
)
def test_the_profile_names_its_lists(kind, profile, title):
    assert kind_of(kind).title(load_profile(profile)) == title


def test_every_name_of_a_profile_is_used():
    titles = {
        profile: {kind.title(load_profile(profile)) for kind in KINDS.values()}
        for profile in profile_ids()
    }
    for profile in profile_ids():
        for name in load_profile(profile).ledgers:
            assert any(name in title for title in titles[profile]), (profile, name)


def test_every_type_but_integrity_has_a_lesson_with_a_clause_in_every_profile():
    assert set(lessons()) == set(ProblemType) - {ProblemType.INTEGRITY}
    for profile in map(load_profile, profile_ids()):
        assert all("「" in lesson.ground(profile) for lesson in lessons().values())


@pytest.mark.parametrize(
    ("month", "as_of", "text", "known"),
    [
        ("2026-10", None, "2026年10月", "2026-11-20"),
        ("2026-11", None, "2026年11月1日至20日", "2026-11-20"),
        ("2026-10", "2026-11-03", "2026年10月", "2026-11-03"),
        (None, "2026-10-05", "2026年10月1日至5日", "2026-10-05"),
        (None, None, "2026年11月1日至20日", "2026-11-20"),
    ],
)
def test_periods(month, as_of, text, known):
    day = date.fromisoformat(as_of) if as_of else None
    period = period_of(month, day, date(2026, 11, 20))
    assert (period.text, period.as_of.isoformat()) == (text, known)


@pytest.mark.parametrize(("month", "as_of"), [("2026-13", None), ("十月", None), ("2026-12", None)])
def test_a_period_that_is_none(month, as_of):
    with pytest.raises(PeriodUnfit):
        period_of(month, as_of, date(2026, 11, 20))
