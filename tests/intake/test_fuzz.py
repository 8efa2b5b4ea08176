"""Two hundred mutated exports; ``make fuzz`` takes two thousand."""

from pathlib import Path

import pytest

from pipeline.bench import fuzz
from pipeline.bench.mutants import load_samples, mutate
from tests.conftest import EXPORTS

SAMPLES = load_samples([EXPORTS / "composed", Path(__file__).parent / "samples"])


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_mutants_are_read_or_stopped_with_a_sentence(first):
    for number in range(first, first + 20):
        mutant = mutate(SAMPLES, number)
        try:
            fuzz.read(mutant)
        except Exception as error:
            raise AssertionError(f"mutant {number} ({mutant.how})") from error


@pytest.mark.parametrize("first", [0, 100])
def test_mutants_in_the_store_all_end_and_balance(first):
    ends = fuzz.store(mutate(SAMPLES, number) for number in range(first, first + 20))
    assert min(ends["loaded"], ends["stopped"]) >= 3


def test_a_mutant_follows_from_its_number():
    assert mutate(SAMPLES, 7) == mutate(SAMPLES, 7)
    kinds = {part for n in range(200) for part in mutate(SAMPLES, n).how.split("+")}
    assert {"_bytes", "_parts", "_spliced", "_archived", "_headings", "_odd_cells", "html"} <= kinds


def test_what_is_not_taken_as_it_must_be_is_a_fault(monkeypatch):
    monkeypatch.setattr(fuzz, "_MOST_SECONDS", 0.0)
    with pytest.raises(fuzz.Fault, match="took"):
        fuzz.read(mutate(SAMPLES, 0))
