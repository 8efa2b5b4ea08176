"""Early warning on sparse counts: place × type by week and month, each against its own past.

``tail`` holds the exact probabilities, ``baseline`` what is usual of a series, ``detect`` what is
unusual, ``episodes`` when that is raised (once), ``history`` the counts from the store and
``raising`` the findings in words. docs/early_warning.md describes the method and its measured
limits; ``python -m pipeline.supervise.warning.simulate`` prints them anew.
"""
