"""The naive peer (design §6): read_csv → Great Expectations → jieba → TF-IDF + logistic
regression → to_sql, from the same packages, as written in an afternoon.

Usage: naive_peer.py EXPORT.csv. A script of its own: it imports nothing of the product.
"""

import json
import sys
import tempfile
from pathlib import Path

import great_expectations as gx
import jieba
import pandas as pd
import sqlalchemy as sa
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

MODELS = Path(__file__).resolve().parents[2] / "models"


def main(export: Path) -> None:
    tickets = pd.read_csv(export, encoding="gb18030", dtype=str)
    tickets["受理时间"] = pd.to_datetime(tickets["受理时间"], format="mixed", errors="coerce")

    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("pandas")
        .add_dataframe_asset("tickets")
        .add_batch_definition_whole_dataframe("all")
        .get_batch(batch_parameters={"dataframe": tickets})
    )
    suite = gx.ExpectationSuite(name="tickets")
    for column in ("工单编号", "受理时间", "内容描述"):
        suite.add_expectation(gx.expectations.ExpectColumnValuesToNotBeNull(column=column))
    suite.add_expectation(gx.expectations.ExpectColumnValuesToBeUnique(column="工单编号"))
    batch.validate(suite)
    tickets = tickets.dropna(subset=["工单编号", "内容描述"]).drop_duplicates("工单编号")

    corpus = [
        json.loads(line)
        for path in sorted((MODELS / "corpus").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    texts = [f"{t['title']} {t['content']}" for t in corpus]
    model = make_pipeline(
        TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2)),
        LogisticRegression(max_iter=1000),
    )
    model.fit(texts, [t["primary"] or t["scope"] for t in corpus])
    tickets["label"] = model.predict(tickets["内容描述"])

    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/tickets.db")
        tickets.to_sql("tickets", engine, if_exists="replace", index=False)
        print(len(tickets), "tickets,", tickets["label"].value_counts().to_dict())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
