"""Static arguments: each that a function can tell from another has a program of its own."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import operator
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import micrograd_np as mg
from micrograd_np import nn
from micrograd_np.compiler.keys import key_of


class Pair(NamedTuple):
    one: Any
    other: Any


@dataclasses.dataclass(frozen=True)
class Config:
    size: Any
    note: Any = dataclasses.field(default=None, compare=False)


class Slotted:
    __slots__ = ("size",)

    def __init__(self, size):
        self.size = size

    def __eq__(self, other):
        return isinstance(other, Slotted) and self.size == other.size

    def __hash__(self):
        return hash(self.size)

    def __repr__(self):
        return f"Slotted({self.size!r})"


class Word(str):  # noqa: SLOT000 - as people write it
    def __eq__(self, other):
        return str(self).lower() == str(other).lower()

    def __hash__(self):
        return hash(str(self).lower())


class Level(enum.IntEnum):
    LOW = 1
    ALSO_LOW = 1
    HIGH = 2


class Color(enum.Enum):
    RED = 1
    BLUE = 2

    def __eq__(self, other):
        return isinstance(other, Color)

    def __hash__(self):
        return 0


class Money(fractions.Fraction):
    pass


NAN = float("nan")
TOLD_APART = [
    (1, 1.0, True, np.int64(1), np.int32(1), np.float64(1), np.float32(1), np.True_, Level.LOW),
    (0.0, -0.0, 0, False, 0j, complex(0.0, -0.0), complex(-0.0, 0.0), np.float64(-0.0), NAN),
    (np.longdouble(1), np.float16(1), np.complex64(1), np.complex128(1), 1 + 0j),
    (np.datetime64(0, "s"), np.datetime64(0, "m"), np.timedelta64(0, "s")),
    ("a", b"a", np.str_("a"), Word("a"), Word("A"), ord("a")),
    (Level.HIGH, 2, 2.0), (Color.RED, Color.BLUE),
    (range(0, 3, 2), range(0, 4, 2), range(0, 4, 3), (0, 2)),
    ((1, 2), Pair(1, 2), Pair(1, 2.0)), (frozenset([1]), frozenset([True]), (1,)),
    (Config(1), Config(1.0), Config(1, "note"), Config(1, "other")),
    (Slotted(1), Slotted(1.0), Slotted(Config(1)), Slotted(Config(True))),
    (decimal.Decimal("1.0"), decimal.Decimal("1.00"), fractions.Fraction(1), Money(1), 1.0),
    (dt.timedelta(days=1), dt.timedelta(days=2)),
    (dt.time(1, fold=0), dt.time(1, fold=1)),
    (np.dtype("f8"), np.dtype("f4"), np.float64, "float64"), (np.add, operator.add, np.subtract),
    (functools.partial(operator.add, 1), functools.partial(operator.add, 1.0)),
    (None, ..., NotImplemented, ()),
]  # fmt: skip
WRAPPERS = [
    lambda x: x, lambda x: (x,), lambda x: ("a", (x, 2)), lambda x: Pair(x, x), Config, Slotted,
    lambda x: Config(Slotted((x,))), lambda x: frozenset([("a", x)]), lambda x: Pair(None, (x,)),
]  # fmt: skip


def fingerprint(x):
    """All that this file can tell about a value, in words."""
    if isinstance(x, frozenset):
        return f"frozenset{[fingerprint(part) for part in x]}"
    parts = list(x) if isinstance(x, tuple) else []
    parts += [getattr(x, name) for name in FIELDS.get(type(x), ())]
    shown = "" if parts else str.__repr__(x) if isinstance(x, str) else repr(x)
    return f"{type(x).__name__} {shown} {[fingerprint(part) for part in parts]}"


FIELDS = {Config: ("size", "note"), Slotted: ("size",), functools.partial: ("args",)}


def number_of(x):
    """The fingerprint as a number that a function can return."""
    return float(crc32(fingerprint(x).encode()))


def assert_told_apart(values):
    """Keys differ where the values do in words, and only there."""
    known = {}
    for value in values:
        assert known.setdefault(key_of(value), fingerprint(value)) == fingerprint(value)
        assert key_of(value) in known
    assert len(known) == len(set(known.values()))


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_what_python_takes_for_equal_is_told_apart(wrap):
    assert_told_apart([wrap(value) for values in TOLD_APART for value in values])


@pytest.mark.parametrize("wrap", [WRAPPERS[0], WRAPPERS[2], WRAPPERS[6]])
def test_each_has_a_program_of_its_own(wrap):
    compiled = mg.compile(lambda x, how: x + number_of(how), static_argnums=1)
    values = [wrap(value) for values in TOLD_APART[:4] for value in values]
    for value in (*values, *values):
        assert compiled(0.0, value) == number_of(value)
    assert len(compiled.specializations) == len(set(map(fingerprint, values)))


ATOMS = st.sampled_from([value for values in TOLD_APART for value in values])
TREES = st.recursive(
    ATOMS,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(tuple), st.builds(Pair, parts, parts),
        st.builds(Config, parts), st.builds(Slotted, parts),
        st.lists(parts, max_size=1).map(frozenset),
    ),
    max_leaves=4,
)  # fmt: skip


@given(st.lists(TREES, min_size=2, max_size=6))
def test_nested_values_are_told_apart(values):
    assert_told_apart(values)


def test_values_made_anew_have_the_same_key():
    for make in (
        lambda: (float("nan"), [1, {2: "a"}]), lambda: Pair(float("nan"), np.float32(2)),
        lambda: Config("a", np.arange(3)), lambda: frozenset("ab"), lambda: Slotted(range(3)),
        lambda: decimal.Decimal("0.10"), lambda: dt.date(2024, 5, 1), lambda: slice(1, None),
    ):  # fmt: skip
        assert key_of(make()) == key_of(make())
        hash(key_of(make()))


def test_an_object_that_leads_back_to_itself():
    one, other = Config(1), Config(1.0)
    for x in (one, other):
        object.__setattr__(x, "note", (x,))
    assert key_of(one) == key_of(one) != key_of(other)


def test_an_attribute_that_changes_is_seen_where_a_class_compares_by_value():
    config = Config(1)
    compiled = mg.compile(lambda x, how: x * how.size, static_argnums=1)
    assert compiled(2.0, config) == 2.0
    object.__setattr__(config, "size", 3)
    assert compiled(2.0, config) == 6.0


def test_slices_are_static():
    compiled = mg.compile(lambda x, part: x[part], static_argnums=1)
    x = np.arange(6)
    for part in (slice(1, 4), slice(None, None, 2), slice(1, 4)):
        np.testing.assert_array_equal(compiled(x, part), x[part])
    assert len(compiled.specializations) == 2


@pytest.mark.parametrize("made", [dict, collections.OrderedDict])
def test_keys_of_dicts_are_told_apart(made):
    def f(given):
        return sum(x * number_of(key) for key, x in given.items())

    compiled = mg.compile(f)
    for _ in range(2):
        for key in (1, True, 1.0, np.int64(1), "1", Level.LOW, (1,), (True,), 0.0, -0.0):
            assert compiled(made({key: 2.0})) == 2.0 * number_of(key)


def test_settings_of_modules_are_told_apart():
    class Signed(nn.Module):
        def __init__(self, zero):
            self.zero = zero

        def forward(self, x):
            return x * float(np.copysign(1.0, self.zero))

    compiled = mg.compile(lambda module, x: module(x))
    for zero in (0.0, -0.0, 0.0):
        assert compiled(Signed(zero), 2.0) == np.copysign(2.0, zero)


def test_calls_with_other_statics_are_not_done_only_once():
    def scaled(x, *, how):
        return x * how.size

    op = mg.primitive(scaled, partials=[lambda out, x, *, how: how.size])
    compiled = mg.compile(lambda x: (op(x, how=Config(2)), op(x, how=Config(2.0))))
    one, other = compiled(np.arange(3))
    assert (one.dtype.kind, other.dtype.kind) == ("i", "f")


def test_names_of_static_arguments_that_are_none():
    with pytest.raises(ValueError, match=r"static_argnames=\['power'\].*\(x, how\): power"):
        mg.compile(lambda x, how: x, static_argnames="power")
    with pytest.raises(ValueError, match="other"):
        mg.compile(lambda x, *, how: x, static_argnames=["how", "other"])
    compiled = mg.compile(lambda x, **how: x * how["times"], static_argnames="times")
    assert compiled(2.0, times=3) == 6.0


def test_a_value_that_is_a_part_of_itself_has_a_key():
    one, other = [1], [1.0]
    for x in (one, other):
        x.append(x)
    named = {}
    named["itself"] = named
    assert key_of(one) == key_of(one) != key_of(other)
    assert hash(key_of(named)) == hash(key_of(named))


def test_numbers_are_told_apart_by_the_sign_of_nan():
    compiled = mg.compile(lambda x, like: 3 * np.copysign(x, like), static_argnums=1)
    for like in (float("nan"), -float("nan"), float("nan")):
        assert compiled(2.0, like) == 3 * np.copysign(2.0, like)


def test_records_that_hold_objects_are_told_apart_by_identity():
    one, other = (np.array([(1, [2])], "i4,O")[0] for _ in range(2))
    assert key_of(one) == key_of(one) != key_of(other)


class Scaled(Pair):
    factor = 2.0


class Scales(list):
    factor = 2.0


class Named(dict):
    factor = 2.0


@pytest.mark.parametrize("kind", [Scaled, Scales, Named])
def test_attributes_of_containers_and_of_their_classes_are_told_apart(kind):
    def make():
        x = np.array([1.0, 2.0])
        return kind(x, x) if kind is Scaled else kind([x]) if kind is Scales else kind({0: x})

    compiled = mg.compile(lambda given: given[0] * given.factor)
    given, other = make(), make()
    for _ in range(2):
        np.testing.assert_array_equal(compiled(given), [2, 4])
    for factor in (3.0, 5.0, 3.0):
        other.factor = factor
        np.testing.assert_array_equal(compiled(other), [factor, 2 * factor])
        np.testing.assert_array_equal(compiled(given), [2, 4])
    try:
        kind.factor = 7.0
        np.testing.assert_array_equal(compiled(given), [7, 14])
    finally:
        kind.factor = 2.0


class Doubling(Pair):
    def __new__(cls, one, other):
        return super().__new__(cls, one, 2 * other)


def test_the_constructor_of_a_named_tuple_is_called_by_the_function_only():
    compiled = mg.compile(lambda pair: Doubling(pair.one, pair.other))
    for _ in range(3):
        assert compiled(Pair(1.0, 1.0)) == (1.0, 2.0)
        assert compiled(Doubling(1.0, 1.0)) == (1.0, 4.0)
