"""Guarding: what a compiled function depends on beside its arguments, watched from call to call.

Python finds things by names: variables around a function, globals, defaults, attributes, parts of
containers. `names` reads from a function's code which of them are looked up; `walk` follows them to
what they mean, and notes a *fact* for each (see `facts`): this name means that object, this list
has these parts, this array holds these numbers. A `snapshot` is all facts at one time; it is part
of the signature of a program, and is printed as a *guard*, a test of whether they still hold.
`undoing` puts back what a run of the function has changed.
"""
