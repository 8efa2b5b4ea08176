import yaml

from pipeline.domain.labels import ProblemType, Scope
from pipeline.review.definitions import definitions
from pipeline.settings import MODELS_DIR


def test_every_label_is_defined_under_the_names_of_the_code():
    assert set(definitions()) == {*map(str, Scope), *map(str, ProblemType)}
    taxonomy = yaml.safe_load((MODELS_DIR / "taxonomy.yaml").read_text(encoding="utf-8"))
    assert [(p["code"], p["slug"], p["name"]) for p in taxonomy["types"]] == [
        (p.code, p.value, p.name_zh) for p in ProblemType
    ]
    assert [(s["code"], s["name"]) for s in taxonomy["scopes"]] == [
        (s.value, s.name_zh) for s in Scope
    ]


def test_definitions_speak_of_types_by_name():
    assert "过罚失当" in definitions()["selective"]
    assert "T03" not in "".join(definitions().values())
