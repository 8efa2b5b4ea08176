"""Notices: each once, nothing confidential, signed, tried again, given up visibly; and off."""

import datetime as dt
import hashlib
import hmac
import json
import shutil
import socketserver
import ssl
import threading
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa

from pipeline.settings import Settings, SettingsError
from pipeline.stages import Status, night, notifications, open_context
from pipeline.stages.context import Context
from pipeline.stages.notifications import notify
from pipeline.store import notices
from pipeline.store import tables as t

NIGHT = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 1, 40)
SECRET = "agreed with the other side, 32 or more"


class Receiver(HTTPServer):
    """Answers what ``answers`` says, then 200; keeps what it was sent."""

    def __init__(self):
        self.seen, self.answers = [], []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?from=desk"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *_args):
        pass


class Mailbox(socketserver.ThreadingTCPServer):
    """As much of SMTP as smtplib speaks; ``refuse`` holds recipients it does not take."""

    daemon_threads = True

    def __init__(self):
        self.messages, self.refuse = [], set()
        super().__init__(("127.0.0.1", 0), _Conversation)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        for line in self.rfile:
            command = line.decode().strip()
            if command.upper().startswith("RCPT") and any(r in command for r in self.server.refuse):
                self.say("550 unknown")
            elif command.upper() == "DATA":
                self.say("354 go on")
                self.server.messages.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.say("250 taken")
            elif command.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture(scope="module")
def receiver():
    with Receiver() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def mailbox():
    with Mailbox() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """An empty SQLite store, migrated once for all tests here."""
    with open_context(Settings(home=tmp_path_factory.mktemp("migrated"), secret_key=SECRET)) as c:
        return c.settings.database_path


@pytest.fixture
def world(settings, receiver, mailbox, migrated):
    """A store with a webhook and a mailbox; ``world.at`` is the clock."""
    if settings.is_embedded:
        settings.home.mkdir(parents=True)
        shutil.copy(migrated, settings.home)
    receiver.seen.clear()
    receiver.answers.clear()
    mailbox.messages.clear()
    mailbox.refuse.clear()
    with open_context(settings) as context:
        yield World(context, receiver, mailbox)


class World:
    def __init__(self, context, receiver, mailbox):
        self.at, self.receiver, self.mailbox, self.base = AT, receiver, mailbox, context
        self.number = 0

    def context(self, **changes) -> Context:
        values = self.base.settings.model_dump() | {"desk_url": "https://desk.example/"} | changes
        return Context(Settings(**values), self.base.engine, self.base.vault, lambda: self.at)

    def webhook(self) -> Context:
        return self.context(webhook_url=self.receiver.url, webhook_secret=SECRET)

    def mail(self, **changes) -> Context:
        port = self.mailbox.server_address[1]
        values = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        people = {"smtp_from": "desk@city.example", "smtp_to": "a@city.example, b@city.example"}
        return self.context(**values | people | changes)

    def item(self, *events: tuple, level="L2", state="待核", due=date(2026, 11, 27), **fields):
        """Its events are (day, action, level) from the first to the last."""
        self.number += 1
        values = {
            "id": self.number, "item_key": str(self.number), "profile": "mot-2024-25",
            "rule": "R04", "level": level, "subject": "甲县大队", "unit": "甲县大队",
            "region": "甲县", "problem_type": "rough", "summary": "电话13800001234",
            "clause": "条款", "threshold_origin": "default", "numbers_json": {},
            "missing_json": [], "state": state, "raised_on": NIGHT, "due_on": due,
            "updated_on": NIGHT,
        } | fields  # fmt: skip
        with self.base.engine.begin() as connection:
            connection.execute(sa.insert(t.supervision_item).values(values))
            for seq, (day, action, at_level) in enumerate(events or [(NIGHT, "raise", level)], 1):
                connection.execute(
                    sa.insert(t.item_event).values(
                        item_id=self.number, seq=seq, at=datetime.combine(day, dt.time()),
                        person="system", action=action, to_state=state, level=at_level,
                        reason="规则触发", ticket_ids_json=[],
                    )
                )  # fmt: skip
        return self.number

    def rows(self) -> list[tuple]:
        n = t.notice.c
        query = sa.select(n.item_id, n.kind, n.occasion, n.channel, n.state, n.attempts)
        with self.base.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(n.id))]


