"""Guards: the tests of what a compiled function depends on beside its arguments.

Python finds things by names: variables around a function, globals, defaults, attributes, parts of
containers. `names` reads from a function's code which names are looked up. `walk` follows the names
to the objects they mean, and notes a *fact* for each (see `facts`). A fact says, for example, that
a name means some object, that a list has some parts, that an array holds some numbers. A `snapshot`
is all facts at one time. The snapshot is part of a program's signature, and is printed as a
*guard*, a test of whether the facts still hold. `undoing` puts back what a run of the function has
changed.
"""
