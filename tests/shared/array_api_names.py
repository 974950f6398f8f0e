"""The names of the Python Array API standard, version 2024.12, by category."""

CONSTANTS = "e inf nan newaxis pi"
DTYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
"""
CREATION = """
    arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like
    tril triu zeros zeros_like
"""
DATA_TYPES = "astype can_cast finfo iinfo isdtype result_type"
ELEMENTWISE = """
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
    bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp
    expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal
    log log1p log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum
    multiply negative nextafter not_equal positive pow real reciprocal remainder round sign signbit
    sin sinh square sqrt subtract tan tanh trunc
"""
INDEXING = "take take_along_axis"
LINEAR_ALGEBRA = "matmul matrix_transpose tensordot vecdot"
MANIPULATION = """
    broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll
    squeeze stack tile unstack
"""
SEARCHING = "argmax argmin count_nonzero nonzero searchsorted where"
SETS = "unique_all unique_counts unique_inverse unique_values"
SORTING = "argsort sort"
STATISTICS = "cumulative_prod cumulative_sum max mean min prod std sum var"
UTILITIES = "all any diff"
INSPECTION = "__array_api_version__ __array_namespace_info__"

LINALG = """
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank
    matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
"""
FFT = """
    fft fftfreq fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftfreq rfftn
"""

FUNCTIONS = f"""
    {CREATION} {DATA_TYPES} {ELEMENTWISE} {INDEXING} {LINEAR_ALGEBRA} {MANIPULATION} {SEARCHING}
    {SETS} {SORTING} {STATISTICS} {UTILITIES}
""".split()
VALUES = f"{CONSTANTS} {DTYPES}".split()
NAMES = [*FUNCTIONS, *VALUES, *INSPECTION.split()]

# The array object: what it must have, besides the operators.
ATTRIBUTES = "dtype device mT ndim shape size T"
OPERATORS = """
    abs add and eq floordiv ge gt invert le lshift lt matmul mod mul ne neg or pos pow rshift sub
    truediv xor
"""
IN_PLACE = "add sub mul truediv floordiv pow matmul mod and or xor lshift rshift"
METHODS = """
    __array_namespace__ __bool__ __complex__ __dlpack__ __dlpack_device__ __float__ __getitem__
    __index__ __int__ __setitem__ to_device
"""

EXTENSIONS = [*(f"linalg.{name}" for name in LINALG.split()), *(f"fft.{n}" for n in FFT.split())]
SHARED = {"can_cast", "isdtype", "result_type"}  # NumPy's own functions, as they are
