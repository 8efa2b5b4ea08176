"""Every Sunday at 03:00 (Asia/Shanghai), and by hand: the life of the classifier.

train (the shipped model, from models/) → retrain (a challenger that learns supervisors' labels,
when there are enough new ones) → reclassify (history, by the model in force) → drift (the last
complete month against the model's reference). Each finds out by itself whether there is work.
"""

from datetime import timedelta

from airflow.sdk import Asset, CronTriggerTimetable, Param, dag, get_current_context, task

from dags.common import DATABASE_POOL, DEFAULT_ARGS, as_of_day


@dag(
    schedule=CronTriggerTimetable("0 3 * * 0", timezone="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["hotline"],
    params={
        "force": Param(False, type="boolean", description="输入未变、标注不足也重新训练"),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            description="以哪一天为准（YYYY-MM-DD）；空为本次运行的数据日期",
        ),
    },
)
def train_classifier():
    @task(outlets=[Asset("hotline://model")], execution_timeout=timedelta(minutes=30))
    def train() -> dict:
        """Nothing happens where corpus, parameters and code are those of the built model."""
        from pipeline.stages.training import train as stage

        # The model card is part of the repository; only a developer's `hotline train` writes it.
        return stage(card=False, force=get_current_context()["params"]["force"]).as_json()

    # Not in the pool: training takes minutes and locks the store only to write its decision.
    @task(outlets=[Asset("hotline://model")], execution_timeout=timedelta(hours=1))
    def retrain() -> dict:
        """A challenger, if enough labels have come; promoted only if no headline figure falls."""
        from pipeline.stages import open_context
        from pipeline.stages.training import retrain as stage

        force = get_current_context()["params"]["force"]
        with open_context():
            pass  # migrated
        with open_context(write=False) as hotline:
            return stage(hotline, force=force).as_json()

    # Killed by its time limit it goes on where it stood, at the retry or in the next week.
    @task(
        pool=DATABASE_POOL,
        outlets=[Asset("hotline://classifications")],
        execution_timeout=timedelta(hours=2),
    )
    def reclassify() -> dict:
        from pipeline.stages import open_context
        from pipeline.stages.reclassify import reclassify as stage

        with open_context() as hotline:
            return stage(hotline, as_of_day(get_current_context())).as_json()

    @task(pool=DATABASE_POOL)
    def drift() -> list[str]:
        """The warnings of the last complete month."""
        from pipeline.stages import open_context
        from pipeline.stages.drift import measure
        from pipeline.stages.month import month_before

        with open_context() as hotline:
            month = month_before(as_of_day(get_current_context()))
            return list(measure(hotline, month).messages)

    train() >> retrain() >> reclassify() >> drift()


train_classifier()
