"""What type checkers and editors read of a call of a module; nothing here is run."""

from typing import ParamSpec, Protocol, TypeVar

Given = ParamSpec("Given")
Result_co = TypeVar("Result_co", covariant=True)

class Forward(Protocol[Given, Result_co]):
    """A module, whose call has the parameters of `forward` and returns what `forward` does."""

    def forward(self, *args: Given.args, **keywords: Given.kwargs) -> Result_co: ...
