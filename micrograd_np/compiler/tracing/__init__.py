"""Tracing: a function run once on stand-ins for its arguments, and the program this leaves.

`trace` runs it, on `stand_ins`; `calls` and `functions` say what becomes a call of the program;
`surroundings` and `randomness` are what it depends on beside its arguments.
"""
