"""Errors of this package that NumPy covers with one of its own.

In `a[i] = t` and `np.fromiter` NumPy asks a Tensor for its number. Whatever error the Tensor
raises, NumPy raises a ValueError of its own, and keeps the Tensor's error as the cause. A transform
that runs a function raises the cause.
"""

from micrograd_np.errors import BatchedError, GradientCutWarning, LeavesGraphError, TracingError

COVER = "setting an array element with a sequence."
OURS = (BatchedError, GradientCutWarning, LeavesGraphError, TracingError)


def uncover(error: ValueError) -> None:
    """Raise the error of this package that NumPy's `error` covers, if there is one."""
    cause = error.__cause__
    if isinstance(cause, OURS) and str(error) == COVER:
        error.__cause__ = None
        raise cause.with_traceback(error.__traceback__) from None  # which has the user's line
