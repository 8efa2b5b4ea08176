"""Archived exports: sealed in frames, read back as a seekable stream without a clear copy."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import zstandard

from pipeline.store.vault import SealBroken, Vault

_FRAME = 1 << 20  # clear bytes per frame; all but the last are full
_LENGTH = struct.Struct(">I")


def archive_path(archive_dir: Path, sha256: str) -> Path:
    return archive_dir / sha256[:2] / f"{sha256}.sealed"


def write_archive(source: BinaryIO, path: Path, vault: Vault) -> None:
    """Seal a stream into ``path``; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as handle:
            packer = zstandard.ZstdCompressor(level=1)  # level 3 takes twice as long
            while block := source.read(_FRAME):
                sealed = vault.seal(packer.compress(block), "archive")
                handle.write(_LENGTH.pack(len(sealed)) + sealed)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        for folder in (path.parent, path.parent.parent):  # or a power cut may take the names back
            _flush(folder)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unpack(packed: bytes) -> bytes:
    if packed.startswith(zstandard.FRAME_HEADER):
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_FRAME)
    return zlib.decompress(packed)  # sealed before archives were packed with zstd


class ArchiveReader(io.RawIOBase):
    """The clear content of an archived export, seekable. Raises :class:`SealBroken`."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._handle = path.open("rb")
        self._vault = vault
        self._offsets: list[tuple[int, int]] = []
        position, size = 0, path.stat().st_size
        while position < size:
            self._handle.seek(position)
            header = self._handle.read(_LENGTH.size)
            if len(header) < _LENGTH.size:
                raise SealBroken(f"归档文件不完整：{path.name}")
            (length,) = _LENGTH.unpack(header)
            self._offsets.append((position + _LENGTH.size, length))
            position += _LENGTH.size + length
        self._cached = (-1, b"")
        last = len(self._frame(len(self._offsets) - 1)) if self._offsets else 0
        self._size = max(0, len(self._offsets) - 1) * _FRAME + last
        self._position = 0

    def _frame(self, index: int) -> bytes:
        if self._cached[0] != index:
            offset, length = self._offsets[index]
            self._handle.seek(offset)
            packed = self._vault.open(self._handle.read(length), "archive")
            self._cached = (index, _unpack(packed))
        return self._cached[1]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer) -> int:
        if self._position >= self._size:
            return 0
        index, start = divmod(self._position, _FRAME)
        piece = self._frame(index)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._handle.close()
        super().close()


def open_archive(path: Path, vault: Vault) -> BinaryIO:
    return io.BufferedReader(ArchiveReader(path, vault), buffer_size=1 << 16)
