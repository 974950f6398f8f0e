"""What can go wrong, said so that it can be mended: what happened, what was given, what to do.

Each class subclasses the built-in exception nearest to it. Methods of the class build its messages,
so that an error is made of its message alone, as pickle makes it anew in another process. Those of
compiled functions are in `compiling`, the words that messages share in `words`, and the lines of
the user's code that they name in `places`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from micrograd_np.errors.compiling import SourceError as SourceError
from micrograd_np.errors.compiling import TracingError as TracingError
from micrograd_np.errors.words import called as called
from micrograd_np.errors.words import kind_of, solver_remedy
from micrograd_np.errors.words import listed as listed


class OptionError(TypeError):
    """An option that a function knows but its derivative does not."""

    @classmethod
    def unknown(cls, function: Any, given: Iterable[str], accepted: Iterable[str]) -> "OptionError":
        """Options of a call, those that no derivative is known with."""
        known = ", ".join(sorted(accepted)) or "none"
        advice = (
            " Write `t = f(t)` instead of `out=t`, and `a = a + t` instead of `a += t`, which asks "
            "NumPy to write into the array `a`."
            if "out" in given
            else ""
        )
        return cls(
            f"{called(function)} on a Tensor does not take {', '.join(sorted(given))}; the "
            f"options with a derivative are: {known}.{advice}"
        )


class UnregisteredFunctionError(TypeError):
    """A NumPy-like function on a Tensor that has no derivative here."""

    @classmethod
    def of(cls, function: Any, detail: str = "", reason: str = "") -> "UnregisteredFunctionError":
        """A function, or a method of a ufunc, and why it has none, if that is known."""
        name = f"{called(function)}{detail}"
        if reason:
            return cls(
                f"{name} has no derivative here: {reason}. To leave the graph on purpose give it "
                f"`t.data` or `stop_gradient(t)`."
            )
        declare = "" if detail else (  # a method of a ufunc cannot be declared
            f" declare one, `mg.register({getattr(function, '__name__', function)}, "
            f"partials=[lambda out, x: ...])` or with vjp=, or"
        )  # fmt: skip
        return cls(
            f"{name} has no derivative registered, so calling it on a Tensor would lose the "
            f"gradient. Write it with functions that have one (listed in micrograd_np.core.op.OPS);"
            f"{declare} make an op of your own by `mg.primitive`; or leave the graph on purpose "
            f"with `.data` or `stop_gradient(t)`."
        )


class LeavesGraphError(TypeError):
    """A tracked Tensor was about to become a plain array, number or copy without a word."""

    @classmethod
    def as_array(cls, described: str, advice: str = "") -> "LeavesGraphError":
        """`np.asarray(t)`."""
        return cls(
            f"{described} is part of a graph; turning it into an array here would silently cut its "
            f"gradient. {advice or 'Use'} `t.data` (the array itself) or `t.numpy()` (a copy) to "
            f"leave the graph on purpose, `stop_gradient(t)` to go on with a constant Tensor, "
            f"`mg.index_update(a, i, t)` for `a[i] = t`, or `mg.stack([...])` and "
            f"`mg.tensor([...])` to join Tensors with their history."
        )

    @classmethod
    def while_differentiated(cls, described: str) -> "LeavesGraphError":
        """`float(t)`, `t.item()`, `copy.copy(t)` where a transform is differentiating."""
        return cls(
            f"{described} is being differentiated; a plain number, a plain array or a copy of it "
            f"would silently cut its gradient. Write np.sin for math.sin, `mg.stack([...])` or "
            f"`mg.index_update(a, i, t)` for `a[i] = t`; or, if its value is meant as a constant, "
            f"take it from `mg.stop_gradient(t)`: `mg.stop_gradient(t).item()`."
        )


class SolverError(RuntimeError):
    """One of SciPy's solvers met a tracked Tensor, which its function found beside its arguments.

    It is no TypeError, as `LeavesGraphError` is: those are caught by SciPy, which says instead that
    the function has to return a number.
    """

    @classmethod
    def of(cls, described: str, solver: str) -> "SolverError":
        """The error for a Tensor, described, that met a solver."""
        return cls(
            f"{solver} works on plain numbers, and met {described}, which is part of a graph: the "
            f"function that it was given uses Tensors with requires_grad=True beside its "
            f"arguments. {solver_remedy(solver)}"
        )


class GradientCutWarning(UserWarning):
    """A tracked Tensor became a plain number, through which no gradient flows.

    `float(t)`, `int(t)`, `complex(t)`, the functions of `math` and `statistics`, `a[i] = t` on a
    plain array and `np.fromiter` make one. Python shows the warning once for each line of the
    user's code. `warnings.simplefilter("error", mg.GradientCutWarning)` makes an error of it.
    """

    @classmethod
    def at(cls, replacements: Mapping[str, str], solver: str) -> "GradientCutWarning":
        """The warning for a line on which these functions stand, with what to write for them.

        `solver`: the function of SciPy in which this happens, if any.
        """
        if solver:
            return cls(
                f"a tracked Tensor becomes a plain number in {solver}, which cuts its gradient: "
                f"the function given to it uses Tensors with requires_grad=True beside its "
                f"arguments. {solver_remedy(solver)}"
            )
        known = " and ".join(f"{new} for {old}" for old, new in replacements.items())
        return cls(
            f"a tracked Tensor becomes a plain number here, which cuts its gradient. Write "
            f"{known or 'a function of NumPy for one of Python, as np.exp for math.exp'}; "
            f"mg.stack([...]) or mg.index_update(a, i, t) for `a[i] = t`; or t.item() or t.data, "
            f"if the plain number is meant."
        )


class MeaningLostError(TypeError):
    """An array that is more than numbers was given where a Tensor would take its numbers alone.

    `operand` is the array; `may_hold_tensors` says whether its class can do the operation instead.
    """

    operand: Any = None
    may_hold_tensors = False

    @classmethod
    def of(cls, operand: Any, lost: str, *, may_hold_tensors: bool) -> "MeaningLostError":
        """An array, and what would be lost of it."""
        error = cls(f"a {kind_of(operand)} was given with a Tensor or as its numbers; {lost}.")
        error.operand = operand
        error.may_hold_tensors = may_hold_tensors
        return error

    @classmethod
    def among(cls, found: "Mapping[str, MeaningLostError]") -> "MeaningLostError":
        """Several values with names, of which none was taken, and the error for each."""
        named = listed(f"{name}: {lost}" for name, lost in found.items())
        error = cls(f"what was given is more than numbers; nothing was taken of it:{named}")
        first = next(iter(found.values()))
        error.operand, error.may_hold_tensors = first.operand, first.may_hold_tensors
        return error


class ForeignArrayError(TypeError):
    """A function reads numbers that are in another library's array, elsewhere or not yet there."""

    @classmethod
    def of(cls, function: str, value: Any) -> "ForeignArrayError":
        """A function, and the array that it was given."""
        return cls(
            f"{function} reads the numbers it is given to know the shape or the dtype of its "
            f"result, and those of a {kind_of(value)} would have to be computed or fetched for it. "
            f"Do that on purpose, with `Tensor(t.numpy())`, or use a function whose result does "
            f"not depend on them so."
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
    def fixed(cls, described: str) -> "GraphError":
        """`requires_grad` assigned to the result of an op."""
        return cls(
            f"requires_grad was assigned to {described}, whose inputs decide on it: this cannot be "
            f"switched afterwards. For a constant write `t = t.detach()`; for no gradients in a "
            f"whole part, compute it under `with mg.no_grad():`."
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

    @classmethod
    def of(cls, what: str, op: str, had: str = "used") -> "MutationError":
        """An input of an op, or the result that the op `had` made."""
        return cls(
            f"{what} was changed after `{op}` had {had} it, so the gradient through `{op}` would "
            f"be computed from the wrong value. Call backward() before changing it (an optimiser "
            f"step comes after backward), or compute the expression again with the new value."
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
    def leaf(cls, described: str) -> "InPlaceError":
        """`t += value` for a parameter."""
        return cls(
            f"{described} is a leaf that requires a gradient; an augmented assignment would "
            f"replace it by the result of an op. To change its value write `t.data -= step`; to "
            f"compute with it, `y = t - step`."
        )

    @classmethod
    def augmented(cls, described: str, symbol: str) -> "InPlaceError":
        """`t += value` where a graph depends on the array that NumPy would write into."""
        return cls(
            f"`t {symbol}= x` would write into the array of {described}, which others may share, "
            f"and no graph would see it. Write\n"
            f"    t = t {symbol} x   # a new Tensor\n"
            f"    t = mg.index_update(t, key, t[key] {symbol} x)   # to change some entries"
        )

    @classmethod
    def shared(cls, described: str, other: str) -> "InPlaceError":
        """An assignment into a view of an array that is in a graph."""
        return cls(
            f"What is written into {described} is written into {other} too, whose memory it "
            f"shares and whose value a graph keeps. Write into a copy: t = t.copy()."
        )


class ShapeError(ValueError):
    """Shapes that do not go together, though NumPy would broadcast them."""


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity where training or anomaly detection expects numbers."""


class MissingExtraError(ImportError):
    """An optional package is not installed."""

    @classmethod
    def of(cls, what: str, package: str, extra: str) -> "MissingExtraError":
        """A feature, the package that it needs, and the extra that brings the package."""
        return cls(
            f"{what} needs {package}, which is not installed. Install it with: "
            f"pip install {package} (it is the extra '{extra}' of micrograd_np)"
        )


class GradientCheckError(AssertionError):
    """A gradient disagrees with differences; the message is the whole report."""


class RenderingError(RuntimeError):
    """A picture needs a program or a package that is not there, or that failed."""


class BatchedError(TypeError):
    """Something that would depend on the values of single examples of a batch."""

    @classmethod
    def value(cls, described: str) -> "BatchedError":
        """A number, a truth value or an array asked of one example."""
        return cls(
            f"{described} was used as a number, a truth value or a plain array, inside vmap, where "
            f"every example has another value, so that there is no single one. Use np.where for a "
            f"choice, NumPy's functions for arithmetic (np.exp for math.exp), mg.stack([...]) for "
            f"np.array([...]), mg.index_update(a, i, x) for `a[i] = x`, mg.Tensor(table)[i] to "
            f"index a table by it, and mg.stop_gradient(x) itself, without .item(), where a "
            f"constant is meant; or loop over the examples instead of vmap."
        )

    @classmethod
    def mask(cls) -> "BatchedError":
        """A boolean index of every example's own."""
        return cls(
            "a boolean mask computed inside vmap was used as an index: every example would have a "
            "result of another length. Use np.where(mask, x, 0) and reduce."
        )

    @classmethod
    def layout(cls, order: str) -> "BatchedError":
        """An order of entries that follows memory."""
        return cls(
            f"order={order!r} follows the layout of an array in memory, which one example of a "
            f"batch does not have inside vmap. Write order='C' or 'F', or transpose."
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
    def elsewhere(cls, described: str) -> "BatchedError":
        """A transform in another thread than the vmap around it."""
        return cls(
            f"{described} met a transform that does not run inside its vmap: a thread that the "
            f"batched function starts knows nothing of the vmap around it. Have it run in a copy "
            f"of this context, `pool.submit(contextvars.copy_context().run, f, x)`, or without a "
            f"thread."
        )

    @classmethod
    def escaped(cls, described: str) -> "BatchedError":
        """A value used after its vmap was over."""
        return cls(
            f"{described} was used after vmap had finished: it was stored somewhere by the batched "
            f"function. Return it from the function instead."
        )
