"""Trees: nested lists, tuples, dicts and modules whose leaves are arrays or Tensors.

A *tree* is anything; a list, tuple, dict or an object with `__tree__` is a *branch*, `None` is an
empty branch, all else is a *leaf*. An object joins by two methods: `__tree__()` returns its
children as a dict, `__tree_with__(children)` a copy of it with other children. A leaf's *path* is
dotted: `layers.0.weight`.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

Tree = Any
LEAVES = frozenset((float, int, np.ndarray, np.float64))  # the commonest, found at once


def children(tree: Tree) -> dict[str, Tree] | None:
    """The children of a branch by name; None for a leaf."""
    if type(tree) in LEAVES:
        return None
    if tree is None:
        return {}
    if isinstance(tree, dict):
        named = {str(key): child for key, child in tree.items()}
        if len(named) < len(tree):
            raise ValueError(
                f"keys that read the same, such as 1 and '1', cannot be told apart: {list(tree)}"
            )
        return named
    if isinstance(tree, list | tuple):
        names = getattr(tree, "_fields", None) or [str(i) for i in range(len(tree))]
        return dict(zip(names, tree, strict=True))
    return tree.__tree__() if hasattr(type(tree), "__tree__") else None


def parts(tree: Tree) -> Iterable[Tree] | None:
    """The children of a branch, in order; None for a leaf."""
    if type(tree) in LEAVES:
        return None
    if isinstance(tree, list | tuple):
        return tree
    branch = children(tree)
    return None if branch is None else branch.values()


def rebuild(tree: Tree, new: Iterable[Tree]) -> Tree:
    """A branch like `tree` with other children, in the same order.

    Containers of classes of their own keep their attributes. Their constructors, which may change
    what they are given, are not called, and neither are methods that they have put in place of
    Python's.
    """
    kind = type(tree)
    if kind is list or kind is tuple:
        return kind(new)
    if tree is None:
        return None
    if isinstance(tree, tuple):
        like = tuple.__new__(kind, new)
        if own := getattr(tree, "__dict__", None):
            like.__dict__.update(own)
        return like
    if isinstance(tree, dict):
        like = copy.copy(tree)  # a defaultdict with its factory
        for key, child in zip(tree, new, strict=True):
            dict.__setitem__(like, key, child)
        return like
    if isinstance(tree, list):
        like = copy.copy(tree)
        list.__setitem__(like, slice(None), new)
        return like
    return tree.__tree_with__(dict(zip(tree.__tree__(), new, strict=True)))


def paths(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its dotted path, in order."""
    branch = children(tree)
    if branch is None:
        yield prefix, tree
    else:
        for name, child in branch.items():
            yield from paths(child, f"{prefix}.{name}" if prefix else name)


def leaves(tree: Tree) -> list[Any]:
    """The leaves in order.

    >>> leaves({"weight": 1, "layers": [2, (3, None)]})
    [1, 2, 3]
    """
    below = parts(tree)
    return [tree] if below is None else [leaf for child in below for leaf in leaves(child)]


def map(function: Callable[..., Any], tree: Tree, *rest: Tree) -> Tree:
    """Apply `function` to corresponding leaves of trees of one structure.

    Raises ValueError naming the path where a tree of `rest` differs in structure.

    >>> map(lambda x, y: x + y, {"a": 1, "b": [2, 3]}, {"a": 10, "b": [20, 30]})
    {'a': 11, 'b': [22, 33]}
    """
    if rest:
        return _map(function, "", tree, *rest)
    below = parts(tree)
    return function(tree) if below is None else rebuild(tree, [map(function, x) for x in below])


def _map(function: Callable[..., Any], path: str, tree: Tree, *rest: Tree) -> Tree:
    branch = children(tree)
    others = [children(other) for other in rest]
    if branch is None:
        if any(other is not None for other in others):
            raise ValueError(
                f"the trees differ at '{path or '(root)'}': expected a leaf, found a branch. Give "
                f"a tree of the same structure."
            )
        return function(tree, *rest)
    for other, given in zip(others, rest, strict=True):
        if other is None or other.keys() != branch.keys():
            found = "a leaf" if other is None else f"a branch with {list(other)}"
            raise ValueError(
                f"the trees differ at '{path or '(root)'}': expected a branch with {list(branch)}, "
                f"found {found} ({type(given).__name__}). Give a tree of the same structure."
            )
    below = (
        _map(
            function,
            f"{path}.{name}" if path else name,
            child,
            *(o[name] for o in others if o is not None),
        )
        for name, child in branch.items()
    )
    return rebuild(tree, below)


def replace(tree: Tree, new_leaves: Iterable[Any]) -> Tree:
    """A tree like `tree` whose leaves are `new_leaves`, in order.

    >>> replace({"a": 1, "b": [2, 3]}, "xyz")
    {'a': 'x', 'b': ['y', 'z']}
    """
    supply = list(new_leaves)
    if len(supply) != (count := len(leaves(tree))):
        raise ValueError(f"the tree has {count} leaves, but {len(supply)} were given")
    return fill(tree, iter(supply))


def fill(tree: Tree, supply: Iterator[Any]) -> Tree:
    """`replace` with leaves that are known to be enough; what is left over stays in `supply`."""
    below = parts(tree)
    return next(supply) if below is None else rebuild(tree, [fill(x, supply) for x in below])
