"""How linked tickets make matters: one voice for certain, two voices by half of each side."""

import random
from itertools import combinations

from pipeline.supervise.matters import matters_of


def _told(*pairs, score=0.5):
    return [(b, a, "same_matter", score) for a, b in pairs]


def test_one_false_link_does_not_join_two_matters():
    three, other = _told((1, 2), (1, 3), (2, 3)), _told((4, 5), (4, 6), (5, 6))
    apart = {1: 1, 2: 1, 3: 1, 4: 4, 5: 4, 6: 4}
    assert matters_of([*three, *other, *_told((3, 4), score=0.4)]) == apart
    # That one of three is linked with all of the others is less than half of its side.
    assert matters_of([*three, *other, *_told((3, 4), (3, 5), (3, 6), score=0.4)]) == apart
    whole = dict.fromkeys(range(1, 7), 1)
    assert matters_of([*three, *other, *_told((3, 4), (2, 5), score=0.4)]) == whole


def test_half_of_each_side_is_enough():
    assert matters_of(_told((1, 2), (2, 3))) == {1: 1, 2: 1, 3: 1}
    pairs = _told((1, 2), score=0.9) + _told((3, 4), score=0.8) + _told((2, 3), score=0.3)
    assert matters_of(pairs) == {1: 1, 2: 1, 3: 1, 4: 1}


def test_the_strongest_link_comes_first():
    group = _told((2, 3), (2, 4), (3, 4), score=0.9)
    # Were 1 and 2 joined first, half of the two would be linked with 3 and 4.
    assert matters_of([*_told((1, 2), score=0.3), *group]) == {1: 1, 2: 2, 3: 2, 4: 2}


def test_one_caller_s_tickets_are_one_voice():
    urged = [(n + 1, n, "urge", 0.5) for n in range(10, 15)]
    assert matters_of([*urged, *_told((12, 20))]) == dict.fromkeys([*range(10, 16), 20], 10)
    both = [*urged, (31, 30, "repeat", 0.9), *_told((15, 30)), (40, 31, "reference", 1.0)]
    assert set(matters_of(both).values()) == {10}


def test_who_has_two_matters_asks_after_the_one_most_alike():
    two = [(12, 10, "urge", 0.9), (12, 11, "urge", 0.4)]
    assert matters_of(two) == {10: 10, 11: 11, 12: 10}
    # A named number joins beside it, and of equals it is the latest.
    assert set(matters_of([*two, (12, 11, "reference", 1.0)]).values()) == {10}
    assert matters_of([(12, 10, "urge", 0.4), (12, 11, "repeat", 0.4)])[12] == 11
    # Who goes on with it is of the same matter, though only linked with the urging.
    assert matters_of([*two, (13, 12, "urge", 0.3), (13, 11, "urge", 0.2)])[13] == 10


def test_links_of_other_kinds_join_nothing():
    assert matters_of([(2, 1, "same_caller", 1.0)]) == {}
    assert matters_of([]) == {}


def test_the_order_of_links_does_not_matter():
    draw = random.Random(5)  # noqa: S311
    for _ in range(60):
        links = [
            (b, a, draw.choice(["urge", *["same_matter"] * 5]), draw.choice([0.3, 0.5, 0.9]))
            for a, b in combinations(range(1, 15), 2)
            if draw.random() < 0.15
        ]
        found = matters_of(links)
        assert all(found[matter] == matter <= ticket for ticket, matter in found.items())
        for _ in range(3):
            draw.shuffle(links)
            assert matters_of(links) == found


def test_a_large_petition_is_one_matter():
    assert set(matters_of(_told(*combinations(range(300), 2))).values()) == {0}
