"""SciPy's special functions: `scipy.special` as it is, with derivatives.

Reading this package registers SciPy's own ufuncs, so that `from scipy.special import erf; erf(t)`
is recorded. `lazy` does so when a program that has imported `scipy.special` first needs it.

Derivatives are exact, in forms that keep their relative accuracy where they become tiny. They hold
to any order, as far as the functions they are made of have derivatives. The shapes of incomplete
gamma and beta functions have derivatives by quadrature. Some arguments have none, such as the order
of a Bessel function. A gradient in such an argument is refused with an error; gradients in the
others are not. Formulas are those of the NIST Digital Library of Mathematical Functions, cited as
DLMF and the chapter.
"""

from micrograd_np.ops.derivatives.special import bessel as bessel
from micrograd_np.ops.derivatives.special import distributions as distributions
from micrograd_np.ops.derivatives.special import elliptic as elliptic
from micrograd_np.ops.derivatives.special import error_functions as error_functions
from micrograd_np.ops.derivatives.special import exponential as exponential
from micrograd_np.ops.derivatives.special import gammas as gammas
from micrograd_np.ops.derivatives.special import hypergeometric as hypergeometric
from micrograd_np.ops.derivatives.special import incomplete as incomplete
