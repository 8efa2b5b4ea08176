"""Outcomes (去向) of rows and files, reason codes, and the ledger that must balance."""

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.domain.errors import OperatorError


class RowOutcome(StrEnum):
    """Where one data row of an export ended; every row has exactly one."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"

    @property
    def name_zh(self) -> str:
        return _OUTCOME_ZH[self]


_OUTCOME_ZH = {
    RowOutcome.INSERTED: "新增",
    RowOutcome.UPDATED: "更新",
    RowOutcome.UNCHANGED: "无变化",
    RowOutcome.DUPLICATE: "重复行",
    RowOutcome.QUARANTINED: "隔离",
}


class FileOutcome(StrEnum):
    """Where a file stands. ``LANDED`` is on the way; the others are final."""

    LANDED = "landed"
    LOADED = "loaded"
    STOPPED = "stopped"

    @property
    def name_zh(self) -> str:
        return {"landed": "待处理", "loaded": "已入库", "stopped": "未能读取"}[self.value]


class RowReason(StrEnum):
    """Why a row is quarantined. ``text`` is the phrase of ledgers, ``name_zh`` of screens."""

    NO_TICKET_NO = "no_ticket_no"
    TICKET_NO_LOST = "ticket_no_lost"
    NO_CONTENT = "no_content"
    TIME_MISSING = "time_missing"
    TIME_UNREADABLE = "time_unreadable"
    TIME_IMPOSSIBLE = "time_impossible"
    TIME_IN_FUTURE = "time_in_future"
    ROW_TOO_WIDE = "row_too_wide"
    VALUE_TOO_LONG = "value_too_long"

    @property
    def text(self) -> str:
        return _ROW_REASON[self][0]

    @property
    def name_zh(self) -> str:
        return _ROW_REASON[self][1]


_ROW_REASON = {
    RowReason.NO_TICKET_NO: ("no ticket number", "缺工单编号"),
    RowReason.TICKET_NO_LOST: (
        "ticket number lost to scientific notation",
        "工单编号被表格软件改成科学计数法，无法还原",
    ),
    RowReason.NO_CONTENT: ("no content", "缺受理内容"),
    RowReason.TIME_MISSING: ("no time", "缺受理时间"),
    RowReason.TIME_UNREADABLE: ("unreadable time", "受理时间无法识别"),
    RowReason.TIME_IMPOSSIBLE: ("impossible time", "受理时间不可能（如 0000-00-00）"),
    RowReason.TIME_IN_FUTURE: ("time in the future", "受理时间晚于导入日期"),
    RowReason.ROW_TOO_WIDE: ("more cells than headings", "单元格多于列标题，疑似错列"),
    RowReason.VALUE_TOO_LONG: ("value too long", "单元格内容过长"),
}


class FileReason(StrEnum):
    """Why a whole file was stopped. ``advice_zh`` tells the operator what to do."""

    EMPTY = "empty"
    NOT_A_TABLE = "not_a_table"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105
    DAMAGED = "damaged"
    UNKNOWN_LAYOUT = "unknown_layout"
    NO_DATA_ROWS = "no_data_rows"
    ENCODING = "encoding"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    INTERRUPTED = "interrupted"  # the system ended the reading process
    NO_REPAIR = "no_repair"  # of a spreadsheet that should hold repaired rows

    @property
    def advice_zh(self) -> str:
        return _FILE_REASON[self]


_FILE_REASON = {
    FileReason.EMPTY: "文件是空的（0 字节）。请在平台重新导出后再放入收件目录。",
    FileReason.NOT_A_TABLE: "文件不是表格。请导出为 xlsx 或 csv 后再放入收件目录。",
    FileReason.PASSWORD_PROTECTED: "文件设有打开密码。请去掉密码另存后再放入收件目录。",
    FileReason.DAMAGED: "文件已损坏或没有传完。请重新导出或重新传送。",
    FileReason.UNKNOWN_LAYOUT: (
        "列标题与已知版式都不相符。请核对是否导错报表，或联系管理员登记新版式。"
    ),
    FileReason.NO_DATA_ROWS: "文件只有列标题，没有数据行。如当期确无工单可忽略，否则请重新导出。",
    FileReason.ENCODING: "文件的文字编码无法识别。请用 UTF-8 或 GB18030 编码重新导出。",
    FileReason.TOO_LARGE: "文件超过允许的大小。请按月份分开导出。",
    FileReason.UNREADABLE: "文件无法打开（权限不足或正被占用）。请检查文件权限后重试。",
    FileReason.INTERRUPTED: (
        "读取时进程两次被系统终止，多为内存不足。请增加内存后用 hotline ingest 加文件路径再试，"
        "或按月份分开导出。"
    ),
    FileReason.NO_REPAIR: (
        "请在 hotline quarantine export 导出的表里改正单元格后再重放，不要删列或改列名。"
    ),
}


class FileStopped(OperatorError):
    """A file that cannot be read as an export; the night goes on with the others.

    ``detail_zh`` adds what was found (nearest layout, missing headings) to the reason's advice.
    """

    def __init__(self, reason: FileReason, detail_zh: str = "") -> None:
        self.reason = reason
        self.detail_zh = detail_zh
        super().__init__(self.message_zh)

    def __reduce__(self) -> tuple:  # so that it comes whole out of another process
        return FileStopped, (self.reason, self.detail_zh)

    @property
    def message_zh(self) -> str:
        return f"{self.detail_zh} {self.reason.advice_zh}".strip()


class LedgerImbalance(AssertionError):
    """Rows read and outcomes do not add up: a defect, never to be stored."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The row account of one file (or a sum of files). Refuses to exist unbalanced."""

    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = [self.inserted, self.updated, self.unchanged, self.duplicate, self.quarantined]
        if min(parts) < 0 or sum(parts) != self.rows_read:
            raise LedgerImbalance(f"rows read {self.rows_read} != {' + '.join(map(str, parts))}")

    def __add__(self, other: "Ledger") -> "Ledger":
        reasons = dict(self.reasons)
        for code, count in other.reasons.items():
            reasons[code] = reasons.get(code, 0) + count
        return Ledger(
            rows_read=self.rows_read + other.rows_read,
            reasons=reasons,
            **{o.value: getattr(self, o.value) + getattr(other, o.value) for o in RowOutcome},
        )

    def as_json(self) -> dict:
        return {
            "rows_read": self.rows_read,
            **{o.value: getattr(self, o.value) for o in RowOutcome},
            "reasons": [
                {"code": code, "reason": RowReason(code).text, "count": count}
                for code, count in sorted(self.reasons.items())
            ],
        }
