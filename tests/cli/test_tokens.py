"""``hotline token`` and ``hotline notify`` as an operator types them."""

import json

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.settings import reset_settings


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    for name in ("HOTLINE_DATABASE_URL", "HOTLINE_WEBHOOK_URL", "HOTLINE_SMTP_HOST"):
        monkeypatch.delenv(name, raising=False)
    reset_settings()
    yield lambda *arguments: CliRunner().invoke(app, arguments)
    reset_settings()


def test_a_token_is_given_listed_and_revoked(run):
    run("user", "add", "平台", "--role", "查看")
    refused = run("token", "add", "共享平台", "--user", "平台", "--scope", "items:write")
    assert (refused.exit_code, "角色是“查看”" in refused.stderr) == (2, True)
    made = run("token", "add", "共享平台", "--user", "平台", "--scope", "items:read")
    token = made.stdout.strip()
    assert token.startswith("hl_")
    listed = run("token", "list", "--json")
    (row,) = json.loads(listed.stdout)
    assert (row["client"], row["person"], row["state"]) == ("共享平台", "平台", "有效")
    assert token not in listed.stdout
    assert run("token", "revoke", "1").exit_code == 0
    assert run("token", "revoke", "1").exit_code == 2
    assert "已吊销" in run("token", "list").stdout


def test_notices_are_off_until_configured_and_refuse_half_a_configuration(run, monkeypatch):
    done = run("notify", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["counts"] == {"new": 0, "sent": 0, "waiting": 0, "dead": 0}
    monkeypatch.setenv("HOTLINE_WEBHOOK_URL", "http://hooks.example")
    reset_settings()
    refused = run("notify")
    assert (refused.exit_code, "HOTLINE_WEBHOOK_" in refused.stderr) == (2, True)
