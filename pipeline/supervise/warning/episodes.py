"""When a signal is raised: once, and again only after quiet weeks or after a closing."""

from collections.abc import Iterable

import numpy as np

Array = np.ndarray


def episodes(
    periods: Iterable[int], quiet: int, last_closed: Array | None = None
) -> list[list[int]]:
    """The periods with a signal of one series, cut into episodes; an item is raised by the first.

    A signal within ``quiet`` periods of the one before belongs to it and is not raised again,
    unless an item was closed in or after the earlier one's period (``last_closed``, per period:
    the last closing before it).
    """
    found: list[list[int]] = []
    for now in sorted(periods):
        is_near = found and now - found[-1][-1] <= quiet
        was_closed = found and last_closed is not None and last_closed[now] >= found[-1][-1]
        if is_near and not was_closed:
            found[-1].append(now)
        else:
            found.append([now])
    return found


def alarms(signals: Array, quiet: int) -> Array:
    """Series × periods: the first period of each episode, for all series at once."""
    since = np.full(len(signals), np.iinfo(int).max)
    first = np.zeros(signals.shape, bool)
    for now in range(signals.shape[1]):
        first[:, now] = signals[:, now] & (since > quiet)
        since = np.where(signals[:, now], 1, np.where(since < quiet + 1, since + 1, since))
    return first
