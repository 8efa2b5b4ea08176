"""Text in spreadsheet cells: what a program could take for a formula is made harmless."""

_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four full-width
_CONTROLS = ("\t", "\r", "\n")


def neutral(value: object) -> str:
    """The cell's text, with an apostrophe in front of what could begin a formula (OWASP, CSV
    injection): a sign, also after blanks, which spreadsheets trim, or a tab or line end.

    None is empty; a sign alone (「-」 for nothing) and blanks alone are harmless and stay.
    """
    text = "" if value is None else str(value)
    # An apostrophe that stood there already is kept apart, so that `restored` finds it again.
    core = text.lstrip("'")
    bare = core.strip()
    is_formula = bare.startswith(_SIGNS) and len(bare) > 1
    return f"'{text}" if is_formula or (bare and core.startswith(_CONTROLS)) else text


def restored(text: str) -> str:
    """What :func:`neutral` was given."""
    return text[1:] if text.startswith("'") and neutral(text[1:]) == text else text
