import subprocess
import sys
import time

import pytest
import sqlalchemy as sa

from pipeline.store import lock
from pipeline.store.engine import make_engine
from pipeline.store.lock import StoreBusy, writing

HOLDER = """
import sys
from pathlib import Path
from pipeline.settings import Settings
from pipeline.store.engine import make_engine
from pipeline.store.lock import writing
settings = Settings(home=Path(sys.argv[1]), database_url=sys.argv[2], secret_key="x" * 32)
with writing(settings, make_engine(settings)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(settings, engine):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.home), settings.database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_writer_is_told_and_a_killed_one_leaves_nothing(settings, engine, holder):
    with pytest.raises(StoreBusy, match="另一个任务"), writing(settings, engine):
        pass
    holder.kill()
    holder.wait()
    deadline = time.monotonic() + 10
    with writing(settings, engine, wait_seconds=deadline - time.monotonic()):
        pass


def test_inner_writing_of_the_same_process_passes(settings, engine):
    with writing(settings, engine), writing(settings, engine):
        pass
    with writing(settings, engine):
        pass


KEY = sa.func.pg_try_advisory_lock(lock._TRANSACTION_KEY)


@pytest.mark.postgres
def test_the_next_writer_waits_for_a_transaction_that_outlives_its_killed_client(
    postgres_settings,
):
    engine, other = make_engine(postgres_settings), make_engine(postgres_settings)
    with writing(postgres_settings, engine):
        outliving = engine.connect()
        outliving.execute(sa.select(1))
    with pytest.raises(StoreBusy), writing(postgres_settings, other, wait_seconds=0.3):
        pass
    outliving.rollback()
    with writing(postgres_settings, other), engine.connect() as connection:
        assert connection.scalar(sa.select(KEY))  # nothing of other's is open
    outliving.close()
    engine.dispose()
    other.dispose()
