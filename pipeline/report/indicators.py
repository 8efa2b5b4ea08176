"""The indicator dictionary, read from indicators.yaml."""

from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from pipeline.report.policy import ReportPolicy

ORIGIN_ZH = {"default": "(系统默认)", "text": "(文件规定)"}


class Count(BaseModel):
    """A number measured over the tickets of one query, sql/reports/<query>.sql."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    unit: str
    query: str
    origin: str
    source: str
    definition: str

    def definition_for(self, policy: ReportPolicy) -> str:
        """The definition with the profile's choices filled in."""
        choices = {
            name: f"{value:g}"
            for name, value in policy.as_json().items()
            if isinstance(value, int | float)
        }
        return self.definition.format(**choices)


class Rate(BaseModel):
    """hits ÷ rows of one query, in percent; shown only from the policy's minimum n."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    query: str
    origin: str
    source: str
    numerator: str
    denominator: str
    needs: str | None = None

    def definition(self, policy: ReportPolicy) -> str:
        """One sentence with the profile's choices filled in."""
        numerator = self.numerator.format(
            satisfied="、".join(policy.satisfied), repeat_days=policy.repeat_days
        )
        return f"{numerator} ÷ {self.denominator}"


class Dictionary(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: tuple[Count, ...]
    rates: tuple[Rate, ...]

    def rate(self, indicator: str) -> Rate:
        return next(rate for rate in self.rates if rate.id == indicator)


@cache
def dictionary() -> Dictionary:
    """Raises pydantic.ValidationError where the file has an unknown or missing key."""
    import yaml

    text = resources.files("pipeline.report").joinpath("indicators.yaml").read_text("utf-8")
    return Dictionary.model_validate(yaml.safe_load(text))
