"""A quarantined row repaired by a program: by the same stage as on the desk, on one database."""

import pytest

from pipeline.review.access import Role
from pipeline.store import tables as t


@pytest.fixture
def settings(sqlite_settings):
    """The replay itself is tested on both."""
    return sqlite_settings


def test_a_row_is_repaired_and_replayed_through_a_program(store, as_client):
    heading = {"工单编号": "", "投诉内容": "路边检查，执法人员打人", "联系电话": "13800001234"}
    store.quarantined(cells=heading | {"受理时间": "2026-10-05 08:00"})
    (first,) = as_client(Role.VIEWER, "GET", "/quarantine").json()["rows"]
    url = f"/quarantine/{first['id']}"
    tag = {"If-Match": as_client(Role.REVIEWER, "GET", url).headers["etag"]}
    failed = as_client(Role.REVIEWER, "POST", f"{url}/replay", json={"cells": {}}, headers=tag)
    assert failed.json()["quarantined"] == 1
    (row,) = as_client(Role.VIEWER, "GET", "/quarantine").json()["rows"]
    assert row["id"] != first["id"]
    assert [row[name] for name in ("file", "row_no")] == [first["file"], first["row_no"]]
    url = f"/quarantine/{row['id']}"
    seen = as_client(Role.REVIEWER, "GET", url)
    assert seen.json()["cells"]["联系电话"] == "138****1234"

    def replay(cells, role=Role.REVIEWER, tag=seen.headers["etag"]):
        body, headers = {"cells": cells}, {"If-Match": tag}
        return as_client(role, "POST", f"{url}/replay", json=body, headers=headers)

    assert replay({"身高": "1"}).status_code == 409
    assert replay({"工单编号": "R-1"}, role=Role.VIEWER).status_code == 403
    assert replay({"工单编号": "R-1"}, tag='"x"').status_code == 412
    done = replay({"工单编号": "R-1"})
    assert (done.status_code, done.json()["inserted"]) == (200, 1), done.text
    (made,) = [one for one in store.rows(t.ticket) if one["ticket_no"] == "R-1"]
    assert made["caller_phone"] == "138****1234"
    assert replay({"工单编号": "R-1"}).status_code == 404
    event = [e for e in store.rows(t.audit_event) if e["action"] == "quarantine_repaired"][-1]
    assert (event["person"], event["detail_json"]["client"]) == ("某复核", "平台")
