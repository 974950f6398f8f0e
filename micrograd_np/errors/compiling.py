"""What can go wrong when a function is compiled: what cannot be frozen, or not be saved."""

from collections.abc import Iterable
from typing import Any

from micrograd_np.errors.places import users_line
from micrograd_np.errors.words import called, listed


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
            f"np.where for a choice, NumPy's functions for arithmetic (np.sqrt for math.sqrt), "
            f"mg.stack([...]) for np.array([...]), mg.index_update(a, i, x) for `a[i] = x`, and "
            f"mg.stop_gradient(x) itself, without .item(), where a constant is meant; "
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
    def frozen_generator(cls, names: Iterable[str], *, alone: bool) -> "TracingError":
        """A generator that was drawn from and is no argument; `alone`: by no other thread."""
        other = "" if alone else " (Or another thread has drawn from it: give each its own.)"
        return cls(
            f"random numbers were drawn while `mg.compile` traced the function, from a generator "
            f"that is not among its arguments:{listed(names)}\nThe program would repeat the same "
            f"numbers at every call. Make the generator an argument, f(x, rng), a "
            f"numpy.random.Generator: then every call draws anew.{other}"
        )

    @classmethod
    def iterators(cls, names: Iterable[str]) -> "TracingError":
        """An iterator that the function can take from, and that is no argument."""
        return cls(
            f"the function reaches iterators, or the system's randomness, and what it takes from "
            f"one while `mg.compile` traces it would be the same at every call:{listed(names)}\n"
            f"Take the next value outside and give it as an argument."
        )

    @classmethod
    def changed(cls, names: Iterable[str]) -> "TracingError":
        """Something that the function depends on, and changes itself."""
        return cls(
            f"the function changed what it depends on while `mg.compile` traced it:{listed(names)}"
            f"\nThis would happen once, not at every call; it was undone. Make it an argument, and "
            f"return its new value. (Notes are taken once, by `x.append(...)`, `x.add(...)` or "
            f"`x[key] = ...`, in what the function does not read.)"
        )

    @classmethod
    def too_much(cls, count: int, name: str) -> "TracingError":
        """More than can be watched from call to call."""
        return cls(
            f"the function reaches more than {count} things that may change between calls, the "
            f"last of them {name}: looking at all of them before every call would take longer than "
            f"the call. Give what is needed of them as arguments."
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
    def changed(cls, function: Any, module: str, name: str) -> "SourceError":
        """Its source is not that of what runs."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: the source of "
            f"{module} as it is now does not have the `{name}` that runs here (it was edited after "
            f"it was imported, or something rewrites it while it is imported). Start anew, and "
            f"save again."
        )

    @classmethod
    def package(cls, function: Any, name: str) -> "SourceError":
        """It would need this package."""
        return cls(
            f"the program calls {called(function)}, which cannot be saved with it: it uses "
            f"{name}, and a saved program runs with NumPy alone. Write it with NumPy's functions."
        )

    @classmethod
    def garbled(cls, what: str) -> "SourceError":
        """The text of a module is not read as it was meant."""
        return cls(
            f"the program was not saved, for Python reads its text otherwise than it is meant "
            f"({what}). This is a fault of micrograd_np: please report it."
        )

    @classmethod
    def value(cls, name: str, value: Any) -> "SourceError":
        """A value that is no number, array or text."""
        return cls(
            f"the program is given `{name}`, {value!r:.60}, as it is. That cannot be written into "
            f"a file; saved programs hold numbers, arrays and text."
        )
