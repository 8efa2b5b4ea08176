"""The review desk (复核台): the web application of ``hotline serve``.

``create_app`` and ``serve`` import the web framework only when they are called, so that
``pipeline.review.people`` (``hotline user``) stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa
    from fastapi import FastAPI

    from pipeline.settings import Settings


def create_app(settings: "Settings", engine: "sa.Engine") -> "FastAPI":
    """The desk over an already migrated store. Raises SettingsError without a usable secret."""
    from pipeline.review.app import create_app as build

    return build(settings, engine)


def serve(settings: "Settings", host: str = "127.0.0.1", port: int = 8080) -> None:
    """Migrate the store, then serve the desk until interrupted. Prints where, and how to begin."""
    from pipeline.review.server import serve as run

    run(settings, host, port)
