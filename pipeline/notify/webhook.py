"""The webhook: one signed POST per notice. No redirect is followed and no proxy asked, so that it
goes to the configured host and nowhere else.

``X-Hotline-Signature: t=<unix seconds>,v1=<hex>`` where v1 is HMAC-SHA256 over ``<t>.<body>`` with
the agreed secret: the receiver compares it, refuses an old ``t``, and takes each
``X-Hotline-Notice`` once (a delivery whose answer got lost comes again).
"""

import hashlib
import hmac
import http.client
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import SplitResult

import orjson

from pipeline.domain.calendar import SHANGHAI
from pipeline.notify.message import Notice, Undelivered

TIMEOUT = 10
"""Seconds, for connecting and for the answer each."""


def signature(secret: bytes, body: bytes, seconds: int) -> str:
    """The signature's header for ``body`` sent at ``seconds`` (unix)."""
    made = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={made}"


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """Posts to ``url``."""

    url: SplitResult
    secret: bytes
    name: ClassVar[str] = "webhook"
    batch: ClassVar[int] = 1

    def deliver(self, notices: Sequence[Notice], at: datetime) -> str:
        """Each is taken where the answer is 2xx; raises Undelivered otherwise."""
        for notice in notices:
            body = orjson.dumps(notice.as_json())
            seconds = int(at.replace(tzinfo=SHANGHAI).timestamp())
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "User-Agent": "hotline",
                "X-Hotline-Notice": str(notice.id),
                "X-Hotline-Signature": signature(self.secret, body, seconds),
            }
            status = self._post(body, headers)
            if not 200 <= status < 300:
                raise Undelivered(f"接收方答复 {status}。")
        return ""

    def _post(self, body: bytes, headers: dict[str, str]) -> int:
        host, port = self.url.hostname, self.url.port
        connection = (
            http.client.HTTPSConnection(
                host, port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
            if self.url.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        )
        path = (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        except TimeoutError as error:
            raise Undelivered(f"{TIMEOUT} 秒内没有答复。") from error
        except ssl.SSLError as error:
            raise Undelivered("接收方的证书或加密连接有问题。") from error
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered(f"无法连接（{type(error).__name__}）。") from error
        finally:
            connection.close()
