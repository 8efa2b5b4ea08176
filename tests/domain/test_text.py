import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.text import clean, clean_code


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("\n\t\t\t\t我是护士。\n\t\t\t", "我是护士。"),
        ("\u3000\u3000第一段\r\n\r\n  第二段", "第一段\n第二段"),
        ("尽快答复。_x000D_\n谢谢_x000D_", "尽快答复。\n谢谢"),
        ("路\u200b政\ufeff执法&nbsp;大队\u00ad", "路政执法 大队"),
        ("第\uff11\uff12路\uff21站", "第12路A站"),
        ("说“先交钱”，后开单；", "说“先交钱”，后开单；"),
        ("a<br/>b &lt;c&gt;", "a\nb <c>"),
        ('="他说""先交钱"""', '他说"先交钱"'),
        ("谢谢\U0001f64f", "谢谢\U0001f64f"),
        ("x\x00y\x08z\ud800", "xyz"),
    ],
)
def test_clean_removes_debris_and_keeps_what_was_written(raw, cleaned):
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    "word", ["", " ", "无", "NULL", "null", "—", "-", "暂无", "\u3000", "N/A", "/"]
)
def test_null_words_are_nothing(word):
    assert clean(word) is None
    assert clean_code(word) is None


def test_words_that_only_begin_like_null_words_stay():
    assert clean("无证经营") == "无证经营"
    assert clean("-1") == "-1"


def test_code_has_one_form():
    assert clean_code("\uff08短信\uff09 满意\t") == "(短信)满意"
    assert clean_code("\uff11\uff12\uff13 45") == "12345"


@given(st.text())
def test_clean_leaves_nothing_invisible(text):
    cleaned = clean(text)
    if cleaned is not None:
        assert cleaned == cleaned.strip()
        assert not set(cleaned) & set("\t\r\u3000\xa0\u200b\ufeff")
        cleaned.encode()  # no lone surrogates: every store can take it