def test_each_thing_is_told_once_and_nothing_confidential(world):
    told = world.item()
    risen = world.item((NIGHT - timedelta(30), "raise", "L1"), (NIGHT, "update", "L2"))
    escalated = world.item(
        (NIGHT - timedelta(20), "raise", "L2"), (NIGHT, "escalate", "L3"), level="L3", state="升级"
    )
    late = world.item((NIGHT - timedelta(20), "raise", "L4"), level="L4", due=NIGHT - timedelta(1))
    world.item((NIGHT - timedelta(30), "raise", "L3"), (NIGHT, "update", "L3"), level="L3")  # old
    world.item(level="L1")
    world.item(level="X")
    world.item(problem_type="integrity")
    world.item(state="不属实", due=NIGHT - timedelta(1))
    world.item((NIGHT + timedelta(1), "raise", "L2"))  # of a later night
    context = world.webhook()
    outcome = notify(context, NIGHT)
    assert (outcome.status, outcome.counts) == (
        Status.DONE, {"new": 4, "sent": 4, "waiting": 0, "dead": 0}
    )  # fmt: skip
    assert {row[:3] for row in world.rows()} == {
        (told, "raised", ""),
        (risen, "raised", ""),
        (escalated, "escalated", "2"),
        (late, "overdue", "2026-11-19"),
    }
    assert notify(context, NIGHT).counts == {"new": 0, "sent": 0, "waiting": 0, "dead": 0}
    assert len(world.receiver.seen) == 4
    assert "13800001234" not in str(world.receiver.seen)
    both = world.mail(webhook_url=world.receiver.url, webhook_secret=SECRET)
    assert notify(both, NIGHT).counts["new"] == 4  # the other channel's own
    assert len(world.mailbox.messages) == 1
    assert len(world.receiver.seen) == 4


def test_the_receiver_can_check_who_sent_what_and_when(world):
    item = world.item()
    notify(world.webhook(), NIGHT)
    ((path, headers, body),) = world.receiver.seen
    assert path == "/hook?from=desk"
    stamp, mac = (part.split("=", 1)[1] for part in headers["X-Hotline-Signature"].split(","))
    assert datetime.fromtimestamp(int(stamp), dt.UTC) == datetime(
        2026, 11, 19, 17, 40, tzinfo=dt.UTC
    )
    signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    assert mac == signed.hexdigest()
    said = json.loads(body)
    assert headers["X-Hotline-Notice"] == str(said["id"])
    assert said["event"] == "item.raised"
    assert said["item"] == {
        "id": item, "rule": "R04", "rule_title": said["item"]["rule_title"], "level": "L2",
        "unit": "甲县大队", "region": "甲县", "due_on": "2026-11-27",
        "link": f"https://desk.example/items/{item}",
    }  # fmt: skip


def test_failures_are_tried_again_later_and_given_up_visibly(world):
    world.item()
    world.receiver.answers = [500] * (notices.MAX_ATTEMPTS - 1) + [302]
    context, waits = world.webhook(), []
    for _ in range(notices.MAX_ATTEMPTS):
        outcome = notify(context, NIGHT)
        assert outcome.status is Status.ATTENTION
        before = len(world.receiver.seen)
        assert notify(context, NIGHT).counts["sent"] == 0  # its time has not come
        assert len(world.receiver.seen) == before
        with world.base.engine.connect() as connection:
            waits.append(connection.scalar(sa.select(t.notice.c.next_at)) - world.at)
        world.at += waits[-1]
    assert waits[:3] == [timedelta(minutes=m) for m in (5, 15, 60)]
    assert waits == sorted(waits)
    assert outcome.counts["dead"] == 1
    assert "hotline notify --again" in outcome.messages[-1]
    assert "接收方答复 302" in outcome.messages[0]  # not followed
    assert [row[4:] for row in world.rows()] == [("dead", notices.MAX_ATTEMPTS)]
    with world.base.engine.connect() as connection:
        run = t.stage_run.c
        last = connection.execute(
            sa.select(run.status, run.message).order_by(run.id.desc())
        ).first()
    assert last.status == "attention"
    assert "已停止重试" in last.message
    world.at += timedelta(days=30)
    assert notify(context, NIGHT).counts["sent"] == 0
    assert notifications.again(context) == 1
    assert notify(context).counts["sent"] == 1
    assert [(r["state"], r["count"]) for r in notifications.overview(context)] == [("sent", 1)]


