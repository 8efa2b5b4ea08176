"""The ``hotline`` command. Tables and progress for people, ``--json`` for machines.

Exit status: 0 done, 1 done with something needing attention, 2 not done.
"""

import typer

from pipeline.cli import (
    admin,
    bench,
    champion,
    checks,
    layout,
    ledger,
    model,
    night,
    policy,
    quarantine,
    report,
    supervision,
)

app = typer.Typer(
    name="hotline",
    help="交通运输执法类投诉举报：导入、分类、监督、月报。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    night.nightly,
    night.ingest,
    model.classify,
    model.evaluate,
    model.train,
    champion.reclassify,
    supervision.supervise,
    admin.verify,
    admin.notify,
    admin.serve,
    bench.bench,
):
    app.command()(command)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(checks.app, name="checks")
app.add_typer(layout.app, name="layout")
app.add_typer(champion.app, name="model")
app.add_typer(report.app, name="report")
app.add_typer(supervision.item_app, name="item")
app.add_typer(ledger.app, name="ledger")
app.add_typer(policy.app, name="policy")
app.add_typer(admin.db_app, name="db")
app.add_typer(admin.user_app, name="user")
app.add_typer(admin.token_app, name="token")


def main() -> None:
    """Entry point of the ``hotline`` command."""
    app()
