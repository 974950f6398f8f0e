"""Blocks: large element-wise parts of a program, done in pieces that fit the cache, over threads.

`fusion` gathers calls into groups, each a `fused` instruction; `running` divides and runs them.
"""
