"""What the finders share: the finding, and the probe that they search."""

import re
from dataclasses import dataclass

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind``: mobile, landline, national_id, bank_card, plate, email, im, badge or address."""

    kind: str
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


_KEPT = frozenset("，：；（）！？")  # in every text; the patterns take them as they are
_NARROW = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT},
    **dict.fromkeys(map(ord, "‐‑‒–—―−﹣－~～"), ord("-")),
    **dict.fromkeys(map(ord, "•・‧∙●．"), ord("·")),
    **dict.fromkeys((0x3000, 0xA0, 0x09), ord(" ")),
    **dict.fromkeys(map(ord, "Ⅹⅹ"), ord("X")),  # Roman ten, as the last character of an id
}
_WIDE = re.compile(f"[{re.escape(''.join(map(chr, _NARROW)))}]")


def narrow(text: str) -> str:
    """The probe: the text, character for character, with full-width letters, digits and dashes
    in their ASCII shape."""
    return text.translate(_NARROW) if _WIDE.search(text) else text


def digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


# In patterns for raw text: digits and letters of both widths.
ANY_DIGIT, ANY_LETTER = "0-9\uff10-\uff19", "A-Za-z\uff21-\uff3a\uff41-\uff5a"
