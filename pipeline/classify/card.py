"""MODEL_CARD.md: the text is written by hand, the figures between the markers by training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.classify.baselines import cross_validated
from pipeline.classify.corpus import SCOPES, Corpus
from pipeline.domain.labels import ProblemType

if TYPE_CHECKING:
    from pipeline.classify.training import TrainReport

CARD = "MODEL_CARD.md"
BEGIN, END = "<!-- figures: begin (hotline train) -->", "<!-- figures: end -->"


class CardBroken(ValueError):
    """The card lacks the markers that enclose the generated figures."""


def update_card(
    models_dir: Path, report: "TrainReport", corpus: Corpus, folds: int, overlap: float
) -> None:
    """Replace what stands between the markers; ``overlap`` as of evidence_overlap.

    Raises :class:`CardBroken`.
    """
    path = models_dir / CARD
    text = path.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CardBroken(f"{CARD} 缺少标记 {BEGIN} … {END}")
    figures = generated(report, corpus, cross_validated(corpus, corpus.folds(folds)), overlap)
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")


def generated(
    report: "TrainReport", corpus: Corpus, baselines: dict[str, dict], overlap: float
) -> str:
    """The figures as Markdown; the same corpus, parameters and code give the same text."""
    figures = report.figures
    scopes = " · ".join(f"{s} {int((corpus.scope == n).sum())}" for n, s in enumerate(SCOPES))
    lines = [
        f"Version `{report.version}`, trained from {report.tickets} tickets ({scopes}).",
        "",
        "Cross-validation on the corpus (five folds, minimal pairs kept together):",
        "",
        *comparison({"**this model**": figures, **baselines}),
        "",
        "| type | n | precision | recall | F1 |",
        "|---|---|---|---|---|",
    ]
    for slug, row in figures["types"].items():
        kind = ProblemType(slug)
        lines.append(
            f"| {kind.code} {kind.name_zh} | {row['n']} | {row['precision']:.2f} "
            f"| {row['recall']:.2f} | {row['f1']:.2f} |"
        )
    lines += [
        "",
        f"Evidence: mean character F1 of found and authored spans {overlap:.2f} (a fifth of the "
        "corpus left out).",
        "",
        *_flags("learned flag", report.flags),
        "",
        "Flags by pattern, on the same corpus, which was in sight when the patterns were written:",
        "",
        *_flags("flag by pattern", report.matched_flags),
    ]
    return "\n".join(lines)


def _flags(heading: str, figures: dict[str, dict[str, float]]) -> list[str]:
    return [
        f"| {heading} | n | precision | recall | F1 |",
        "|---|---|---|---|---|",
        *(
            f"| {flag} | {row['n']} | {row['precision']:.2f} | {row['recall']:.2f} "
            f"| {row['f1']:.2f} |"
            for flag, row in figures.items()
        ),
    ]


def comparison(rows: dict[str, dict[str, Any]]) -> list[str]:
    """One line a classifier: enforcement, E0 flagged, macro and micro F1, calibration error."""
    lines = [
        "| classifier | enforcement P / R / F1 | E0 flagged | scope accuracy | macro-F1 | micro-F1 "
        "| ECE | abstained |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, f in rows.items():
        e = f["enforcement"]
        lines.append(
            f"| {name} | {e['precision']:.3f} / {e['recall']:.3f} / {e['f1']:.3f} "
            f"| {f['scope']['ordinary_flagged']:.1%} | {f['scope']['accuracy']:.3f} "
            f"| {f['macro_f1']:.3f} | {f['micro_f1']:.3f} | {f['ece']:.3f} | {f['abstained']} |"
        )
    return lines
