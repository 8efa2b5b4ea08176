"""The training corpus is as large, as various and as clean as the model card says."""

from collections import Counter

import numpy as np
import pytest
import scipy.sparse as sp

from pipeline.classify.corpus import label_set, load_corpus
from pipeline.settings import MODELS_DIR

MOST_ALIKE = 0.30
"""Jaccard index of the character 5-grams of any two tickets: above it one retells the other."""


@pytest.fixture(scope="module")
def tickets():
    return load_corpus(MODELS_DIR).tickets


def test_it_has_its_size_in_every_part(tickets):
    scopes = Counter(ticket["scope"] for ticket in tickets)
    primaries = Counter(ticket["primary"] for ticket in tickets if ticket["scope"] == "E1")
    del primaries["unspecified"]
    assert len(tickets) >= 8000
    assert len(primaries) == 12
    assert min(primaries.values()) >= 300
    wanted = {"E0": 2000, "E2": 800, "E3": 800, "E4": 500}
    assert all(scopes[scope] >= count for scope, count in wanted.items()), scopes


def test_every_label_of_an_enforcement_complaint_has_evidence(tickets):
    lacking = [
        ticket["id"]
        for ticket in tickets
        if ticket["scope"] == "E1" and set(label_set(ticket)) != set(ticket["evidence"])
    ]
    assert lacking == []


def test_no_two_tickets_tell_the_same(tickets):
    alike = most_alike([ticket["title"] + ticket["content"] for ticket in tickets])
    ids = [ticket["id"] for ticket in tickets]
    found = [(ids[a], ids[b], round(share, 2)) for a, b, share in alike if share > MOST_ALIKE]
    assert found == []


def test_a_retold_ticket_would_be_found():
    told = "司机反映在治超站被罚两千元没有给票据,要求退款"
    retold = "司机反映在治超站被罚三千元没有给票据,要求退款"
    ((a, b, share),) = most_alike([told, "咨询年审需要带哪些材料", retold])
    assert (a, b) == (0, 2)
    assert share > MOST_ALIKE


def most_alike(texts: list[str]) -> list[tuple[int, int, float]]:
    """(index, index, Jaccard index of the character 5-grams) of all pairs that share one."""
    columns: dict[str, int] = {}
    cells = {
        (row, columns.setdefault(text[n : n + 5], len(columns)))
        for row, text in enumerate(texts)
        for n in range(len(text) - 4)
    }
    rows, at = np.array(sorted(cells)).T
    grams = sp.csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, at)))
    sizes = np.bincount(rows, minlength=len(texts))
    shared = sp.triu(grams @ grams.T, 1).tocoo()
    union = sizes[shared.row] + sizes[shared.col] - shared.data
    return list(zip(shared.row.tolist(), shared.col.tolist(), shared.data / union, strict=True))
