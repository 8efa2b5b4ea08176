"""``python -m pipeline`` is the ``hotline`` command."""

from pipeline.cli import main

main()
