"""Functions of this package that dispatch as NumPy's do: on a Tensor they are recorded."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

from micrograd_np.core.graph import Node
from micrograd_np.core.op import OPS, Interpreted
from micrograd_np.core.record import PLAIN, apply, interpreted_in, record
from micrograd_np.errors import UnregisteredFunctionError

if TYPE_CHECKING:
    from micrograd_np.core.typed import Dispatched, Unary

First = TypeVar("First")
Given = ParamSpec("Given")
Result = TypeVar("Result")
DISPATCHED = (Node, Interpreted)


@overload
def dispatching(
    raw: Callable[Concatenate[First, Given], Result],
) -> "Dispatched[Given, First, Result]": ...
@overload
def dispatching(raw: Callable[Given, Result]) -> Callable[Given, Result]: ...
def dispatching(raw: Callable[..., Any]) -> Callable[..., Any]:
    """Make `raw`, a function of arrays, one that Tensors record as a single op under its name.

    The function returned is the one to declare an op on. Declare the op with one of
    `micrograd_np.core.forms` before the first use of the function on a Tensor, or that use raises
    UnregisteredFunctionError.

    >>> from micrograd_np import Tensor
    >>> from micrograd_np.core.forms import elementwise
    >>> from micrograd_np.core.op import OPS
    >>> @dispatching
    ... def cube(x):
    ...     return x * x * x
    >>> op = elementwise(cube, lambda out, x: 3 * x**2)
    >>> w = Tensor(2.0, requires_grad=True)
    >>> cube(w).backward()
    >>> w.grad
    array(12.)
    >>> del OPS[cube]  # an op stays declared until it is taken out
    """

    @wraps(raw)
    def function(*args: Any, **options: Any) -> Any:
        for x in (*args, *options.values()) if options else args:
            if isinstance(x, DISPATCHED) or (type(x) is tuple and interpreted_in(x) is not None):
                if function not in OPS:
                    raise UnregisteredFunctionError.of(function)
                return apply(OPS[function], args, options)
        return raw(*args, **options)

    return function


def viewing(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of an array, which may return the array itself; then a view of it.

    Two Tensors never hold one array: a view is copied where no gradient is wanted.
    """

    def call(x: Any, **options: Any) -> Any:
        out = function(x, **options)
        return out[...] if out is x else out

    return call


def dispatching_unary(raw: Callable[[Any], Any]) -> "Unary":
    """`dispatching` for a function of one array, at half the cost."""

    @wraps(raw)
    def function(x: Any) -> Any:
        if type(x) in PLAIN or not isinstance(x, DISPATCHED):
            return raw(x)
        return record(OPS[function], (x,))

    return function
