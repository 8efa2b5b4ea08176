"""A 12345 export of any size: the mixed stream of a city, with the mess of real ones.

Texts come from the training corpus in the proportions of life (enforcement complaints are
rare), so the classifier does its usual work; they say nothing about its accuracy.
"""

import csv
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.settings import MODELS_DIR

HEADINGS = (
    "工单编号", "受理时间", "工单来源", "诉求地址", "工单类型", "内容描述", "一级分类", "二级分类",
    "三级分类", "主办单位", "协办单位", "办结时限", "案件状态", "办结时间", "答复市民要点",
    "是否解决", "市民满意度", "反映人", "来电号码", "催办次数", "关联工单",
)  # fmt: skip
_UNITS = (
    "市执法支队",
    "青原县交通运输综合行政执法大队",
    "市公路事业发展中心",
    "县治超站",
    "市港航海事处",
)
_REGIONS = ("城东区", "城西区", "青原县", "平沙县", "高新区")
_ENFORCEMENT_SHARE = 0.04
_SHEET_ROWS = 1_000_000


def write_export(path: Path, rows: int, seed: int = 12345) -> None:
    """Write a GB18030 csv of ``rows`` tickets of October 2026; the same bytes for a seed."""
    with path.open("w", encoding="gb18030", newline="", errors="replace") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADINGS)
        writer.writerows(_rows(rows, seed))


def write_workbook(path: Path, rows: int, seed: int = 12345) -> None:
    """The same rows as xlsx, on as many sheets as the format's limit of rows demands."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        for number, row in enumerate(_rows(rows, seed)):
            place = number % _SHEET_ROWS
            if place == 0:
                sheet = book.add_worksheet()
                sheet.write_row(0, 0, HEADINGS)
            for column, cell in enumerate(row):
                sheet.write_string(place + 1, column, cell)


def _rows(count: int, seed: int) -> Iterator[list[str]]:
    rng = random.Random(seed)
    texts = _texts()
    return (_row(rng, texts, number) for number in range(count))


def _texts() -> dict[bool, list[str]]:
    texts: dict[bool, list[str]] = {True: [], False: []}
    for path in sorted((MODELS_DIR / "corpus").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            ticket = json.loads(line)
            texts[ticket["scope"] == "E1"].append(f"{ticket['title']} {ticket['content']}".strip())
    return texts


def _row(rng: random.Random, texts: dict[bool, list[str]], number: int) -> list[str]:
    accepted = datetime(2026, 10, 1) + timedelta(seconds=rng.randrange(31 * 86400))
    closed = accepted + timedelta(hours=rng.randrange(20, 300))
    is_closed = rng.random() < 0.8
    phone = f"1{rng.choice('3578')}{rng.randrange(10**9):09d}"
    content = rng.choice(texts[rng.random() < _ENFORCEMENT_SHARE])
    if rng.random() < 0.1:
        content += f"(联系人{rng.choice('赵钱孙李周吴郑王')}先生,电话{phone})"
    return [
        f"12345340100{accepted:%Y%m%d}{number:07d}",
        _time(rng, accepted),
        rng.choice(("12345电话", "微信", "APP", "网站")),
        rng.choice(_REGIONS) + rng.choice(("人民路", "国道路口", "汽车站")),
        rng.choice(("投诉举报类", "投诉举报类", "咨询类", "求助类", "建议类")),
        content,
        "交通运输", rng.choice(("行政执法", "公路管理", "客运服务")), "",
        rng.choice(_UNITS), "",
        rng.choice(("5个工作日", f"{accepted + timedelta(days=7):%Y-%m-%d %H:%M:%S}")),
        "已办结" if is_closed else "办理中",
        _time(rng, closed) if is_closed else "",
        "已联系诉求人并答复。" if is_closed else "",
        rng.choice(("是", "否", "部分解决")) if is_closed else "",
        rng.choice(("满意", "非常满意", "不满意", "未评价", "满意(短信)")) if is_closed else "",
        rng.choice("赵钱孙李周吴郑王") + rng.choice(("先生", "女士", "师傅")),
        rng.choice((phone, f"{phone[:3]}****{phone[-4:]}", "保密")),
        str(rng.randrange(3)),
        "",
    ]  # fmt: skip


def _time(rng: random.Random, moment: datetime) -> str:
    form = rng.random()
    if form < 0.85:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    if form < 0.95:
        return f"{moment.year}/{moment.month}/{moment.day} {moment:%H:%M}"
    return f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}时{moment.minute}分"
