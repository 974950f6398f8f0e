"""Problems for SciPy's solvers."""

from typing import Any

from micrograd_np import Tensor

# ---------------------------------------------------------------- minimize

FIRST_ORDER = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "trust-constr"]
SECOND_ORDER = ["Newton-CG", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"]
WITH_PRODUCTS = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"]


# ---------------------------------------------------------------- a Tensor that an objective finds

W = Tensor(2.0, requires_grad=True)
V = Tensor([2.0, 3.0], requires_grad=True)


def system(x: Any) -> Any:
    return x**2 - V


def decay(_t: Any, y: Any) -> Any:
    return -1e4 * W.data * y
