"""What can go wrong, said so that it can be mended: what happened, what was given, what to do.

Each class subclasses the built-in exception nearest to it, and builds its own message.
"""

import linecache
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from types import FrameType


def called(function: Any) -> str:
    """A function as a person writes it: with its module if it is NumPy's."""
    name = getattr(function, "__name__", str(function))
    module = getattr(function, "__module__", None) or ""
    if isinstance(function, np.ufunc):
        return f"np.{name}" if getattr(np, name, None) is function else f"the ufunc `{name}`"
    return f"np{module[5:]}.{name}" if f"{module}.".startswith("numpy.") else f"`{name}`"


OWN_FILES = (str(Path(__file__).parent), str(Path(np.__file__).parent))


def users_frame() -> "FrameType | None":
    """The nearest caller outside this package and NumPy."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to the frame
    while frame is not None and frame.f_code.co_filename.startswith(OWN_FILES):
        frame = frame.f_back
    return frame


def users_code() -> str:
    """The line of that caller, as it is written."""
    frame = users_frame()
    if frame is None:
        return ""
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def users_name(value: object) -> str:
    """What that caller calls a value; nothing, if it has no name there."""
    frame = users_frame()
    known = {**frame.f_globals, **frame.f_locals} if frame is not None else {}
    return next((name for name, x in known.items() if x is value), "")


def users_line() -> str:
    """The same with its place, to end a message with."""
    frame = users_frame()
    if frame is None:
        return ""
    place = f'\n  File "{frame.f_code.co_filename}", line {frame.f_lineno}'
    return f"{place}, in {frame.f_code.co_name}\n    {users_code():.100}".rstrip()


class OptionError(TypeError):
    """An option that a function knows but its derivative does not."""

    def __init__(self, function: Any, unknown: Iterable[str], accepted: Iterable[str]) -> None:
        known = ", ".join(sorted(accepted)) or "none"
        advice = (
            " Write `t = f(t)` instead of `out=t`, and `a = a + t` instead of `a += t`, which asks "
            "NumPy to write into the array `a`."
            if "out" in unknown
            else ""
        )
        super().__init__(
            f"{called(function)} on a Tensor does not take {', '.join(sorted(unknown))}; the "
            f"options with a derivative are: {known}.{advice}"
        )


class UnregisteredFunctionError(TypeError):
    """A NumPy-like function on a Tensor that has no derivative here."""

    def __init__(self, function: Any, detail: str = "", reason: str = "") -> None:
        name = f"{called(function)}{detail}"
        if reason:
            super().__init__(
                f"{name} has no derivative here: {reason}. To leave the graph on purpose give it "
                f"`t.data` or `stop_gradient(t)`."
            )
            return
        declare = "" if detail else (  # a method of a ufunc cannot be declared
            f" declare one, `mg.register({getattr(function, '__name__', function)}, "
            f"partials=[lambda out, x: ...])` or with vjp=, or"
        )  # fmt: skip
        super().__init__(
            f"{name} has no derivative registered, so calling it on a Tensor would lose the "
            f"gradient. Write it with functions that have one (listed in micrograd_np.op.OPS);"
            f"{declare} make an op of your own by `mg.primitive`; or leave the graph on purpose "
            f"with `.data` or `stop_gradient(t)`."
        )


class LeavesGraphError(TypeError):
    """A tracked Tensor was about to become a plain array without a word."""

    def __init__(self, described: str, advice: str = "") -> None:
        super().__init__(
            f"{described} is part of a graph; turning it into an array here would silently cut its "
            f"gradient. {advice or 'Use'} `t.data` (the array itself) or `t.numpy()` (a copy) to "
            f"leave the graph on purpose, `stop_gradient(t)` to go on with a constant Tensor, or "
            f"`np.stack([...])` and `mg.tensor([...])` to join Tensors with their history."
        )

    @classmethod
    def as_number(cls, described: str) -> "LeavesGraphError":
        """`float(t)` where a transform is differentiating."""
        error = cls(described)
        message = (
            f"{described} is being differentiated; float(), a function of `math`, or filling an "
            f"array entry by entry would silently cut its gradient. Write np.sin for math.sin, "
            f"`mg.tensor([...])` or `mg.index_update` for `a[i] = t`, or `t.item()` to leave the "
            f"graph on purpose."
        )
        error.args = (message,)
        return error


class ForeignArrayError(TypeError):
    """A function reads numbers that are in another library's array, elsewhere or not yet there."""

    def __init__(self, function: str, value: Any) -> None:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        super().__init__(
            f"{function} reads the numbers it is given to know the shape or the dtype of its "
            f"result, and those of a {kind} would have to be computed or fetched for it. Do that "
            f"on purpose, with `Tensor(t.numpy())`, or use a function whose result does not depend "
            f"on them so."
        )


