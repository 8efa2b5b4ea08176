"""Which model classifies: the champion.

It is the shipped model, trained from models/ alone (``hotline train``), until a challenger that
has learned supervisors' labels too is promoted (stages.training). A promotion holds for the code,
corpus and parameters it was made on: after an upgrade of these the shipped model stands again,
until a new challenger on the new base is promoted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipeline.settings import MODELS_DIR, Settings
from pipeline.store import tables as t
from pipeline.store.engine import make_engine, read_only
from pipeline.store.models import in_force

if TYPE_CHECKING:
    from pipeline.classify import Classifier


@dataclass(frozen=True, slots=True)
class Champion:
    """``version`` under ``folder`` is its artifact; ``base`` the shipped model's version."""

    base: str
    version: str
    folder: Path

    @property
    def is_shipped(self) -> bool:
        return self.version == self.base

    def load(self) -> "Classifier":
        """Raises classify.ModelMissing."""
        from pipeline.classify import Classifier

        return Classifier.load(MODELS_DIR, self.folder, None if self.is_shipped else self.version)


def champion(connection: sa.Connection, settings: Settings) -> Champion:
    """The model in force."""
    from pipeline.classify import current_version

    base = current_version(MODELS_DIR)
    row = in_force(connection, base)
    if row is None:
        return Champion(base, base, MODELS_DIR / "artifacts")
    return Champion(base, row["challenger"], settings.artifacts_dir)


def champion_of(settings: Settings) -> Champion:
    """:func:`champion` for commands that need no store: without one the shipped model stands."""
    from pipeline.classify import current_version

    base = current_version(MODELS_DIR)
    shipped = Champion(base, base, MODELS_DIR / "artifacts")
    if settings.is_embedded and not settings.database_path.exists():
        return shipped
    engine = make_engine(settings)
    try:
        with read_only(engine).connect() as connection:
            if not sa.inspect(connection).has_table(t.model_decision.name):
                return shipped
            return champion(connection, settings)
    finally:
        engine.dispose()
