"""Checks that keep the core from being silently wrong: views, copies, casts, leaving the graph."""
