"""The operations: tables of derivatives, functions in terms of others, and the numerics of both.

Importing this package fills the registries of `micrograd_np.core.op`. `derivatives` has the tables,
one row an op, in plain NumPy; `composed` the functions of NumPy that are written in terms of
others; `kernels` numerics without a registry.
"""

import numpy as np

from micrograd_np.core.op import OPS, WAITING
from micrograd_np.ops.composed import blocks as blocks
from micrograd_np.ops.composed import calculus as calculus
from micrograd_np.ops.composed import creation as creation
from micrograd_np.ops.composed import emath as emath
from micrograd_np.ops.composed import higher_order as higher_order
from micrograd_np.ops.composed import nan as nan
from micrograd_np.ops.composed import padding as padding
from micrograd_np.ops.composed import polynomials as polynomials
from micrograd_np.ops.composed import quantiles as quantiles
from micrograd_np.ops.composed import selection as selection
from micrograd_np.ops.composed import sets as sets
from micrograd_np.ops.composed import shapes as shapes
from micrograd_np.ops.composed import statistics as statistics
from micrograd_np.ops.composed import ufunc_methods as ufunc_methods
from micrograd_np.ops.composed import ufunc_results as ufunc_results
from micrograd_np.ops.composed import vector_products as vector_products
from micrograd_np.ops.derivatives import accumulation as accumulation
from micrograd_np.ops.derivatives import activations as activations
from micrograd_np.ops.derivatives import complex_numbers as complex_numbers
from micrograd_np.ops.derivatives import constants as constants
from micrograd_np.ops.derivatives import convolution as convolution
from micrograd_np.ops.derivatives import elementwise as elementwise
from micrograd_np.ops.derivatives import fft as fft
from micrograd_np.ops.derivatives import indexing as indexing
from micrograd_np.ops.derivatives import joining as joining
from micrograd_np.ops.derivatives import pooling as pooling
from micrograd_np.ops.derivatives import reductions as reductions
from micrograd_np.ops.derivatives import shaping as shaping
from micrograd_np.ops.derivatives import signal as signal
from micrograd_np.ops.derivatives import sinc as sinc
from micrograd_np.ops.derivatives import sorting as sorting
from micrograd_np.ops.derivatives.linalg import decompositions as decompositions
from micrograd_np.ops.derivatives.linalg import determinants as determinants
from micrograd_np.ops.derivatives.linalg import matrix_functions as matrix_functions
from micrograd_np.ops.derivatives.linalg import norms as norms
from micrograd_np.ops.derivatives.linalg import products as products
from micrograd_np.ops.derivatives.linalg import singular_values as singular_values
from micrograd_np.ops.derivatives.linalg import solving as solving
from micrograd_np.ops.derivatives.linalg import triangular as triangular

if hasattr(np, "fix"):  # NumPy 2.5 deprecates it: `trunc` gives its values in every version
    OPS[np.fix] = OPS[np.trunc]

WAITING["scipy.special"] = "micrograd_np.ops.derivatives.special"
