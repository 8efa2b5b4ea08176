"""Airflow finds the link to the review desk by the project's entry point."""

import json
import os
import subprocess
import sys

import pytest

PROBE = """
import json
from airflow import plugins_manager
views = plugins_manager.get_plugin_info(["external_views", "name"])
print(json.dumps(views, default=str))
"""


@pytest.mark.airflow
def test_the_desk_stands_in_the_navigation(tmp_path):
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "HOTLINE_DESK_URL": "https://desk.example:8443",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (plugin,) = [p for p in json.loads(done.stdout.splitlines()[-1]) if p["name"] == "hotline"]
    (view,) = plugin["external_views"]
    assert (view["name"], view["href"]) == ("复核台", "https://desk.example:8443")
