"""The errors of compiling: what a program cannot freeze, and what a program cannot save."""

from collections.abc import Iterable
from functools import partial

from micrograd_np.errors.places import at_users_line
from micrograd_np.errors.remedies import fitting
from micrograd_np.errors.words import called, listed, message

traced = partial(message, beginning=at_users_line)  # a message that begins with the user's line

# What to do where the user's expression is not known.
FOR_VALUES = (
    "Use np.where for a choice, NumPy's functions for arithmetic (np.sqrt for math.sqrt), "
    "mg.stack([...]) for np.array([...]), mg.index_update(a, i, x) for `a[i] = x`, and "
    "mg.stop_gradient(x) itself, without .item(), where a constant is meant; mark an argument "
    "that chooses what is computed as static, mg.compile(f, static_argnums=...); or return the "
    "value and use it outside."
)
FOR_SIZES = "Mark the argument it comes from as static: mg.compile(f, static_argnums=...)."
FOR_SLICES = (
    "Write `t[start + np.arange(n)]`, if `n`, the length, is always the same; if not, mark the "
    "argument it comes from as static: mg.compile(f, static_argnums=...)."
)


class TracingError(TypeError):
    """A compiled function met a value that it cannot freeze, since it differs from call to call.

    The message begins with the line of the user's code that met the value.
    """

    @classmethod
    def value(cls, described: str) -> "TracingError":
        """The error for a traced value of which a number, a condition or an array was asked."""
        return cls(
            f"{at_users_line()}{described} was used as a number, a truth value or a plain array "
            f"while `mg.compile` traced the function. The program would keep this call's value for "
            f"all other calls. {fitting(FOR_VALUES, traced=True)}"
        )

    @classmethod
    def slicing(cls, described: str) -> "TracingError":
        """The error for a slice of which a bound is a traced value."""
        return cls(
            f"{at_users_line()}{described} was sliced by a value of this call while `mg.compile` "
            f"traced the function: the length of the result could differ from call to call, and a "
            f"program has fixed shapes. {fitting(FOR_SLICES, traced=True)}"
        )

    shape = traced(  # a function whose result has a shape that depends on values
        "np.{name} was called while `mg.compile` traced the function: the shape of its result "
        "depends on the values it is given, and a program has fixed shapes. Keep the shape, with "
        "np.where(mask, x, 0) and a reduction; or call the function outside and give its result as "
        "an argument.",
        name=lambda name: "where of a mask alone" if name == "where" else name,
    )

    @classmethod
    def shaping(cls, name: str, parameter: str) -> "TracingError":
        """The error for a traced value given as the size of a result, or as an axis."""
        return cls(
            f"{at_users_line()}np.{name} was given a value of this call as `{parameter}` while "
            f"`mg.compile` traced the function: the shape of the result depends on it, and a "
            f"program has fixed shapes. {fitting(FOR_SIZES, traced=True)}"
        )

    dtype = traced(  # a function whose result has a dtype that depends on values
        "{name} was called while `mg.compile` traced the function: whether its result is "
        "complex depends on the values it is given, and a program has fixed dtypes. Give it "
        "complex numbers, x + 0j, or use a function that is real for real ones (np.sqrt for "
        "np.emath.sqrt, np.linalg.eigh for a symmetric matrix)."
    )
    layout = traced(  # an order of entries that follows the layout in memory
        "order={order!r} follows the layout of an array in memory, which may differ between calls "
        "of what `mg.compile` traces. Write order='C' or 'F', or transpose."
    )
    writes = traced(  # a call that writes into an array
        "{what} writes into an array; while `mg.compile` traces a function, its values are the "
        "variables of a program, each assigned once. Write {instead}."
    )
    result = traced(  # a call that returns something other than arrays and numbers
        "{function} returned {out!r:.60} while `mg.compile` traced the function: programs compute "
        "arrays and numbers. Return those and do the rest outside; a user's op must take as an "
        "argument what it closes over.",
        function=called,
    )
    mask = traced(  # a boolean index
        "a boolean mask was used as an index while `mg.compile` traced the function: the number of "
        "entries it selects differs from call to call, and a program has fixed shapes. Use "
        "np.where(mask, x, 0) and reduce; mg.where(mask, x, 0, masked=True) keeps the gradient of "
        "what is left out from being looked at."
    )
    item = traced(  # `x[key] = value`
        "{described} cannot be assigned to: while `mg.compile` traces a function, its values are "
        "the variables of a program, each assigned once. Write x = mg.index_update(x, key, value) "
        "for x[key] = value."
    )
    backward = traced(  # a call of `backward` in a compiled function
        "backward() from {described} while `mg.compile` traced the function. It would store "
        "gradients once, not at every call. Return what mg.grad or mg.value_and_grad give."
    )

    @classmethod
    def side_effect(cls, described: str, what: str) -> "TracingError":
        """The error for a Tensor from outside that is read or changed past the program."""
        gradient = "backward()" in what or "gradient" in what
        remedy = "Take gradients by mg.grad." if gradient else "Assign outside: return new values."
        return cls(
            f"{at_users_line()}{described}, which was made outside, {what} while `mg.compile` "
            f"traced the function. This would happen once, not at every call. {remedy}"
        )

    foreign = traced(  # an array of another library
        "{described} holds an array of another library, and compiled programs are NumPy's. Give "
        "its numbers, `Tensor(t.numpy())`, or leave the function uncompiled."
    )
    generator = traced(  # a method of a random generator that a program cannot call
        "Generator.{name} was called while `mg.compile` traced the function; the method changes "
        "its argument or makes other generators. Use permutation or permuted, which return a new "
        "array, and make generators outside."
    )
    escaped = traced(  # a traced value that is used after its trace was over
        "a value that `mg.compile` traced was used after the function had returned: it was stored "
        "somewhere outside. Return it from the function instead."
    )
    elsewhere = traced(  # a traced value that another thread computes with
        "a value that `mg.compile` traces was used in another thread than the function, where "
        "Tensors from outside would be constants. Compute in the thread of the function, or run "
        "the other thread in its context: contextvars.copy_context().run(work)."
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

    iterators = message(  # iterators that the function can take from, and that are no arguments
        "the function reaches iterators, or the system's randomness, and what it takes from one "
        "while `mg.compile` traces it would be the same at every call:{names}\n"
        "Take the next value outside and give it as an argument.",
        names=listed,
    )
    changed = message(  # things that the function both depends on and changes
        "the function changed what it depends on while `mg.compile` traced it:{names}\n"
        "This would happen once, not at every call; it was undone. Make it an argument, and return "
        "its new value. (Notes are taken once, by `x.append(...)`, `x.add(...)` or `x[key] = ...`, "
        "in what the function does not read.)",
        names=listed,
    )
    too_much = message(  # a function that reaches more things than can be watched between calls
        "the function reaches more than {count} things that may change between calls, the last of "
        "them {name}: looking at all of them before every call would take longer than the call. "
        "Give what is needed of them as arguments."
    )
    returned_generator = traced(  # a random generator among the results
        "a compiled function returned a random generator. A generator that is an argument moves on "
        "by itself as it is drawn from; there is no need to return it."
    )


class SourceError(TypeError):
    """A program cannot be saved with a function whose source cannot be taken along."""

    inside = message(  # a function that is not defined at the top of a module
        "the program calls {function}, which cannot be saved with it: it is no plain function at "
        "the top of a module, so it has no source of its own. Define it by `def` in a module, not "
        "inside a function nor as a lambda, and without what it closes over.",
        function=called,
    )
    unknown = message(  # a function that refers to something without a source
        "the program calls {function}, which cannot be saved with it: it needs `{name}`, which has "
        "no source, or is not defined by a plain statement at the top of its module.",
        function=called,
    )
    changed = message(  # a function whose source is not that of the code that runs
        "the program calls {function}, which cannot be saved with it: the source of {module} as it "
        "is now does not have the `{name}` that runs here (it was edited after it was imported, or "
        "something rewrites it while it is imported). Start anew, and save again.",
        function=called,
    )
    package = message(  # a function that needs micrograd_np to run
        "the program calls {function}, which cannot be saved with it: it uses {name}, and a saved "
        "program runs with NumPy alone. Write it with NumPy's functions.",
        function=called,
    )
    garbled = message(  # a module that Python would not read as it was meant
        "the program was not saved, because Python would not read its text as it is meant "
        "({what}). This is a fault of micrograd_np: please report it."
    )
    value = message(  # a value that is no number, array or text
        "the program is given `{name}`, {value!r:.60}, as it is. That cannot be written into a "
        "file; saved programs hold numbers, arrays and text."
    )
