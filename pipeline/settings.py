"""The only reader of the environment (design contract: HOTLINE_* variables)."""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.domain.errors import OperatorError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MODELS_DIR = PROJECT_ROOT / "models"
EXPECTATIONS_DIR = PROJECT_ROOT / "expectations"
SQL_DIR = PROJECT_ROOT / "sql"


class SettingsError(OperatorError):
    """The environment does not allow a start; the message says what to set."""


class Settings(BaseSettings):
    """Read once per process by :func:`get_settings`; tests build their own.

    ``home`` holds inbox, layouts, archive, staging, database, artifacts, reports and secrets.
    ``database_url`` empty means SQLite (WAL) under ``home``.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", frozen=True, extra="ignore")

    home: Path = Path("./var")
    database_url: str = ""
    profile: str = "mot-2024-25"
    secret_key: str = Field("", repr=False)
    second_review_share: float = Field(0.1, ge=0, le=1)
    """Of the decisions at the review desk, the share that another person judges again, blind."""
    report_approval: bool = False
    """Whether a report is published only after one person approved and another published it."""

    settle_seconds: float = Field(10, ge=0, le=600)
    """How long a file of the inbox must have been quiet before it is read: a default of ours."""

    # 统一身份认证 (OpenID Connect), off until an issuer is set: see pipeline.review.oidc.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field("", repr=False)
    oidc_claim: str = "preferred_username"
    """Of the provider's claims, the one that holds the name of the account here."""
    oidc_scope: str = "openid profile"
    oidc_ca: str = ""
    """File of the certificate authority, where the provider's is the organisation's own."""

    # Notices of items, off until set: see pipeline.notify.channels.
    desk_url: str = ""
    webhook_url: str = ""
    webhook_secret: str = Field("", repr=False)
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: str = Field("", repr=False)
    smtp_from: str = ""
    smtp_to: str = ""

    bureau: str = ""  # who issues the reports, as it stands under them
    red_head: bool = False  # 红头: the masthead of official documents

    @property
    def inbox_dir(self) -> Path:
        return self.home / "inbox"

    @property
    def layouts_dir(self) -> Path:
        """Of this installation's own layouts, read beside those of the package."""
        return self.home / "layouts"

    @property
    def archive_dir(self) -> Path:
        return self.home / "archive"

    @property
    def staging_dir(self) -> Path:
        return self.home / "staging"

    @property
    def reports_dir(self) -> Path:
        return self.home / "reports"

    @property
    def data_docs_dir(self) -> Path:
        return self.home / "data_docs"

    @property
    def artifacts_dir(self) -> Path:
        return self.home / "artifacts"

    @property
    def is_embedded(self) -> bool:
        return not self.database_url

    @property
    def database_path(self) -> Path:
        """Of the embedded SQLite."""
        return self.home / "hotline.db"

    @property
    def sqlalchemy_url(self) -> str:
        if self.is_embedded:
            return f"sqlite:///{self.database_path.resolve()}"
        # A plain postgresql:// URL means psycopg 3 here; psycopg2 is not a dependency.
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @cached_property
    def secret(self) -> bytes:
        """The key of hashing and encryption, at least 32 bytes.

        Made once with mode 0600 for the embedded default; with a database of one's own,
        HOTLINE_SECRET_KEY is demanded, because every machine must share it.
        """
        if self.secret_key:
            if len(self.secret_key.encode()) < 32:
                raise SettingsError("HOTLINE_SECRET_KEY 太短：至少 32 个字符。")
            return self.secret_key.encode()
        if not self.is_embedded:
            raise SettingsError(
                "使用自备数据库时必须设置环境变量 HOTLINE_SECRET_KEY（至少 32 个字符），"
                "各台机器取值相同。"
            )
        path = self.home / "secrets" / "key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = path.with_name(f"key.{os.getpid()}.tmp")
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w") as handle:
                handle.write(secrets.token_hex(32))
            try:
                os.link(temporary, path)  # atomic: of two first starts one key survives
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        return path.read_text().strip().encode()


_settings: Settings | None = None


def get_settings() -> Settings:
    """The process's settings, read from the environment at first use."""
    global _settings
    if _settings is None:
        _settings = Settings()
    return _settings


def reset_settings() -> None:
    """Forget them, so that a test's changed environment is read again."""
    global _settings
    _settings = None
