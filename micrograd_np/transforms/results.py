"""Results of transforms: Tensors if an argument holds a Tensor, otherwise arrays.

A call of a transform returns arrays if no argument holds a Tensor and no result carries a history;
otherwise all its results are Tensors. Results that are no Tensors are those that NumPy would
return: a scalar of NumPy, or an array that nobody else holds. An array of another library stays
one, and an interpreted value of `vmap` or `compile` does too.
"""

from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Interpreted
from micrograd_np.core.record import untracked, value_of
from micrograd_np.core.safety.copying import copied
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import owned

NUMBERS = (float, int, complex, np.generic)


class Found(NamedTuple):
    """A leaf of a result before it is handed out.

    `value`: a Tensor, an array, or an interpreted value. `single`: whether a result that is no
    Tensor is a single number, not an array. `name`: of the Tensor. `owned`: whether nobody else
    holds the array. `outside`: whether the leaf is an object from outside of the function, which is
    handed back as it is.
    """

    value: Any
    single: bool = False
    name: str | None = None
    owned: bool = False
    outside: bool = False

    def as_tensor(self) -> Any:
        """The result as a Tensor."""
        if self.outside or (isinstance(self.value, Node) and self.value.tracked):
            return self.value
        value = value_of(self.value) if self.owned else owned(self.value)
        out = untracked(value[()] if self.single and type(value) is np.ndarray else value)
        if self.name and isinstance(out, Node):
            out.name = self.name
        return out

    def as_array(self) -> Any:
        """The result as an array or a single number."""
        if self.outside:
            return self.value
        value = self.value if type(self.value) is np.ndarray else value_of(self.value)
        if type(value) is np.ndarray:
            return value[()] if self.single else value if self.owned else copied(value)
        if isinstance(value, Interpreted):
            return value.plain(self.single)
        if is_foreign(value):
            return value.copy() if hasattr(value, "copy") else value
        return value[()] if self.single else np.array(value)


class Result(NamedTuple):
    """A tree to be handed out: the leaves, and a tree that shows where the leaves belong."""

    like: Tree
    leaves: list[Found]


def hand_out(tensors: bool, *results: Result) -> tuple[Tree, ...]:
    """The trees of results. `tensors`: whether the arguments hold a Tensor."""
    for result in results:
        for leaf in result.leaves:
            if isinstance(leaf.value, Node) and leaf.value.tracked:
                tensors = True
    hand = Found.as_tensor if tensors else Found.as_array
    return tuple([tree.fill(like, map(hand, leaves)) for like, leaves in results])


def is_single(x: Any) -> bool:
    """Whether `x` is a single number that is no array, or an interpreted value for one."""
    return x.single if isinstance(x, Interpreted) else isinstance(x, NUMBERS)


def holds_tensor(*given: Any) -> bool:
    """Whether there is a Tensor, or an interpreted value for one, anywhere in these trees."""
    ahead, seen = list(given), set()
    while ahead:
        x = ahead.pop()
        if type(x) in tree.LEAVES or x is None:
            continue
        if isinstance(x, Node) or (isinstance(x, Interpreted) and x.tensor):
            return True
        below = x.values() if isinstance(x, dict) else tree.parts(x)  # with keys of any kind
        if below and id(x) not in seen:  # a container may hold itself
            seen.add(id(x))
            ahead.extend(below)
    return False
