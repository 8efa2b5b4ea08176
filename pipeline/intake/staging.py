"""One file's normalised chunks between the tasks read → check → store, sealed on disk.

A chunk lies in three parts, because each task needs little of it: the columns that the suites
look at, the rows to store, and the rows as received, which only the quarantine wants. Beside the
chunks lies in clear what export it is, in the end that it was read whole, and which code did so:
what another code staged is not what this one would, and is read again.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path

import orjson

from pipeline import parallel
from pipeline.domain.ticket import TIME_FIELDS
from pipeline.intake import reading
from pipeline.intake.normalise import Normaliser, TicketChunk
from pipeline.settings import EXPECTATIONS_DIR, PROJECT_ROOT
from pipeline.store.archive import open_archive
from pipeline.store.vault import SealBroken, Vault

_PURPOSE = "staging"
_TIMES = frozenset((*TIME_FIELDS, "state_at"))
_EXPORT, _READ = "export.json", "read.json"
_PARTS = "raw", "rows", "checked"
_RAW_FIELDS = ("headings", "row_no", "sheet", "source_row", "columns", "layout")


def stage_export(
    archived: Path,
    name: str,
    directory: Path,
    *,
    secret: bytes,
    checked: Iterable[str],
    chunk_rows: int,
) -> None:
    """Recognise an archived export, normalise and mask every row, and stage the rows.

    Needs no database and nothing of this process, so that one of its own can do it and starts
    quickly. ``name``: see open_export. Raises FileStopped where the file cannot be read (to its
    end: the chunks before are staged) and SealBroken.
    """
    vault = Vault(secret)
    rows = chunks = 0
    # A reading process whose night was killed may still be writing the same chunks.
    directory.mkdir(parents=True, mode=0o700, exist_ok=True)
    with parallel.collecting_seldom(), open_archive(archived, vault) as stream:
        export = reading.open_export(stream, name, directory)
        facts = {
            "layout": export.layout,
            "headings_json": export.headings,
            "period_start": export.period_start,
            "period_end": export.period_end,
            "code": _code(),
        }
        _replace(directory / _EXPORT, orjson.dumps(facts))
        normaliser = Normaliser(export, vault)
        for raw in export.chunks(chunk_rows):
            stage_chunk(directory, chunks, normaliser.normalise(raw), vault, checked)
            chunks += 1
            rows += len(raw)
    warnings = list(dict.fromkeys([*export.warnings, *normaliser.warnings_zh()]))
    done = {"rows": rows, "chunks": chunks, "warnings": warnings, "code": _code()}
    _replace(directory / _READ, orjson.dumps(done))


def staged_export(directory: Path) -> dict | None:
    """layout, headings_json, period_start and period_end of a staged export; None before it is
    recognised by this code, which is before its first chunk."""
    facts = _told(directory / _EXPORT)
    for name in ("period_start", "period_end") if facts else ():
        facts[name] = facts[name] and date.fromisoformat(facts[name])
    return facts


def read_whole(directory: Path) -> dict | None:
    """The numbers of rows and chunks and the warnings of an export that this code read to its
    end; None before, where a chunk is missing, and for what a night before an upgrade left."""
    facts = _told(directory / _EXPORT) and _told(directory / _READ)
    return facts if facts and chunk_numbers(directory) == list(range(facts["chunks"])) else None


def can_be_resumed(directory: Path, vault: Vault) -> bool:
    """Whether an earlier night read the export whole, and every part of it still opens.

    Staged parts are not flushed to the disk one by one: a power cut may leave some of them empty,
    torn or missing, and then the archived export is read again.
    """
    if not read_whole(directory):
        return False
    try:
        for number in chunk_numbers(directory):
            for kind in _PARTS:
                vault.open(_part(directory, number, kind).read_bytes(), _PURPOSE)
    except (FileNotFoundError, SealBroken):
        return False
    return True


def _told(path: Path) -> dict | None:
    try:
        facts = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):  # a power cut may leave an empty file
        return None
    return facts if facts.pop("code", None) == _code() else None


@cache
def _code() -> str:
    """Hash of all that decides what is staged: the code, layouts and word lists of the rooms that
    read, and the suites, which say which columns are."""
    folders = [
        EXPECTATIONS_DIR,
        *(PROJECT_ROOT / "pipeline" / room for room in ("domain", "intake")),
    ]
    files = [path for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc"]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(b"%s\0%s\0" % (path.name.encode(), path.read_bytes()))
    return digest.hexdigest()


def stage_chunk(
    directory: Path, number: int, chunk: TicketChunk, vault: Vault, checked: Iterable[str]
) -> None:
    """Write one chunk; a half-written one is never seen. The same number replaces itself.

    ``checked``: the columns that :func:`staged_columns` will give.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    raw = {name: getattr(chunk.raw, name) for name in _RAW_FIELDS}
    raw["surplus"] = list(chunk.raw.surplus.items())
    raw["broken"] = sorted(chunk.raw.broken)
    narrow = {name: chunk.columns[name] for name in checked}
    rows = {
        "row_no": chunk.row_no,
        "sheet": chunk.sheet,
        "source_row": chunk.source_row,
        "columns": chunk.columns,
        "contacts": chunk.contacts,
    }
    _write(_part(directory, number, "raw"), raw, vault)
    _write(_part(directory, number, "rows"), rows, vault)
    # Last: its presence says that the chunk is whole.
    _write(_part(directory, number, "checked"), narrow | {"row_no": chunk.row_no}, vault)


