"""Many steps: a compiled function applied to what it returned, n times over."""

from collections.abc import Callable, Sequence
from typing import Any

from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.signature import Call, check_count, inside, is_value
from micrograd_np.compiler.specialization import Specialization
from micrograd_np.compiler.subject import Arguments, Keywords, Subject
from micrograd_np.compiler.tracing.trace import is_tracing
from micrograd_np.core import tree
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.errors import listed

NUMBERS = (float, int, complex)  # of Python
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
        for left in range(self.n, 0, -1):
            call = self.subject.call_of(args, keywords)
            if is_tracing() or inside(call.leaves):
                return self._uncompiled(left, args, keywords)
            made = self.specialized(call, args, keywords)
            if made.returned.tracked:
                return self._uncompiled(left, args, keywords)
            if (loop := self._loop(made, args)) is not None:
                with ignoring_float_errors():
                    results = loop(left, *made.parameters(call))
                return made.returned.rebuilt(results)
            out = made.returned.rebuilt(made.results(call))
            args = self._next(out, args)
        return out

    def _uncompiled(self, n: int, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """`n` steps by the function itself, where results have a history."""
        for _ in range(n):
            out = self.subject.function(*args, **keywords)
            args = self._next(out, args)
        return out

    def _next(self, out: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of the next step."""
        parts = replacing(out, args, self.carry)
        return (*parts, *args[len(parts) :])

    def _loop(self, made: Specialization, args: tuple[Any, ...]) -> Callable[..., Any] | None:
        """The loop for this signature, made once; None if the next step may have another.

        The next step has another signature if a number of Python becomes one of NumPy's. A value
        that is the same at every call, such as a Tensor from outside, is none of the program's.
        """
        if self.carry not in made.loops:
            replaced = replacing(made.returned.rebuilt_with(made.program.results), args, self.carry)
            results = {result: i for i, result in enumerate(made.program.results)}
            new = [leaf for part in replaced for leaf in tree.leaves(part)]
            old = [leaf for x in args[: len(replaced)] for leaf in tree.leaves(x)]
            pairs = [(x, y) for x, y in zip(old, new, strict=True) if is_value(x)]
            if all(isinstance(y, Variable) and kind_of(x) == kind_of(y) for x, y in pairs):
                chosen = dict(enumerate(results[y] for _, y in pairs))
                made.loops[self.carry] = made.backend.loop(made.program, chosen)
            else:
                made.loops[self.carry] = None
        return made.loops[self.carry]


def replacing(out: Any, args: Sequence[Any], carry: int | None) -> list[Any]:
    """The parts of a result that take the places of leading arguments.

    A number of NumPy's may take the place of one of Python's, if nothing else begins the result.
    Raises ValueError if there are none, naming all leaves that differ, or if it is not clear which.
    """
    if carry is None and args and not differences(args[0], out):
        return [out]
    several = isinstance(out, tuple) and not hasattr(out, "_fields")
    parts = list(out) if several else [out]
    pairs = list(zip(args, parts, strict=False))
    count = carry or agreeing(pairs)
    if carry is None and count == 0 and args and not differences(args[0], out, numbers=True):
        return [out]
    if carry is None and count == 0:
        count = agreeing(pairs, numbers=True)
        unclear = [part for pair in pairs[1:count] for part in differences(*pair)]
        if unclear:
            raise ValueError(
                f"repeat was given numbers of Python for several arguments, and a step returns "
                f"several of NumPy's. Say how many of them are new values of arguments, carry=1 to "
                f"carry={count}:{listed(unclear)}"
            )
    if count == 0 or agreeing(pairs[:count], numbers=True) < count:
        wrong = [line for pair in pairs[: carry or 1] for line in differences(*pair, numbers=True)]
        if not wrong:
            wrong = [f"carry={carry} asks for {carry} of each" if carry else "no arguments"]
        raise ValueError(
            f"repeat puts what a step returns in the place of its leading arguments, so it must be "
            f"like them in structure, shapes and dtypes: the new value of the first argument, or a "
            f"tuple that begins with those of the first ones. Given {len(args)} arguments, and "
            f"{f'a tuple of {len(parts)}' if several else 'one result'}:{listed(wrong)}"
        )
    return parts[:count]


def agreeing(pairs: Sequence[tuple[Any, Any]], *, numbers: bool = False) -> int:
    """How many arguments, from the first, have a result that is like them."""
    found = [not differences(*pair, numbers=numbers) for pair in pairs]
    return found.index(False) if False in found else len(found)


def differences(argument: Any, part: Any, *, numbers: bool = False) -> list[str]:
    """Where a result is not like the argument that it is to replace.

    `numbers`: a number of NumPy's is like one of Python's.
    """
    found: list[str] = []

    def compare(x: Any, y: Any) -> None:
        known = numbers and isinstance(x, NUMBERS) and getattr(y, "shape", None) == ()
        if is_value(x) and kind_of(x) != kind_of(y) and not known:
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
