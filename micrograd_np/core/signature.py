"""The binder: how the arguments of a call become the inputs and the options of an op.

The first parameters of a function are its *inputs*, the arrays that an op is applied to; all
others are *options*, which are passed on by name.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

Inputs = tuple[Any, ...]
Options = dict[str, Any]
Bound = tuple[Inputs, Options]


class Signature(NamedTuple):
    """The parameters of a function, in order.

    `names`: parameters that can be given by position; the first `arrays` are inputs. `kind`:
    "arrays"; "sequence" if the first parameter is a list of inputs; "variadic" if all positional
    arguments are inputs. `known`: all names of options; None if any is taken. `defaults`: values of
    options that are passed on if a call does not give them. `required`: the names of options that
    have to be given. `unnamed`: the names of inputs that cannot be given by name.
    """

    function: Callable[..., Any]
    names: tuple[str, ...]
    arrays: int
    kind: str = "arrays"
    known: frozenset[str] | None = None
    defaults: Options = {}  # noqa: RUF012 - nothing writes into them
    required: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()

    def bind(self, args: Inputs, keywords: Options) -> Bound:
        """The inputs and the options of a call.

        Raises TypeError for arguments that the function does not take.
        """
        if self.kind == "sequence":
            head, *rest = args or (keywords.pop(self.names[0]),)
            return tuple(head), dict(zip(self.names[1:], rest, strict=False)) | keywords
        names, arrays = self.names, self.arrays
        count = len(args) if self.kind == "variadic" else arrays
        missing = names[len(args) : arrays]
        if (
            len(args) > max(len(names), count)
            or not keywords.keys() >= set(missing)
            or not keywords.keys().isdisjoint((*names[: len(args)], *self.unnamed))
        ):
            self._refuse(args, keywords)
        placed = dict(zip(names[count:], args[count:], strict=False))
        options = self.defaults | placed | keywords
        inputs = (*args[:count], *(options.pop(name) for name in missing))
        unknown = self.known is not None and not options.keys() <= self.known
        if unknown or not options.keys() >= self.required:
            self._refuse(args, keywords)
        return inputs, options

    def _refuse(self, args: Inputs, keywords: Options) -> None:
        """Raise TypeError with Python's words on what is wrong with a call."""
        name = self.function.__name__
        try:
            signature = inspect.signature(self.function)
        except ValueError:  # not every builtin function tells
            raise TypeError(f"{name} takes {', '.join(self.names)}") from None
        try:
            signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{name}{signature}: {error}") from None
        raise TypeError(f"{name} takes {', '.join(self.names)} as inputs and options")