class RuleError(TypeError):
    """The derivative rule of a user's op cannot be right."""

    @classmethod
    def wrong_count(cls, name: str, kind: str, given: int, needed: str) -> "RuleError":
        """A tuple of the wrong length."""
        return cls(
            f"the {kind} of `{name}` returned {given} value(s) for {needed}. Return one for each, "
            f"in order, as a tuple, with None where there is nothing to carry."
        )

    @classmethod
    def lost_graph(cls, name: str, kind: str) -> "RuleError":
        """A plain array where a Tensor was to be expected."""
        given = "cotangent" if kind == "vjp" else "tangent"
        return cls(
            f"the {kind} of `{name}` was given a Tensor as its {given} and returned something that "
            f"does not depend on it, so derivatives of this derivative would be silently wrong. "
            f"Write the rule in NumPy functions of its arguments, without `.data`, `.numpy()` or "
            f"other libraries; what needs those can be an op of its own: mg.primitive(...)."
        )

    @classmethod
    def closes_over(cls, name: str, what: str) -> "RuleError":
        """A Tensor that is no argument."""
        return cls(
            f"{what} returned a Tensor though `{name}` was given arrays: it uses a Tensor that is "
            f"not among its arguments, whose gradient would be lost. Make that Tensor an argument."
        )

    @classmethod
    def writes(cls, name: str) -> "RuleError":
        """A function that writes into its inputs."""
        return cls(
            f"`{name}` writes into an array that is read-only. Its inputs are, for they are the "
            f"values of Tensors. Copy an input before you write to it, as in `x = x.copy()`."
        )


class NotDifferentiableError(TypeError):
    """A gradient was asked for something that has none."""


class GraphError(RuntimeError):
    """The graph cannot answer: nothing recorded, or the wrong kind of output."""

    @classmethod
    def nothing_recorded(cls, described: str) -> "GraphError":
        """Backward from a constant."""
        return cls(
            f"backward() from {described}, which depends on no Tensor with requires_grad=True (or "
            f"was computed under no_grad), so there is nothing to differentiate. Give the "
            f"parameters requires_grad=True before computing."
        )

    @classmethod
    def not_scalar(cls, described: str, shape: tuple[int, ...]) -> "GraphError":
        """Backward from an array without a cotangent."""
        return cls(
            f"backward() from {described}: a gradient is defined for a single number. Reduce it "
            f"first, as in `np.sum(out).backward()`, or pass the cotangent: "
            f"`out.backward(gradient)` with gradient of shape {shape}."
        )

    @classmethod
    def complex_output(cls, described: str) -> "GraphError":
        """Backward from a complex number without a cotangent."""
        return cls(
            f"backward() from {described}: a complex number has no direction of ascent. Reduce it "
            f"to a real one (np.abs, np.real), or pass the cotangent: `out.backward(gradient)`."
        )


class MutationError(RuntimeError):
    """A value was changed after an op had used it, so its gradient would be wrong."""

    def __init__(self, leaf: str, op: str) -> None:
        super().__init__(
            f"{leaf} was changed after `{op}` had used it, so the gradient through `{op}` would be "
            f"computed from the wrong value. Call backward() before changing it (an optimiser step "
            f"comes after backward), or compute the expression again with the new value."
        )


class InPlaceError(TypeError):
    """An assignment into a Tensor whose value a graph depends on."""

    @classmethod
    def item(cls, described: str) -> "InPlaceError":
        """`t[key] = value`."""
        return cls(
            f"{described} is part of a graph and cannot be assigned to. Write\n"
            f"    t = mg.index_update(t, key, value)   # for t[key] = value\n"
            f"    t = np.where(mask, value, t)         # for t[mask] = value\n"
            f"or, to change a parameter between steps, `t.data = mg.index_update(t.data, ...)`."
        )

    @classmethod
    def function(cls, name: str, instead: str) -> "InPlaceError":
        """A function that writes into its first argument."""
        return cls(
            f"{name} writes into an array, and a Tensor keeps its value for the graph. Write\n"
            f"    {instead}"
        )

    @classmethod
    def augmented(cls, described: str) -> "InPlaceError":
        """`t += value`."""
        return cls(
            f"{described} is a leaf that requires a gradient; an augmented assignment would "
            f"replace it by the result of an op. To change its value write `t.data -= step`."
        )


