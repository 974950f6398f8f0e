"""What type checkers and editors read of functions that transforms return; nothing here is run.

A derivative is a tree like the argument it is taken in: Tensors for Tensors, arrays for arrays. A
single number of Python stands for one of NumPy, or, within `vmap`, for an array, so it is `Any`.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np

from micrograd_np.core.tensor import Tensor
from micrograd_np.core.typed import Plain
from micrograd_np.nn.module import Module

Tree: TypeAlias = np.ndarray[Any, Any] | dict[Any, Any] | list[Any] | tuple[Any, ...] | Module
Like = TypeVar("Like", bound=Tree)
Mapped = TypeVar("Mapped", bound=Callable[..., Any])
ReturnsNumber: TypeAlias = Callable[..., complex]
ReturnsTree: TypeAlias = Callable[..., dict[Any, Any] | list[Any] | tuple[Any, ...]]

class Gradient(Protocol):
    """`grad(f)`: like the first argument."""

    @overload
    def __call__(self, x: Like, /, *args: Any, **keywords: Any) -> Like: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **keywords: Any) -> Any: ...

class GradientAndAux(Protocol):
    """`grad(f, has_aux=True)`: the gradient, and what `f` returned beside its value."""

    @overload
    def __call__(self, x: Like, /, *args: Any, **keywords: Any) -> tuple[Like, Any]: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **keywords: Any) -> tuple[Any, Any]: ...

class ValueAndGradient(Protocol):
    """`value_and_grad(f)`."""

    @overload
    def __call__(self, x: Tensor, /, *args: Any, **keywords: Any) -> tuple[Tensor, Tensor]: ...
    @overload
    def __call__(self, x: Like, /, *args: Any, **keywords: Any) -> tuple[Any, Like]: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **keywords: Any) -> tuple[Any, Any]: ...

class ValueAuxAndGradient(Protocol):
    """`value_and_grad(f, has_aux=True)`: `((value, aux), gradient)`."""

    @overload
    def __call__(self, x: Like, /, *args: Any, **keywords: Any) -> tuple[tuple[Any, Any], Like]: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **keywords: Any) -> tuple[tuple[Any, Any], Any]: ...

class Matrix(Protocol):
    """`jacobian(f)` of one result, and `hessian(f)`: a matrix, or a tree of matrices."""

    @overload
    def __call__(self, x: Tensor, /, *args: Any, **keywords: Any) -> Tensor: ...
    @overload
    def __call__(self, x: np.ndarray[Any, Any], /, *args: Any, **keywords: Any) -> Plain: ...
    @overload
    def __call__(self, x: Any, /, *args: Any, **keywords: Any) -> Any: ...
