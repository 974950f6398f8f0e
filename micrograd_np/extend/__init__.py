"""Ops that users declare: `primitive`, `register`, and the checks of their rules."""
