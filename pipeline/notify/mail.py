"""The e-mail: what waits, in one message to the configured people."""

import smtplib
import ssl
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import ClassVar

from pipeline.domain.calendar import SHANGHAI
from pipeline.notify.message import KINDS, Notice, Undelivered

TIMEOUT = 20
"""Seconds for each step of the conversation."""


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """Sends through ``host``; ``security`` is starttls, tls or (on this machine only) none."""

    host: str
    port: int
    security: str
    login: tuple[str, str]
    sender: str
    recipients: tuple[str, ...]
    name: ClassVar[str] = "mail"
    batch: ClassVar[int] = 200

    def deliver(self, notices: Sequence[Notice], at: datetime) -> str:
        """One message with all of them, taken where the server accepts any recipient (sent again,
        it would come twice to those); raises Undelivered otherwise.
        """
        message = self._message(notices, at)
        try:
            with self._connected() as server:
                refused = server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise Undelivered("邮件服务器不接受用户名或密码。") from error
        except smtplib.SMTPNotSupportedError as error:
            raise Undelivered("邮件服务器不支持所要求的加密或登录方式。") from error
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"邮件服务器答复 {error.smtp_code}。") from error
        except ssl.SSLError as error:
            raise Undelivered("邮件服务器的证书或加密连接有问题。") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Undelivered(f"邮件没有发出（{type(error).__name__}）。") from error
        return f"邮件服务器不接受 {len(refused)} 个收件人，其余已送达。" if refused else ""

    def _connected(self) -> smtplib.SMTP:
        trusted = ssl.create_default_context()
        if self.security == "tls":
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=trusted)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            if self.security == "starttls":
                server.starttls(context=trusted)
            if self.login[0]:
                server.login(*self.login)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, notices: Sequence[Notice], at: datetime) -> EmailMessage:
        counts = Counter(notice.kind for notice in notices)
        told = "，".join(f"{zh}{counts[kind]}项" for kind, zh in KINDS.items() if counts[kind])
        message = EmailMessage()
        message["Subject"] = f"执法投诉监督：{told}"
        message["From"], message["To"] = self.sender, ", ".join(self.recipients)
        message["Date"] = format_datetime(at.replace(tzinfo=SHANGHAI))
        domain = parseaddr(self.sender)[1].rpartition("@")[2]
        message["Message-ID"] = f"<hotline-{notices[0].id}-{notices[-1].id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        lines = "\n\n".join(notice.as_line() for notice in notices)
        message.set_content(f"{lines}\n\n请登录复核台办理。本邮件由系统发出，请勿回复。\n")
        return message
