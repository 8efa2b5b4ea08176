"""Which channels are configured, and whether their settings can be used safely."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from pipeline.notify.mail import Mail
from pipeline.notify.message import Notice
from pipeline.notify.webhook import Webhook
from pipeline.settings import Settings, SettingsError

_MIN_SECRET = 32


class Channel(Protocol):
    """A way out. ``batch``: how many notices one delivery carries at most."""

    name: str
    batch: int

    def deliver(self, notices: Sequence[Notice], at: datetime) -> str:
        """Hand them over at ``at``, or raise Undelivered. Returns what a person should look at
        all the same, in Chinese; mostly nothing.
        """


def channels(settings: Settings) -> list[Channel]:
    """The configured channels; none where nothing is set. Raises SettingsError for half of a
    configuration, and for one that would send in clear.
    """
    found: list[Channel] = []
    if settings.webhook_url:
        found.append(_webhook(settings))
    if settings.smtp_host:
        found.append(_mail(settings))
    return found


def _webhook(settings: Settings) -> Webhook:
    url = outside_address(settings.webhook_url, "HOTLINE_WEBHOOK_URL")
    if len(settings.webhook_secret.encode()) < _MIN_SECRET:
        raise SettingsError(
            f"HOTLINE_WEBHOOK_SECRET 太短：签名密钥至少 {_MIN_SECRET} 个字符，与接收方约定。"
        )
    return Webhook(url, settings.webhook_secret.encode())


def outside_address(text: str, variable: str) -> SplitResult:
    """An https address, or http of this machine. The path is kept; credentials are not allowed.

    Raises SettingsError, which names the ``variable``.
    """
    try:
        url = urlsplit(text)
        usable = url.hostname and url.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable or url.username or url.password or url.fragment:
        raise SettingsError(f"{variable} 须是完整的 https 网址，不含用户名和密码。")
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise SettingsError(f"{variable} 须以 https:// 开头（只有本机地址可用 http）。")
    return url


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by its address or as ``localhost``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _mail(settings: Settings) -> Mail:
    recipients = [part.strip() for part in settings.smtp_to.split(",") if part.strip()]
    for name, address in [("FROM", settings.smtp_from), *(("TO", one) for one in recipients)]:
        if "@" not in parseaddr(address)[1] or not address.isprintable():
            raise SettingsError(f"HOTLINE_SMTP_{name} 须是邮件地址（多个收件人用英文逗号分隔）。")
    if not recipients:
        raise SettingsError("HOTLINE_SMTP_TO 须写明收件人（多个用英文逗号分隔）。")
    if settings.smtp_security == "none" and not is_loopback(settings.smtp_host):
        raise SettingsError("HOTLINE_SMTP_SECURITY=none 只可用于本机；请用 starttls 或 tls。")
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        raise SettingsError("HOTLINE_SMTP_USER 与 HOTLINE_SMTP_PASSWORD 须同时设置或同时不设。")
    return Mail(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        (settings.smtp_user, settings.smtp_password),
        settings.smtp_from,
        tuple(recipients),
    )
