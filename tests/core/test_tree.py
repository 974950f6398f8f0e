"""Trees: what is a branch, what is a leaf, and that nothing is lost or exchanged on the way."""

from collections import Counter, OrderedDict, defaultdict
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core import tree


class Pair(NamedTuple):
    first: Any
    second: Any


class Doubling(Pair):
    """A tuple whose constructor changes what it is given."""

    def __new__(cls, first, second):
        return super().__new__(cls, first, 2 * second)


class Listed(list):
    scale = 1


class Tupled(tuple):  # noqa: SLOT001 - its instances have attributes
    scale = 1


class Mapped(dict):
    scale = 1


class Layer:
    """A class that joins trees; `size` is no child."""

    def __init__(self, weight, bias, size):
        self.weight, self.bias, self.size = weight, bias, size

    def __tree__(self):
        return {"weight": self.weight, "bias": self.bias}

    def __tree_with__(self, children):
        return Layer(**children, size=self.size)

    def __eq__(self, other):
        return type(other) is Layer and vars(self) == vars(other)

    __hash__ = None


leaves = st.integers() | st.text("aπ0 ", max_size=3)  # of all letters the table takes seconds
keys = st.text("abc", min_size=1, max_size=3) | st.integers(0, 5)


def branches(children):
    return (
        st.lists(children, max_size=3)
        | st.lists(children, max_size=3).map(tuple)
        | st.dictionaries(keys, children, max_size=3)
        | st.builds(Pair, children, children)
        | st.builds(Layer, children, children, st.integers())
        | st.builds(OrderedDict, st.dictionaries(keys, children, max_size=2))
    )


trees = st.recursive(leaves | st.none(), branches, max_leaves=12)


def same(one, other):
    """Equal, and of the same types in every place."""
    if type(one) is not type(other):
        return False
    below, beside = tree.children(one), tree.children(other)
    if below is None or beside is None:
        return one == other
    return list(below) == list(beside) and all(map(same, below.values(), beside.values()))


# ---------------------------------------------------------------- round trips


@given(trees)
def test_leaves_put_back_give_the_same_tree(given_tree):
    assert same(tree.replace(given_tree, tree.leaves(given_tree)), given_tree)


@given(trees)
def test_map_of_the_identity_gives_a_new_equal_tree(given_tree):
    found = tree.map(lambda leaf: leaf, given_tree)
    assert same(found, given_tree)
    assert found == given_tree


@given(trees)
def test_map_visits_each_leaf_once_in_order(given_tree):
    visited = []
    tree.map(visited.append, given_tree)
    assert visited == tree.leaves(given_tree) == [leaf for _, leaf in tree.paths(given_tree)]


@given(trees)
def test_map_composes(given_tree):
    once = tree.map(lambda leaf: (str(leaf) + "!").upper(), given_tree)
    twice = tree.map(str.upper, tree.map(lambda leaf: str(leaf) + "!", given_tree))
    assert same(once, twice)


@given(trees)
def test_map_pairs_corresponding_leaves(given_tree):
    numbered = tree.replace(given_tree, range(len(tree.leaves(given_tree))))
    pairs = []
    tree.map(lambda *leaves: pairs.append(leaves), given_tree, numbered, given_tree)
    assert pairs == [(leaf, i, leaf) for i, leaf in enumerate(tree.leaves(given_tree))]


@given(trees)
def test_a_tree_of_functions_is_not_called(given_tree):
    functions = tree.map(lambda leaf: lambda: leaf, given_tree)
    assert [function() for function in tree.leaves(functions)] == tree.leaves(given_tree)


@given(trees)
def test_trees_are_not_changed(given_tree):
    before = tree.map(lambda leaf: leaf, given_tree)
    tree.map(lambda leaf: 0, given_tree)
    tree.replace(given_tree, tree.leaves(given_tree))
    assert same(before, given_tree)


# ---------------------------------------------------------------- kinds


def test_arrays_tensors_numbers_and_strings_are_leaves():
    for leaf in (np.ones((2, 2)), Tensor([1.0, 2.0]), 1.0, "text", np.float32(1), {1, 2}, range(3)):
        assert tree.children(leaf) is None
        assert tree.leaves(leaf) == [leaf] or tree.leaves(leaf)[0] is leaf


def test_none_is_an_empty_branch():
    assert tree.leaves(None) == []
    assert tree.leaves([None, {"a": None}]) == []
    assert tree.map(str, {"a": None, "b": [None, 1]}) == {"a": None, "b": [None, "1"]}


def test_paths_are_dotted():
    given_tree = {"layers": [Layer(1, 2, 9), Pair(3, (4, None))], "scale": 5, 6: 7}
    assert list(tree.paths(given_tree)) == [
        ("layers.0.weight", 1),
        ("layers.0.bias", 2),
        ("layers.1.first", 3),
        ("layers.1.second.0", 4),
        ("scale", 5),
        ("6", 7),
    ]
    assert list(tree.paths(8)) == [("", 8)]


