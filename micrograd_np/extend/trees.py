"""Trees in calls of users' ops: the leaves are the inputs and the results of the op.

A `Layout` says where the leaves of one call belong. It is an option of the op, so the op's rules
see flat lists; `on_trees` makes such a rule of one that sees trees. A layout holds no arrays.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Interpreted, Rule
from micrograd_np.core.tree import Tree
from micrograd_np.errors import RuleError
from micrograd_np.extend.checks import parts_of
from micrograd_np.extend.transposition import is_number

ARRAYS = (Node, Interpreted, np.ndarray, np.generic)


class Place:
    """The mark of a leaf in the structure of a tree."""

    def __repr__(self) -> str:
        return "*"


PLACE = Place()


class Layout:
    """The structures of the arguments of one call, and of its value as soon as there is one."""

    __slots__ = ("arguments", "count", "name", "names", "value")

    def __init__(self, name: str, names: Sequence[str], arguments: Sequence[Tree]) -> None:
        self.name = name
        self.names = [names[i] if i < len(names) else f"input {i}" for i in range(len(arguments))]
        self.arguments = [structure(x) for x in arguments]
        self.count = [len(tree.leaves(x)) for x in self.arguments]
        self.value: Tree = None

    def leaves_of(self, arguments: Sequence[Tree]) -> list[Any]:
        """The leaves of the arguments. Raises RuleError for a leaf that is no array."""
        for name, argument in zip(self.names, arguments, strict=True):
            for path, leaf in tree.paths(argument, name):
                if not (isinstance(leaf, ARRAYS) or is_number(leaf) or is_foreign(leaf)):
                    raise RuleError(
                        f"`{self.name}` was given {leaf!r:.60} of type {type(leaf).__name__} as "
                        f"{path!r}, where an array or a tree of arrays was expected. Name a "
                        f"parameter that is not differentiated in: "
                        f"mg.primitive(..., nondiff={path.partition('.')[0]!r})."
                    )
        return list(chain.from_iterable(map(tree.leaves, arguments)))

    def trees_of(self, leaves: Sequence[Any]) -> list[Tree]:
        """Trees like the arguments."""
        supply = iter(leaves)
        return [tree.fill(like, supply) for like in self.arguments]

    def labels(self) -> list[str]:
        """The path of each leaf of the arguments, which starts with the parameter's name."""
        pairs = zip(self.names, self.arguments, strict=True)
        return [path for name, like in pairs for path, _ in tree.paths(like, name)]

    def place_of(self, leaf: int) -> tuple[int, int]:
        """The argument that a leaf belongs to, and which of the argument's leaves it is."""
        argument = 0
        while leaf >= self.count[argument]:
            leaf -= self.count[argument]
            argument += 1
        return argument, leaf

    # ------------------------------------------------------------ the value

    def flattened(self, value: Tree) -> Any:
        """The value of the op: a single leaf, or a tuple of leaves; its structure is kept.

        Raises RuleError for a value without leaves, or of another structure than before.
        """
        found = structure(value)
        leaves = tree.leaves(value)
        if not leaves:
            raise RuleError(
                f"`{self.name}` returned {value!r:.60} of type {type(value).__name__}, where an "
                f"array or a tree of arrays was expected."
            )
        if self.value is not None and repr(found) != repr(self.value):
            raise RuleError(
                f"`{self.name}` returned trees of different structure for inputs of one shape: "
                f"{self.value!r:.80} and {found!r:.80}."
            )
        self.value = found
        return leaves[0] if found is PLACE else tuple(leaves)

    def tree_of(self, out: Any) -> Tree:
        """The tree of what `flattened` returned, or of cotangents like that."""
        if self.value is None or self.value is PLACE:
            return out
        return tree.fill(self.value, iter(out))

    def seen(self, g: Any, out: Any, inputs: Sequence[Any]) -> list[Tree]:
        """The arguments of a rule: a cotangent and the value as trees, and those of the call."""
        value = out if self.value is PLACE else self.tree_of(parts_of(out))
        return [g if g is None else self.tree_of(g), value, *self.trees_of(inputs)]

    # ------------------------------------------------------------ what rules return

    def cotangents(self, found: Any) -> list[Any]:
        """The cotangents of all leaves that a vjp returned for all arguments together."""
        several = found if isinstance(found, tuple) else (found,)
        if len(self.arguments) == 1 and fits(self.arguments[0], found):
            several = (found,)
        if len(several) != len(self.arguments):
            inputs = f"{len(self.arguments)} inputs ({', '.join(self.names)})"
            raise RuleError.wrong_count(self.name, "vjp", len(several), inputs)
        return list(chain.from_iterable(map(self.cotangents_in, range(len(several)), several)))

    def cotangents_in(self, index: int, found: Any) -> list[Any]:
        """The cotangents of the leaves of one argument."""
        what = f"the vjp of `{self.name}` returned for {self.names[index]!r}"
        return matched(what, self.arguments[index], found)

    def tangents(self, found: Any) -> Any:
        """The tangents of the results that a jvp returned."""
        what = f"the jvp of `{self.name}` returned for the value"
        flat = matched(what, self.value, found)
        return flat[0] if self.value is PLACE else tuple(flat)


