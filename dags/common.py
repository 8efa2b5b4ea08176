"""What the DAGs share: retries, the database pool, the failure callback, the night's day."""

import logging
from datetime import date, timedelta
from zoneinfo import ZoneInfo

DATABASE_POOL = "hotline_database"
"""One slot: the store has one writer. ``airflow pools set hotline_database 1 …`` makes it."""


def report_failure(context) -> None:
    """Name the failed task in the log of the run, with what an operator does next."""
    ti = context["ti"]
    logging.getLogger("hotline").error(
        "任务失败：%s.%s（第 %s 次）。查看该任务日志；处理后在 Airflow 中清除该任务即可重跑，"
        "已完成的部分不会重复。",
        ti.dag_id,
        ti.task_id,
        ti.try_number,
    )


DEFAULT_ARGS = {
    "owner": "hotline",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": report_failure,
}


def as_of_day(context) -> date:
    """The day a run stands for, in Asia/Shanghai: its ``as_of`` parameter, else the end of its
    data interval, never the clock; so a backfilled night gives what the night itself gave.
    """
    given = context["params"].get("as_of")
    if given:
        return date.fromisoformat(given)
    moment = context.get("data_interval_end") or context["dag_run"].run_after
    return moment.astimezone(ZoneInfo("Asia/Shanghai")).date()
