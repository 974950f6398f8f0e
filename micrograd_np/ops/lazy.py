"""Tables that wait for their library: read when something unknown meets a Tensor.

SciPy's special functions have derivatives here, but importing this package must not import SciPy.
Their table is therefore read at the first call of a function that no table knows, and only if the
program has imported the library by then: otherwise the function cannot be one of the library's.
"""

import sys
from importlib import import_module

# The library, by the name of the module that has the functions, and where their table is.
WAITING = {"scipy.special": "micrograd_np.ops.derivatives.special"}


def read_tables() -> bool:
    """Read the tables whose library has been imported by now; whether there were any."""
    ready = [library for library in tuple(WAITING) if library in sys.modules]
    for library in ready:
        if table := WAITING.get(library):  # unless another thread has just done so
            import_module(table)
            WAITING.pop(library, None)  # after the import: other threads wait for that
    return bool(ready)
