"""What makes a complaint concrete, and what announces collective action, in callers' words."""

import re

_NUMERAL = "[0-9〇零一二两三四五六七八九十百千万.]+"

CONCRETE = {
    "数额": re.compile(f"{_NUMERAL} ?(?:元|块|万|千|百块|%|％)|百分之"),
    "指标": re.compile(
        "指标|任务|考核|排名|提成|返还|绩效|创收|非税|罚没数|完成数|凑(?:数|够|上|齐)|[还就]差[^,。,]{0,6}(?:台|张|单|万)"
        "|(?:月|年)票|包月|认领|出勤补"
    ),
    "票据": re.compile(
        "票据|收据|发票|罚单|小票|凭据|决定书|磅单|转账|截图|照片|拍了照|录音|录像|监控|白板|通报|收款方"
    ),
    "时间": re.compile(
        "[0-9]{1,2}月[0-9]{1,2}[日号]|[昨今前][天日晚夜]|上周|本周|上月|本月|月[初底末]|凌晨|傍晚|[上中下]午|夜里"
        "|[0-9]{1,2}[点时]|[二两三四五六七八九十]{1,3}点"
    ),
}
"""R14: any of these beside a profit-driven label."""

_PLACE = re.compile(
    "路口|国道|省道|县道|高速|服务区|收费站|检查站|超限站|治超|卡点|门口|车站|机场|码头|大桥|桥头|匝道|村口|镇|街|[GS][0-9]{2,4}"
)
_PLATE = re.compile("[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[A-Z]")


def concrete_kinds(text: str) -> tuple[str, ...]:
    return tuple(kind for kind, pattern in CONCRETE.items() if pattern.search(text))


def has_time(text: str) -> bool:
    return bool(CONCRETE["时间"].search(text))


def has_place(text: str) -> bool:
    return bool(_PLACE.search(text))


def has_plate(text: str) -> bool:
    return bool(_PLATE.search(text))


_COLLECTIVE = re.compile(
    "罢运|罢驶|集体停运|集体上访|集体进京|集体抗议|堵大队|堵门|堵路|围堵|拉横幅"
)
_DENIED = re.compile("(?:不想|不愿|不会|不是|不要|没有|并非|从未|不能|别|不)[^,。,;;]{0,4}$")
_ANNOUNCED = re.compile(
    "扬言|准备|打算|就要|要去|就去|只能|约好|商量|号召|组织|将要|明天|后天|再不|不解决"
)
# 执法车堵路 is about the officers' cars, and 堵路 alone is traffic: it needs people who act.
_PEOPLE = re.compile("司机|师傅|大家|我们|同行|车主|群众|工人|村民")


def collective_action(text: str) -> str | None:
    """``announced`` where callers threaten it, ``mentioned`` where they speak of it, else None."""
    found = None
    for match in _COLLECTIVE.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()]
        if _DENIED.search(before):
            continue
        if _ANNOUNCED.search(before):
            return "announced"
        if match[0] not in {"堵路", "堵门", "围堵"} or _PEOPLE.search(before):
            found = "mentioned"
    return found


QUALIFICATION = re.compile(
    "(?:未|没有?|不肯?|拒不?|不给)(?:亮|出示|看)[^,。,]{0,4}证|证[件也]?[都也]?[不没]给?[^,。,]{0,2}[看亮]|(?:只有|就|仅)[来有]?[一1](?:个|名)人"
    "|(?:一|单)人执法|(?:协管|辅警|辅助人员|临时工|合同工)[^,。,]{0,10}(?:查|拦|扣|罚|开单|执法)"
    "|(?:没穿|未穿|不穿)[^,。,]{0,4}(?:制服|工服)"
)
"""R18: no papers shown, one officer alone, auxiliaries who enforce."""

SEIZED = re.compile(
    "扣(?:了|押|留|下|走|住)?[^,。,]{0,6}(?:车|证|船)|(?:车|证|船)[^,。,]{0,4}被?(?:扣|拖走)|暂扣"
)
SEIZURE_FAULT = {
    "无文书": re.compile(
        "(?:没有?|未|不)(?:给|开|出具|留)[^,。,]{0,6}(?:单|文书|清单|手续|决定书|条)|啥单子|什么单子也?没|没(?:有)?手续"
    ),
    "超期不还": re.compile(
        "超期|至今(?:未|没|不)|(?:不|没)(?:还|放|退还?)[^,。,]{0,3}(?:车|证|船)|[0-9]{2,}天"
    ),
    "保管拖车费": re.compile("(?:保管|停车|拖车|施救|看护|吊装)费"),
}
"""R19: what was wrong about a seizure."""
