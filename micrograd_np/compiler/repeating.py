"""Many steps: a compiled function applied to what it returned, n times over."""

from collections.abc import Callable, Sequence
from typing import Any

from micrograd_np import tree
from micrograd_np.compiler.signature import Call, check_count, inside, is_value
from micrograd_np.compiler.specialization import Specialization
from micrograd_np.compiler.subject import Arguments, Keywords, Subject
from micrograd_np.errors import listed
from micrograd_np.mode import TRACE
from micrograd_np.quiet import quiet

Specialized = Callable[[Call, Arguments, Keywords], Specialization]


class Repeated:
    """`n` steps of a compiled function as one function.

    `specialized` finds or makes what is compiled for a signature.
    """

    def __init__(
        self, subject: Subject, specialized: Specialized, n: int, carry: int | None
    ) -> None:
        check_count("n, how many steps to repeat,", n)
        check_count("carry, how many arguments are carried on,", 1 if carry is None else carry)
        self.subject = subject
        self.specialized = specialized
        self.n = n
        self.carry = carry

    def __repr__(self) -> str:
        return f"<{self.n} steps of {self.subject.name}>"

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """The result of the last step."""
        call = self.subject.call_of(args, keywords)
        if TRACE.get() is not None or inside(call.leaves):
            return self._uncompiled(args, keywords)
        made = self.specialized(call, args, keywords)
        if made.returned.tracked:
            return self._uncompiled(args, keywords)
        loop = self._loop(made, args)
        with quiet():
            results = loop(self.n, *made.parameters(call))
        return made.returned.rebuilt(results)

    def _uncompiled(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The result of the last step, by the function itself, where results have a history."""
        for _ in range(self.n):
            out = self.subject.function(*args, **keywords)
            parts = replacing(out, args, self.carry)
            args = (*parts, *args[len(parts) :])
        return out

    def _loop(self, made: Specialization, args: tuple[Any, ...]) -> Callable[..., Any]:
        """The loop for this signature, made once."""
        loop = made.loops.get(self.carry)
        if loop is None:
            replaced = replacing(made.returned.rebuilt_with(made.program.results), args, self.carry)
            results = {result: i for i, result in enumerate(made.program.results)}
            new = [leaf for part in replaced for leaf in tree.leaves(part)]
            old = [leaf for x in args[: len(replaced)] for leaf in tree.leaves(x)]
            chosen = [results[y] for x, y in zip(old, new, strict=True) if is_value(x)]
            loop = made.backend.loop(made.program, dict(enumerate(chosen)))
            made.loops[self.carry] = loop
        return loop


def replacing(out: Any, args: Sequence[Any], carry: int | None) -> list[Any]:
    """The parts of a result that take the places of leading arguments.

    Raises ValueError if there are none, naming all leaves that differ.
    """
    if carry is None and args and not differences(args[0], out):
        return [out]
    several = isinstance(out, tuple) and not hasattr(out, "_fields")
    parts = list(out) if several else [out]
    pairs = list(zip(args, parts, strict=False))
    agreeing = [not differences(*pair) for pair in pairs]
    count = carry or (agreeing.index(False) if False in agreeing else len(agreeing))
    if count == 0 or not all(agreeing[:count]) or len(agreeing) < count:
        wrong = [line for pair in pairs[: carry or 1] for line in differences(*pair)]
        if not wrong:
            wrong = [f"carry={carry} asks for {carry} of each" if carry else "no arguments"]
        raise ValueError(
            f"repeat puts what a step returns in the place of its leading arguments, so it must be "
            f"like them in structure, shapes and dtypes: the new value of the first argument, or a "
            f"tuple that begins with those of the first ones. Given {len(args)} arguments, and "
            f"{f'a tuple of {len(parts)}' if several else 'one result'}:{listed(wrong)}"
        )
    return parts[:count]


def differences(argument: Any, part: Any) -> list[str]:
    """Where a result is not like the argument that it is to replace."""
    found: list[str] = []

    def compare(x: Any, y: Any) -> None:
        if is_value(x) and kind_of(x) != kind_of(y):
            found.append(f"{kind_of(x)} becomes {kind_of(y)}")

    try:
        tree.map(compare, argument, part)
    except ValueError as error:
        return [str(error)]
    return found


def kind_of(x: Any) -> str:
    """The shape and dtype of an array, the type of anything else, in words."""
    if getattr(x, "python", None):
        return str(x.python.__name__)
    if getattr(x, "dtype", None) is not None:
        return f"an array of shape {x.shape}, {x.dtype}"
    return type(x).__name__
