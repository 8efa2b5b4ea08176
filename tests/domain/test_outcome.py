import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.outcome import FileReason, FileStopped, Ledger, LedgerImbalance, RowReason

PARTS = st.tuples(*[st.integers(0, 1000)] * 5)
NAMES = ("inserted", "updated", "unchanged", "duplicate", "quarantined")


@given(PARTS, PARTS, st.integers(-3, 3).filter(bool))
def test_only_balanced_ledgers_exist_and_sums_balance(a, b, off):
    one = Ledger(sum(a), **dict(zip(NAMES, a, strict=True)))
    two = Ledger(sum(b), **dict(zip(NAMES, b, strict=True)), reasons={"no_content": b[4]})
    assert (one + two).rows_read == sum(a) + sum(b)
    with pytest.raises(LedgerImbalance):
        Ledger(sum(a) + off, **dict(zip(NAMES, a, strict=True)))


def test_every_reason_tells_people_something():
    for reason in RowReason:
        assert reason.text
        assert reason.name_zh
    for reason in FileReason:
        assert reason.advice_zh in FileStopped(reason, "详情").message_zh


def test_a_stopped_file_comes_whole_out_of_another_process():
    stopped = pickle.loads(pickle.dumps(FileStopped(FileReason.EMPTY, "详情")))  # noqa: S301
    assert (stopped.reason, stopped.detail_zh) == (FileReason.EMPTY, "详情")
