"""``hotline bench``: our night against the naive peer, in one run, as ratios; and parts alone."""

from typing import Annotated

import typer

from pipeline.cli.console import AsJson, explained, print_json, table


def bench(
    rows: Annotated[int, typer.Option(help="生成多少行的导出文件。")] = 20_000,
    *,
    intake: Annotated[bool, typer.Option("--intake", help="只测读取到入库（csv、xlsx）。")] = False,
    links: Annotated[bool, typer.Option("--links", help="只测关联，历史为新工单的三倍。")] = False,
    supervise: Annotated[
        bool, typer.Option("--supervise", help="只测监督：全部规则过一遍历史工单。")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="只测一个月的报告。")] = False,
    desk: Annotated[
        bool, typer.Option("--desk", help="只测复核台：20 人同时用，各页耗时。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """与朴素做法同机同时比较：行/秒之比、内存峰值。"""
    parts = {
        _intake: intake, _links: links, _supervise: supervise, _report: report, _desk: desk,
    }  # fmt: skip
    with explained():
        for part in [part for part, is_asked in parts.items() if is_asked] or [_night]:
            part(rows, as_json)


def _night(rows: int, as_json: bool) -> None:
    from pipeline.bench import run

    figures = run(rows)
    if as_json:
        print_json(figures)
        return
    table(
        f"{rows} 行的导出文件，全部环节",
        ["", "秒", "行/秒", "内存峰值 MiB"],
        [
            [name, f"{f['seconds']:.1f}", f"{f['rows_per_second']:.0f}", f"{f['peak_mib']:.0f}"]
            for name, f in figures["runs"].items()
        ],
    )
    typer.echo(f"行/秒之比（hotline ÷ 朴素做法）：{figures['ratio']:.2f}")


def _intake(rows: int, as_json: bool) -> None:
    from pipeline.bench.intake import run

    figures = run(rows)
    if as_json:
        print_json({"rows": rows, "runs": figures})
        return
    table(
        f"{rows} 行的导出文件，读取到入库",
        ["", "秒", "行/秒", "内存峰值 MiB", "另：载入校验库 秒"],
        [
            [
                name,
                f"{f['seconds']:.1f}",
                f"{f['rows_per_second']:.0f}",
                f"{f['peak_mib']:.0f}",
                f"{f['import_seconds']:.1f}",
            ]
            for name, f in figures.items()
        ],
    )


def _links(rows: int, as_json: bool) -> None:
    from pipeline.bench.links import run

    figures = run(rows)
    if as_json:
        print_json({"rows": rows} | figures)
        return
    table(
        f"{rows} 件新的执法类投诉与 {figures['history']} 件历史投诉关联",
        ["秒", "处理器秒", "关联", "内存峰值 MiB"],
        [
            [
                f"{figures['seconds']:.1f}",
                f"{figures['cpu_seconds']:.1f}",
                str(figures["links"]),
                f"{figures['peak_mib']:.0f}",
            ]
        ],
    )


def _supervise(rows: int, as_json: bool) -> None:
    from pipeline.bench.supervision import run

    figures = run(rows)
    if as_json:
        print_json({"rows": rows} | figures)
        return
    table(
        f"全部规则过一遍 {rows} 件执法类投诉，内存峰值 {figures['peak_mib']:.0f} MiB",
        ["", "秒", "处理器秒", "提出、更新事项"],
        [
            [
                name,
                f"{figures[f'{key}_seconds']:.1f}",
                f"{figures[f'{key}_cpu_seconds']:.1f}",
                str(figures[f"{key}_changed"]),
            ]
            for key, name in (("first", "首次"), ("again", "再来一次"))
        ],
    )


def _report(rows: int, as_json: bool) -> None:
    from pipeline.bench.report import run

    figures = run(rows)
    if as_json:
        print_json(figures)
        return
    table(
        f"{rows} 件工单的一个月，生成报告",
        ["秒", "处理器秒", "内存峰值 MiB"],
        [[f"{figures[key]:.1f}" for key in ("seconds", "cpu_seconds", "peak_mib")]],
    )


def _desk(_rows: int, as_json: bool) -> None:
    from pipeline.bench.desk import run

    figures = run()
    if as_json:
        print_json(figures)
        return
    table(
        f"复核台：{figures['tickets']} 件工单，{figures['items']} 项事项，{figures['people']} 人",
        ["页面", "次数", "中位 毫秒", "95% 毫秒"],
        [
            [name, f["n"], f"{f['p50_ms']:.0f}", f"{f['p95_ms']:.0f}"]
            for name, f in [*figures["pages"].items(), ("全部", figures["all"])]
        ],
    )
    every = figures["all"]
    typer.echo(f"失败 {every['failed']} 次；每页占用处理器 {every['cpu_ms']:.0f} 毫秒。")
