"""Errors that help to mend what is wrong: what happened, what was given, and what to do.

Each class subclasses the nearest built-in exception. A class method builds each message, so an
error is made of its message alone, and pickle can make the error anew in another process. A comment
beside a `message` says what the error is for. The errors of compiled functions are in `compiling`,
those about options in `options`. `habits` knows the names of other libraries.
The words that messages share are in `words`, and `places` finds the lines of the user's code that
messages name.
"""

from typing import TYPE_CHECKING, Any

from micrograd_np.errors.compiling import SourceError as SourceError
from micrograd_np.errors.compiling import TracingError as TracingError
from micrograd_np.errors.options import OptionError as OptionError
from micrograd_np.errors.places import library_name
from micrograd_np.errors.remedies import fitting
from micrograd_np.errors.words import SOLVER_ADVICE, kind_of, message
from micrograd_np.errors.words import called as called
from micrograd_np.errors.words import counted as counted
from micrograd_np.errors.words import listed as listed

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnregisteredFunctionError(TypeError):
    """A function that has no derivative here was called on a Tensor."""

    @classmethod
    def of(cls, function: Any, detail: str = "", reason: str = "") -> "UnregisteredFunctionError":
        """The error for a function, or for a method of a ufunc, with the reason if known."""
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
        """The error for `np.asarray(t)`; `advice`: what to call instead of a function of SciPy."""
        cut = (
            f"{described} is part of a graph; turning it into an array here would silently cut its "
            f"gradient."
        )
        if library := library_name():
            return cls(
                f"{cut} {library} works on plain numbers: give it `t.item()` for a single one, as "
                f"in `losses.append(loss.item())`, or `t.data`, the array."
            )
        if not advice and (found := fitting("")):
            return cls(f"{cut} {found} If it is meant to leave the graph: `t.data`.")
        if advice:
            return cls(f"{cut} {advice} `t.data`, to leave the graph on purpose.")
        return cls(
            f"{cut} Use `t.data` (the array itself) or `t.numpy()` (a copy) to leave the graph on "
            f"purpose, `stop_gradient(t)` to go on with a constant Tensor, `mg.index_update(a, i, "
            f"t)` for `a[i] = t`, or `mg.stack([...])` and `mg.tensor([...])` to join Tensors with "
            f"their history."
        )

    @classmethod
    def while_differentiated(cls, described: str) -> "LeavesGraphError":
        """The error for `float(t)`, `t.item()` or `copy.copy(t)` in a differentiated function."""
        remedy = fitting(
            "Write np.sin for math.sin, `mg.stack([...])` or `mg.index_update(a, i, t)` for "
            "`a[i] = t`."
        )
        return cls(
            f"{described} is being differentiated; a plain number, a plain array or a copy of it "
            f"would silently cut its gradient. {remedy} If its value is meant as a constant: "
            f"`mg.stop_gradient(t).item()`."
        )


class SolverError(RuntimeError):
    """One of SciPy's solvers met a tracked Tensor that its function uses beside its arguments.

    This error is no TypeError, unlike `LeavesGraphError`: SciPy catches TypeErrors, and says
    instead that the function has to return a number.
    """

    of = message(  # a Tensor that a function of SciPy met
        "{described} is part of a graph, and {solver} works on plain numbers: "
        + SOLVER_ADVICE
        + "{instead}"
    )


class GradientCutWarning(UserWarning):
    """A tracked Tensor became a plain number, through which no gradient flows.

    A plain number is made by `float(t)`, `int(t)`, `complex(t)`, the functions of `math` and
    `statistics`, `a[i] = t` on a plain array, and `np.fromiter`. Python shows the warning once for
    each expression of the user's code.
    `warnings.simplefilter("error", mg.GradientCutWarning)` turns the warning into an error.
    """

    @classmethod
    def at(cls, solver: str, instead: str) -> "GradientCutWarning":
        """The warning for a line of code, with the remedy for the expression there.

        `solver`: the function of SciPy that made the plain number; "" if none did. `instead`: the
        sentence about what to call in the place of the solver.
        """
        if solver:
            return cls(
                f"a tracked Tensor becomes a plain number in {solver}, which cuts its gradient: "
                f"{SOLVER_ADVICE}{instead}"
            )
        remedy = fitting(
            "Write a function of NumPy for one of Python, as np.exp for math.exp; or "
            "mg.stack([...]) or mg.index_update(a, i, t) for `a[i] = t`."
        )
        return cls(
            f"a tracked Tensor becomes a plain number here, which cuts its gradient. {remedy} If "
            f"the plain number is meant: t.item() or t.data."
        )


