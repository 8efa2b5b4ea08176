import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.spreadsheet import neutral, restored


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@cmd", "\t=1", "\rx", "\nx", "  =1", "\uff1d1", "'=1", "''+1"]
)
def test_what_could_begin_a_formula_gets_an_apostrophe(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-", "—", "=", " ", "\n", "甲=乙", "'甲", "12-3", "正常"])
def test_other_text_stays(text):
    assert neutral(text) == text


def test_values_become_text():
    assert (neutral(None), neutral(3), neutral(-3)) == ("", "3", "'-3")


@given(st.text(alphabet="'=+-@\t\r\n a1", max_size=8))
def test_the_text_is_found_again(text):
    assert restored(neutral(text)) == text
