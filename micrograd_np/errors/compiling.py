"""The errors of compiling: what a program cannot freeze, and what a program cannot save."""

from collections.abc import Iterable
from typing import Any

from micrograd_np.errors.places import users_line
from micrograd_np.errors.words import called, listed


class TracingError(TypeError):
    """A compiled function met a value that it cannot freeze, since it differs from call to call.

    The message ends with the line of the user's code that met the value.
    """

    @classmethod
    def here(cls, message: str) -> "TracingError":
        """The error with this message, and the user's line at its end."""
        return cls(f"{message}{users_line()}")

    @classmethod
    def value(cls, described: str) -> "TracingError":
        """The error for a number, a truth value or a plain array asked of a traced value."""
        return cls.here(
            f"{described} was used as a number, a truth value or a plain array while `mg.compile` "
            f"traced the function. The program would keep this call's value for all other calls. "
            f"Use np.where for a choice, NumPy's functions for arithmetic (np.sqrt for math.sqrt), "
            f"mg.stack([...]) for np.array([...]), mg.index_update(a, i, x) for `a[i] = x`, and "
            f"mg.stop_gradient(x) itself, without .item(), where a constant is meant; "
            f"mark an argument that chooses what is computed as static, "
            f"mg.compile(f, static_argnums=...); or return the value and use it outside."
        )

    @classmethod
    def shape(cls, name: str) -> "TracingError":
        """The error for a function whose result has a shape that depends on values."""
        return cls.here(
            f"np.{name}{' of a mask alone' if name == 'where' else ''} was called while "
            f"`mg.compile` traced the function: the shape of its result depends on the values it "
            f"is given, and a program has fixed shapes. Keep the shape, with "
            f"np.where(mask, x, 0) and a reduction; or call the function outside and give its "
            f"result as an argument."
        )

    @classmethod
    def shaping(cls, name: str, parameter: str) -> "TracingError":
        """The error for a traced value given as the size of a result, or as an axis."""
        return cls.here(
            f"np.{name} was given a value of this call as `{parameter}` while `mg.compile` traced "
            f"the function: the shape of the result depends on it, and a program has fixed shapes. "
            f"Mark the argument it comes from as static: mg.compile(f, static_argnums=...)."
        )

    @classmethod
    def dtype(cls, name: str) -> "TracingError":
        """The error for a function whose result has a dtype that depends on values."""
        return cls.here(
            f"np.{name} was called while `mg.compile` traced the function: whether its result is "
            f"complex depends on the values it is given, and a program has fixed dtypes. Give it "
            f"complex numbers, x + 0j, or use a function that is real for real ones (np.sqrt for "
            f"np.emath.sqrt, np.linalg.eigh for a symmetric matrix)."
        )

    @classmethod
    def layout(cls, order: str) -> "TracingError":
        """The error for an order of entries that follows the layout in memory."""
        return cls.here(
            f"order={order!r} follows the layout of an array in memory, which may differ "
            f"between calls of what `mg.compile` traces. Write order='C' or 'F', or transpose."
        )

    @classmethod
    def writes(cls, what: str, instead: str) -> "TracingError":
        """The error for a call that writes into an array."""
        return cls.here(
            f"{what} writes into an array; while `mg.compile` traces a function, its values are "
            f"the variables of a program, each assigned once. Write {instead}."
        )

    @classmethod
    def result(cls, function: Any, out: Any) -> "TracingError":
        """The error for a call that returns something other than arrays and numbers."""
        return cls.here(
            f"{called(function)} returned {out!r:.60} while `mg.compile` traced the function: "
            f"programs compute arrays and numbers. Return those and do the rest outside; a "
            f"user's op must take as an argument what it closes over."
        )

    @classmethod
    def mask(cls) -> "TracingError":
        """The error for a boolean index."""
        return cls.here(
            "a boolean mask was used as an index while `mg.compile` traced the function: the "
            "number of entries it selects differs from call to call, and a program has fixed "
            "shapes. Use np.where(mask, x, 0) and reduce; mg.where(mask, x, 0, masked=True) keeps "
            "the gradient of what is left out from being looked at."
        )

    @classmethod
    def item(cls, described: str) -> "TracingError":
        """The error for `x[key] = value`."""
        return cls.here(
            f"{described} cannot be assigned to: while `mg.compile` traces a function, its values "
            f"are the variables of a program, each assigned once. Write "
            f"x = mg.index_update(x, key, value) for x[key] = value."
        )

    @classmethod
    def backward(cls, described: str) -> "TracingError":
        """The error for a call of `backward` in a compiled function."""
        return cls.here(
            f"backward() from {described} while `mg.compile` traced the function. It would store "
            f"gradients once, not at every call. Return what mg.grad or mg.value_and_grad give."
        )

    @classmethod
    def side_effect(cls, described: str, what: str) -> "TracingError":
        """The error for reading or changing a Tensor from outside, past the program."""
        return cls.here(
            f"{described}, which was made outside, {what} while `mg.compile` traced the function. "
            f"This would happen once, not at every call. Use the Tensor itself in expressions (its "
            f"value is read at every call), take gradients by mg.grad, and return new values "
            f"instead of assigning them."
        )

    @classmethod
    def foreign(cls, described: str) -> "TracingError":
        """The error for an array of another library."""
        return cls.here(
            f"{described} holds an array of another library, and compiled programs are NumPy's. "
            f"Give its numbers, `Tensor(t.numpy())`, or leave the function uncompiled."
        )

    @classmethod
    def generator(cls, name: str) -> "TracingError":
        """The error for a method of a random generator that a program cannot call."""
        return cls.here(
            f"Generator.{name} was called while `mg.compile` traced the function; the method "
            f"changes its argument or makes other generators. Use permutation or permuted, which "
            f"return a new array, and make generators outside."
        )

    @classmethod
    def escaped(cls) -> "TracingError":
        """The error for a traced value that is used after its trace was over."""
        return cls.here(
            "a value that `mg.compile` traced was used after the function had returned: it was "
            "stored somewhere outside. Return it from the function instead."
        )

    @classmethod
    def elsewhere(cls) -> "TracingError":
        """The error for a traced value that another thread computes with."""
        return cls.here(
            "a value that `mg.compile` traces was used in another thread than the function, where "
            "Tensors from outside would be constants. Compute in the thread of the function, or "
            "run the other thread in its context: contextvars.copy_context().run(work)."
        )

    @classmethod
    def frozen_generator(cls, names: Iterable[str], *, alone: bool) -> "TracingError":
        """The error for generators that were drawn from and are no arguments.

        `alone`: whether no other thread can have drawn from them.
        """
        other = "" if alone else " (Or another thread has drawn from it: give each its own.)"
        return cls(
            f"random numbers were drawn while `mg.compile` traced the function, from a generator "
            f"that is not among its arguments:{listed(names)}\nThe program would repeat the same "
            f"numbers at every call. Make the generator an argument, f(x, rng), a "
            f"numpy.random.Generator: then every call draws anew.{other}"
        )

    @classmethod
    def iterators(cls, names: Iterable[str]) -> "TracingError":
        """The error for iterators that the function can take from, and that are no arguments."""
        return cls(
            f"the function reaches iterators, or the system's randomness, and what it takes from "
            f"one while `mg.compile` traces it would be the same at every call:{listed(names)}\n"
            f"Take the next value outside and give it as an argument."
        )

    @classmethod
    def changed(cls, names: Iterable[str]) -> "TracingError":
        """The error for things that the function both depends on and changes."""
        return cls(
            f"the function changed what it depends on while `mg.compile` traced it:{listed(names)}"
            f"\nThis would happen once, not at every call; it was undone. Make it an argument, and "
            f"return its new value. (Notes are taken once, by `x.append(...)`, `x.add(...)` or "
            f"`x[key] = ...`, in what the function does not read.)"
        )

    @classmethod
    def too_much(cls, count: int, name: str) -> "TracingError":
        """The error for a function that reaches more things than can be watched between calls."""
        return cls(
            f"the function reaches more than {count} things that may change between calls, the "
            f"last of them {name}: looking at all of them before every call would take longer than "
            f"the call. Give what is needed of them as arguments."
        )

    @classmethod
    def returned_generator(cls) -> "TracingError":
        """The error for a random generator among the results."""
        return cls.here(
            "a compiled function returned a random generator. A generator that is an argument "
            "moves on by itself as it is drawn from; there is no need to return it."
        )