class MeaningLostError(TypeError):
    """An array that is more than numbers was given where a Tensor takes only numbers.

    `operand` is the array. `may_hold_tensors` says whether the class of `operand` can do the
    operation instead.
    """

    operand: Any = None
    may_hold_tensors = False

    @classmethod
    def of(cls, operand: Any, lost: str, *, may_hold_tensors: bool) -> "MeaningLostError":
        """The error for one array, of which `lost` would be lost."""
        error = cls(f"a {kind_of(operand)} was given with a Tensor or as its numbers; {lost}.")
        error.operand = operand
        error.may_hold_tensors = may_hold_tensors
        return error

    @classmethod
    def among(cls, found: "Mapping[str, MeaningLostError]") -> "MeaningLostError":
        """The error for several named values, of which none was taken, from the error of each."""
        named = listed(f"{name}: {lost}" for name, lost in found.items())
        error = cls(f"what was given is more than numbers; nothing was taken of it:{named}")
        first = next(iter(found.values()))
        error.operand, error.may_hold_tensors = first.operand, first.may_hold_tensors
        return error


class FormatError(TypeError):
    """A format for single numbers was given for an array."""

    of_array = message(  # `f"{t:.3f}"` of an array
        "{described} is an array, and the format {spec!r} is for a single number: write `t[i]` or "
        "`np.sum(t)` in its place. For all entries, `np.array2string(t.data, precision=3)`."
    )


class ForeignArrayError(TypeError):
    """A function needs numbers that another library has on a device, or has not computed yet."""

    of = message(  # a function that was given the array `value` of another library
        "{function} reads the numbers it is given to know the shape or the dtype of its result, "
        "and the numbers of a {value} would have to be computed or fetched. Do that on purpose, "
        "with `Tensor(t.numpy())`, or use a function whose shape and dtype do not depend on the "
        "numbers.",
        value=kind_of,
    )
    by_scipy = message(  # a function that SciPy computes, given the array `value`
        "{function} is computed by SciPy, from NumPy's arrays, and the numbers of a {value} would "
        "have to be computed or fetched. Do that on purpose, with `Tensor(t.numpy())`.",
        value=kind_of,
    )


class RuleError(TypeError):
    """The derivative rule of a user's op cannot be right."""

    @classmethod
    def wrong_count(cls, name: str, kind: str, given: int, needed: str) -> "RuleError":
        """The error for a rule that returned a tuple of the wrong length."""
        return cls(
            f"the {kind} of `{name}` returned {given} value(s) for {needed}. Return one for each, "
            f"in order, as a tuple, with None where there is nothing to carry."
        )

    lost_graph = message(  # a rule that returned a plain array where a Tensor was expected
        "`{name}` has a {kind} that was given a Tensor to carry, and returned something that does "
        "not depend on the Tensor, so derivatives of this derivative would be silently wrong. "
        "Write the rule in NumPy functions of its arguments, without `.data`, `.numpy()` or other "
        "libraries; what needs those can be an op of its own: mg.primitive(...)."
    )
    closes_over = message(  # an op or a rule that uses a Tensor that is none of its arguments
        "`{name}` was given arrays, and {what} returned a Tensor: it uses a Tensor that is not "
        "among its arguments, whose gradient would be lost. Make that Tensor an argument."
    )
    writes = message(  # an op that writes into its inputs
        "`{name}` writes into an array that is read-only. The inputs of an op are read-only, "
        "because they are the values of Tensors. Copy an input before you write to it, as in "
        "`x = x.copy()`."
    )


class NotDifferentiableError(TypeError):
    """A gradient was asked of something that has none."""


class GraphError(RuntimeError):
    """The graph cannot answer: nothing was recorded, or the output is of the wrong kind."""

    nothing_recorded = message(  # `backward` from a constant
        "backward() from {described}, which depends on no Tensor with requires_grad=True (or was "
        "computed under no_grad, or as integers), so there is nothing to differentiate. Give the "
        "parameters requires_grad=True before computing."
    )
    not_scalar = message(  # `backward` from an array without a cotangent
        "backward() from {described}: a gradient is defined for a single number. Reduce it first, "
        "as in `np.sum(out).backward()`, or pass the cotangent: `out.backward(gradient)` with "
        "gradient of shape {shape}."
    )
    fixed = message(  # assigning `requires_grad` to the result of an op
        "requires_grad was assigned to {described}, whose inputs decide on it: it cannot be "
        "switched afterwards. For a constant write `t = t.detach()`; for no gradients in a whole "
        "part, compute it under `with mg.no_grad():`."
    )
    complex_output = message(  # `backward` from a complex number without a cotangent
        "backward() from {described}: a complex number has no direction of ascent. Reduce it to a "
        "real one (np.abs, np.real), or pass the cotangent: `out.backward(gradient)`."
    )


class MutationError(RuntimeError):
    """A value was changed after an op had used it, so its gradient would be wrong."""

    drawn = message(  # the gradients of a picture
        "{what}\nThe picture itself needs no gradients: draw it without gradients=True, with the "
        "`.grad` that backward() left, or draw before the update."
    )

    @classmethod
    def of(cls, what: str, op: str, had: str = "used") -> "MutationError":
        """The error for a value that was changed after `op` had "used" it, or had "made" it."""
        return cls(
            f"{what} was changed after `{op}` had {had} it, so the gradient through `{op}` would "
            f"be computed from the wrong value. Call backward() before changing it (an optimizer "
            f"step comes after backward), or compute the expression again with the new value."
        )


