"""The extension `linalg` of the standard: linear algebra, for batches of matrices too."""

from micrograd_np.array_api.wrapping import of_numpy as _of_numpy

# fmt: off
cholesky         = _of_numpy("linalg.cholesky")
cross            = _of_numpy("linalg.cross")
det              = _of_numpy("linalg.det")
diagonal         = _of_numpy("linalg.diagonal")
eigh             = _of_numpy("linalg.eigh")
eigvalsh         = _of_numpy("linalg.eigvalsh")
inv              = _of_numpy("linalg.inv")
matmul           = _of_numpy("linalg.matmul")
matrix_norm      = _of_numpy("linalg.matrix_norm")
matrix_power     = _of_numpy("linalg.matrix_power")
matrix_rank      = _of_numpy("linalg.matrix_rank")
matrix_transpose = _of_numpy("linalg.matrix_transpose")
outer            = _of_numpy("linalg.outer")
pinv             = _of_numpy("linalg.pinv")
qr               = _of_numpy("linalg.qr")
slogdet          = _of_numpy("linalg.slogdet")
solve            = _of_numpy("linalg.solve")
svd              = _of_numpy("linalg.svd")
svdvals          = _of_numpy("linalg.svdvals")
tensordot        = _of_numpy("linalg.tensordot")
trace            = _of_numpy("linalg.trace")
vecdot           = _of_numpy("linalg.vecdot")
vector_norm      = _of_numpy("linalg.vector_norm")
# fmt: on
