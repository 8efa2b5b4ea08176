"""Layouts (版式): how one platform's export is read. YAML files under layouts/, validated here.

A new platform is a new YAML file in HOTLINE_HOME/layouts, read beside those shipped here; no code
knows a layout by name.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pipeline.domain.errors import OperatorError
from pipeline.domain.ticket import FIELD_NAMES, Hotline
from pipeline.settings import get_settings

LAYOUTS_DIR = Path(__file__).parent / "layouts"
_SHARED = {"words.yml", "units.yml"}

_LONGEST_HEADING = 200  # characters; what is longer is a text that stands in the wrong row

SEQUENCE = "sequence"
CALLER_ID = "caller_id"
READ_FIELDS = frozenset(FIELD_NAMES) - {"caller_key", "status_raw", "satisfaction_raw"} | {
    "ticket_no",
    CALLER_ID,
}
"""What a layout may map; the excepted ones are derived."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldHeadings(_Model):
    """Headings of one field, the preferred first.

    ``inverted``: headings whose yes means no (是否公开 for is_confidential). ``levels``: headings
    of a value in several columns, joined by '/'. ``joined``: where several columns are filled, all
    are kept, in the order of the headings and each under its own (【办理情况】…), not the first.
    """

    headings: tuple[str, ...] = ()
    inverted: tuple[str, ...] = ()
    levels: tuple[tuple[str, ...], ...] = ()
    joined: bool = False

    def all(self) -> Iterable[str]:
        yield from self.headings
        yield from self.inverted
        for level in self.levels:
            yield from level


class Words(_Model):
    """Value words (see layouts/words.yml): normalised value → the words platforms write."""

    category: dict[str, tuple[str, ...]] = {}
    status: dict[str, tuple[str, ...]] = {}
    satisfaction: dict[str, tuple[str, ...]] = {}
    verified: dict[str, tuple[str, ...]] = {}
    resolved: dict[str, tuple[str, ...]] = {}
    trade: dict[str, tuple[str, ...]] = {}
    flag: dict[str, tuple[str, ...]] = {}
    footer: tuple[str, ...] = ()

    def lookup(self, name: str) -> dict[str, str]:
        """Word as written (lower case) → normalised value."""
        table = getattr(self, name)
        return {word.lower(): value for value, words in table.items() for word in words}

    def with_own(self, own: "Words") -> "Words":
        merged = {
            name: {**getattr(self, name), **{k: (*getattr(self, name).get(k, ()), *v) for k, v in
                   getattr(own, name).items()}}
            for name in type(self).model_fields if name != "footer"
        }  # fmt: skip
        return Words(**merged, footer=(*self.footer, *own.footer))


class UnitPattern(_Model):
    match: str
    name: str


class Units(_Model):
    """Unit names (layouts/units.yml)."""

    units: dict[str, tuple[str, ...]]
    patterns: tuple[UnitPattern, ...] = ()

    @cached_property
    def _aliases(self) -> dict[str, str]:
        return {alias: name for name, aliases in self.units.items() for alias in aliases}

    def canonical(self, unit: str) -> str:
        if unit in self._aliases:
            return self._aliases[unit]
        for pattern in self.patterns:
            if found := re.fullmatch(pattern.match, unit):
                return pattern.name.format(**found.groupdict())
        return unit


def normalise_heading(text: str) -> str:
    """One form of a heading: NFKC, no white space, no mark of a required column."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    return text.strip("*※:'\"﻿\u200b")


class LayoutError(OperatorError):
    """A layout that an operator wrote cannot be used; the message says which and why."""


class Layout(_Model):
    """One platform's export.

    ``hotline``: under which of the hotlines its tickets are counted. A platform of its own (an app,
    a WeChat account) names itself in ``channel``, the 受理渠道 of its tickets whose rows name none,
    and in ``number_prefix``, which keeps its ticket numbers and users apart from those of other
    platforms of the same hotline.
    """

    name: str
    hotline: Hotline
    name_zh: str
    channel: str = ""
    number_prefix: str = Field("", pattern="^[0-9A-Za-z-]{0,12}$")
    required: tuple[str, ...]
    fields: dict[str, FieldHeadings]
    sequence: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    heading_prefixes: tuple[str, ...] = ()
    header_depth: int = 15  # rows searched for the headings
    words: Words = Words()

    @field_validator("fields", mode="before")
    @classmethod
    def _short_form(cls, value: dict) -> dict:
        return {k: {"headings": v} if isinstance(v, list) else v for k, v in value.items()}

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: dict) -> dict:
        if unknown := set(value) - READ_FIELDS:
            raise ValueError(f"工单没有这些字段：{'、'.join(sorted(unknown))}")
        seen: dict[str, str] = {}
        for name, headings in value.items():
            for heading in headings.all():
                if seen.setdefault(heading, name) != name:
                    raise ValueError(f"列标题「{heading}」同时给了 {seen[heading]} 和 {name}")
        return value

    @cached_property
    def _by_heading(self) -> dict[str, str]:
        known = dict.fromkeys(map(normalise_heading, self.ignored), "")
        known |= dict.fromkeys(map(normalise_heading, self.sequence), SEQUENCE)
        for name, headings in self.fields.items():
            known |= dict.fromkeys(map(normalise_heading, headings.all()), name)
        return known

    def field_of(self, heading: str) -> str | None:
        """The field (or ``sequence``) a heading stands for; "" where ignored; None if unknown."""
        if len(heading) > _LONGEST_HEADING:
            return None
        heading = normalise_heading(heading)
        for form in (heading, re.sub(r"\(.*?\)$", "", heading)):
            if form in self._by_heading:
                return self._by_heading[form]
            for prefix in self.heading_prefixes:
                if form.startswith(prefix) and form[len(prefix) :] in self._by_heading:
                    return self._by_heading[form[len(prefix) :]]
        return None

    def rank_of(self, heading: str) -> int:
        """Place of a heading in its field's list: the lower is preferred."""
        heading = normalise_heading(heading)
        for prefix in ("", *self.heading_prefixes):
            form = heading.removeprefix(prefix)
            for headings in self.fields.values():
                for rank, alias in enumerate(headings.all()):
                    if form == normalise_heading(alias):
                        return rank
        return len(self._by_heading)

    def plain(self, heading: str) -> str:
        """A heading without the platform's prefix and the mark of a repeated one."""
        heading = normalise_heading(heading.split("#", maxsplit=1)[0])
        for prefix in self.heading_prefixes:
            heading = heading.removeprefix(prefix) or heading
        return heading

    def is_inverted(self, name: str, heading: str) -> bool:
        return normalise_heading(heading) in map(normalise_heading, self.fields[name].inverted)

    def match(self, headings: Iterable[str]) -> "Match":
        """How the headings of a file read under this layout."""
        result = Match(self)
        for heading in headings:
            name = self.field_of(heading)
            if name is None:
                result.unknown.append(heading)
            elif name in ("", SEQUENCE):
                result.ignored.append(heading)
            else:
                result.mapped.setdefault(name, []).append(heading)
        for columns in result.mapped.values():
            columns.sort(key=self.rank_of)
        return result


