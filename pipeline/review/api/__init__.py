"""The interface for programs (接口): the desk's actions as JSON under ``/api/v1``.

A program acts in a named person's name, with that person's role, and only within the scopes of
its token. Confidential items and their tickets exist here for nobody: they are handled at the
desk alone. ``tokens`` imports no web framework (``hotline token``).
"""
