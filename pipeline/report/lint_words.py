"""Words of an external table that must not be published: personal data, officers and callers."""

import re
from collections.abc import Iterator

from pipeline.report.findings import Finding, error
from pipeline.report.lint_grid import Grid, value

_SIGNED = re.compile("制表|填表|填报|审核|审定|签发|负责人|联系人|联系电话|报送单位")
"""A table's own signature: who made it and where to ask, published on purpose."""

_PEOPLE = re.compile(
    "姓名|执法人员|执法员|当事人|被投诉人|被举报人|投诉人|反映人|诉求人|来电人|举报人|经办人"
)
_KINDS = {
    "mobile": "手机号码", "landline": "电话号码", "national_id": "身份证号",
    "bank_card": "银行卡号",
    "plate": "车牌号", "email": "电子邮箱", "im": "社交账号", "badge": "执法证号",
    "address": "住址",
}  # fmt: skip


def lint_words(grids: list[Grid], texts: list[tuple[str, str]]) -> Iterator[Finding]:
    """Cells with personal data or a name; the finding says where and does not repeat it."""
    from pipeline.domain.names import find_names
    from pipeline.domain.privacy import find_personal_data

    for place, text in texts:
        if _SIGNED.search(text) or (value(text) is not None and len(text) < 11):
            continue
        kinds = sorted({_KINDS[finding.kind] for finding in find_personal_data(text)})
        if kinds:
            yield error(
                "personal_data", f"表{place}单元格有个人信息({'、'.join(kinds)}),不得公布。"
            )
        if find_names(text):
            yield error("name", f"表{place}单元格疑有人员姓名,不得公布。")
    for grid in grids:
        yield from _people(grid)


def _people(grid: Grid) -> Iterator[Finding]:
    """Columns that are headed as people and hold names, not how many."""
    from pipeline.domain.namecells import is_callers_name, is_full_name

    for c, column in enumerate(grid.columns):
        if not _PEOPLE.search(column) or _SIGNED.search(column):
            continue
        named = [row for row in grid.rows if is_full_name(row[c]) or is_callers_name(row[c])]
        if named:
            yield error(
                "name",
                f"表“{grid.name}”的“{column}”列有 {len(named)} 行人员姓名,不得公布。",
            )
