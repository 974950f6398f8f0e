"""Rules that users write: checked, and completed where one of the two directions is missing.

- A *vjp*, `(g, out, *inputs, **options)`, returns one cotangent, or a tuple of one for each input.
  A list of vjps, one for each input, may be given instead.
- A *jvp*, `(tangents, out, *inputs, **options)`, returns a tangent, or a tuple of tangents.
- A *partial*, `(out, *inputs, **options)`, returns the factor of an elementwise derivative.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from micrograd_np.core.broadcasting import fit
from micrograd_np.core.op import Array, EveryInput, Inputs, Kind, Op, Options, Rule
from micrograd_np.errors import LeavesGraphError, RuleError, UnregisteredFunctionError
from micrograd_np.extend.checks import (
    cotangent,
    evaluated,
    has_parts,
    linear_rule,
    parts_of,
    tangent,
)
from micrograd_np.extend.transposition import transposed, zeros

Partial = Rule | complex | None
Vjp = Rule | Sequence[Rule | None]
Wanted = Sequence[bool]


class Said(NamedTuple):
    """The derivative of a function as a user said it."""

    name: str
    partials: Sequence[Partial] | None
    vjp: Vjp | None
    jvp: Rule | None
    constant: bool

    def check_one_way(self) -> None:
        """Raise RuleError unless the derivative is said in exactly one way."""
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


class Derivative(NamedTuple):
    """The rules of an op: either `vjps`, one an input, or a `joint` one for all of them."""

    kind: Kind
    jvp: Rule | None
    vjps: Any = ()
    joint: Rule | None = None


class JointOp(Op):
    """An op whose vjp may answer for all inputs at once, evaluated once for a visit of the walk."""

    def __init__(self, function: Callable[..., Any], rules: Derivative, **fields: Any) -> None:
        self.joint = rules.joint
        super().__init__(function, rules.kind, rules.vjps, rules.jvp, **fields)

    @property  # what `Op` stores is made anew here, for each visit
    def vjps(self) -> Any:
        """One rule an input. Those of one visit share what the joint rule returns."""
        return Together(self.name, self.joint) if self.joint else self._vjps

    @vjps.setter
    def vjps(self, rules: Any) -> None:
        self._vjps = rules


class Together(EveryInput):
    """The rules of one visit to a node whose vjp answers for all inputs at once."""

    def __init__(self, name: str, joint: Rule) -> None:
        super().__init__(joint)
        self.name = name
        self.joint = joint
        self.g: Any = None
        self.found: Sequence[Any] = ()

    def __getitem__(self, index: int) -> Rule:
        def vjp(g: Array, out: Array, *inputs: Array, **options: Any) -> Array:
            if self.g is not g:
                self.g, self.found = g, self.joint(g, out, *inputs, **options)
            return cotangent(self.name, self.found[index], index, inputs[index])

        return vjp


# ---------------------------------------------------------------- from what is said to rules


def derivative(said: Said) -> Derivative:
    """The rules in both directions, of which one may have been left out."""
    name, partials, vjp, jvp, constant = said
    if constant:
        return Derivative("constant", None, EveryInput(None))
    if partials is not None:
        return by_partials(name, partials)
    pushed = jvp and jvp_of(name, jvp)
    if vjp is None and pushed:
        return Derivative("primitive", pushed, joint=vjp_by_transposing(name, pushed))
    if callable(vjp):
        joint = joint_vjp(name, vjp)
        return Derivative("primitive", pushed or jvp_by_transposing(name, joint), joint=joint)
    single = [rule and single_vjp(name, rule, i) for i, rule in enumerate(vjp or ())]
    return Derivative(
        "primitive", pushed or jvp_by_transposing(name, each(single), choosy=True), single
    )


def by_partials(name: str, partials: Sequence[Partial]) -> Derivative:
    """The rules of a function that works entry by entry."""

    def factor(index: int, out: Array, inputs: Inputs, options: Options) -> Any:
        partial = partials[index]
        if not callable(partial):
            return partial
        return evaluated(name, "partial", partial, out, *inputs, options=options)

    def vjp_of(index: int) -> Rule | None:
        def vjp(g: Array, out: Array, *inputs: Array, **options: Any) -> Array:
            part = g * factor(index, out, inputs, options)
            return cotangent(name, part, index, inputs[index])

        return None if partials[index] is None else vjp

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Array:
        terms = [
            t * factor(i, out, inputs, options)
            for i, t in enumerate(tangents)
            if t is not None and partials[i] is not None
        ]
        return tangent(name, sum(terms[1:], terms[0]) if terms else None, out)

    return Derivative("elementwise", jvp, [vjp_of(i) for i in range(len(partials))])


def joint_vjp(name: str, rule: Rule) -> Rule:
    """A vjp for all inputs as a function that returns a cotangent, or None, for each."""

    def vjp(g: Array, out: Array, *inputs: Array, **options: Any) -> tuple[Any, ...]:
        found = linear_rule(name, "vjp", rule, g, out, inputs, options)
        several = found if isinstance(found, list | tuple) else (found,)
        if len(several) != len(inputs):
            raise RuleError.wrong_count(name, "vjp", len(several), f"{len(inputs)} inputs")
        return tuple(several)

    return vjp


def single_vjp(name: str, rule: Rule, index: int) -> Rule:
    """A vjp for one input."""

    def vjp(g: Array, out: Array, *inputs: Array, **options: Any) -> Array:
        found = linear_rule(name, "vjp", rule, g, out, inputs, options)
        return cotangent(name, found, index, inputs[index])

    return vjp


def jvp_of(name: str, rule: Rule) -> Rule:
    """A jvp, which is given a tangent for every input, zeros where none moves."""

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


def each(vjps: Sequence[Rule | None]) -> Rule:
    """Vjps of one input each as one for all; it evaluates those that are `wanted`."""

    def vjp(g: Array, out: Array, *inputs: Array, wanted: Wanted, **options: Any) -> list[Any]:
        return [
            rule(g, out, *inputs, **options) if yes and rule else None
            for yes, rule in zip(wanted, vjps, strict=True)
        ]

    return vjp


def jvp_by_transposing(name: str, vjp: Rule, *, choosy: bool = False) -> Rule:
    """The jvp that belongs to a vjp for all inputs.

    A `choosy` vjp takes an option `wanted`: for which inputs the cotangent is looked at.
    """

    def jvp(tangents: Sequence[Array | None], out: Array, *inputs: Array, **options: Any) -> Any:
        wanted = [t is not None for t in tangents]
        choice = {"wanted": wanted} if choosy else {}

        def back(dummies: list[Any]) -> list[Any]:
            g = dummies if has_parts(out) else dummies[0]
            parts = explained(name, "vjp", vjp)(g, out, *inputs, **choice, **options)
            return [
                fit(cotangent(name, part, i, x), x) if yes else None
                for i, (yes, part, x) in enumerate(zip(wanted, parts, inputs, strict=True))
            ]

        found = transposed(back, parts_of(out), tangents)
        return tuple(found) if has_parts(out) else found[0]

    return jvp


def vjp_by_transposing(name: str, jvp: Rule) -> Rule:
    """The vjp for all inputs that belongs to a jvp."""

    def vjp(g: Array, out: Array, *inputs: Array, **options: Any) -> list[Any]:
        def forth(dummies: list[Any]) -> list[Any]:
            found = explained(name, "jvp", jvp)(dummies, out, *inputs, **options)
            several = found if has_parts(out) else [found]
            return [fit(t, y) for t, y in zip(several, parts_of(out), strict=True)]

        return transposed(forth, inputs, g if has_parts(out) else [g])

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
