"""Errors that an operator can act on."""


class OperatorError(Exception):
    """Something a person can put right. The message is one Chinese sentence that says what to do;
    the command line prints it and ends with status 2. Anything else is a defect and keeps its
    traceback.
    """
