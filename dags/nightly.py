"""Every night at 01:30 (Asia/Shanghai): exports in, supervision items out.

land → read (one mapped task per file, the heavy part) → check → store → classify → link →
supervise → publish → notify. Each task calls functions of ``pipeline.stages`` and hands over
keys only.
"""

from datetime import timedelta

from airflow.sdk import Asset, CronTriggerTimetable, Param, dag, get_current_context, task

from dags.common import DATABASE_POOL, DEFAULT_ARGS, as_of_day

TICKETS = Asset("hotline://tickets")
CLASSIFICATIONS = Asset("hotline://classifications")
ITEMS = Asset("hotline://supervision-items")


@dag(
    schedule=CronTriggerTimetable("30 1 * * *", timezone="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,  # nights are stored in their order
    default_args=DEFAULT_ARGS,
    tags=["hotline"],
    params={
        "inbox": Param(
            None, type=["null", "string"], description="收件目录；空为 HOTLINE_HOME/inbox"
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="以哪一天为准（YYYY-MM-DD）；空为本次运行的数据日期",
        ),
    },
)
def nightly():
    @task(pool=DATABASE_POOL)
    def land() -> list[int]:
        """Claim new files; returns the ids of files to load."""
        from pathlib import Path

        from pipeline.stages import open_context
        from pipeline.stages.landing import land as stage

        context = get_current_context()
        with open_context() as hotline:
            inbox = context["params"]["inbox"] or hotline.settings.inbox_dir
            Path(inbox).mkdir(parents=True, exist_ok=True)
            outcome = stage(hotline, [Path(inbox)], as_of_day(context))
        context["ti"].xcom_push(key="seen", value=outcome.keys["seen"])
        return outcome.keys["pending"]

    @task(execution_timeout=timedelta(hours=2))
    def read(file_id: int) -> int:
        """The heavy part of one file: recognise, normalise, mask, stage. No writing lock."""
        from pipeline.stages import open_context
        from pipeline.stages.loading import read_export

        with open_context(write=False) as hotline:
            read_export(hotline, file_id)
        return file_id

    # none_failed: on a night without new files nothing is mapped, and deadlines still pass.
    @task(execution_timeout=timedelta(hours=1), trigger_rule="none_failed")
    def check(file_ids: list[int]) -> list[int]:
        """Great Expectations over the staged rows, all files in one task: importing it takes
        longer than checking a file."""
        from pipeline.stages import open_context
        from pipeline.stages.loading import check as stage

        with open_context(write=False) as hotline:
            for file_id in sorted(file_ids):
                stage(hotline, file_id)
        return sorted(file_ids)

    @task(
        pool=DATABASE_POOL,
        outlets=[TICKETS],
        execution_timeout=timedelta(hours=2),
    )
    def store(file_ids: list[int]) -> dict:
        """Upsert file after file in the order they landed, so that the result never depends
        on which reading task finished first."""
        from pipeline.stages import open_context
        from pipeline.stages.loading import store as stage

        with open_context() as hotline:
            return {str(key): stage(hotline, key).counts for key in sorted(file_ids)}

    @task(pool=DATABASE_POOL, outlets=[CLASSIFICATIONS], execution_timeout=timedelta(hours=2))
    def classify() -> dict:
        from pipeline.stages import night, open_context

        with open_context() as hotline:
            return night.classify(hotline, as_of_day(get_current_context())).counts

    @task(pool=DATABASE_POOL)
    def link() -> dict:
        from pipeline.stages import night, open_context

        with open_context() as hotline:
            return night.link(hotline, as_of_day(get_current_context())).counts

    @task(pool=DATABASE_POOL, outlets=[ITEMS])
    def supervise() -> dict:
        from pipeline.stages import night, open_context

        with open_context() as hotline:
            return night.supervise(hotline, as_of_day(get_current_context())).counts

    @task(pool=DATABASE_POOL)
    def publish() -> str:
        """The notice and the data docs; returns the notice's path under HOTLINE_HOME."""
        from pipeline.stages import night, open_context

        context = get_current_context()
        seen = context["ti"].xcom_pull(task_ids="land", key="seen")
        with open_context() as hotline:
            return night.publish(hotline, as_of_day(context), list(seen)).keys["notice"]

    @task(pool=DATABASE_POOL)
    def notify() -> dict:
        """Webhook and e-mail for new items of L2 and above and overdue ones, where configured."""
        from pipeline.stages import open_context
        from pipeline.stages.notifications import notify as stage

        with open_context() as hotline:
            return stage(hotline, as_of_day(get_current_context())).counts

    stored = store(check(read.expand(file_id=land())))
    stored >> classify() >> link() >> supervise() >> publish() >> notify()


nightly()
