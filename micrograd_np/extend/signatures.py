"""The signature of a user's function, and the check that its rules can be called to match.

Parameters without a default are the *inputs* of the op, arrays to differentiate in; `*xs` is any
number of inputs. All other parameters are *options*. Two kinds of parameter are neither: NumPy's
`out`, which is written to, and parameters whose default is NumPy's mark for "not given".
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.signature import Bound, Options, Signature
from micrograd_np.errors import RuleError
from micrograd_np.extend.rules import Declaration

Parameter = inspect.Parameter
PACKED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
NAMED = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Parameters:
    """The parameters of a function, divided into the inputs of the op and its options."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        arrays: int | None,
        nondiff: str | Sequence[str] = (),
    ) -> None:
        self.name = name
        self.signature = signature_of(name, function, arrays)
        self.nondiff = (nondiff,) if isinstance(nondiff, str) else tuple(nondiff)
        listed = self.signature.parameters.values()
        named = [p for p in listed if p.kind in NAMED and p.name not in self.nondiff]
        if unknown := set(self.nondiff).difference(p.name for p in listed if p.kind not in PACKED):
            raise RuleError(
                f"nondiff={nondiff!r} names {', '.join(sorted(unknown))}, which is no parameter of "
                f"`{name}{self.signature}`."
            )
        self.any_number = any(p.kind is p.VAR_POSITIONAL for p in listed)
        self.arrays = sum(p.default is p.empty for p in named) if arrays is None else arrays
        self.inputs = [p.name for p in named[: self.arrays]]
        optional = [
            p
            for p in listed
            if p.kind in (*NAMED, p.KEYWORD_ONLY)
            and p.name not in (*self.inputs, "out")
            and p.default is not np._NoValue
        ]
        self.options = [p.name for p in optional]
        self.defaults = {p.name: p.default for p in optional if p.default is not p.empty}
        if len(self.inputs) < self.arrays or not (self.arrays or self.any_number):
            raise RuleError(
                f"`{name}{self.signature}` should have {self.arrays or 'some'} arrays to "
                f"differentiate in. These are its parameters without a default, or the first "
                f"`arrays=` parameters; those named by `nondiff=` do not count."
            )

    def binder(self, function: Callable[..., Any]) -> Signature:
        """The binder of calls of `function`, which dispatches to the user's function."""
        listed = self.signature.parameters.values()
        by_name = [p.name for p in listed if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
        return Signature(
            function,
            tuple(p.name for p in listed if p.kind in NAMED),
            self.arrays,
            "variadic" if self.any_number else "arrays",
            known=self.known,
            defaults=self.defaults,
            required=frozenset(by_name),
            unnamed=frozenset(p.name for p in listed if p.kind is p.POSITIONAL_ONLY),
        )

    @property
    def known(self) -> frozenset[str] | None:
        """The names of its options; None if it takes any."""
        listed = self.signature.parameters.values()
        return None if any(p.kind is p.VAR_KEYWORD for p in listed) else frozenset(self.options)

    def are_arrays(self, args: tuple[Any, ...], keywords: Options) -> bool:
        """Whether no input of a call is a branch of a tree."""
        positional = args if self.any_number else args[: self.arrays]
        by_name = [keywords[name] for name in self.inputs if name in keywords]
        return all(tree.parts(x) is None for x in (*positional, *by_name))

    def bind(self, args: tuple[Any, ...], keywords: Options) -> Bound:
        """The inputs and the options of a call, as Python binds it; for `nondiff` parameters.

        Raises TypeError for arguments that the function does not take.
        """
        try:
            bound = self.signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.signature}: {error}") from None
        options: Options = self.defaults | bound.arguments
        inputs = [options.pop(name) for name in self.inputs]
        for p in self.signature.parameters.values():
            if p.kind is p.VAR_POSITIONAL:
                inputs += options.pop(p.name, ())
            elif p.kind is p.VAR_KEYWORD:
                options |= options.pop(p.name, {})
        return tuple(inputs), options

    def arranged(self, inputs: Sequence[Any], options: Options) -> Bound:
        """The arguments of the function by position and by name, with inputs where they belong."""
        if not self.nondiff:
            return tuple(inputs), options
        supply, left = iter(inputs), dict(options)
        positional = []
        for p in self.signature.parameters.values():
            if p.kind in NAMED and p.name in left:
                positional.append(left.pop(p.name))
            elif p.kind in NAMED:
                positional.append(next(supply))
        return (*positional, *supply), left

    def check(self, declared: Declaration, *, defaults: bool = True) -> None:
        """Raise RuleError unless each input has a rule that takes the arguments of future calls.

        `defaults`: whether every rule receives every option.
        """
        declared.check_one_way()
        for kind, given in (("partials", declared.partials), ("vjp", declared.vjp)):
            if given is not None and not (kind == "vjp" and callable(given)):
                self._check_count(kind, given)
        for kind, rule in declared.functions():
            self._check_call(kind, rule, self.options if defaults else [])

    def _check_count(self, kind: str, given: Any) -> None:
        if not isinstance(given, list | tuple):
            raise RuleError(f"the {kind} of `{self.name}` should be a list, one for each input.")
        if self.any_number or len(given) != self.arrays:
            raise RuleError(
                f"`{self.name}{self.signature}` has {'any number of' if self.any_number else ''}"
                f"{self.arrays or ''} inputs (parameters without a default), but {len(given)} "
                f"{kind} were given. Give one for each, None where it is flat; or one vjp for all."
            )

    def _check_call(self, kind: str, rule: Callable[..., Any], options: list[str]) -> None:
        if (signature := known_signature(rule)) is None:
            return
        leading = LEADING[kind]
        inputs = self.inputs or ["x"]
        try:
            signature.bind(*leading, *inputs, **dict.fromkeys(options))
        except TypeError as error:
            expected = ", ".join([*leading, *inputs, *(f"{name}=" for name in options)])
            raise RuleError(
                f"the {kind} of `{self.name}` will be called as rule({expected}), but it takes "
                f"{signature}: {error}."
            ) from None


LEADING = {"partials": ["out"], "vjp": ["g", "out"], "jvp": ["tangents", "out"]}


def known_signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of a function; None if the function has none to inspect."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def signature_of(name: str, function: Callable[..., Any], arrays: int | None) -> inspect.Signature:
    """The signature of a function; one of `arrays` inputs and any options if it has none."""
    if isinstance(function, np.ufunc):
        arrays = function.nin
    elif found := known_signature(function):
        return found
    if arrays is None:
        raise RuleError(
            f"`{name}` does not tell its parameters. Say how many of them are arrays to "
            f"differentiate in: `arrays=1`."
        )
    inputs = [Parameter(f"x{i}", Parameter.POSITIONAL_ONLY) for i in range(arrays)]
    return inspect.Signature([*inputs, Parameter("options", Parameter.VAR_KEYWORD)])


def options_known(declared: Declaration, parameters: Parameters) -> set[str]:
    """The options of a function that all its rules take."""
    known = set(parameters.options)
    for _, rule in declared.functions():
        if signature := known_signature(rule):
            listed = signature.parameters.values()
            if not any(p.kind is p.VAR_KEYWORD for p in listed):
                known &= {p.name for p in listed}
    return known
