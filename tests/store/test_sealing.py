import io
import os
import stat
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import Settings, SettingsError
from pipeline.store.archive import open_archive, write_archive
from pipeline.store.vault import SealBroken, Vault

VAULT = Vault(b"k" * 32)


@given(st.binary(max_size=200))
def test_a_sealed_value_opens_for_its_purpose_only(value):
    sealed = VAULT.seal(value, "contact")
    assert VAULT.open(sealed, "contact") == value
    with pytest.raises(SealBroken):
        VAULT.open(sealed, "archive")
    with pytest.raises(SealBroken):
        Vault(b"another key of 32 characters ...").open(sealed, "contact")


def test_equal_callers_hash_equal_and_differ_by_key():
    assert VAULT.keyed_hash("13800001234") == VAULT.keyed_hash("13800001234")
    assert VAULT.keyed_hash("13800001234") != VAULT.keyed_hash("13800001235")
    assert VAULT.keyed_hash("13800001234") != Vault(b"x" * 32).keyed_hash("13800001234")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 * (1 << 20) + 17])
def test_an_archived_file_reads_back_from_anywhere_and_lies_sealed(tmp_path, size):
    content = os.urandom(64) * (size // 64 + 1)
    content = content[:size]
    path = tmp_path / "ab" / "x.sealed"
    write_archive(io.BytesIO(content), path, VAULT)
    assert size < 64 or content[:64] not in path.read_bytes()
    with open_archive(path, VAULT) as stream:
        assert stream.read() == content
        stream.seek(size // 2)
        assert stream.read(100) == content[size // 2 : size // 2 + 100]
        stream.seek(-min(10, size), io.SEEK_END)
        assert stream.read() == content[size - min(10, size) :]


def test_an_archive_of_before_zstd_reads_back(tmp_path):
    path = tmp_path / "x.sealed"
    frames = [VAULT.seal(zlib.compress(part), "archive") for part in (b"a" * (1 << 20), b"end")]
    path.write_bytes(b"".join(struct.pack(">I", len(frame)) + frame for frame in frames))
    with open_archive(path, VAULT) as stream:
        assert stream.read() == b"a" * (1 << 20) + b"end"


def test_a_cut_archive_is_refused(tmp_path):
    path = tmp_path / "x.sealed"
    write_archive(io.BytesIO(b"a" * 5000), path, VAULT)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(SealBroken):
        open_archive(path, VAULT).read()


def test_the_embedded_key_is_made_once_and_private(tmp_path):
    first = Settings(home=tmp_path).secret
    assert first == Settings(home=tmp_path).secret
    assert stat.S_IMODE((tmp_path / "secrets" / "key").stat().st_mode) == 0o600


def test_an_own_database_demands_a_key(tmp_path):
    with pytest.raises(SettingsError, match="HOTLINE_SECRET_KEY"):
        _ = Settings(home=tmp_path, database_url="postgresql://somewhere/x").secret
    with pytest.raises(SettingsError, match="太短"):
        _ = Settings(home=tmp_path, secret_key="short").secret
