"""The steps of a night (``night``) and of a month (``month``), and the proof (``verify``).

Every step takes keys, leaves its result in the store, returns a :class:`StageOutcome`, and
changes nothing when run again. The DAGs and the ``hotline`` command call the same functions.
"""

from pipeline.stages.context import Context, open_context
from pipeline.stages.outcome import StageOutcome, Status

__all__ = ["Context", "StageOutcome", "Status", "open_context"]
