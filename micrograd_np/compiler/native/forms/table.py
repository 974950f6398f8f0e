"""The table of native forms: what each of NumPy's functions is made of in a `Builder`.

A form has NumPy's own parameters, after the builder, and returns the result, a Variable, or a list
of results. Options that it lacks have no native form. The modules of this package fill the table.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np

from micrograd_np.compiler.native.builder import Builder
from micrograd_np.compiler.native.definitions import Interpreted
from micrograd_np.compiler.native.scalars import NotNative, dtype_of, kind_of
from micrograd_np.compiler.program import Instruction, Variable, mapped

Form = Callable[..., Any]
Made = TypeVar("Made", bound=Form)

FORMS: dict[Any, Form] = {}


def form(*functions: Any) -> Callable[[Made], Made]:
    """Declare the form of some functions."""

    def declared(made: Made) -> Made:
        FORMS.update(dict.fromkeys(functions, made))
        return made

    return declared


def lowered(builder: Builder, instruction: Instruction) -> list[Variable]:
    """The results of a call, defined in the builder.

    Raises NotNative.
    """
    if instruction.effect:
        raise NotNative("it does more than return a value")
    for x in instruction.variables:
        dtype_of(x)
    function = instruction.function
    args, options = mapped(known, (instruction.args, instruction.options))
    chosen = FORMS.get(function)
    made: Any
    if chosen is None and isinstance(function, np.ufunc):
        made = ufunc(builder, function, *args, **plain(options))
    elif chosen is None:
        raise NotNative("it has no native form")
    elif not fits(chosen, len(args), tuple(options)):
        raise NotNative(f"its native form does not have all of the options {', '.join(options)}")
    else:
        made = chosen(builder, *args, **options)
    results = made if isinstance(made, list) else [made]
    for given, expected in zip(results, instruction.results, strict=True):
        if described(given) != described(expected):
            raise NotNative(f"its native form makes {given!r} of what should be {expected!r}")
    return results


def plain(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a ufunc, if it has no others than a dtype."""
    if set(options) - {"dtype"}:
        raise NotNative(f"its native form does not have all of the options {', '.join(options)}")
    return options


@cache
def fits(chosen: Form, count: int, options: tuple[str, ...]) -> bool:
    """Whether a form can be called so."""
    try:
        inspect.signature(chosen).bind(None, *[None] * count, **dict.fromkeys(options))
    except TypeError:
        return False
    return True


def known(x: Any) -> Any:
    """A NumPy array of no axes as a number; anything else as it is."""
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def described(x: Variable) -> tuple[Any, ...]:
    """The properties in which a variable must agree with the variable it stands for."""
    return x.shape, dtype_of(x), x.python


def ufunc(b: Builder, function: Any, *operands: Interpreted, dtype: Any = None) -> Variable:
    """A ufunc of one result."""
    if function.nout != 1 or function.signature is not None or len(operands) != function.nin:
        raise NotNative("it is no ufunc of one result, or its result is written elsewhere")
    return b.map(function, *operands, dtype=dtype)


def joint_dtype(*operands: Interpreted) -> np.dtype[Any]:
    """The dtype that NumPy gives to the operands together."""
    kinds: list[Any] = [x.python if isinstance(x, Variable) else type(x) for x in operands]
    parts = [
        kind(1) if kind in (int, float) else dtype_of(x)
        for kind, x in zip(kinds, operands, strict=True)
    ]
    joint: np.dtype[Any] = np.result_type(*parts)
    kind_of(joint)
    return joint
