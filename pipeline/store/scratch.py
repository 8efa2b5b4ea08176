"""What does not fit in memory, laid on disk where nobody can read it and nothing stays of it."""

import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


class Scratch:
    """A file of this process alone: without a name, so that it goes with the process, however
    that ends, and sealed with a key that only its memory holds.

    Counter mode, so that any part can be read without the rest. ``folder``: where; None stands
    for the system's folder for temporary files, which may be small.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._key = AES(os.urandom(32))
        self._sealing = Cipher(self._key, CTR(bytes(16))).encryptor()
        self.size = 0

    def append(self, data: bytes) -> int:
        """Where the data lies, in bytes from the beginning."""
        place = self.size
        self._file.seek(place)
        self._file.write(self._sealing.update(data))
        self.size += len(data)
        return place

    def read(self, place: int, size: int) -> bytes:
        """Fewer bytes than asked for at the end."""
        block, within = divmod(place, 16)  # of the cipher
        self._file.seek(place - within)
        sealed = self._file.read(within + size)
        opening = Cipher(self._key, CTR(block.to_bytes(16, "big"))).decryptor()
        return opening.update(sealed)[within:]
