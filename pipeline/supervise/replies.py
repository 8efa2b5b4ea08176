"""Is a closed ticket really settled? What its reply shows, each fault with its evidence (R23).

Only the reply's words and the caller's are compared: a fault is a proposal to look, never a
finding that nothing was done.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from pipeline.domain.text import probe
from pipeline.supervise.facts import Case
from pipeline.supervise.officers import hide_officers

ALIKE, HOLLOW = "答复雷同", "答复空泛"
OF_MANY = frozenset({ALIKE, HOLLOW})
"""Faults of how a place answers at all: told together, not ticket by ticket."""
_HEADINGS = re.compile("【[^】]{1,12}】")  # of the columns that were kept together
_NOT_WORDS = re.compile(r"[\W\d_]+")
_EXCERPT = 30

# What remains of a reply that only passes the matter on, or says that the caller was answered and
# the ticket closed, not what was found or done (domain D4).
_HOLLOW = re.compile(
    "(?:已|经|予以|该件|此件|工单|来电|诉求|市民|反映|情况|问题|相关|有关|部门|单位|人员|执法|教育|批评|转交|转办|转至|转"
    "|处理|办理|办结|完毕|完成|答复|回复|收悉|知晓|知悉|登记|阅|无|暂无|略|见附件|附件|对|将|由|请|的|了|并|进行"
    "|您好|你好|你|所|调查|核查|处置|落实|核实|联系|沟通|电话|告知|(?:诉求|来电|投诉|反映)人|本人|您|向|与|给)*"
)

_ASKS = re.compile(
    "(?:诉求|要求|请求|希望|请|恳请|盼|想要|只想|只求|能不能|能否|应当|应该|必须|尽快|给我|给个)"
)
_CLAUSE = re.compile("[^。;;!!??\n]+")

DEMANDS: dict[str, tuple[re.Pattern, re.Pattern]] = {
    "退款": (
        re.compile(
            "退(?:还|回|掉)?[^,,]{0,8}(?:款|钱|费|罚金)|退赔"
            "|返还(?![^,,]{0,4}(?:资料|材料|物品|车|证|船))"
        ),
        re.compile("退|返还|罚款|费用|收费|款项|缴"),
    ),
    "放车": (
        re.compile("(?:放|还|退|返还|取回|领回)[^,,]{0,4}(?:车|证|船)"),
        re.compile("放行|放车|还车|取车|提车|领车|车辆|扣押|扣车|暂扣|解除|返还|退还|证件"),
    ),
    "道歉": (re.compile("道歉|赔礼|赔不是"), re.compile("道歉|赔礼|致歉|歉意|歉")),
    "处分": (
        re.compile(
            "处分|处理(?:当事|涉事|相关|有关|这[个名]|该)[^,,]{0,6}(?:人|员)|追责|问责|开除|严惩"
        ),
        re.compile("处分|处理|追责|问责|责任|批评|教育|谈话|通报|调离|停职|诫勉|纪律"),
    ),
    "赔偿": (
        re.compile("赔偿|补偿|赔(?:我|给|钱)|误工费"),
        re.compile("赔|补偿|损失|国家赔偿|诉讼|协商"),
    ),
    "撤销处罚": (
        re.compile("(?:撤销|撤回|取消|减免|免除)[^,,]{0,8}(?:处罚|罚单|罚款|决定|记录)"),
        re.compile("撤销|撤回|取消|减免|免除|复议|诉讼|处罚|维持|裁量"),
    ),
}
"""Demand → how callers say it, and words of which a reply to it has at least one (guide §6).

Refusing a demand answers it. 核查, 解释 and 加强执法 are answered by any reply in substance.
"""

_CONTACTED = re.compile(
    "(?:已|经)(?:电话|多次|及时|主动|致电|再次)*联系|已(?:致电|电话(?:告知|答复|沟通|回复))|与[^,,。]{0,8}(?:取得联系|沟通)"
)
_NOT_CONTACTED = re.compile(
    "(?:未|没有?|从未|从没|并未|无人|没人)[^,,。]{0,6}(?:联系|接到|收到|打(?:过)?电话|来电|致电|沟通|回复|答复)"
)
_NO_ANSWER = re.compile("未接(?:通|听)|无人接听|关机|空号|停机|拒接")

_CHECKED = re.compile(
    "调取|调阅|查看|查阅|回看|记录仪|录像|录音|监控|视频|案卷|卷宗|笔录|询问|走访|现场|实地|比对|核对|调查|约谈|了解情况|排查|称重|检测"
)


def normalised(reply: str) -> str:
    """The reply without its columns' headings, numbers, signs and spaces: what a template keeps."""
    return _NOT_WORDS.sub("", _HEADINGS.sub("", reply))


def tells_something(reply: str | None) -> bool:
    """Whether a reply says more than that the ticket was passed on or closed."""
    return bool(reply and not _HOLLOW.fullmatch(normalised(reply)))


def shared(cases: Iterable[Case], *, least: int, length: int) -> dict[str, int]:
    """Normalised replies of ``length`` characters or more → on how many matters, if ``least``."""
    matters: dict[str, set[int]] = defaultdict(set)
    for case in cases:
        if case.reply:
            matters[normalised(case.reply)].add(case.matter_id)
    return {
        text: len(found)
        for text, found in matters.items()
        if len(found) >= least and len(text) >= length
    }


def demands(text: str) -> list[str]:
    """What the caller asks for, of DEMANDS: named in a clause that asks, or after 诉求."""
    asked = " ".join(
        clause[asks.start() :] for clause in _CLAUSE.findall(text) if (asks := _ASKS.search(clause))
    )
    return [name for name, (said, _answer) in DEMANDS.items() if said.search(asked)]


def faults(case: Case, same: Mapping[str, int]) -> dict[str, str]:
    """Fault → sentence with its evidence; empty where nothing stands out. ``same``: of shared."""
    found = {}
    reply = (case.reply or "").strip()
    plain = normalised(reply)
    if not reply:
        found["答复为空"] = "答复为空"
    elif not tells_something(reply):
        found[HOLLOW] = f"答复只称“{_excerpt(reply)}”"
    elif matters := same.get(plain):
        found[ALIKE] = f"答复“{_excerpt(reply)}”与另外{matters - 1}个事项的答复雷同"
    said = probe(reply)
    unanswered = [name for name in demands(case.text) if not DEMANDS[name][1].search(said)]
    if reply and unanswered:
        found["未回应诉求"] = f"诉求提到{'、'.join(unanswered)},答复中未见回应"
    if contradiction := _contradiction(case, reply):
        found["联系情况不一致"] = contradiction
    if case.category == "咨询":
        found["按咨询办结"] = "内容为投诉执法,登记为咨询并办结"
    if case.verified == "不属实" and reply and not _CHECKED.search(reply):
        found["未写明核查"] = "认定不属实,答复未写明核查方式"
    return found


def _contradiction(case: Case, reply: str) -> str | None:
    claim = _CONTACTED.search(probe(reply))
    if not claim:
        return None
    for name, said in (
        ("回访结果", case.visit_result),
        ("不满意原因", case.dissatisfaction_reason),
    ):
        # That the visitor's call was not answered says nothing about the unit's.
        denial = _NOT_CONTACTED.search(_NO_ANSWER.sub("", probe(said or "")))
        if denial:
            return f"答复称“{claim[0]}”,{name}记为“{_excerpt(said)}”"
    return None


def _excerpt(text: str) -> str:
    text = hide_officers(" ".join(text.split()))
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
