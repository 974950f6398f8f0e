"""Places in the user's code: the line that led to a call, for messages and comments."""

import linecache
import os
import sys
from pathlib import Path
from types import FrameType

import numpy as np

OWN_FILES = (f"{Path(__file__).parents[1]}{os.sep}", f"{Path(np.__file__).parent}{os.sep}")
STANDARD_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
INSTALLED = ("site-packages", "dist-packages")  # which may lie in the folder of the library


def users_frame() -> FrameType | None:
    """The nearest caller outside this package and NumPy."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to the frame
    while frame is not None and frame.f_code.co_filename.startswith(OWN_FILES):
        frame = frame.f_back
    return frame


def is_standard(filename: str) -> bool:
    """Whether a file belongs to Python's standard library."""
    if filename.startswith("<frozen "):
        return True
    _, found, inside = filename.partition(STANDARD_LIBRARY)
    return bool(found) and not inside.startswith(INSTALLED)


def calling_frame() -> FrameType | None:
    """The nearest caller outside this package, NumPy, SciPy and the standard library."""
    frame = users_frame()
    while frame is not None and (
        (name := frame.f_code.co_filename).startswith(OWN_FILES)
        or is_standard(name)
        or str(frame.f_globals.get("__name__")).startswith("scipy.")
    ):
        frame = frame.f_back
    return frame


def own_frame() -> FrameType | None:
    """The nearest caller in code that is in no library."""
    frame = calling_frame()
    while frame is not None and is_installed(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def is_installed(filename: str) -> bool:
    """Whether a file belongs to an installed package."""
    return any(f"{os.sep}{folder}{os.sep}" in filename for folder in INSTALLED)


def library_name() -> str:
    """The installed package, beside SciPy, whose code is the nearest caller; "" if none is."""
    frame = calling_frame()
    if frame is None or not is_installed(frame.f_code.co_filename):
        return ""
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def users_code(frame: FrameType | None = None) -> str:
    """The line of code at `frame`, by default at the nearest caller of `users_frame`."""
    frame = frame or users_frame()
    if frame is None:
        return ""
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).strip()


def users_name(value: object) -> str:
    """The name of a value in the user's code; "" if the value has none there."""
    frame = users_frame()
    known = {**frame.f_globals, **frame.f_locals} if frame is not None else {}
    return next((name for name, x in known.items() if x is value), "")


def at_users_line() -> str:
    """The user's line with its place, to begin a message with; "" if it is not known."""
    frame = users_frame()
    if frame is None:
        return ""
    place = f'File "{frame.f_code.co_filename}", line {frame.f_lineno}'
    return f"{place}, in {frame.f_code.co_name}\n    {users_code():.100}".rstrip() + "\n"


def without_line(text: str) -> str:
    """A message without the user's line, if it begins with that."""
    return text.split("\n", 2)[-1] if text.startswith('File "') else text
