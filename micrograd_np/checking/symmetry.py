"""Inputs to be moved symmetrically: those that lead to ops which read one triangle of a matrix.

`np.linalg.cholesky`, `eigh` and others take their matrix to be Hermitian and read one triangle.
Their derivative is the one along Hermitian matrices, as their `Op` declares. A difference shows
this derivative only if the matrix stays Hermitian while the input moves. The recorded call says
whether the matrix does: the product of an anti-Hermitian cotangent and a Hermitian move is zero. So
the gradient that an anti-Hermitian cotangent of the matrix gives the input is

- zero, if every move of the input keeps the matrix Hermitian, as in `cholesky(B @ B.T)`: then
  entries are moved one at a time, as always;
- anti-Hermitian, if every Hermitian move of the input keeps the matrix Hermitian, as in
  `cholesky(A + 0.1 * np.eye(3))`: then every entry is moved together with its mirror image;
- anything else, if some do not, as in `cholesky(A * w)`: then nothing can be compared.

Cotangents are drawn at random, so each answer is right with probability 1.
"""

from typing import NamedTuple

import numpy as np

from micrograd_np.checking.vector_function import RecordedCall
from micrograd_np.core.graph import Node, descendants, history, pull
from micrograd_np.core.op import Array


class HermitianUse(NamedTuple):
    """The ops that read one input as Hermitian, and whether other ops read the input too.

    `mirrored`: whether the input is to be moved symmetrically; if not, nothing can be compared.
    """

    ops: tuple[str, ...]
    mirrored: bool
    others: bool

    def note(self, name: str) -> str:
        """The note in a report on the input of that name."""
        readers = " and ".join(f"`{op}`" for op in self.ops)
        if not self.mirrored:
            return (
                f"{readers} takes a Hermitian matrix and reads one triangle of it, but moving "
                f"input {name} makes the matrix another one than Hermitian, so differences do not "
                f"show its derivative. Give it (A + np.conj(A.T)) / 2 for the matrix A."
            )
        note = (
            f"input {name} was moved symmetrically, an entry together with its mirror image, as "
            f"{readers} reads one triangle: each number is the derivative along both."
        )
        if self.others:
            note += (
                f" Other operations read {name} too; of theirs only the derivative along symmetric "
                f"moves was checked. Check them apart from {readers} to see the rest."
            )
        return note


def hermitian_uses(call: RecordedCall, rng: "np.random.Generator") -> list[HermitianUse | None]:
    """The use of each differentiated array; None for an array whose entries move one at a time."""
    readers = [node for node in call.nodes if reads_hermitian(node)]
    elsewhere = [node for node in call.nodes if not reads_hermitian(node)]
    found: list[HermitianUse | None] = []
    for x in call.inputs:
        kinds = [(node.op.name, moves_of(x, node, rng)) for node in readers]
        ops = tuple(dict.fromkeys(name for name, kept in kinds if kept != "free"))
        mirrored = all(kept != "nothing" for _, kept in kinds)
        others = not descendants(elsewhere, [x]).isdisjoint(call.outputs)
        found.append(HermitianUse(ops, mirrored, others) if ops else None)
    return found


def reads_hermitian(node: Node) -> bool:
    """Whether the op of `node` takes its first input to be Hermitian, and reads one triangle."""
    declared = node.op.hermitian
    return bool(node.options.get(declared)) if isinstance(declared, str) else bool(declared)


def moves_of(x: Node, reader: Node, rng: "np.random.Generator") -> str:
    """Moves of `x` that keep the matrix of `reader` Hermitian: "free", "mirrored" or "nothing"."""
    matrix = reader.inputs[0]
    nodes, leaves = history([matrix])
    if x not in set(leaves):
        return "free"

    def gradient_of(cotangent: Array) -> Array:
        found = pull({matrix: cotangent}, [x], nodes=nodes)
        return np.asarray(found.get(x, np.zeros_like(x.value)))

    hermitian, skew = random_like(rng, matrix), random_like(rng, matrix)
    arriving = gradient_of(skew - adjoint(skew))
    largest = np.maximum(np.abs(arriving), np.abs(gradient_of(hermitian + adjoint(hermitian))))
    rounding = float(np.finfo(arriving.dtype).eps) ** 0.5 * np.max(largest, initial=0)
    if np.all(np.abs(arriving) <= rounding):
        return "free"
    square = arriving.ndim >= 2 and arriving.shape[-1] == arriving.shape[-2]
    if square and np.all(np.abs(arriving + adjoint(arriving)) <= rounding):
        return "mirrored"
    return "nothing"


def random_like(rng: "np.random.Generator", like: Node) -> Array:
    """Random numbers of the shape and dtype of a node."""
    shape, dtype = like.value.shape, like.value.dtype
    numbers = rng.standard_normal(shape)
    if dtype.kind == "c":
        numbers = numbers + 1j * rng.standard_normal(shape)
    return numbers.astype(dtype)


def adjoint(x: Array) -> Array:
    """The conjugate transpose of each matrix."""
    return np.conj(np.swapaxes(x, -1, -2))
