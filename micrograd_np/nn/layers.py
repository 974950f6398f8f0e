"""Layers: the linear layer, the activations, and the sequence of layers.

The last axis of an input holds the features. Axes before it, none or any number, are examples.
"""

import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, overload

import numpy as np

from micrograd_np.core.op import Array
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import ShapeError, listed
from micrograd_np.nn.initializers import glorot_uniform
from micrograd_np.nn.module import Module
from micrograd_np.nn.state import described
from micrograd_np.ops.derivatives import activations

Layer = Callable[[Any], Any]


class Linear(Module):
    """`x @ weight + bias`: a weighted sum of the features for each output.

    `weight` has shape (in_features, out_features) and starts as `glorot_uniform` drawn from `rng`;
    `bias` has shape (out_features,) and starts at zero, or is None with `bias=False`.

    Raises ValueError if a number of features is not a positive integer. Raises TypeError if `rng`
    is neither a Generator nor None, or if `dtype` is not a real floating-point one. A call raises
    ShapeError if the last axis of `x` does not hold `in_features` numbers.

    >>> layer = Linear(2, 3, rng=np.random.default_rng(0))
    >>> layer
    Linear(weight=(2, 3), bias=(3,))
    >>> layer(np.ones((4, 2))).shape
    (4, 3)
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: "np.random.Generator | None" = None,
        dtype: Any = np.float64,
    ) -> None:
        shape = _sizes(in_features=in_features, out_features=out_features)
        weight = glorot_uniform(shape, rng, dtype)
        self.weight = Tensor(weight, requires_grad=True, name="weight")
        zeros = np.zeros(shape[1])
        self.bias = Tensor(zeros, requires_grad=True, dtype=dtype, name="bias") if bias else None

    def forward(self, x: Array) -> Tensor:
        """`x @ weight + bias`."""
        try:
            out: Tensor = x @ self.weight
        except ValueError as error:
            given = x.shape if isinstance(x, Tensor) else np.shape(x)
            features = self.weight.shape[0]
            if given and given[-1] == features:
                raise
            raise ShapeError(
                f"Linear with weight {described(self.weight)} takes {features} features on the "
                f"last axis, but was given an input of shape {given}. Choose in_features, or bring "
                f"the features to the last axis."
            ) from error
        return out if self.bias is None else out + self.bias


def _sizes(**given: Any) -> tuple[int, int]:
    """The sizes as integers. Raises ValueError naming all that are not positive integers."""
    wrong = [
        f"{name}={size!r}"
        for name, size in given.items()
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1
    ]
    if wrong:
        raise ValueError(f"a number of features is a positive integer, not: {', '.join(wrong)}")
    first, second = map(operator.index, given.values())
    return first, second


class Sequential(Module):
    """Layers applied one after the other.

    A layer is a module or any function of one array, such as `np.tanh`. Parameters are named by
    the layer's number, `0.weight`. `model[i]` is layer `i`, `model[a:b]` a `Sequential` of those
    layers themselves (not copies), and `len` and iteration work.

    Raises TypeError naming all layers that cannot be called.

    >>> Sequential(Linear(2, 3), Sigmoid(), Linear(3, 1), Sigmoid())
    Sequential(
        0: Linear(weight=(2, 3), bias=(3,))
        1: Sigmoid()
        2: Linear(weight=(3, 1), bias=(1,))
        3: Sigmoid()
    )
    """

    def __init__(self, *layers: Any) -> None:
        wrong = [
            f"layer {i}: {layer!r:.80}"
            for i, layer in enumerate(layers)
            if not callable(layer) or isinstance(layer, type)
        ]
        if wrong:
            raise TypeError(
                f"a layer is a module or a function of one array; these are neither (a class needs "
                f"to be called, `Sigmoid()`; a list to be unpacked, `*layers`):{listed(wrong)}"
            )
        vars(self).update({str(i): layer for i, layer in enumerate(layers)})
        self.name_parameters()

    def forward(self, x: Array) -> Tensor:
        """Layer after layer."""
        for layer in self._layers():
            x = layer(x)
        out: Tensor = x  # an array, where no layer has parameters and `x` is an array
        return out

    def _layers(self) -> list[Layer]:
        return [layer for name, layer in vars(self).items() if name.isdecimal()]

    def __len__(self) -> int:
        return len(self._layers())

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> "Sequential": ...
    def __getitem__(self, index: int | slice) -> Any:
        chosen = self._layers()[index]
        return Sequential(*chosen) if isinstance(chosen, list) else chosen


# ---------------------------------------------------------------- activations


class _Function(Module):
    """A layer that is one function of its input, which the class names at its head."""

    function: ClassVar[Any]

    def __init_subclass__(cls, function: Any = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)  # a class beside this one may have its own
        if function is not None:
            cls.function = staticmethod(function)

    def forward(self, x: Array) -> Array:
        """The function at `x`."""
        return type(self).function(x)


class Sigmoid(_Function, function=activations.sigmoid):
    """`1 / (1 + exp(-x))`, elementwise: from 0 to 1."""


class Tanh(_Function, function=np.tanh):
    """`tanh(x)`, elementwise: from -1 to 1."""


class ReLU(_Function, function=activations.relu):
    """`max(x, 0)`, elementwise."""


class Softplus(_Function, function=activations.softplus):
    """`log(1 + exp(x))`, elementwise: a smooth `ReLU`."""


class LogSigmoid(_Function, function=activations.logsigmoid):
    """`log(sigmoid(x))`, elementwise, finite where the sigmoid underflows."""


class _AlongAxis(_Function):
    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        """The function of `x` along the axis."""
        return type(self).function(x, axis=self.axis)


class Softmax(_AlongAxis, function=activations.softmax):
    """`exp(x) / sum(exp(x))` along `axis`: positive weights that sum to 1."""


class LogSoftmax(_AlongAxis, function=activations.log_softmax):
    """`x - log(sum(exp(x)))` along `axis`: the logarithm of `Softmax`."""
