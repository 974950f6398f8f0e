"""The tables: every operation with its derivative, one module a family.

Importing this package fills the registry `micrograd_np.op.OPS`. Rules are written in plain NumPy
and import nothing of the Tensor.
"""

from micrograd_np.ops import activations as activations
from micrograd_np.ops import constant as constant
from micrograd_np.ops import elementwise as elementwise
from micrograd_np.ops import indexing as indexing
from micrograd_np.ops import linalg as linalg
from micrograd_np.ops import reduction as reduction
from micrograd_np.ops import shaping as shaping