def test_kinds_and_order_are_kept():
    given_tree = OrderedDict(z=[1], a=(2, Pair(3, 4)), m=Layer(5, 6, size=7))
    found = tree.map(lambda leaf: -leaf, given_tree)
    assert type(found) is OrderedDict
    assert list(found) == ["z", "a", "m"]
    assert type(found["a"]) is tuple
    assert found["a"][1] == Pair(-3, -4)
    assert found["m"] == Layer(-5, -6, size=7)


def test_dicts_are_matched_by_key_not_by_position():
    found = tree.map(lambda x, y: (x, y), {"a": 1, "b": 2}, {"b": 20, "a": 10})
    assert found == {"a": (1, 10), "b": (2, 20)}


def test_a_class_takes_part_through_its_type():
    layer = Layer(1, 2, size=3)
    assert tree.leaves(layer) == [1, 2]
    assert tree.leaves(Layer) == [Layer]  # the class itself has the method, but is no branch


# ---------------------------------------------------------------- mismatches


MISMATCHES = {
    "shorter list": ({"a": {"b": [1, 2]}}, {"a": {"b": [1]}}, "a.b"),
    "longer tuple": ([(1, 2)], [(1, 2, 3)], "0"),
    "missing key": ({"net": {"w": 1, "b": 2}}, {"net": {"w": 1}}, "net"),
    "other key": ({"net": {"w": 1}}, {"net": {"v": 1}}, "net"),
    "leaf for branch": ({"a": [{"b": [1]}]}, {"a": [{"b": 7}]}, "a.0.b"),
    "branch for leaf": ({"a": [1, 2]}, {"a": [1, {"b": 2}]}, "a.1"),
    "None for branch": ({"a": {"b": [1]}}, {"a": {"b": None}}, "a.b"),
    "branch for None": ({"a": {"b": None}}, {"a": {"b": [1]}}, "a.b"),
    "inside a module": (
        {"layer": Layer([1], 2, 0)},
        {"layer": Layer([1, 1], 2, 0)},
        "layer.weight",
    ),
    "at the root": ([1, 2], 3, "(root)"),
}


@pytest.mark.parametrize(("one", "other", "path"), MISMATCHES.values(), ids=MISMATCHES)
def test_a_difference_in_structure_raises_and_names_the_path(one, other, path):
    with pytest.raises(ValueError, match="differ") as caught:
        tree.map(lambda *leaves: leaves, one, other)
    assert f"'{path}'" in str(caught.value)


def test_the_path_is_named_whichever_tree_differs():
    with pytest.raises(ValueError, match=r"'a\.0'"):
        tree.map(lambda *leaves: leaves, {"a": [[1]]}, {"a": [[1]]}, {"a": [[1, 2]]})


def test_too_few_or_too_many_leaves_raise():
    for leaves in ([], [1], [1, 2, 3]):
        with pytest.raises(ValueError, match="lea"):
            tree.replace({"a": 0, "b": 0}, leaves)


def test_keys_that_would_share_a_path_raise():
    with pytest.raises(ValueError, match="1"):
        tree.leaves({1: "number", "1": "text"})


def test_a_defaultdict_keeps_its_class_and_its_factory():
    given_tree = defaultdict(list, {"a": 1.0, "b": 2.0})
    found = tree.map(lambda x: x + 1.0, given_tree)
    assert found == {"a": 2.0, "b": 3.0}
    assert found["new"] == []
    assert dict(given_tree) == {"a": 1.0, "b": 2.0}


def test_the_constructor_of_a_container_is_not_called_again():
    pair = Doubling(1.0, 1.0)
    assert tree.map(lambda x: x, pair) == pair == (1.0, 2.0)
    assert type(tree.map(lambda x: x, pair)) is Doubling
    x = np.array([1.0, 2.0])
    gradient = mg.grad(lambda pair: np.sum(pair.second**2))(Doubling(x, x))
    np.testing.assert_array_equal(gradient.second, 4 * x)


def test_a_counter_has_its_counts_replaced_not_added_to():
    given_tree = Counter(a=1.5)
    assert tree.map(lambda x: 2 * x, given_tree) == Counter(a=3.0)
    assert mg.grad(lambda counts: 3 * counts["a"])(given_tree) == Counter(a=3.0)


@pytest.mark.parametrize("given_tree", [Listed([3.0]), Tupled([3.0]), Mapped({0: 3.0})])
def test_containers_keep_their_attributes(given_tree):
    given_tree.scale = 2
    found = tree.map(lambda x: -x, given_tree)
    assert type(found) is type(given_tree)
    assert found.scale == 2
    gradient = mg.grad(lambda container: container[0] * container.scale)(given_tree)
    assert gradient[0] == 2
