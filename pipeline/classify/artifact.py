"""The built model on disk: named by the hash of what made it, plain arrays and JSON, no pickle."""

import hashlib
import json
import os
import shutil
from functools import lru_cache
from pathlib import Path

from pipeline.domain.errors import OperatorError

CORPUS, LEXICON, PARAMS = "corpus", "lexicon/classes.yaml", "params.yaml"
FLAGS = "lexicon/flags.yaml"
FROZEN = "regression.txt"


class ModelMissing(OperatorError):
    """No artifact for the present corpus, parameters and code; the message says what to run."""


def corpus_files(models_dir: Path) -> list[Path]:
    """Every ``corpus/*.jsonl``, in the order of their names."""
    return sorted((models_dir / CORPUS).glob("*.jsonl"))


def current_version(models_dir: Path) -> str:
    """First 12 hex digits of SHA-256 over corpus, parameters, lexica and this room's code."""
    files = [*corpus_files(models_dir), *(models_dir / name for name in (PARAMS, LEXICON, FLAGS))]
    files += [path for path in [models_dir / FROZEN] if path.is_file()]
    files += sorted(Path(__file__).parent.glob("*.py"))
    return _digest(tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=8)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for path, _, size in files:
        digest.update(f"{path.name}\0{size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def is_built(models_dir: Path, artifacts_dir: Path) -> bool:
    return (artifacts_dir / current_version(models_dir) / "model.json").is_file()


def write(artifacts_dir: Path, version: str, arrays: dict, settings: dict) -> Path:
    """Put the artifact in place whole or not at all; the same model gives the same bytes."""
    import numpy as np

    target = artifacts_dir / version
    temporary = artifacts_dir / f".{version}.{os.getpid()}"
    temporary.mkdir(parents=True)
    np.savez(temporary / "arrays.npz", allow_pickle=False, **arrays)
    text = json.dumps(settings, ensure_ascii=False, indent=1)
    (temporary / "model.json").write_text(text + "\n", encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    return target


def read(
    models_dir: Path, artifacts_dir: Path, version: str | None = None
) -> tuple[str, dict, dict]:
    """(version, arrays, settings) of the current model or of another one built by this code.

    Raises :class:`ModelMissing`.
    """
    import numpy as np

    promoted = version
    version = promoted or current_version(models_dir)
    folder = artifacts_dir / version
    if not (folder / "model.json").is_file():
        raise ModelMissing(
            f"在用模型 {version} 的文件不在 HOTLINE_HOME/artifacts。请从备份恢复该目录,"
            "或运行 hotline model retrain --force 重新训练,或运行 hotline model revert 退回"
            "随程序发布的模型。"
            if promoted
            else f"没有与现有语料、参数和代码相符的分类模型(版本 {version})。"
            "请先运行 hotline train。"
        )
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return version, arrays, json.loads((folder / "model.json").read_text(encoding="utf-8"))
