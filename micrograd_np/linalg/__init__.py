"""Linear algebra: the functions of the Array API, and those of `scipy.linalg` that models need.

All take Tensors, arrays and stacks of matrices (leading axes broadcast), and return Tensors. The
Array API's are NumPy's. SciPy's have SciPy's names, parameters and values.
"""

from micrograd_np.array_api import linalg as standard
from micrograd_np.array_api.linalg import *  # noqa: F403  # the names are the Array API's
from micrograd_np.linalg.equations import solve_banded, solve_sylvester
from micrograd_np.linalg.functions import expm, logm, sqrtm
from micrograd_np.linalg.solving import (
    cho_factor,
    cho_solve,
    logdet,
    lu_factor,
    lu_solve,
    solve_triangular,
)
from micrograd_np.linalg.structured import block_diag, toeplitz

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "expm", "logdet", "logm", "lu_factor", "lu_solve",
    "solve_banded", "solve_sylvester", "solve_triangular", "sqrtm", "toeplitz",
]  # fmt: skip
__all__ += [name for name in vars(standard) if not name.startswith("_")]


def __dir__() -> list[str]:
    return sorted(__all__)
