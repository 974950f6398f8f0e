"""The tables: every operation with its derivative, one module a family.

Importing this package fills the registries of `micrograd_np.op`. Rules are written in plain NumPy
and import nothing of the Tensor.
"""

from micrograd_np.ops import activations as activations
from micrograd_np.ops import complex_numbers as complex_numbers
from micrograd_np.ops import constant as constant
from micrograd_np.ops import decompositions as decompositions
from micrograd_np.ops import elementwise as elementwise
from micrograd_np.ops import fft as fft
from micrograd_np.ops import indexing as indexing
from micrograd_np.ops import joining as joining
from micrograd_np.ops import linalg as linalg
from micrograd_np.ops import ordering as ordering
from micrograd_np.ops import reduction as reduction
from micrograd_np.ops import shaping as shaping
from micrograd_np.ops import signal as signal
from micrograd_np.ops import statistics as statistics
