"""Suites as our own JSON, validated when loaded: what GX would silently drop is refused here."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from pipeline.domain.outcome import RowReason
from pipeline.policies import Setting


class SuiteSetting(Setting):
    """A number that expectations and messages refer to by its key, with its Chinese name."""

    name_zh: str


class Meta(BaseModel):
    """``code`` is a RowReason where the severity is row; ``needs`` names parameters without
    which the expectation rests (a file that states no period, say). ``rests`` is what is said
    then; without it nothing is. Messages may name parameters: ``{rows}`` is that of ``$rows``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Literal["row", "warn", "stop"]
    code: str
    message: str = ""
    rests: str = ""
    needs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _known_reason(self) -> "Meta":
        if self.severity == "row":
            RowReason(self.code)
        elif not self.message:
            raise ValueError(f"{self.code}: a batch expectation needs a message")
        return self


class Expectation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    kwargs: dict[str, Any]
    meta: Meta

    def bound(self, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """kwargs with ``$name`` replaced, or None where the expectation must rest."""
        if any(parameters.get(name) is None for name in self.meta.needs):
            return None
        return {
            key: parameters[value] if isinstance(value, str) and value.startswith("$") else value
            for key, value in self.kwargs.items()
        }

    def figures(self, parameters: Mapping[str, Any], *, rested: bool = False) -> dict[str, Any]:
        """The parameters that the message names, by their names without ``$``."""
        fields = Formatter().parse(self.meta.rests if rested else self.meta.message)
        return {name: parameters[f"${name}"] for _, name, _, _ in fields if name}

    def said(self, parameters: Mapping[str, Any], *, rested: bool = False) -> str:
        """The message with its figures."""
        text = self.meta.rests if rested else self.meta.message
        return text.format_map(self.figures(parameters, rested=rested))


class Suite(BaseModel):
    """``settings`` are parameters of its own, ``$key`` to the expectations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    note: str
    settings: dict[str, SuiteSetting] = {}
    expectations: tuple[Expectation, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column the suite reads, in order of first use."""
        used = [e.kwargs["column"] for e in self.expectations if "column" in e.kwargs]
        return tuple(dict.fromkeys(used))


def load_suite(path: Path) -> Suite:
    """Raises pydantic.ValidationError for an unknown key, severity or reason code."""
    return Suite.model_validate(json.loads(path.read_text(encoding="utf-8")))