Given = Layout | None


def structure(given: Tree) -> Tree:
    """A tree like the given one without its leaves."""
    return tree.map(lambda _: PLACE, given)


def fits(like: Tree, found: Tree) -> bool:
    """Whether a rule's result has a structure, but for None in place of a zero subtree."""
    branch = tree.children(like)
    if found is None or branch is None:
        return not isinstance(found, tuple)
    other = tree.children(found)
    if other is None or other.keys() != branch.keys():
        return False
    return all(fits(branch[name], other[name]) for name in branch)


def matched(what: str, like: Tree, found: Tree, path: str = "") -> list[Any]:
    """The leaves of a rule's result, of the structure `like`; None where a whole subtree is None.

    Raises RuleError where the structures differ.
    """
    if found is None:
        return [None] * len(tree.leaves(like))
    branch = tree.children(like)
    if branch is None:
        return [found]
    other = tree.children(found)
    if other is None or other.keys() != branch.keys():
        given = f"a branch with {list(other)}" if other is not None else type(found).__name__
        raise RuleError(
            f"{what} {given}{f' at {path!r}' if path else ''}, where a branch with {list(branch)} "
            f"was expected. Return a tree of the same structure, with None for what is zero."
        )
    below = (matched(what, branch[x], other[x], f"{path}.{x}".lstrip(".")) for x in branch)
    return list(chain.from_iterable(below))


# ---------------------------------------------------------------- rules


def vjp_on_leaves(rule: Rule) -> Rule:
    """A vjp for all leaves of a call, made of one that sees trees."""

    def flat(g: Any, out: Any, *inputs: Any, layout_: Given = None, **options: Any) -> Any:
        if layout_ is None:
            return rule(g, out, *inputs, **options)
        return layout_.cotangents(rule(*layout_.seen(g, out, inputs), **options))

    return flat


def vjp_of_argument(rule: Rule, index: int) -> Rule:
    """A vjp for all leaves of one argument, made of one that sees trees."""

    def flat(g: Any, out: Any, *inputs: Any, layout_: Given = None, **options: Any) -> Any:
        if layout_ is None:
            return [rule(g, out, *inputs, **options)]
        found = rule(*layout_.seen(g, out, inputs), **options)
        return layout_.cotangents_in(index, found)

    return flat


def jvp_on_leaves(rule: Rule) -> Rule:
    """A jvp of the leaves of a call, made of one that sees trees."""

    def flat(tangents: Any, out: Any, *inputs: Any, layout_: Given = None, **options: Any) -> Any:
        if layout_ is None:
            return rule(tangents, out, *inputs, **options)
        _, *seen = layout_.seen(None, out, inputs)
        return layout_.tangents(rule(layout_.trees_of(tangents), *seen, **options))

    return flat
