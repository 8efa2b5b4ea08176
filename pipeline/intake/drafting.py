"""Help with a new platform: what would be read of a file, and a first layout for it."""

from dataclasses import dataclass
from typing import BinaryIO

import yaml

from pipeline.domain.outcome import FileReason, FileStopped
from pipeline.domain.privacy import mask_name, mask_phone
from pipeline.domain.text import clean
from pipeline.domain.ticket import FIELDS, Hotline
from pipeline.intake.guessing import guess_fields
from pipeline.intake.layouts import READ_FIELDS, SEQUENCE, Layout, load_layouts
from pipeline.intake.reading import best_header, headings_and_rows, shown

_SAMPLE_ROWS = 200
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
    match = best_header(stream, name, [layout] if layout else ()).match
    summary = match.as_json()
    return HeadingsCheck(
        layout=match.layout.name,
        is_readable=not match.missing,
        mapped={_NAMES_ZH[field]: heading for field, heading in summary["mapped"].items()},
        ignored=match.ignored,
        unknown=list(map(shown, match.unknown)),
        missing=[_NAMES_ZH[field] for field in match.missing],
    )


def draft_layout(stream: BinaryIO, name: str, new_name: str) -> str:
    """YAML of a first layout for a file's headings, for ``hotline layout draft FILE``.

    Headings that any layout knows are mapped as it maps them, others by their likeness to known
    ones where the values fit; what is left is listed as ignored. Comments name every guess with
    an example (masked), what is left, and the fields there are. The result loads as a Layout.
    Raises FileStopped where the file has no table or no headings, or nothing for a required field.
    """
    headings, rows = headings_and_rows(stream, name, _SAMPLE_ROWS)
    columns = dict(zip(headings, zip(*rows, strict=True), strict=True)) if rows else {}
    nearest = max(
        (layout.match(headings) for layout in load_layouts()), key=lambda match: match.score
    )
    known = [nearest.layout, *load_layouts()]
    places = [(heading, *_known_place(heading, known)) for heading in headings]
    unknown = [heading for heading, field, _ in places if field is None]
    guesses = guess_fields(unknown, columns, {field for _, field, _ in places if field})
    fields: dict[str, list[str]] = {}
    sequence, unplaced, inverted = [], [], []
    for heading, field, says_no in places:
        field, says_no = guesses.get(heading, (field, says_no))  # noqa: PLW2901
        if field == SEQUENCE:
            sequence.append(heading)
        elif field and says_no:
            inverted.append(heading)
        elif field:
            fields.setdefault(field, []).append(heading)
        else:
            unplaced.append(heading)
    body: dict[str, object] = {
        "name": new_name,
        "hotline": nearest.layout.hotline.value if nearest.mapped else Hotline.WEB.value,
        "name_zh": new_name,
        "channel": "" if "intake_channel" in fields else new_name,
        "number_prefix": "",
        "required": ["ticket_no", "accepted_at", "content"],
        "fields": {field: _entry(field, headings) for field, headings in fields.items()},
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
    return _comments(columns, guesses, unplaced) + text


def _known_place(heading: str, layouts: list[Layout]) -> tuple[str | None, bool]:
    """The field that the first layout to know a heading gives it, and whether its yes is a no."""
    for layout in layouts:
        if field := layout.field_of(heading):
            return field, field != SEQUENCE and layout.is_inverted(field, heading)
    return None, False


def _entry(field: str, headings: list[str]) -> object:
    if field == "matter":
        return {"levels": [[heading] for heading in headings]}
    if len(headings) > 1 and field in ("content", "reply"):
        return {"headings": headings, "joined": True}
    return headings


def _comments(
    columns: dict[str, tuple[str, ...]], guesses: dict[str, tuple[str, bool]], unplaced: list[str]
) -> str:
    lines = [
        "草稿。存为 YAML 文件，核对后运行 hotline layout check 导出文件 --layout 草稿，",
        "无误后放入 HOTLINE_HOME/layouts/（默认 var/layouts/），不需要改程序。",
        "hotline 填 12328、12345 或 web（其他平台都用 web），工单计入它；name_zh 填给人看的名称。",
        "channel 填平台自己的名称：文件里没有受理渠道时，工单的受理渠道就是它。",
        "number_prefix 填字母或数字（如 SSP-）：加在工单编号前，不与同一热线其他平台的编号相混。",
    ]
    if guesses:
        lines.append("以下各列是按标题和取值猜的，请逐条核对：")
        lines += [
            f"  {heading} → {field}（{_NAMES_ZH[field]}{'，是与否相反' if says_no else ''}）"
            + _example(columns, heading)
            for heading, (field, says_no) in guesses.items()
        ]
    if unplaced:
        lines.append("以下各列没有放置，列在 ignored 里不导入；要导入的请移到 fields 下：")
        lines += [f"  {heading}{_example(columns, heading)}" for heading in unplaced]
        names = "、".join(f"{field} {_NAMES_ZH[field]}" for field in sorted(READ_FIELDS))
        lines.append(f"可用的字段：{names}。")
    return "".join(f"# {' '.join(shown(line, None).split())}\n" for line in lines)


def _example(columns: dict[str, tuple[str, ...]], heading: str) -> str:
    value = next((text for cell in columns.get(heading, ()) if (text := clean(cell))), None)
    return f" 例：{shown(mask_name(mask_phone(value)), 24)}" if value else ""
