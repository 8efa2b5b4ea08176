"""Run the nightly and then the monthly DAG once, in this process, without a server.

``make run`` calls this. Usage: run_once.py INBOX AS_OF (YYYY-MM-DD)
"""

import os
import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent


def prepare_airflow(home: Path) -> None:
    """An own metadata database under HOTLINE_HOME, quiet logs, only our DAGs."""
    os.environ.update(
        AIRFLOW_HOME=str(home / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
        AIRFLOW__LOGGING__NAMESPACE_LEVELS="airflow.sdk.api.client=CRITICAL py.warnings=ERROR",
    )
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    initdb()
    from dags.common import DATABASE_POOL

    Pool.create_or_update_pool(
        DATABASE_POOL, slots=1, description="one writer of the store", include_deferred=False
    )


def run_dag(dag_id: str, conf: dict) -> None:
    """``dag.test()`` of one DAG; ends the process with status 2 unless it succeeded."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(HERE)
    if bag.import_errors:
        sys.exit(f"DAG 无法导入：{bag.import_errors}")
    run = bag.get_dag(dag_id).test(run_conf=conf)
    if str(run.state) != "success":
        print(f"DAG {dag_id} 未成功：{run.state}", file=sys.stderr)
        sys.exit(2)


def main(inbox: Path, as_of: date) -> None:
    from pipeline.cli.night import print_night
    from pipeline.cli.report import print_report
    from pipeline.settings import get_settings
    from pipeline.stages import month, night, open_context

    settings = get_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    print("准备 Airflow（内置 SQLite）…", flush=True)
    prepare_airflow(settings.home.resolve())
    with open_context() as context:
        before = night.store_counts(context)
    print("夜间任务：收件 → 读取 → 检查 → 入库 → 分类 → 关联 → 监督 → 发布 …", flush=True)
    run_dag("nightly", {"inbox": str(inbox.resolve()), "as_of": as_of.isoformat()})
    with open_context() as context:
        report_month = month.last_complete_month(context, as_of)
    print(f"月度报告：{report_month} …", flush=True)
    run_dag("monthly_report", {"month": report_month, "as_of": as_of.isoformat()})
    with open_context() as context:
        changed = night.store_counts(context) != before
        files = night.all_files(context)
        summary = night.summarise(context, as_of, files)
        is_pending = settings.report_approval
        report = None if is_pending else month.newest_report(context, report_month)
    print_night(summary, changed=changed)
    if report is None:
        print(f"{report_month} 报告待审：由一人审核、另一人在复核台“报告”页发布。")
    else:
        print_report(report | {"is_new": changed})


if __name__ == "__main__":
    main(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
