"""Complaint tickets of transport hotlines: intake, classification, supervision, monthly report.

The library knows nothing of Airflow; ``dags/`` calls ``pipeline.stages``, and so does the
``hotline`` command.
"""
