"""Names that what stands on both sides tells, with a word in the same place that is none."""

import pytest

from pipeline.domain.nameframes import beside_in_list, find_framed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("关于揣志明车辆被扣一事", ["揣志明"]),
        ("关于高新区车辆被扣一事", []),
        ("意见：对钟建华行政处罚一案", ["钟建华"]),
        ("费用是骆永祥收的", ["骆永祥"]),
        ("费用是路政收的", []),
        ("该同志（粘松林）系协勤", ["粘松林"]),
        ("现场：那小丽（乘客）", ["那小丽"]),
        ("现场：那小丽（拍照）", []),
        ("令思敬，傣族，货车司机", ["令思敬"]),
        ("因宁静女士睡着", ["宁静"]),
        ("据说宁静女士不在", []),
        ("那王丽女士不在", []),
        ("牧青对答复意见不认可", ["牧青"]),
        ("平安镇镇长表示修路", []),
        ("高原驾驶困难", []),
        ("乌兰图雅反映大巴", ["乌兰图雅"]),
        ("乌兰察布反映大巴", []),
    ],
)
def test_a_frame_tells_a_name_and_leaves_words(text, names):
    assert [text[start:end] for start, end in find_framed(text)] == names


@pytest.mark.parametrize(
    ("text", "known", "names"),
    [
        ("签名：山德柱、闻喜、骆建华、苏苗", "骆建华", ["闻喜", "山德柱", "苏苗"]),
        ("潘国强、于小梅当场签字", "潘国强", ["于小梅"]),
        ("潘国强、高速公路", "潘国强", []),
        ("宁波、骆建华", "骆建华", []),
    ],
)
def test_a_list_goes_on_on_both_sides_of_a_name(text, known, names):
    start = text.index(known)
    beside = beside_in_list(text, start, start + len(known))
    assert [text[start:end] for start, end in beside] == names
