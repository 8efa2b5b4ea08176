"""Makers of export files for tests and measurements; every value is invented."""

import csv
import io
import random
from datetime import datetime, timedelta

import xlsxwriter

from pipeline.domain.text import word_list

CITY_HEADINGS = word_list(
    """
    工单编号 受理时间 工单来源 诉求地址 工单类型 内容描述 一级分类 二级分类 三级分类 主办单位
    协办单位 办结时限 案件状态 办结时间 答复市民要点 是否解决 市民满意度 反映人 来电号码
    催办次数 关联工单
    """
)
_CLAUSES = word_list(
    """
    来电人反映在国道收费站被拦下检查 执法人员没有出示证件 要求先交罚款两千元再开具决定书
    现场没有称重数据 司机表示车辆手续齐全 同一天被两个大队各罚一次 希望核实并书面答复
    站牌破损看不清楚 公交车等了四十分钟 出租车绕路多收二十元 路面坑槽一直没有修
    咨询从业资格证如何换领 货车限行路段没有标志 投诉后三个月没有回音
    """
)
_AREAS = word_list("城东区 城西区 高新区 青原县 平沙县 云岭市 临河县")
_UNITS = word_list(
    "市执法支队 市交通运输综合行政执法支队 县治超站 临河县公路执法中队 市公共交通集团"
)


def city_rows(count: int, seed: int = 1, chars: int = 160) -> list[list[str]]:
    """Rows of a 12345 export like the samples: dirty times and phones, one text in ten with a
    name, a phone and a (checksum-valid) id number."""
    rng = random.Random(seed)  # noqa: S311
    start = datetime(2026, 10, 1)
    rows = []
    for n in range(count):
        at = start + timedelta(seconds=rng.randrange(30 * 86400))
        closed = at + timedelta(seconds=rng.randrange(10 * 86400))
        text = ""
        while len(text) < chars:
            text += rng.choice(_CLAUSES) + rng.choice("，。；")
        phone = f"1{rng.randrange(3, 10)}{rng.randrange(10**9):09d}"
        if n % 10 == 0:
            text += f"(联系人杨某某,电话{phone},身份证{make_id(rng)})"
        forms = ["%Y-%m-%d %H:%M:%S"] * 6 + ["%Y/%m/%d %H:%M", "%Y%m%d%H%M%S"]
        masked = f"{phone[:3]}****{phone[7:]}"
        values = {
            "工单编号": f"12345340120{at:%Y%m%d}{n:06d}",
            "受理时间": f"{at:%Y-%m-%d %H:%M:%S}",
            "工单来源": rng.choice(["微信", "APP", "网站"]),
            "诉求地址": f"{rng.choice(_AREAS)}人民路",
            "工单类型": rng.choice(["投诉举报类", "咨询类", "求助类"]),
            "内容描述": text,
            "一级分类": "交通运输",
            "二级分类": rng.choice(["公路管理", "行政执法"]),
            "主办单位": rng.choice(_UNITS),
            "办结时限": rng.choice(["5个工作日", f"{closed:%Y-%m-%d %H:%M:%S}"]),
            "案件状态": "已办结",
            "办结时间": closed.strftime(rng.choice(forms)),
            "答复市民要点": "已联系诉求人并答复。",
            "是否解决": rng.choice(["是", "否"]),
            "市民满意度": rng.choice(["满意", "不满意(短信)", "未评价"]),
            "反映人": rng.choice(["张师傅", "李女士", "王*"]),
            "来电号码": rng.choice([phone, phone, masked, "保密"]),
            "催办次数": str(rng.randrange(3)),
        }
        rows.append([values.get(heading, "") for heading in CITY_HEADINGS])
    return rows


def make_id(rng: random.Random) -> str:
    """A number with the form and check digit of a citizen's id."""
    body = f"340102{rng.randrange(1960, 2004)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}"
    body += f"{rng.randrange(1000):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def csv_bytes(rows: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def city_csv(count: int, encoding: str = "gb18030", **options) -> bytes:
    return csv_bytes([CITY_HEADINGS, *city_rows(count, **options)], encoding)


def xlsx_bytes(*sheets: list[list], names: tuple[str, ...] = ()) -> bytes:
    """One worksheet for each list of rows; numbers stay numbers, datetimes become dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for number, rows in enumerate(sheets):
            sheet = book.add_worksheet(names[number] if names else None)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return out.getvalue()
