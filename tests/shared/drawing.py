"""How many examples hypothesis tries in a test, relative to what its profile asks for."""

from hypothesis import settings


def examples(times: float) -> settings:
    """So many times as many as elsewhere, and the same ones in every run."""
    return settings(max_examples=round(times * settings().max_examples), derandomize=True)