def test_a_receiver_that_is_down_does_not_hold_up_the_night(world):
    for _ in range(6):
        world.item()
    world.receiver.answers = [503] * 6
    outcome = notify(world.webhook(), NIGHT)
    assert outcome.counts == {"new": 6, "sent": 0, "waiting": 6, "dead": 0}
    assert len(world.receiver.seen) == 3
    assert [row[5] for row in world.rows()] == [1, 1, 1, 0, 0, 0]


def test_mail_goes_out_as_one_message(world):
    first, second = world.item(), world.item(level="L3")
    notify(world.mail(), NIGHT)
    (text,) = world.mailbox.messages
    from email import message_from_bytes, policy

    message = message_from_bytes(text, policy=policy.default)
    assert message["Subject"] == "执法投诉监督：新的监督事项2项"
    assert message["To"] == "a@city.example, b@city.example"
    body = message.get_content()
    assert f"【新的监督事项】事项{first}，L2，R04" in body
    assert f"https://desk.example/items/{second}" in body
    assert "13800001234" not in body


def test_a_refused_recipient_is_told_of_and_the_others_are_not_written_to_twice(world):
    world.item()
    world.mailbox.refuse = {"b@city.example"}
    outcome = notify(world.mail(), NIGHT)
    assert outcome.status is Status.ATTENTION
    assert "不接受 1 个收件人" in outcome.messages[0]
    world.at += timedelta(days=1)
    assert notify(world.mail(), NIGHT).counts["sent"] == 0
    world.mailbox.refuse = {"city.example"}
    world.item()
    assert notify(world.mail(), NIGHT).counts["waiting"] == 1


def test_nothing_goes_out_in_clear(world, receiver):
    world.item()
    outcome = notify(world.mail(smtp_security="starttls"), NIGHT)
    assert "不支持所要求的加密" in outcome.messages[0]
    assert world.mailbox.messages == []
    https = receiver.url.replace("http://", "https://")  # speaks no TLS
    outcome = notify(world.context(webhook_url=https, webhook_secret=SECRET), NIGHT)
    assert "加密连接有问题" in outcome.messages[0]
    assert receiver.seen == []
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED


def test_without_configuration_nothing_happens(world):
    world.item()
    assert notify(world.context(), NIGHT).counts == {"new": 0, "sent": 0, "waiting": 0, "dead": 0}
    assert world.rows() == []


def test_history_loaded_later_is_not_told(world):
    world.item()
    world.at += timedelta(days=8)
    assert notify(world.webhook(), NIGHT).counts["new"] == 0
    world.at -= timedelta(days=1)
    assert notify(world.webhook(), NIGHT).counts["new"] == 1


def test_a_wrong_setting_of_a_channel_does_not_undo_the_night(world):
    told = night._tell(world.context(webhook_url="http://hooks.example"), NIGHT)
    assert told.status is Status.ATTENTION
    assert "HOTLINE_WEBHOOK_URL" in told.messages[0]
    assert night._tell(world.context(), NIGHT).status is Status.DONE


WRONG = [
    {"webhook_url": "http://hooks.example/x", "webhook_secret": SECRET},
    {"webhook_url": "https://user:word@hooks.example", "webhook_secret": SECRET},
    {"webhook_url": "file:///etc/passwd", "webhook_secret": SECRET},
    {"webhook_url": "http://127.0.0.1.nip.example/", "webhook_secret": SECRET},
    {"webhook_url": "https://hooks.example/a b", "webhook_secret": SECRET},
    {"webhook_url": "https://hooks.example:99999/", "webhook_secret": SECRET},
    {"webhook_url": "https://hooks.example", "webhook_secret": "short"},
    {"smtp_host": "mail.example", "smtp_from": "a@b.example"},
    {"smtp_host": "mail.example", "smtp_from": "nobody", "smtp_to": "a@b.example"},
    {"smtp_host": "mail.example", "smtp_from": "a@b.example", "smtp_to": "a@b.example\nBcc: x@y"},
    {"smtp_host": "m.example", "smtp_from": "a@b.example", "smtp_to": "a@b.example",
     "smtp_security": "none"},
    {"smtp_host": "m.example", "smtp_from": "a@b.example", "smtp_to": "a@b.example",
     "smtp_user": "u"},
]  # fmt: skip


def test_half_a_configuration_is_refused():
    from pipeline.notify import channels

    for values in WRONG:
        with pytest.raises(SettingsError, match="HOTLINE_"):
            channels(Settings(**values))
