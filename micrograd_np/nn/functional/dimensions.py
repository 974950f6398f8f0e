"""Functions that exist for one, two and three dimensions: written once, and named for each."""

import inspect
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from micrograd_np.core.op import Array

LENGTHS = {1: "length", 2: "height, width", 3: "depth, height, width"}
RAISES = """
Raises ShapeError naming all that does not fit, TypeError for an option that is no integer,
ValueError for one out of range.
"""
Given = ParamSpec("Given")


def along(
    ndim: int, function: Callable[Concatenate[int, Given], Array], example: str
) -> Callable[Given, Array]:
    """`function` along `ndim` axes, as a function with a name, signature and docstring of its own.

    `function` takes the number of axes first. Its docstring says `{ndim}` for that number and
    `{lengths}` for the names of the axes. `RAISES` and the `example` are added at the end.

    >>> from math import prod
    >>> def volume(ndim, *lengths):
    ...     '''The volume of a box, given its {lengths}.'''
    ...     return prod(lengths[:ndim])
    >>> volume2d = along(2, volume, "")
    >>> volume2d.__doc__.splitlines()[0], volume2d(3, 4)
    ('The volume of a box, given its height, width.', 12)
    """

    def of_dimensions(*args: Given.args, **options: Given.kwargs) -> Array:
        return function(ndim, *args, **options)

    signature = inspect.signature(function)
    text = f"{inspect.getdoc(function)}\n{RAISES}{example}"
    vars(of_dimensions)["__signature__"] = signature.replace(
        parameters=[*signature.parameters.values()][1:]
    )
    of_dimensions.__name__ = of_dimensions.__qualname__ = f"{function.__name__}{ndim}d"
    of_dimensions.__module__ = function.__module__
    of_dimensions.__annotations__ = {**function.__annotations__}
    of_dimensions.__doc__ = text.replace("{lengths}", LENGTHS[ndim]).replace("{ndim}", str(ndim))
    return of_dimensions