@dataclass(slots=True)
class Match:
    """The headings of a file, each mapped, ignored by name, or unknown."""

    layout: Layout
    mapped: dict[str, list[str]] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """The required fields that no heading stands for."""
        return [name for name in self.layout.required if name not in self.mapped]

    @property
    def score(self) -> tuple[int, int, int]:
        """The higher, the better the layout fits: nothing required missing comes first."""
        columns = sum(map(len, self.mapped.values()))
        return -len(self.missing), columns + len(self.ignored) - len(self.unknown), columns

    def as_json(self) -> dict:
        return {
            "mapped": {name: "+".join(columns) for name, columns in self.mapped.items()},
            "ignored": self.ignored,
            "unknown": self.unknown,
        }


def _read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@cache
def load_words() -> Words:
    return Words(**_read(LAYOUTS_DIR / "words.yml"))


@cache
def load_units() -> Units:
    return Units(**_read(LAYOUTS_DIR / "units.yml"))


@cache
def shipped_layouts() -> tuple[Layout, ...]:
    """Those of this package, in the order of file names. Raises pydantic's ValidationError."""
    paths = sorted(p for p in LAYOUTS_DIR.glob("*.yml") if p.name not in _SHARED)
    return tuple(Layout(**_read(path)) for path in paths)


def load_layouts() -> tuple[Layout, ...]:
    """Every layout: those shipped, then those of HOTLINE_HOME/layouts, as they are now.

    Raises LayoutError for an own one that is none, or whose name another has.
    """
    folder = get_settings().layouts_dir
    own = sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yml", ".yaml"))
    return _with_own(tuple((path, path.stat().st_mtime_ns) for path in own))


@cache
def _with_own(files: tuple[tuple[Path, int], ...]) -> tuple[Layout, ...]:
    layouts = {layout.name: layout for layout in shipped_layouts()}
    for path, _changed in files:
        try:
            layout = parse_layout(path.read_text(encoding="utf-8"))
        except (LayoutError, UnicodeDecodeError) as error:
            reason = error if isinstance(error, LayoutError) else "不是 UTF-8 编码"
            raise LayoutError(f"版式文件 {path} 有误：{reason}。请改正或移走该文件。") from error
        if layout.name in layouts:
            raise LayoutError(
                f"版式文件 {path} 的名称「{layout.name}」已被另一版式使用。请换一个 name。"
            )
        layouts[layout.name] = layout
    return tuple(layouts.values())


_WRONG_ZH = {"missing": "缺少必填项", "extra_forbidden": "不认识的项", "enum": "取值不在可选范围内"}


def parse_layout(text: str) -> Layout:
    """A layout as YAML. Raises LayoutError with what is wrong, each entry by its path."""
    try:
        return Layout(**yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark else ""
        raise LayoutError(f"{where}不是合格的 YAML") from error
    except TypeError as error:
        raise LayoutError("不是「项: 值」组成的 YAML") from error
    except ValidationError as error:
        wrong = []
        for part in error.errors():
            reason = _WRONG_ZH.get(part["type"]) or str(
                part.get("ctx", {}).get("error", "取值不对")
            )
            wrong.append(f"{'.'.join(map(str, part['loc']))}（{reason}）")
        raise LayoutError("、".join(wrong)) from error


def layout_by_name(name: str) -> Layout:
    """Raises LayoutError for a name no file has: an own layout was moved away."""
    for layout in load_layouts():
        if layout.name == name:
            return layout
    raise LayoutError(
        f"找不到版式「{name}」：请把它的 YAML 文件放回 {get_settings().layouts_dir}。"
    )
