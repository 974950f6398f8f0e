"""Many small cases in one test: what pytest does around a test can cost more than the test.

`each` is written as `pytest.mark.parametrize` is, for cases of a few hundred microseconds that need
no fixtures of their own, and none of which skips.
"""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from inspect import signature
from typing import Any


def each(
    names: str | tuple[str, ...],
    cases: Iterable[Any],
    ids: Callable[[Any], str] | Iterable[str] = lambda case: f"{case!r:.200}",
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make one test that runs through the cases; an error says in which one it happened."""
    arguments = tuple(names.replace(",", " ").split()) if isinstance(names, str) else names
    cases = list(cases)
    labels = list(map(ids, cases) if callable(ids) else ids)

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        def test(**others: Any) -> None:
            for case, label in zip(cases, labels, strict=True):
                values = case if len(arguments) > 1 else (case,)
                try:
                    check(**dict(zip(arguments, values, strict=True)), **others)
                except Exception as error:
                    error.add_note(f"{', '.join(arguments)}: {label}")
                    raise

        whole = signature(check)
        left = [p for name, p in whole.parameters.items() if name not in arguments]
        update_wrapper(test, check)  # its name, its place in the file, its marks
        test.__signature__ = whole.replace(parameters=left)
        return test

    return decorate
