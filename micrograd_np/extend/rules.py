"""Rules that users write: checked, and completed where one of the two directions is missing.

- A *vjp*, `(g, out, *inputs, **options)`, returns one cotangent, or a tuple of one for each input.
  A list of vjps, one for each input, may be given instead.
- A *jvp*, `(tangents, out, *inputs, **options)`, returns a tangent, or a tuple of tangents.
- A *partial*, `(out, *inputs, **options)`, returns the factor of an elementwise derivative.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from micrograd_np.core.broadcasting import fit
from micrograd_np.core.forms import every_by
from micrograd_np.core.op import Array, Kind, Options, Rule, Vjp, Wanted
from micrograd_np.core.record import has_parts
from micrograd_np.errors import LeavesGraphError, RuleError, UnregisteredFunctionError
from micrograd_np.extend.checks import cotangent, evaluated, linear_rule, parts_of, tangent
from micrograd_np.extend.transposition import Arrays, transposed, zeros
from micrograd_np.extend.trees import jvp_on_leaves, vjp_of_argument, vjp_on_leaves

Partial = Rule | complex | None
GivenVjp = Rule | Sequence[Rule | None]
Derivative = tuple[Kind, Vjp, Rule | None]  # of an op: its kind, its vjp and its jvp


class Declaration(NamedTuple):
    """The derivative of a function as the user stated it."""

    name: str
    partials: Sequence[Partial] | None
    vjp: GivenVjp | None
    jvp: Rule | None
    constant: bool

    def check_one_way(self) -> None:
        """Raise RuleError unless the derivative is stated in exactly one way."""
        pair = self.vjp is not None or self.jvp is not None
        if sum([self.partials is not None, pair, self.constant]) != 1:
            raise RuleError(
                f"`{self.name}` needs its derivative said in one way: partials=[...] if it works "
                f"entry by entry; or vjp=, jvp= or both; or constant=True."
            )

    def functions(self) -> list[tuple[str, Rule]]:
        """The rules that are called, each with its kind."""
        vjps = [self.vjp] if callable(self.vjp) else self.vjp or ()
        kinds = (("partials", self.partials or ()), ("vjp", vjps), ("jvp", [self.jvp]))
        return [(kind, rule) for kind, rules in kinds for rule in rules if callable(rule)]


# ---------------------------------------------------------------- from what is declared to rules


def derivative(declared: Declaration) -> Derivative:
    """The rules in both directions, of which the user may have left one out."""
    name, partials, vjp, jvp, constant = declared
    if constant:
        return "constant", every_by(None), None
    if partials is not None:
        return by_partials(name, partials)
    pushed = jvp and jvp_of(name, jvp)
    if vjp is None and pushed:
        pulled = vjp_by_transposing(name, pushed)
    else:
        pulled = joint_vjp(name, vjp) if callable(vjp) else separate_vjps(name, vjp or ())
    return "primitive", pulled, pushed or jvp_by_transposing(name, pulled)


def by_partials(name: str, partials: Sequence[Partial]) -> Derivative:
    """The rules of a function that works entry by entry."""

    def factor(index: int, out: Array, inputs: Arrays, options: Options) -> Any:
        partial = partials[index]
        if not callable(partial):
            return partial
        return evaluated(name, "partial", partial, out, *inputs, options=options)

    def vjp(wanted: Wanted, g: Array, out: Array, inputs: Arrays, options: Options) -> list[Any]:
        return [
            None
            if partials[i] is None
            else cotangent(name, g * factor(i, out, inputs, options), f"input {i}", inputs[i])
            for i in wanted
        ]

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Array:
        terms = [
            t * factor(i, out, inputs, options)
            for i, t in enumerate(tangents)
            if t is not None and partials[i] is not None
        ]
        return tangent(name, sum(terms[1:], terms[0]) if terms else None, out)

    return "elementwise", vjp, jvp


def joint_vjp(name: str, given: Rule) -> Vjp:
    """The vjp of an op whose rule answers for all inputs at once."""
    rule = vjp_on_leaves(given)

    def vjp(wanted: Wanted, g: Array, out: Array, inputs: Arrays, options: Options) -> list[Any]:
        found = linear_rule(name, "vjp", rule, g, out, inputs, options)
        several = found if isinstance(found, list | tuple) else (found,)
        if len(several) != len(inputs):
            raise RuleError.wrong_count(name, "vjp", len(several), f"{len(inputs)} inputs")
        return [cotangent(name, several[i], label(i, options), inputs[i]) for i in wanted]

    return vjp


def separate_vjps(name: str, given: Sequence[Rule | None]) -> Vjp:
    """The vjp of an op with a rule for each input, of which those that are wanted are called."""
    rules = [rule and vjp_of_argument(rule, i) for i, rule in enumerate(given)]

    def vjp(wanted: Wanted, g: Array, out: Array, inputs: Arrays, options: Options) -> list[Any]:
        layout, found = options.get("layout_"), {}
        cotangents: list[Any] = []
        for i in wanted:
            argument, place = layout.place_of(i) if layout else (i, 0)
            rule = rules[argument]
            if rule and argument not in found:
                found[argument] = linear_rule(name, "vjp", rule, g, out, inputs, options)
            part = rule and found[argument][place]
            cotangents.append(rule and cotangent(name, part, label(i, options), inputs[i]))
        return cotangents

    return vjp


def label(index: int, options: Options) -> str:
    """The words for an input in messages."""
    layout = options.get("layout_")
    return repr(layout.labels()[index]) if layout else f"input {index}"


def jvp_of(name: str, given: Rule) -> Rule:
    """A jvp, which is given a tangent for every input, zeros where none moves."""
    rule = jvp_on_leaves(given)

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Any:
        filled = [zeros(x) if t is None else t for t, x in zip(tangents, inputs, strict=True)]
        found = linear_rule(name, "jvp", rule, filled, out, inputs, options)
        if not has_parts(out):
            return tangent(name, found, out)
        several = found if isinstance(found, list | tuple) else (found,)
        results = parts_of(out)
        if len(several) != len(results):
            raise RuleError.wrong_count(name, "jvp", len(several), f"{len(results)} results")
        return tuple(tangent(name, t, y) for t, y in zip(several, results, strict=True))

    return jvp


# ---------------------------------------------------------------- one direction from the other


def jvp_by_transposing(name: str, vjp: Vjp) -> Rule:
    """The jvp that belongs to a vjp."""

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Any:
        wanted = [i for i, t in enumerate(tangents) if t is not None]

        def back(dummies: list[Any]) -> list[Any]:
            g = dummies if has_parts(out) else dummies[0]
            cotangents = explained(name, "vjp", vjp)(wanted, g, out, inputs, options)
            pairs = zip(wanted, cotangents, strict=True)
            return [None if part is None else fit(part, inputs[i]) for i, part in pairs]

        found = transposed(back, parts_of(out), [tangents[i] for i in wanted])
        return tuple(found) if has_parts(out) else found[0]

    return jvp


def vjp_by_transposing(name: str, jvp: Rule) -> Vjp:
    """The vjp that belongs to a jvp."""

    def vjp(wanted: Wanted, g: Array, out: Array, inputs: Arrays, options: Options) -> list[Any]:
        def forth(dummies: list[Any]) -> list[Any]:
            found = explained(name, "jvp", jvp)(dummies, out, *inputs, **options)
            several = found if has_parts(out) else [found]
            return [fit(t, y) for t, y in zip(several, parts_of(out), strict=True)]

        found = transposed(forth, inputs, g if has_parts(out) else [g])
        return [cotangent(name, found[i], label(i, options), inputs[i]) for i in wanted]

    return vjp


def explained(name: str, kind: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """`rule`, whose errors say why it is run on Tensors."""

    def run(*given: Any, **options: Any) -> Any:
        try:
            return rule(*given, **options)
        except (LeavesGraphError, UnregisteredFunctionError) as error:
            other = "jvp" if kind == "vjp" else "vjp"
            error.add_note(
                f"while the {other} of `{name}` was derived from its {kind}, which for this has to "
                f"be written in NumPy functions that have derivatives. Give both rules instead."
            )
            raise

    return run
