"""Policy profiles (方案档): the five plans as configuration, each clause quoted from its text."""

from functools import lru_cache
from pathlib import Path

from pipeline.domain.errors import OperatorError
from pipeline.policies.profile import ORIGIN_ZH, Profile, Report, Setting, Target

__all__ = [
    "ORIGIN_ZH",
    "Profile",
    "ProfileUnknown",
    "Report",
    "Setting",
    "Target",
    "load_profile",
    "misquotations",
    "plan_text",
    "profile_ids",
]

_HERE = Path(__file__).parent
_DEFAULTS = "defaults"
_MERGED = ("levels", "ticket_deadlines", "truck_driver_deadlines", "follow_up", "classifier")


class ProfileUnknown(OperatorError, ValueError):
    """No profile of that name; the message lists those there are."""


def profile_ids() -> list[str]:
    return sorted(path.stem for path in _HERE.glob("*.yaml") if path.stem != _DEFAULTS)


@lru_cache(maxsize=16)
def load_profile(profile_id: str) -> Profile:
    """The profile, its own file laid over ``defaults.yaml``.

    Raises :class:`ProfileUnknown`; pydantic's ValidationError for an unknown key or a threshold
    that claims a text it does not name.
    """
    if profile_id not in profile_ids():
        raise ProfileUnknown(f"没有方案档“{profile_id}”。现有：{'、'.join(profile_ids())}")
    return build_profile(_read(profile_id))


def build_profile(own: dict) -> Profile:
    """A profile from the content of one file, defaults filled in."""
    merged = _read(_DEFAULTS)
    rules = merged.pop("rules")
    for rule, settings in (own.get("rules") or {}).items():
        rules[rule] = rules.get(rule, {}) | settings
    for key in _MERGED:
        merged[key] = merged[key] | (own.get(key) or {})
    return Profile(**merged | {k: v for k, v in own.items() if k not in _MERGED} | {"rules": rules})


def plan_text(profile_id: str) -> str:
    """The plan's published text, from which every clause is quoted."""
    return (_HERE / "texts" / f"{profile_id}.txt").read_text(encoding="utf-8")


def misquotations(profile: Profile) -> list[str]:
    """The clauses (``id:quotation``) that do not stand in the plan's text; empty if all do."""
    text = plan_text(profile.id)
    return [f"{key}:{quote}" for key, quote in profile.clauses.items() if quote not in text]


def _read(stem: str) -> dict:
    import yaml

    return yaml.safe_load((_HERE / f"{stem}.yaml").read_text(encoding="utf-8"))
