"""The label definitions shown beside the review form, from models/taxonomy.yaml."""

import functools
import re

import yaml

from pipeline.domain.labels import ProblemType
from pipeline.settings import MODELS_DIR

_NAMES = {problem.code: problem.name_zh for problem in ProblemType}


@functools.cache
def definitions() -> dict[str, str]:
    """Scope code or type slug → what belongs there and what is easily confused, in Chinese."""
    taxonomy = yaml.safe_load((MODELS_DIR / "taxonomy.yaml").read_text(encoding="utf-8"))
    scopes = {scope["code"]: scope["definition"] for scope in taxonomy["scopes"]}
    return scopes | {problem["slug"]: _text(problem) for problem in taxonomy["types"]}


def _text(problem: dict) -> str:
    lines = [problem["definition"]]
    for title, key in (("包括", "include"), ("易混", "exclude")):
        if problem.get(key):
            lines.append(f"{title}：{'；'.join(problem[key])}。")
    # Officials know the types by name, not by the guide's codes.
    return re.sub(r"T\d\d", lambda match: _NAMES[match[0]], "\n".join(lines))
