"""micrograd_np: the NumPy in which every expression has a derivative.

A `Tensor` is an array that remembers how it was made. Write a model as an ordinary NumPy expression
of Tensors, then ask for its gradients (`backward`, `grad`), its picture (`draw`), its numerical
check (`gradcheck`), or train it (`fit`).

>>> import numpy as np
>>> import micrograd_np as mg
>>> w = mg.Tensor([1.0, 2.0], requires_grad=True)
>>> np.sum(np.exp(-w) * w).backward()
>>> w.grad.round(3)
array([ 0.   , -0.135])

The package loads Tensors and the derivatives of NumPy's functions. Every other module is loaded
when a program first asks for one of the module's names.
"""

from typing import TYPE_CHECKING

from micrograd_np import errors as errors
from micrograd_np import ops as ops
from micrograd_np.core import tree as tree
from micrograd_np.core.context import enable_grad as enable_grad
from micrograd_np.core.context import no_grad as no_grad
from micrograd_np.core.dispatch import dispatching as dispatching
from micrograd_np.core.tensor import Tensor as Tensor
from micrograd_np.core.tensor import stop_gradient as stop_gradient
from micrograd_np.core.tensor import tensor as tensor
from micrograd_np.coverage import numpy_functions as _  # noqa: F401 - it tells the core what to say
from micrograd_np.errors import GradientCutWarning as GradientCutWarning
from micrograd_np.ops.derivatives.accumulation import index_add as index_add
from micrograd_np.ops.derivatives.accumulation import index_max as index_max
from micrograd_np.ops.derivatives.accumulation import index_min as index_min
from micrograd_np.ops.derivatives.accumulation import index_multiply as index_multiply
from micrograd_np.ops.derivatives.activations import log_softmax as log_softmax
from micrograd_np.ops.derivatives.activations import logsigmoid as logsigmoid
from micrograd_np.ops.derivatives.activations import logsumexp as logsumexp
from micrograd_np.ops.derivatives.activations import relu as relu
from micrograd_np.ops.derivatives.activations import sigmoid as sigmoid
from micrograd_np.ops.derivatives.activations import softmax as softmax
from micrograd_np.ops.derivatives.activations import softplus as softplus
from micrograd_np.ops.derivatives.indexing import fill_diagonal as fill_diagonal
from micrograd_np.ops.derivatives.indexing import index_update as index_update

__version__ = "0.1.0"

if TYPE_CHECKING:  # what type checkers and editors read; a test holds it against the tables below
    from micrograd_np import integrate as integrate
    from micrograd_np import linalg as linalg
    from micrograd_np import nn as nn
    from micrograd_np import optim as optim
    from micrograd_np import optimize as optimize
    from micrograd_np import signal as signal
    from micrograd_np import stats as stats
    from micrograd_np.array_api import fft as fft
    from micrograd_np.array_api.adapted import *  # noqa: F403  # the names are the Array API's
    from micrograd_np.array_api.creation import *  # noqa: F403  # the same
    from micrograd_np.array_api.data_types import *  # noqa: F403  # the same
    from micrograd_np.array_api.data_types import __array_api_version__ as __array_api_version__
    from micrograd_np.array_api.data_types import (
        __array_namespace_info__ as __array_namespace_info__,
    )
    from micrograd_np.array_api.functions import *  # noqa: F403  # the same
    from micrograd_np.checking import GradientReport as GradientReport
    from micrograd_np.checking import assert_gradcheck as assert_gradcheck
    from micrograd_np.checking import gradcheck as gradcheck
    from micrograd_np.compiler import compile as compile  # noqa: A004 - read as mg.compile
    from micrograd_np.extend.custom import primitive as primitive
    from micrograd_np.extend.custom import register as register
    from micrograd_np.interpreters.anomaly import detect_anomaly as detect_anomaly
    from micrograd_np.nonsmooth import conventions as conventions
    from micrograd_np.scipy_bridge import curve_jacobian as curve_jacobian
    from micrograd_np.scipy_bridge import scipy_objective as scipy_objective
    from micrograd_np.scipy_bridge import scipy_residuals as scipy_residuals
    from micrograd_np.train import History as History
    from micrograd_np.train import fit as fit
    from micrograd_np.transforms.checkpoint import checkpoint as checkpoint
    from micrograd_np.transforms.grad import grad as grad
    from micrograd_np.transforms.grad import jvp as jvp
    from micrograd_np.transforms.grad import linearize as linearize
    from micrograd_np.transforms.grad import value_and_grad as value_and_grad
    from micrograd_np.transforms.grad import vjp as vjp
    from micrograd_np.transforms.jacobians import elementwise_grad as elementwise_grad
    from micrograd_np.transforms.jacobians import hessian as hessian
    from micrograd_np.transforms.jacobians import hvp as hvp
    from micrograd_np.transforms.jacobians import jacobian as jacobian
    from micrograd_np.transforms.vmap import vmap as vmap
    from micrograd_np.viz import Picture as Picture
    from micrograd_np.viz import draw as draw
else:  # type checkers must not see `__getattr__`, or every misspelled name would have a type
    from micrograd_np import public_names

    def __getattr__(name: str) -> object:
        value = public_names.starred() if name == "__all__" else public_names.load(name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        hidden = [name for name in globals() if name.startswith("__")]
        return sorted({*hidden, *public_names.listed()})


del TYPE_CHECKING  # it is no name of the package