def chunk_numbers(directory: Path) -> list[int]:
    """The chunks that are whole, in order."""
    return sorted(int(path.stem) for path in directory.glob("*.checked"))


def staged_columns(directory: Path, number: int, vault: Vault) -> dict[str, list]:
    """The checked columns of a chunk and ``row_no``. Raises SealBroken where it was changed."""
    return _with_times(_read(_part(directory, number, "checked"), vault))


def staged_chunk(directory: Path, number: int, vault: Vault, *, with_raw: bool) -> TicketChunk:
    """A chunk as it was staged; ``raw`` only where asked for. Raises SealBroken."""
    data = _read(_part(directory, number, "rows"), vault)
    return TicketChunk(
        row_no=data["row_no"],
        sheet=data["sheet"],
        source_row=data["source_row"],
        columns=_with_times(data["columns"]),
        contacts=data["contacts"],
        raw=_raw(_read(_part(directory, number, "raw"), vault)) if with_raw else None,
    )


def note_reasons(directory: Path, number: int, reasons: Mapping[int, Sequence[str]]) -> None:
    """Row number → reason codes of the rows of a chunk that the checks refuse."""
    by_row = {str(row_no): list(codes) for row_no, codes in reasons.items()}
    _replace(_part(directory, number, "reasons"), orjson.dumps(by_row))


def noted_reasons(directory: Path, number: int) -> dict[int, list[str]]:
    """What :func:`note_reasons` noted. Raises FileNotFoundError before the chunk's check."""
    by_row = orjson.loads(_part(directory, number, "reasons").read_bytes())
    return {int(row_no): codes for row_no, codes in by_row.items()}


def _part(directory: Path, number: int, kind: str) -> Path:
    return directory / f"{number:06d}.{kind}"


def _raw(data: dict) -> reading.RawChunk:
    return reading.RawChunk(
        **data | {"surplus": dict(data["surplus"]), "broken": set(data["broken"])}
    )


def _with_times(columns: dict[str, list]) -> dict[str, list]:
    for name in _TIMES & columns.keys():
        columns[name] = [at and datetime.fromisoformat(at) for at in columns[name]]
    return columns


def _write(path: Path, value: dict, vault: Vault) -> None:
    _replace(path, vault.seal(orjson.dumps(value), _PURPOSE))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def _read(path: Path, vault: Vault) -> dict:
    return orjson.loads(vault.open(path.read_bytes(), _PURPOSE))
