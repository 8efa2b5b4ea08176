"""Types of fields that several schemas share."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints

from pipeline.domain.calendar import SHANGHAI

Moment = Annotated[
    datetime,
    PlainSerializer(
        lambda at: at.replace(tzinfo=SHANGHAI).isoformat(timespec="seconds"), return_type=str
    ),
    Field(json_schema_extra={"format": "date-time"}),
]


def _without_zero(text: str) -> str:
    if "\0" in text:  # no text of the store holds one, and PostgreSQL refuses it
        raise ValueError("zero byte")
    return text


NO_ZERO = AfterValidator(_without_zero)
Short = Annotated[str, StringConstraints(max_length=200), NO_ZERO]
Reason = Annotated[
    str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True), NO_ZERO
]

BLIND = Field(description="待此用户盲复核：给出意见之前不给出标注和复核。")
