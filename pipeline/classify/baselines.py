"""What the classifier must beat: a keyword list, plain TF-IDF, jieba with logistic regression.

They stand beside it in the model card and are used nowhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from pipeline.classify.corpus import SCOPES, TYPES, Corpus
from pipeline.classify.evaluation import figures_of
from pipeline.domain.labels import ProblemType, Scope

KEYWORDS: dict[ProblemType, tuple[str, ...]] = {
    ProblemType.PROFIT_DRIVEN: ("逐利", "以罚代管", "指标", "任务", "创收", "月票", "罚没"),
    ProblemType.ONE_SIZE_FITS_ALL: ("一刀切", "机械执法", "一律"),
    ProblemType.DISPROPORTIONATE: ("过罚", "太重", "顶格", "首违", "首次", "同案不同罚"),
    ProblemType.ROUGH: ("粗暴", "野蛮", "辱骂", "推搡", "态度恶劣"),
    ProblemType.EXCESSIVE: ("过度执法", "运动式", "随意检查", "频繁检查"),
    ProblemType.SELECTIVE: ("选择性", "区别对待", "只查", "专挑"),
    ProblemType.ENTRAPMENT: ("钓鱼", "引诱", "钩子"),
    ProblemType.OVERLAPPING: ("多头", "重复执法", "重复检查", "重复处罚"),
    ProblemType.PROCEDURE: ("程序", "没有出示", "未出示", "执法证", "文书", "违规执法"),
    ProblemType.INACTION: ("不作为", "慢作为", "推诿", "没人管", "没有处理"),
    ProblemType.ARBITRARY: ("乱作为", "没有依据", "乱执法"),
    ProblemType.INTEGRITY: ("收钱", "索要", "受贿", "黄牛", "红包", "以权谋私"),
}
"""The words of the ministry's and provinces' own texts (labelling guide §3.1, §4)."""
ANCHORS = ("执法", "路政", "运管", "治超", "罚款", "扣车", "处罚")

Said = tuple[list[Scope], np.ndarray, list[set[ProblemType]]]


def keyword_list(tickets: Sequence[Mapping[str, Any]]) -> Said:
    """E1 where a word of enforcement and a word of a type stand; a type for each of its words."""
    scopes, labels = [], []
    for ticket in tickets:
        text = f"{ticket.get('title') or ''}。{ticket.get('content') or ''}"
        found = {kind for kind, words in KEYWORDS.items() if any(word in text for word in words)}
        is_enforcement = bool(found) and any(word in text for word in ANCHORS)
        scopes.append(Scope.E1 if is_enforcement else Scope.E0)
        labels.append(found if is_enforcement else set())
    return scopes, np.array([float(scope is Scope.E1) for scope in scopes]), labels


def _characters() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)


def _jieba() -> Any:
    import jieba
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=jieba.lcut, min_df=2, sublinear_tf=True)


TRAINED: dict[str, Callable[[], Any]] = {
    "plain TF-IDF (characters)": _characters,
    "jieba + logistic regression": _jieba,
}


def fit_and_say(
    vectoriser: Any, corpus: Corpus, rows: np.ndarray, tickets: Sequence[Mapping[str, Any]]
) -> Said:
    """Train scope and one type a ticket on ``rows`` of the corpus, and say it of ``tickets``."""
    from sklearn.linear_model import LogisticRegression

    def texts(some):
        return [f"{t.get('title') or ''}。{t.get('content') or ''}" for t in some]

    def scores(matrix: sp.csr_matrix, target: np.ndarray, width: int) -> np.ndarray:
        said = np.full((asked.shape[0], width), -9.0)
        for column in np.unique(target):
            said[:, column] = (
                LogisticRegression(
                    C=10, class_weight="balanced", solver="liblinear", dual=True, random_state=0
                )
                .fit(matrix, target == column)
                .decision_function(asked)
            )
        return said

    seen = vectoriser.fit_transform(texts([corpus.tickets[row] for row in rows]))
    asked = vectoriser.transform(texts(tickets))
    inside = corpus.scope[rows] == 0
    scope = scores(seen, corpus.scope[rows], len(SCOPES))
    kind = scores(seen[inside], corpus.primary[rows][inside], len(TYPES))
    scopes = [SCOPES[n] for n in scope.argmax(axis=1)]
    labels = [
        {TYPES[n]} if said is Scope.E1 else set()
        for said, n in zip(scopes, kind.argmax(axis=1), strict=True)
    ]
    return scopes, 1 / (1 + np.exp(-scope[:, 0])), labels


def measure(corpus: Corpus, gold: Sequence[Mapping[str, Any]]) -> dict[str, dict]:
    """Name → figures of ``evaluate`` on ``gold``, trained on the whole corpus."""
    rows = np.arange(len(corpus.tickets))
    said = {"keyword list": keyword_list(gold)}
    for name, vectoriser in TRAINED.items():
        said[name] = fit_and_say(vectoriser(), corpus, rows, gold)
    return {name: _figures(gold, answer) for name, answer in said.items()}


def cross_validated(corpus: Corpus, folds: np.ndarray) -> dict[str, dict]:
    """Name → figures on the corpus, each fold said by what was trained on the others."""
    table = {"keyword list": _figures(corpus.tickets, keyword_list(corpus.tickets))}
    for name, vectoriser in TRAINED.items():
        scopes: list = [None] * len(folds)
        labels: list = [None] * len(folds)
        scores = np.zeros(len(folds))
        for fold in np.unique(folds):
            outside = np.flatnonzero(folds == fold)
            some, score, kinds = fit_and_say(
                vectoriser(),
                corpus,
                np.flatnonzero(folds != fold),
                [corpus.tickets[row] for row in outside],
            )
            scores[outside] = score
            for place, row in enumerate(outside):
                scopes[row], labels[row] = some[place], kinds[place]
        table[name] = _figures(corpus.tickets, (scopes, scores, labels))
    return table


def _figures(gold: Sequence[Mapping[str, Any]], said: Said) -> dict:
    scopes, scores, labels = said
    return figures_of(gold, scopes, scores, labels, np.zeros(len(gold), dtype=bool))
