"""Rules about what cannot wait: violence, public opinion, retaliation."""

import re

from pipeline.domain.labels import ProblemType
from pipeline.policies import Profile
from pipeline.supervise.facts import Facts
from pipeline.supervise.rules.spec import Findings, per_ticket

_DENIED = re.compile(
    "(?:没有?|未|并未|并没|不是|不想|不会|不愿|幸好|差点|无人|没人|险些)[^,。,;;]{0,3}$"
)

VIOLENCE = {
    "受伤": re.compile(
        "受伤|打伤|擦伤|骨折|流血|出血|昏迷|撞伤|摔伤|淤青|瘀青|轻微伤|脑震荡|磕掉[^,。]{0,3}牙|牙[^,。]{0,2}掉"
    ),
    "动手": re.compile(
        "动手|殴打|打人(?!电话)|打了(?:我|司机|人|他|老)|推搡|推倒(?:我|司机|在地)|把[^,。]{0,4}推倒|拳打"
        "|踢(?:我|人|了(?:我|他|她|司机|[一几两]脚))|踹(?:我|了|人)|按(?:倒|在(?:地|引擎盖|车))|掐(?:住|脖)|拖拽"
        "|扇(?:了|我)?[^,。]{0,3}(?:耳光|巴掌)"
    ),
    "逼停追车": re.compile("逼停|别停(?!这|那|在|车|下)|别车|追车|追赶|强行拦停"),
    "抢夺": re.compile(
        "抢(?:夺|走|我)[^,。]{0,6}(?:手机|证|钥匙|相机|车)|抢方向盘|夺(?:走|过|下)"
        "|(?:手机|证件?|钥匙)[^,。]{0,4}抢(?:了|走|去)|拔(?:走|掉|了)[^,。]{0,4}钥匙"
    ),
}
"""R08: what was done to people. 受伤 and the like, not 态度不好."""

_MEDIA = (
    "抖音|快手|短视频|热[搜榜]|记者|电视台|曝光|媒体|(?:发|挂|传|放)到?网上|网络平台|视频号|小红书|微博"
    "|朋友圈|公众号"
)
_PUBLISHED = re.compile(
    f"(?:已经?|都|刚)[^,。,]{{0,8}}(?:发|上|登|播|传|曝光|报道)[^,。,]{{0,8}}(?:{_MEDIA}|报道|网)"
    f"|(?:{_MEDIA})[^,。,]{{0,6}}(?:已经?[^,。,]{{0,4}}(?:发|报道|曝光|播|转发)|报道了|播放量|评论区"
    "|采访了|来采访|播出)"
    f"|(?:发|传|转)(?:到|在|上)了?[^,。,]{{0,6}}(?:{_MEDIA}|网上)(?:上|里|平台)?了"
    "|(?:上|成)了?[^,。,]{0,6}热[搜榜]|记者(?:已经?|刚|正在|昨天|今天)[^,。,]{0,6}采访"
    "|(?:昨天|今天|前天|昨晚)[^,。,]{0,4}报道|播放[^,。,]{0,2}万|评论[^,。,]{0,3}[千万]"
)
_THREATENED = re.compile(
    "(?<![不没别])(?:要|就|会|准备|打算|想|只能|只好|不得不|考虑|将|再不[^。]{0,12})"
    f"[^,。,;;]{{0,8}}(?:{_MEDIA})"
)
_INTENDED = re.compile("(?:要|就|会|准备|打算|想|只能|只好|将|再不[^。]{0,12})[^,。,;;]{0,4}$")
_SEEN = re.compile(
    "(?:网上|新闻上?|抖音上?|看到的?报道|直播间?)(?:看|刷|听|学|查)|看到报道|记者证|网上(?:申请|办理|缴|可查|查)"
)

_RETALIATION = {
    "威胁报复": re.compile(
        "(?:投诉|举报|反映|打(?:了|过)?12[0-9]{3}|打(?:了|过)?(?:热线|电话))(?:之?后|以后|完|了|过)[^。]{0,40}"
        "(?:威胁|恐吓|报复|找(?:我)?麻烦|上门|跟车|跟踪|泼|堵我|骂我|让我撤|要我撤|逼我撤|警告我|针对我|专查我|盯上)"
        "|(?:打击|恶意)?报复(?:我|投诉|举报|司机)|(?:再|敢)(?:投诉|举报)[^。,]{0,10}(?:罚|扣|查|收拾|试试|小心|后果)"
    ),
    "信息外泄": re.compile(
        "(?:泄露|泄漏|透露|告诉|给了|转给|提供给)[^。]{0,12}(?:投诉人|举报人|我的?(?:电话|姓名|名字|信息|号码|身份))"
        "|谁泄[露漏]|查[^,。]{0,6}泄[露漏](?!事故)|(?:举报|投诉)(?:信|材料)[^。]{0,20}(?:给(?:他|了|被)|发给|转给)"
        "|(?:投诉|举报)(?:人)?(?:的)?(?:电话|信息|身份|内容)[^。]{0,8}(?:泄|外传|被(?:透露|告诉|知道))"
        "|(?:怎么|为什么|为何)(?:会)?(?:知道|有)(?:是)?我(?:的)?(?:投诉|举报|电话|号码)"
    ),
}
_WISH = re.compile("(?:怕|担心|害怕|防止|避免|不要|别|请勿|不得|以免|免得|严禁)[^。,;,]{0,12}$")


def violence(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R08: a complaint in which somebody was hurt, struck, forced to stop or robbed of a thing.

    In complaints that officers did nothing, it is others who did it.
    """
    for case in facts.recent:
        if case.primary == ProblemType.INACTION:
            continue
        kinds = [kind for kind, pattern in VIOLENCE.items() if _says(pattern, case.text, _DENIED)]
        if kinds:
            what = f"反映人身冲突({'、'.join(kinds)}),建议特急督办,24小时内首次联系(系统默认)"
            out.found.append(per_ticket("R08", "L2", case, what, urgent="特急", violence=kinds))


def public_opinion(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R09: the caller threatens to go public (L2), or it is public already (L4)."""
    for case in facts.recent:
        text = _SEEN.sub("", case.text)
        if _says(_PUBLISHED, text, _INTENDED):
            level, what, said = "L4", "反映已向网络、媒体公开", "已公开"
        elif _says(_THREATENED, text, _DENIED):
            level, what, said = "L2", "反映中提到将向网络、媒体公开", "扬言"
        else:
            continue
        what += ",建议1个工作日内报告、10个工作日内核实(系统默认)"
        out.found.append(per_ticket("R09", level, case, what, publicity=said))


def retaliation(facts: Facts, _profile: Profile, out: Findings) -> None:
    """R25: threatened after complaining, or known to those complained of.

    The item tells neither the words nor which of the two: whoever may see the ticket reads it
    there.
    """
    for case in facts.recent:
        if any(_says(pattern, case.text, _WISH) for pattern in _RETALIATION.values()):
            what = "反映投诉后的保密或安全问题,建议特急督办,并由纪检联络员评估是否移送"
            out.found.append(
                per_ticket("R25", "L2", case, what, urgent="特急", confidential_review="待评估")
            )


def _says(pattern: re.Pattern, text: str, unless: re.Pattern) -> bool:
    """Whether the text says it anywhere without ``unless`` shortly before."""
    return any(
        not unless.search(text[max(0, match.start() - 16) : match.start()])
        for match in pattern.finditer(text)
    )