class InPlaceError(TypeError):
    """An assignment was made into a Tensor whose value a graph depends on."""

    item = message(  # `t[key] = value`
        "{described} is part of a graph and cannot be assigned to. Write\n"
        "    t = mg.index_update(t, key, value)   # for t[key] = value\n"
        "    t = np.where(mask, value, t)         # for t[mask] = value\n"
        "or, to change a parameter between steps, `t.data = mg.index_update(t.data, ...)`."
    )
    function = message(  # a function that writes into its first argument
        "{name} writes into an array, and a Tensor keeps its value for the graph. Write\n"
        "    {instead}"
    )
    leaf = message(  # `t += value` where `t` is a parameter
        "{described} is a leaf that requires a gradient; an augmented assignment would replace it "
        "by the result of an op. To change its value write `t.data -= step`; to compute with it, "
        "`y = t - step`."
    )
    augmented = message(  # `t += value` where a graph depends on the array of `t`
        "{described} has an array that others may share: `t {symbol}= x` would write into it, and "
        "no graph would see the change. Write\n"
        "    t = t {symbol} x   # a new Tensor\n"
        "    t = mg.index_update(t, key, t[key] {symbol} x)   # to change some entries"
    )
    shared = message(  # an assignment into a view of an array that is in a graph
        "{described} shares its memory with {other}, whose value a graph keeps: what is written "
        "into one is written into both. Write into a copy: t = t.copy()."
    )


class ShapeError(ValueError):
    """Shapes do not go together, though NumPy would broadcast them."""


class IntegrationError(RuntimeError):
    """A differential equation could not be integrated, so that there is no derivative."""


class NonFiniteError(FloatingPointError):
    """A NaN or an infinity was found where training or anomaly detection expects numbers."""


class MissingExtraError(ImportError):
    """An optional package is not installed."""

    of = message(  # a feature that needs `package`, which the extra `extra` installs
        "{what} needs {package}, which is not installed. Install it with: pip install {package} "
        "(it is the extra '{extra}' of micrograd_np)"
    )


class GradientCheckError(AssertionError):
    """A gradient disagrees with finite differences; the message is the whole report."""


class RenderingError(RuntimeError):
    """A picture needs a program or a package that is not there, or that failed."""


class BatchedError(TypeError):
    """Code inside `vmap` asked for something that depends on the value of a single example."""

    @classmethod
    def value(cls, described: str) -> "BatchedError":
        """The error for a number, a truth value or a plain array asked of one example."""
        remedy = fitting(
            "Use np.where for a choice, NumPy's functions for arithmetic (np.exp for math.exp), "
            "mg.stack([...]) for np.array([...]), mg.index_update(a, i, x) for `a[i] = x`, "
            "mg.Tensor(table)[i] to index a table by it, and mg.stop_gradient(x) itself, without "
            ".item(), where a constant is meant; or loop over the examples instead of vmap."
        )
        return cls(
            f"{described} was used as a number, a truth value or a plain array inside vmap, where "
            f"every example has a value of its own, so there is no single one. {remedy}"
        )

    mask = message(  # a boolean index, of which every example has another
        "a boolean mask computed inside vmap was used as an index: every example would have a "
        "result of another length. Use np.where(mask, x, 0) and reduce."
    )
    layout = message(  # an order of entries that follows the layout in memory
        "order={order!r} follows the layout of an array in memory, which one example of a batch "
        "does not have inside vmap. Write order='C' or 'F', or transpose."
    )
    ragged = message(  # examples whose results have different shapes
        "the examples of a batch gave results of different shapes, which make no array: {shapes}. "
        "Return results of one shape, with np.where in place of a selection.",
        shapes=lambda shapes: ", ".join(map(str, shapes)),
    )
    elsewhere = message(  # a transform in another thread than the `vmap` around it
        "{described} met a transform that does not run inside its vmap: a thread that the batched "
        "function starts knows nothing of the vmap around it. Have it run in a copy of this "
        "context, `pool.submit(contextvars.copy_context().run, f, x)`, or without a thread."
    )
    closed_over = message(  # a function given to a solver that has found a value around itself
        "{function} was given to a solver inside vmap, and uses a value of the batch, or a tracked "
        "Tensor, that is not among its arguments. Inside vmap the solver works on one example "
        "after the other: give the value to the function in `args`."
    )
    escaped = message(  # a batched value that is used after its `vmap` was over
        "{described} was used after vmap had finished: it was stored somewhere by the batched "
        "function. Return it from the function instead."
    )


# ---------------------------------------------------------------- errors that NumPy covers

COVER = "setting an array element with a sequence."
COVERED = (BatchedError, GradientCutWarning, LeavesGraphError, TracingError)


def uncover(error: ValueError) -> None:
    """Raise the error of this package that NumPy's `error` covers, if there is one.

    In `a[i] = t` and `np.fromiter` NumPy asks a Tensor for its number. Whatever error the Tensor
    raises, NumPy raises a ValueError of its own, and keeps the Tensor's error as the cause.
    """
    cause = error.__cause__
    if isinstance(cause, COVERED) and str(error) == COVER:
        error.__cause__ = None
        raise cause.with_traceback(error.__traceback__) from None  # which has the user's line
