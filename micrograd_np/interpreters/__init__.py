"""Interpreters, the other ways to apply ops: to a batch, to masked cotangents, under watch."""
