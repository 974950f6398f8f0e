"""The extension `linalg` of the standard: linear algebra, for batches of matrices too."""

from micrograd_np.array_api.wrapping import of_numpy as _of_numpy
from micrograd_np.array_api.wrapping import several_of_numpy as _several_of_numpy

matmul, outer, cross = _of_numpy("matmul outer cross", "linalg")
tensordot, vecdot, matrix_power = _of_numpy("tensordot vecdot matrix_power", "linalg")
matrix_transpose, diagonal, trace = _of_numpy("matrix_transpose diagonal trace", "linalg")
det, matrix_rank, cholesky = _of_numpy("det matrix_rank cholesky", "linalg")
inv, pinv, solve = _of_numpy("inv pinv solve", "linalg")
slogdet, qr, svd, eigh = _several_of_numpy("slogdet qr svd eigh", "linalg")
eigvalsh, svdvals = _of_numpy("eigvalsh svdvals", "linalg")
matrix_norm, vector_norm = _of_numpy("matrix_norm vector_norm", "linalg")
