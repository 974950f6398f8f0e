"""The words of errors about functions that have no derivative here; `coverage` hands them in."""

from collections.abc import Callable  # noqa: TC003 - it stands in annotations of attributes

from micrograd_np.errors import UnregisteredFunctionError


class Explanations:
    """The functions that word these errors.

    `refusal_of(function, args, detail)`: the error for a function that a tracked Tensor is given
    to. `advice()`: what to call instead of the function of SciPy that asks for an array.
    `solver_advice(solver)`: the sentence about what to call instead of a solver of SciPy.
    """

    def __init__(self) -> None:
        self.refusal_of: Callable[..., TypeError] = UnregisteredFunctionError.of
        self.advice: Callable[[], str] = str
        self.solver_advice: Callable[[str], str] = lambda _: ""


EXPLANATIONS = Explanations()
