"""The review desk in Airflow's navigation. Airflow finds this by the entry point of the project."""

from airflow.plugins_manager import AirflowPlugin

from pipeline.settings import get_settings

HERE = "http://127.0.0.1:8080"
"""Where ``hotline serve`` answers unless told otherwise."""


class ReviewDesk(AirflowPlugin):
    """A link that opens the desk (HOTLINE_DESK_URL) in a tab of its own: the desk forbids
    being shown in a frame.
    """

    name = "hotline"
    external_views = [  # noqa: RUF012  as Airflow asks for it
        {"name": "复核台", "href": get_settings().desk_url or HERE, "destination": "nav"}
    ]
