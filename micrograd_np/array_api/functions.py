"""The functions of the standard that NumPy has, by kind.

This module holds only names of the standard, because the package exports all names in it.
"""

from micrograd_np.array_api.wrapping import of_numpy as _of_numpy
from micrograd_np.array_api.wrapping import several_of_numpy as _several_of_numpy

# ---------------------------------------------------------------- elementwise

add, subtract, multiply, divide = _of_numpy("add subtract multiply divide")
floor_divide, remainder, pow = _of_numpy("floor_divide remainder pow")
abs, negative, positive, reciprocal = _of_numpy("abs negative positive reciprocal")
square, sqrt, hypot = _of_numpy("square sqrt hypot")
exp, expm1, log, log1p = _of_numpy("exp expm1 log log1p")
log2, log10, logaddexp = _of_numpy("log2 log10 logaddexp")
sin, cos, tan = _of_numpy("sin cos tan")
asin, acos, atan, atan2 = _of_numpy("asin acos atan atan2")
sinh, cosh, tanh = _of_numpy("sinh cosh tanh")
asinh, acosh, atanh = _of_numpy("asinh acosh atanh")
real, imag, conj = _of_numpy("real imag conj")
ceil, floor, round, trunc = _of_numpy("ceil floor round trunc")
sign, signbit, copysign, nextafter = _of_numpy("sign signbit copysign nextafter")
maximum, minimum = _of_numpy("maximum minimum")
equal, not_equal = _of_numpy("equal not_equal")
greater, greater_equal, less, less_equal = _of_numpy("greater greater_equal less less_equal")
isfinite, isinf, isnan = _of_numpy("isfinite isinf isnan")
logical_and, logical_or = _of_numpy("logical_and logical_or")
logical_xor, logical_not = _of_numpy("logical_xor logical_not")
bitwise_and, bitwise_or = _of_numpy("bitwise_and bitwise_or")
bitwise_xor, bitwise_invert = _of_numpy("bitwise_xor bitwise_invert")
bitwise_left_shift, bitwise_right_shift = _of_numpy("bitwise_left_shift bitwise_right_shift")

# ---------------------------------------------------------------- joining, moving, cutting

broadcast_arrays, unstack = _several_of_numpy("broadcast_arrays unstack")
concat, stack, broadcast_to = _of_numpy("concat stack broadcast_to")
expand_dims, squeeze, reshape = _of_numpy("expand_dims squeeze reshape")
flip, roll, repeat, tile = _of_numpy("flip roll repeat tile")
moveaxis, permute_dims = _of_numpy("moveaxis permute_dims")
tril, triu = _of_numpy("tril triu")

# ---------------------------------------------------------------- sums and statistics

sum, prod, diff = _of_numpy("sum prod diff")
cumulative_sum, cumulative_prod = _of_numpy("cumulative_sum cumulative_prod")
mean, std, var = _of_numpy("mean std var")
max, min, all, any = _of_numpy("max min all any")

# ---------------------------------------------------------------- searching and indexing

argmax, argmin, searchsorted = _of_numpy("argmax argmin searchsorted")
take, take_along_axis, count_nonzero = _of_numpy("take take_along_axis count_nonzero")
nonzero, unique_all = _several_of_numpy("nonzero unique_all")
unique_counts, unique_inverse = _several_of_numpy("unique_counts unique_inverse")
(unique_values,) = _of_numpy("unique_values")

# ---------------------------------------------------------------- products of matrices

matmul, matrix_transpose = _of_numpy("matmul matrix_transpose")
tensordot, vecdot = _of_numpy("tensordot vecdot")
