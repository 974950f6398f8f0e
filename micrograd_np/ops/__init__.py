"""The tables: every operation with its derivative, one module a family.

Importing this package fills the registries of `micrograd_np.op`. Rules are written in plain NumPy
and import nothing of the Tensor.
"""

from micrograd_np.ops import accumulation as accumulation
from micrograd_np.ops import activations as activations
from micrograd_np.ops import bessel as bessel
from micrograd_np.ops import calculus as calculus
from micrograd_np.ops import calling as calling
from micrograd_np.ops import choosing as choosing
from micrograd_np.ops import complex_numbers as complex_numbers
from micrograd_np.ops import constant as constant
from micrograd_np.ops import creation as creation
from micrograd_np.ops import decompositions as decompositions
from micrograd_np.ops import determinants as determinants
from micrograd_np.ops import elementwise as elementwise
from micrograd_np.ops import extended_domain as extended_domain
from micrograd_np.ops import fft as fft
from micrograd_np.ops import indexing as indexing
from micrograd_np.ops import joining as joining
from micrograd_np.ops import linalg as linalg
from micrograd_np.ops import missing as missing
from micrograd_np.ops import norms as norms
from micrograd_np.ops import ordering as ordering
from micrograd_np.ops import padding as padding
from micrograd_np.ops import polynomials as polynomials
from micrograd_np.ops import products as products
from micrograd_np.ops import quantiles as quantiles
from micrograd_np.ops import reduction as reduction
from micrograd_np.ops import shaping as shaping
from micrograd_np.ops import signal as signal
from micrograd_np.ops import singular_values as singular_values
from micrograd_np.ops import solving as solving
from micrograd_np.ops import statistics as statistics
