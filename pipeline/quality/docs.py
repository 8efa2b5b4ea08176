"""Data docs: one offline page of every file's checks. (GX's own page links outside hosts.)"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pipeline.quality.suites import Suite

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>数据质量 {{ as_of }}</title>
<style>
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:70rem;
padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left}
.bad{color:#a40000}.ok{color:#1b6e2c}.rested{color:#666}
</style></head><body>
<h1>数据质量 {{ as_of }}</h1>
{% if stops %}
<h2 class="bad">未放行的检查（{{ stops | length }} 项）</h2>
<p>下列文件所涉月份的报告已暂停发布，待负责人核查后放行；夜间入库不受影响。</p>
<table><tr><th>编号</th><th>日期</th><th>文件</th><th>检查</th></tr>
{% for stop in stops %}
<tr><td>{{ stop.check_id }}</td><td>{{ stop.as_of }}</td><td>{{ stop.file }}</td>
<td>{{ stop.message }}</td></tr>
{% endfor %}</table>
{% endif %}
{% if not files %}<p>本次没有文件。</p>{% endif %}
{% for file in files %}
<h2>{{ file.name }}（{{ file.state_zh }}）</h2>
{% if file.message %}<p class="bad">{{ file.message }}</p>{% endif %}
<p>数据行 {{ file.rows_read }}：新增 {{ file.inserted }}，
更新 {{ file.updated }}，无变化 {{ file.unchanged }}，
重复行 {{ file.duplicate }}，隔离 {{ file.quarantined }}。</p>
{% if file.headings.unknown %}
<p class="bad">未识别的列：{{ file.headings.unknown | join("、") }}</p>
{% endif %}
{% for warning in file.warnings %}<p>提醒：{{ warning }}</p>{% endfor %}
{% for suite, checks in file.checks | groupby("suite") %}
<h3>{{ suites_zh.get(suite, suite) }}</h3>
<table><tr><th>检查</th><th>级别</th><th>结果</th>
{%- if suite != "history" %}<th>不符行数</th>{% endif %}</tr>
{% for check in checks %}
<tr><td>{{ check.message }}</td><td>{{ severities[check.severity] }}</td>
<td class="{{ check | state }}">{{ states[check | state] }}</td>
{%- if suite != "history" %}<td>{{ check.failing }}</td>{% endif %}</tr>
{% endfor %}</table>
{% endfor %}
{% endfor %}
{% for suite in suites if suite.settings %}
<h2>{{ suites_zh.get(suite.name, suite.name) }}：取值</h2>
<table><tr><th>项目</th><th>取值</th><th>来源</th></tr>
{% for setting in suite.settings.values() %}
<tr><td>{{ setting.name_zh }}</td><td>{{ setting.value }}</td><td>{{ setting.origin_zh }}</td></tr>
{% endfor %}</table>
{% endfor %}
</body></html>
"""
_SUITES = {"rows": "逐行检查", "batch": "整批检查", "history": "与历史导出比较"}
_SEVERITIES = {"row": "逐行（隔离）", "warn": "提醒", "stop": "暂停发布"}
_STATES = {"ok": "通过", "bad": "不符", "rested": "未判断"}


def render_data_docs(
    files: Sequence[dict],
    as_of: date,
    suites: Sequence[Suite] = (),
    stops: Sequence[Mapping[str, Any]] = (),
) -> str:
    """HTML of the files' ledgers and check results (as ``stages.night.summarise`` gives them),
    of the stops that nobody has cleared, and of the suites' settings with their origin.
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True)
    environment.filters["state"] = _state
    return environment.from_string(_PAGE).render(
        files=files,
        as_of=as_of.isoformat(),
        suites=suites,
        stops=stops,
        suites_zh=_SUITES,
        severities=_SEVERITIES,
        states=_STATES,
    )


def _state(check: Mapping[str, Any]) -> str:
    if check["rested"]:
        return "rested"
    return "ok" if check["passed"] else "bad"
