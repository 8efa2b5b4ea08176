"""At 06:00 on the 2nd (Asia/Shanghai): the report of the month before.

By hand for any month: trigger with ``{"month": "2026-10"}``.
"""

from datetime import timedelta

from airflow.sdk import Asset, CronTriggerTimetable, Param, dag, get_current_context, task

from dags.common import DATABASE_POOL, DEFAULT_ARGS, as_of_day


@dag(
    schedule=CronTriggerTimetable("0 6 2 * *", timezone="Asia/Shanghai"),
    catchup=False,
    max_active_runs=1,  # revisions are numbered in their order
    default_args=DEFAULT_ARGS,
    tags=["hotline"],
    params={
        "month": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-(0[1-9]|1[0-2])$",
            description="报告期（YYYY-MM）；空为上一个月",
        ),
        "as_of": Param(None, type=["null", "string"], format="date", description="以哪一天为准"),
        "profile": Param(None, type=["null", "string"], description="方案档；空为 HOTLINE_PROFILE"),
    },
)
def monthly_report():
    @task(
        pool=DATABASE_POOL,
        outlets=[Asset("hotline://monthly-report")],
        execution_timeout=timedelta(minutes=30),
    )
    def report() -> dict:
        """Freeze, compute, lint, render, file. Fails where the linter or a failed check that
        nobody has cleared stops publication, at once: trying again mends neither."""
        from airflow.sdk.exceptions import AirflowFailException

        from pipeline.stages import Status, month, open_context

        context = get_current_context()
        as_of = as_of_day(context)
        with open_context() as hotline:
            outcome = month.monthly_report(
                hotline,
                context["params"]["month"] or month.month_before(as_of),
                as_of,
                context["params"]["profile"],
            )
        if outcome.status is Status.FAILED:
            raise AirflowFailException("\n".join(outcome.messages))
        return outcome.keys

    report()


monthly_report()
