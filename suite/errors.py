"""The one error that a user's own input can raise."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one sentence that says what was expected, what came, and what to do. It is a
    `ValueError`, so that scikit-learn's conventions hold; the command line prints it on one line
    and exits with status 2.
    """
