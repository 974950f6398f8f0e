"""Matrices of derivatives: `jacobian`, `hessian`, and the Hessian-vector product `hvp`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from micrograd_np import tree
from micrograd_np.tensor import Tensor
from micrograd_np.transforms import Argnums, Function, at, grad, jvp, vjp
from micrograd_np.tree import Tree


def jacobian(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns all derivatives of the outputs of `f` in its argument.

    For an array of shape `n` and a result of shape `m` the Jacobian has shape `m + n`, entry
    `[i, j]` being the derivative of `out[i]` in `x[j]`. For trees: a tree like the output, whose
    leaves are trees like the argument (a tuple of those for several `argnums`). Computed one row
    (entry of the output) at a time, in reverse mode.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0])).numpy()
    array([[2., 0.],
           [0., 6.]])
    """

    def transformed(*args: Any, **keywords: Any) -> Tree:
        function, chosen = at(f, argnums, args, keywords)
        out, pullback = vjp(function, *chosen)
        blocks = []
        for place, leaf in enumerate(tree.leaves(out)):
            rows = [pullback(cotangent) for cotangent in _one_hots(out, place, leaf)]
            block = _stacked(rows, leaf.shape, chosen)
            blocks.append(block[0] if isinstance(argnums, int) else block)
        return tree.replace(out, blocks)

    return transformed


def _one_hots(out: Tree, place: int, leaf: Tensor) -> Any:
    """Cotangents like `out`, zero but for one entry of the leaf at `place`."""
    zeros = [np.zeros(x.shape, x.dtype) for x in tree.leaves(out)]
    for entry in range(leaf.size):
        zeros[place].flat[entry] = 1
        yield tree.replace(out, zeros)
        zeros[place].flat[entry] = 0


def _stacked(rows: list[Tree], shape: tuple[int, ...], like: Tree) -> Tree:
    """Rows of trees as one tree of Jacobians with the output's shape in front."""
    if not rows:
        return tree.map(lambda x: Tensor(np.zeros(shape + np.shape(x), np.asarray(x).dtype)), like)
    return tree.map(lambda *parts: np.reshape(np.stack(parts), shape + parts[0].shape), *rows)


def hessian(f: Function, argnums: Argnums = 0) -> Function:
    """A function that returns all second derivatives of a scalar `f`: `jacobian(grad(f))`.

    For an array of shape `n` it has shape `n + n`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0])).numpy()
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Tree], tangents: Sequence[Tree]) -> Tree:
    """The Hessian of a scalar `f` at `primals` times `tangents`, without forming the Hessian.

    `primals` and `tangents` hold one tree per argument of `f`; the result is a tuple like them, or
    the single tree when there is one argument. Forward over reverse: it costs a few gradients.
    Source: B. Pearlmutter, Fast exact multiplication by the Hessian, 1994.

    >>> hvp(lambda x: np.sum(x**3), [np.array([1.0, 2.0])], [np.array([1.0, 0.0])]).numpy()
    array([6., 0.])
    """
    gradient = grad(f, tuple(range(len(primals))))
    _, product = jvp(gradient, primals, tangents)
    return product[0] if len(primals) == 1 else product
