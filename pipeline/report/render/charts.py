"""Pictures of charts for docx. Without a font that has Chinese there is no picture, never boxes."""

import io
from functools import cache
from pathlib import Path

from pipeline.report.document import Chart, label_step

FONT_FAMILIES = (
    "FangSong", "STFangsong", "SimSun", "SimHei", "Microsoft YaHei", "Source Han Sans SC",
    "Source Han Sans CN", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Serif CJK SC",
    "Noto Serif CJK JP", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "AR PL UMing CN",
)  # fmt: skip
NO_FONT = (
    "本机没有中文字体，图未绘制，数字见相应表格。"
    "请安装 fonts-noto-cjk 或 fonts-wqy-zenhei 后删除本文件重新生成。"
)


@cache
def cjk_font() -> Path | None:
    """A font file with Chinese characters that matplotlib can read, or None."""
    from matplotlib import font_manager

    known = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    for family in FONT_FAMILIES:
        path = known.get(family)
        if path and _has_chinese(path):
            return Path(path)
    return None


def _has_chinese(path: str) -> bool:
    from matplotlib.ft2font import FT2Font

    characters = FT2Font(path).get_charmap()
    return all(ord(character) in characters for character in "执法投诉举报类别件")


def draw(chart: Chart) -> bytes | None:
    """A PNG (16 cm wide at 200 dpi), or None where no Chinese font is installed."""
    font = cjk_font()
    if font is None:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.ticker import MaxNLocator

    text = FontProperties(fname=str(font), size=10)
    values = [float(num.text) for num in chart.values]
    bars = chart.kind == "bar"
    figure = Figure(figsize=(6.3, max(1.6, 0.32 * len(values) + 0.5) if bars else 2.4), dpi=200)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = range(len(values))
    if bars:
        axes.barh(places, values, color="#1f4e79", height=0.6)
        axes.set_yticks(places, chart.labels)
        axes.invert_yaxis()
        axes.set_xlim(0, max(values) * 1.12)
        for place, num, value in zip(places, chart.values, values, strict=True):
            axes.text(value, place, f" {num.text}", va="center", fontproperties=text)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
    else:
        axes.plot(places, values, color="#1f4e79", marker="o", linewidth=1.6)
        step = label_step(chart)
        axes.set_xticks(places[::step], chart.labels[::step])
        axes.set_ylim(0, max([*values, 1]) * 1.25)
        for place, num, value in list(zip(places, chart.values, values, strict=True))[::step]:
            axes.annotate(
                num.text, (place, value), (0, 6), textcoords="offset points", ha="center",
                fontproperties=text,
            )  # fmt: skip
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(text)
    figure.tight_layout()
    picture = io.BytesIO()
    # The Software entry would name the library's version in every picture.
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
