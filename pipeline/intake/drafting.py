"""Help with a new platform: what would be read of a file, and a first layout for it."""

from dataclasses import dataclass
from typing import BinaryIO

import yaml
from pydantic import ValidationError

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.domain.ticket import FIELDS
from pipeline.intake.layouts import SEQUENCE, Layout, layout_by_name, load_layouts
from pipeline.intake.reading import best_header, shown

_NAMES_ZH = {f.name: f.name_zh for f in FIELDS} | {"ticket_no": "工单编号", "caller_id": "用户标识"}


@dataclass(frozen=True, slots=True)
class HeadingsCheck:
    """How a file's headings read under the nearest layout; ``missing`` are required fields."""

    layout: str
    is_readable: bool
    mapped: dict[str, str]  # 字段 → 列标题
    ignored: list[str]
    unknown: list[str]
    missing: list[str]


def check_headings(stream: BinaryIO, name: str, layout: Layout | None = None) -> HeadingsCheck:
    """For ``hotline layout check FILE``: under the nearest layout, or under a draft.

    Raises FileStopped where no headings can be found.
    """
    header = best_header(stream, name)
    match = layout.match(header.headings) if layout else header.match
    summary = match.as_json()
    return HeadingsCheck(
        layout=match.layout.name,
        is_readable=not match.missing,
        mapped={_NAMES_ZH[field]: heading for field, heading in summary["mapped"].items()},
        ignored=match.ignored,
        unknown=list(map(shown, match.unknown)),
        missing=[_NAMES_ZH[field] for field in match.missing],
    )


def read_layout(text: str) -> Layout:
    """A draft's YAML. Raises FileStopped for what is no layout, with what is wrong."""
    try:
        return Layout(**yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise FileStopped(FileReason.UNKNOWN_LAYOUT, f"版式草稿有误：{error}。") from error


def draft_layout(stream: BinaryIO, name: str, new_name: str) -> str:
    """YAML of a first layout for a file's headings, for ``hotline layout draft FILE``.

    Headings that any layout knows are mapped as it maps them; the others are listed as ignored,
    for a person to place. The result loads as a Layout. Raises FileStopped where the file has no
    table or no headings.
    """
    header = best_header(stream, name)
    known = [layout_by_name(header.match.layout.name), *load_layouts()]
    fields: dict[str, list[str]] = {}
    sequence, unplaced, inverted = [], [], []
    for heading in header.headings:
        layout, found = next(
            ((layout, f) for layout in known if (f := layout.field_of(heading))), (None, None)
        )
        if found == SEQUENCE:
            sequence.append(heading)
        elif found and layout.is_inverted(found, heading):
            inverted.append(heading)
        elif found:
            fields.setdefault(found, []).append(heading)
        else:
            unplaced.append(heading)
    body: dict[str, object] = {
        "name": new_name,
        "hotline": header.match.layout.hotline.value,
        "name_zh": new_name,
        "required": ["ticket_no", "accepted_at", "content"],
        "fields": {
            field: {"levels": [[heading] for heading in headings]}
            if field == "matter"
            else headings
            for field, headings in fields.items()
        },
        "sequence": sequence,
        "ignored": unplaced,
    }
    if inverted:  # 是否公开: its yes means not confidential
        body["fields"]["is_confidential"] = {
            "headings": fields.get("is_confidential", []),
            "inverted": inverted,
        }
    if lacking := [field for field in body["required"] if field not in fields]:
        zh = "、".join(_NAMES_ZH[field] for field in lacking)
        raise FileStopped(FileReason.UNKNOWN_LAYOUT, f"没有一列像是：{zh}。请先确认导出了这些列。")
    Layout(**body)
    text = yaml.safe_dump(body, allow_unicode=True, sort_keys=False, default_flow_style=None)
    return (
        "# 草稿：请核对 hotline 与 name_zh；把 ignored 中应导入的列移到 fields 下对应的字段。\n"
        + text
    )