class ShapeError(ValueError):
    """Shapes that do not go together, though NumPy would broadcast them."""


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity where training or anomaly detection expects numbers."""


class MissingExtraError(ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs {package}, which is not installed. Install it with: "
            f"pip install {package} (it is the extra '{extra}' of micrograd_np)"
        )


class GradientCheckError(AssertionError):
    """A gradient disagrees with differences; the message is the whole report."""


class RenderingError(RuntimeError):
    """A picture needs a program or a package that is not there, or that failed."""


def listed(items: Iterable[str]) -> str:
    """Offenders as an indented list, for messages that name all of them at once."""
    return "".join(f"\n  - {item}" for item in items)


class BatchedError(TypeError):
    """Something that would depend on the values of single examples of a batch."""

    @classmethod
    def value(cls, described: str) -> "BatchedError":
        """A number, a truth value or an array asked of one example."""
        return cls(
            f"{described} was used as a number, a truth value or a plain array, inside vmap, where "
            f"every example has another value. Use np.where for a choice, NumPy functions for "
            f"arithmetic, and mg.Tensor(table)[i] to index a table by it; or loop over the "
            f"examples instead of vmap."
        )

    @classmethod
    def mask(cls) -> "BatchedError":
        """A boolean index of every example's own."""
        return cls(
            "a boolean mask computed inside vmap was used as an index: every example would have a "
            "result of another length. Use np.where(mask, x, 0) and reduce."
        )

    @classmethod
    def ragged(cls, shapes: list[tuple[int, ...]]) -> "BatchedError":
        """Results of different shapes."""
        return cls(
            f"the examples of a batch gave results of different shapes, which make no array: "
            f"{', '.join(map(str, shapes))}. Return something of one shape: np.where in place of a "
            f"selection."
        )

    @classmethod
    def escaped(cls, described: str) -> "BatchedError":
        """A value used after its vmap was over."""
        return cls(
            f"{described} was used after vmap had finished: it was stored somewhere by the batched "
            f"function. Return it from the function instead."
        )


