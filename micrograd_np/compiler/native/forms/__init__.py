"""The native forms of NumPy's functions, by families."""

from micrograd_np.compiler.native.forms import elementwise as elementwise
from micrograd_np.compiler.native.forms import moving as moving
from micrograd_np.compiler.native.forms import products as products
from micrograd_np.compiler.native.forms import reductions as reductions
from micrograd_np.compiler.native.forms.table import lowered as lowered
