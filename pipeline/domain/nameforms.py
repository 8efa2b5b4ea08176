"""Forms of personal names in Chinese text, from the surest to the likeliest (see names.py)."""

import re

from pipeline.domain.namewords import (
    COMPOUND_SURNAMES,
    ETHNIC_BEGINNINGS,
    ETHNIC_ENDINGS,
    FOLLOWING,
    GIVEN,
    KIN,
    NEVER_GIVEN,
    RANKS,
    RARE_SURNAMES,
    SALUTATIONS,
    SELDOM_GIVEN,
    SURNAMES,
)

HAN = "\u4e00-\u9fff"
SALUTATION = (
    f"(?:{'|'.join(SALUTATIONS)}|(?:[总工姐哥叔婶姨嫂氏姓女男某队科局处所字]|家)(?![{HAN}]))"
)
"""王总 is one, 王总平 a name."""
# What people do, are and have.
ACTS = (
    "反映|来电|来信|来访|投诉|举报|致电|咨询|求助|表示|介绍|认为|要求|申请|提出|承认|承诺|驾驶|沟通|联系|拒绝|拒不"
    "|签字|到场|被[罚扣打]|报的?警|一家|夫妇|夫妻|兄弟|父子|母子|家长|女士|先生|同志|您好|网友|网民"
    "|副?[科队站所处局镇乡县市]长|副?主任|副?书记|科员|家住|于[0-9]|[称说](?!明)"
    "|(?:的|之)?(?:妻子?|丈夫|爱人|老[公婆]|[父母]亲?|儿子|女儿|子(?![女弟]))"
    "|的(?:货车|三轮|身份证|诉求|微信|手机|电话|驾驶证|账户|车)"
)
acts = re.compile(ACTS).match
COMPOUND = "|".join(COMPOUND_SURNAMES)
SURNAME = (
    f"(?!于[本上下元次今昨当近一二三四五六七八九十]{{1,2}}[月日周年])"  # 于元月4日
    f"(?:{COMPOUND}|(?!{COMPOUND})[{SURNAMES}])(?!{SALUTATION})"
)

# What never stands in a given name but often right after one (verbs, particles). Closed by
# punctuation on its right, a name may hold most of them: 张家辉, 刘来福, 王和平.
NEVER = NEVER_GIVEN + "就不"
SELDOM = SELDOM_GIVEN + "和本"
OPEN = f"[^\\W\\d_A-Za-z{NEVER}{SELDOM}]"
TYPICAL = f"[{GIVEN}]"
STOP = (
    "(?=[，。、；：,;:()（）\\s\\d!！?？”\"’'】\\]/\\-—~*<《【]"
    "|性别|年龄|身份证|电话|手机|联系|住址|$)"
)
NEXT = f"(?:{'|'.join(FOLLOWING)})"
# 李娜反映 is no name, 王永和 is one.
CLOSED = f"(?!{'|'.join(w for w in FOLLOWING if len(w) > 1)})[^\\W\\d_A-Za-z{NEVER}]"
END = f"(?:{STOP}|(?={NEXT}))"
# Surnames that are verbs or particles more often: 来拍照, 查宽度, 于元月.
VERBAL = "车代来查管于向曾戴时应连单明尚平元云水"

WHOLE_ETHNIC = f"(?:{'|'.join(ETHNIC_BEGINNINGS)})(?:{'|'.join(ETHNIC_ENDINGS)})+(?![·•・‧])"
DOTTED = f"[{HAN}]{{1,6}}[·•・‧][{HAN}]{{1,7}}?{END}"  # 买买提·艾力
ETHNIC = (
    f"{WHOLE_ETHNIC}|(?!才让[去我你他她])(?:{'|'.join(ETHNIC_BEGINNINGS)})"
    f"[{HAN}]{{0,4}}?(?:[·•・‧][{HAN}]{{1,7}}?)?{END}"
)
_LONG_FOLLOWING = "|".join(w for w in FOLLOWING if len(w) > 1)
_RARE = f"[{RARE_SURNAMES}]"
_SPREAD = f"{SURNAME}[ \u3000]{TYPICAL}(?:[ \u3000]{TYPICAL})?{STOP}"  # 孔 令 辉
SURE_NAME = re.compile(
    f"{ETHNIC}|{DOTTED}|{_SPREAD}|{_RARE}[ \u3000]?{TYPICAL}{{1,2}}{STOP}"
    f"|{SURNAME}(?:[ \u3000]?(?:{CLOSED}){{1,2}}{STOP}|(?:{CLOSED}){{3}}(?=[，,。；\n]|$)"
    f"|{TYPICAL}(?!{NEXT}){TYPICAL}{END}"
    f"|(?<![{VERBAL}])(?:{OPEN}(?!{NEXT}){OPEN}{END}|{OPEN}{END}|{OPEN}{{1,2}}))"
)
LIKELY_NAME = re.compile(
    f"{ETHNIC}|{DOTTED}|{_SPREAD}|{_RARE}{TYPICAL}{{2}}{STOP}|{SURNAME}(?:"
    f"(?<![{VERBAL}])(?:{OPEN}{{1,2}}{STOP}|{TYPICAL}(?!{NEXT}){TYPICAL}"
    f"|{TYPICAL}(?!{NEXT}){OPEN}{END}|{TYPICAL}{END})"
    f"|{TYPICAL}(?!{NEXT}){TYPICAL}{END}|{TYPICAL}{STOP})"
)
WHOLE_NAME = re.compile(f"{SURNAME}{TYPICAL}{{2}}{END}")
COMPLETE_NAME = re.compile(
    f"{SURNAME}{TYPICAL}{{2}}(?:{STOP}|(?=[和与及])"
    f"|(?<![{VERBAL}]..)(?=等|名下|的(?:{'|'.join(KIN)}|妈妈|爸爸)|{_LONG_FOLLOWING}))"
)
TYPICAL_NAME = f"{SURNAME}{TYPICAL}{{1,2}}"
WRITTEN_NAME = f"{SURNAME}[ \u3000]?(?:{CLOSED}){{1,2}}"
# 尊敬的李舜局长: the office closes any name.
ADDRESSED = re.compile(f"{SURNAME}[{HAN}]{{1,2}}(?=副?(?:{'|'.join((*RANKS, '局长'))}))")
