"""Errors of ours that NumPy covers with one of its own.

NumPy asks a Tensor for its number in `a[i] = t` and `np.fromiter`. Whatever the error is, it raises
one of its own instead, and ours is the cause. A transform that runs a function raises ours.
"""

from micrograd_np.errors import BatchedError, GradientCutWarning, LeavesGraphError, TracingError

COVER = "setting an array element with a sequence."
OURS = (BatchedError, GradientCutWarning, LeavesGraphError, TracingError)


def uncover(error: ValueError) -> None:
    """Raise the error of ours that another one covers, if it does."""
    cause = error.__cause__
    if isinstance(cause, OURS) and str(error) == COVER:
        error.__cause__ = None
        raise cause.with_traceback(error.__traceback__) from None  # which has the user's line