class TracingError(TypeError):
    """Something that a compiled function cannot freeze: it would differ from call to call.

    The message ends with the line of the user's code where it happened.
    """

    @classmethod
    def here(cls, message: str) -> "TracingError":
        """The error, with the line."""
        return cls(f"{message}{users_line()}")

    @classmethod
    def value(cls, described: str) -> "TracingError":
        """A number, a truth value or an array asked of what has no value yet."""
        return cls.here(
            f"{described} was used as a number, a truth value or a plain array while `mg.compile` "
            f"traced the function. The program would keep this call's value for all others. Use "
            f"np.where for a choice, NumPy's functions for arithmetic (np.sqrt for math.sqrt) and "
            f"np.stack to join arrays; "
            f"mark an argument that chooses what is computed as static, "
            f"mg.compile(f, static_argnums=...); or return the value and use it outside."
        )

    @classmethod
    def shape(cls, name: str) -> "TracingError":
        """A function the shape of whose result depends on values."""
        return cls.here(
            f"np.{name}{' of a mask alone' if name == 'where' else ''} was called while "
            f"`mg.compile` traced the function: the shape of its result depends on the values it "
            f"is given, and a program has fixed shapes. Keep the shape, "
            f"np.where(mask, x, 0) and a reduction; or call it outside and give the result as an "
            f"argument."
        )

    @classmethod
    def shaping(cls, name: str, parameter: str) -> "TracingError":
        """An argument that says how large a result is, or along which axis."""
        return cls.here(
            f"np.{name} was given a value of this call as `{parameter}` while `mg.compile` traced "
            f"the function: the shape of the result depends on it, and a program has fixed shapes. "
            f"Mark the argument that it comes from as static, mg.compile(f, static_argnums=...)."
        )

    @classmethod
    def dtype(cls, name: str) -> "TracingError":
        """A function the dtype of whose result depends on values."""
        return cls.here(
            f"np.{name} was called while `mg.compile` traced the function: whether its result is "
            f"complex depends on the values it is given, and a program has fixed dtypes. Give it "
            f"complex numbers, x + 0j, or use a function that is real for real ones (np.sqrt for "
            f"np.emath.sqrt, np.linalg.eigh for a symmetric matrix)."
        )

    @classmethod
    def layout(cls, order: str) -> "TracingError":
        """An order of entries that follows memory."""
        return cls.here(
            f"order={order!r} follows the layout of an array in memory, which can be another one "
            f"at every call of what `mg.compile` traces. Write order='C' or 'F', or transpose."
        )

    @classmethod
    def writes(cls, what: str, instead: str) -> "TracingError":
        """A call that writes into an array."""
        return cls.here(
            f"{what} writes into an array; while `mg.compile` traces a function, its values are "
            f"the variables of a program, each assigned once. Write {instead}."
        )

    @classmethod
    def result(cls, function: Any, out: Any) -> "TracingError":
        """A call that returns something else than arrays and numbers."""
        return cls.here(
            f"{called(function)} returned {out!r:.60} while `mg.compile` traced the function: "
            f"programs compute arrays and numbers. Return those and do the rest outside; what a "
            f"user's op closes over it must take as an argument."
        )

    @classmethod
    def mask(cls) -> "TracingError":
        """A boolean index."""
        return cls.here(
            "a boolean mask was used as an index while `mg.compile` traced the function: the "
            "number of entries it selects differs from call to call, and a program has fixed "
            "shapes. Use np.where(mask, x, 0) and reduce; mg.where(mask, x, 0, masked=True) keeps "
            "the gradient of what is left out from being looked at."
        )

    @classmethod
    def item(cls, described: str) -> "TracingError":
        """`x[key] = value`."""
        return cls.here(
            f"{described} cannot be assigned to: while `mg.compile` traces a function, its values "
            f"are the variables of a program, each assigned once. Write "
            f"x = mg.index_update(x, key, value) for x[key] = value."
        )

    @classmethod
    def backward(cls, described: str) -> "TracingError":
        """A call of `backward` in a compiled function."""
        return cls.here(
            f"backward() from {described} while `mg.compile` traced the function. It would store "
            f"gradients once, not at every call. Return what mg.grad or mg.value_and_grad give."
        )

    @classmethod
    def side_effect(cls, described: str, what: str) -> "TracingError":
        """Reading or changing a Tensor from outside, past the program."""
        return cls.here(
            f"{described}, which was made outside, {what} while `mg.compile` traced the function. "
            f"This would happen once, not at every call. Use the Tensor itself in expressions (its "
            f"value is read at every call), take gradients by mg.grad, and return new values "
            f"instead of assigning them."
        )

    @classmethod
    def foreign(cls, described: str) -> "TracingError":
        """An array of another library."""
        return cls.here(
            f"{described} holds an array of another library, and compiled programs are NumPy's. "
            f"Give its numbers, `Tensor(t.numpy())`, or leave the function uncompiled."
        )

    @classmethod
    def generator(cls, name: str) -> "TracingError":
        """A method of a random generator that a program cannot have."""
        return cls.here(
            f"Generator.{name} was called while `mg.compile` traced the function; it changes its "
            f"argument or makes other generators. Use permutation or permuted, which return a new "
            f"array, and make generators outside."
        )

    @classmethod
    def escaped(cls) -> "TracingError":
        """A value used after its trace was over."""
        return cls.here(
            "a value that `mg.compile` traced was used after the function had returned: it was "
            "stored somewhere outside. Return it from the function instead."
        )

    @classmethod
    def frozen_generator(cls, names: Iterable[str]) -> "TracingError":
        """A generator that was drawn from and is no argument."""
        return cls(
            f"random numbers were drawn while `mg.compile` traced the function, from a generator "
            f"that is not among its arguments:{listed(names)}\nThe program would repeat the same "
            f"numbers at every call. Make the generator an argument, f(x, rng), a "
            f"numpy.random.Generator: then every call draws anew."
        )

    @classmethod
    def returned_generator(cls) -> "TracingError":
        """A generator among the results."""
        return cls.here(
            "a compiled function returned a random generator. A generator that is an argument "
            "moves on by itself as it is drawn from; there is no need to return it."
        )


class SourceError(TypeError):
    """A function whose source cannot be taken along to where this package is not."""

    @classmethod
    def inside(cls, function: Any) -> "SourceError":
        """It has no place in a module."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it is no plain "
            f"function at the top of a module, so it has no source of its own. Define it by `def` "
            f"in a module, not inside a function nor as a lambda, and without what it closes over."
        )

    @classmethod
    def unknown(cls, function: Any, name: str) -> "SourceError":
        """What it refers to has no source."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it needs "
            f"`{name}`, of which there is no source, or which is not defined by a plain statement "
            f"at the top of its module."
        )

    @classmethod
    def package(cls, function: Any, name: str) -> "SourceError":
        """It would need this package."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it uses "
            f"{name}, and a saved program runs with NumPy alone. Write it with NumPy's functions."
        )

    @classmethod
    def value(cls, name: str, value: Any) -> "SourceError":
        """A value that is no number, array or text."""
        return cls(
            f"the program is given `{name}`, {value!r:.60}, as it is. That cannot be written into "
            f"a file; saved programs hold numbers, arrays and text."
        )
