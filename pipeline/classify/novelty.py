"""How much of a ticket the model has never read: a sign that callers' words have moved on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline.classify.classifier import Classifier
from pipeline.classify.ngrams import words
from pipeline.classify.text import prepare


def unknown_words(
    classifier: Classifier, tickets: Sequence[Mapping[str, Any]]
) -> tuple[np.ndarray, np.ndarray]:
    """(words that the model has no column for, all words) of each ticket.

    Names, dates, plates and road numbers are no words here: every model is blind to them.
    """
    batch = prepare(tickets, classifier.speech)
    starts, buckets = words(batch)
    owner = batch.owner[starts]
    unknown = classifier.model.space.vocabularies["words"].column[buckets] < 0
    return (
        np.bincount(owner[unknown], minlength=len(tickets)),
        np.bincount(owner, minlength=len(tickets)),
    )
