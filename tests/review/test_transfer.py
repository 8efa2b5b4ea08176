"""The whole of a transfer (转移送): from the desk, with its receipt, to the list handed out."""

from datetime import date

import pytest

from pipeline.review.access import Role
from pipeline.stages import open_context
from pipeline.stages.ledgers import Bearer, LedgerRefused, export
from pipeline.store import tables as t

RECEIPT = "青纪移〔2026〕7号"
DAY = date(2026, 11, 4)


@pytest.fixture
def lead(store) -> int:
    return store.item(
        store.ticket("停车场老板按月收钱放行", primary="integrity", ticket_no="LEAD1"),
        level="X", rule="R07", problem_type="integrity", missing_json=["移送回执编号"],
        summary="收到廉政线索反映1件", raised_on=DAY, updated_on=DAY,
    )  # fmt: skip


def test_a_transfer_from_the_approval_to_the_list_with_its_receipt(
    lead, store, as_role, settings, tmp_path
):
    client = as_role(Role.LIAISON)

    def step(to_state: str, version: int) -> int:
        fields = {"to_state": to_state, "reason": "经呈批同意", "row_version": version}
        return client.submit(f"/items/{lead}/transition", fields).status_code

    def receipt(note: str, version: int) -> int:
        fields = {"condition": "移送回执编号", "note": note, "row_version": version}
        return client.submit(f"/items/{lead}/conditions", fields).status_code

    def listed(person: str) -> str:
        with open_context(settings, wait_seconds=0) as context:
            made = export(
                context, "referrals", month="2026-11", as_of=DAY, form="html", output=tmp_path,
                leads_for=Bearer(person, "移送核对"),
            )  # fmt: skip
        return made.path.read_text(encoding="utf-8")

    assert step("已销号", 1) == 400  # not transferred yet
    assert step("转移送", 1) == 303
    assert step("已销号", 2) == 400  # no receipt yet
    assert receipt("已收到", 2) == 400  # a receipt bears a number
    said = listed("某纪检联络员")
    assert "12328-LEAD1" in said
    assert "转移送" in said
    assert RECEIPT not in said
    assert receipt(RECEIPT, 2) == 303
    assert step("已销号", 3) == 303
    said = listed("某纪检联络员")
    assert RECEIPT in said
    assert "已销号" in said

    as_role(Role.CHIEF)
    with pytest.raises(LedgerRefused):
        listed("某负责人")
    events = store.rows(t.item_event)
    assert RECEIPT not in str([event["reason"] for event in events])
    assert [event["to_state"] for event in events][-3:] == ["转移送", "转移送", "已销号"]
    seen = [event for event in store.rows(t.audit_event) if event["subject"] == "ledger:referrals"]
    assert len(seen) == 2