class SourceError(TypeError):
    """A program cannot be saved with a function whose source cannot be taken along."""

    @classmethod
    def inside(cls, function: Any) -> "SourceError":
        """The error for a function that is not defined at the top of a module."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it is no plain "
            f"function at the top of a module, so it has no source of its own. Define it by `def` "
            f"in a module, not inside a function nor as a lambda, and without what it closes over."
        )

    @classmethod
    def unknown(cls, function: Any, name: str) -> "SourceError":
        """The error for a function that refers to something without a source."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it needs "
            f"`{name}`, which has no source, or is not defined by a plain statement at the top of "
            f"its module."
        )

    @classmethod
    def changed(cls, function: Any, module: str, name: str) -> "SourceError":
        """The error for a function whose source is not that of the code that runs."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: the source of "
            f"{module} as it is now does not have the `{name}` that runs here (it was edited after "
            f"it was imported, or something rewrites it while it is imported). Start anew, and "
            f"save again."
        )

    @classmethod
    def package(cls, function: Any, name: str) -> "SourceError":
        """The error for a function that needs micrograd_np to run."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it uses "
            f"{name}, and a saved program runs with NumPy alone. Write it with NumPy's functions."
        )

    @classmethod
    def garbled(cls, what: str) -> "SourceError":
        """The error for a module that Python would not read as it was meant."""
        return cls(
            f"the program was not saved, because Python would not read its text as it is meant "
            f"({what}). This is a fault of micrograd_np: please report it."
        )

    @classmethod
    def value(cls, name: str, value: Any) -> "SourceError":
        """The error for a value that is no number, array or text."""
        return cls(
            f"the program is given `{name}`, {value!r:.60}, as it is. That cannot be written into "
            f"a file; saved programs hold numbers, arrays and text."
        )
