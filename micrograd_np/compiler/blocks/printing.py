"""The source of a fused group: what happens in a block, and the driver that has it run for all.

def fused_block(x, bias, add_1, sum_parts, a):
    add(x, bias, add_1)
    exp(add_1, a)
    add.reduce(a, axis=0, out=sum_parts)

def fused(x, bias, out=(None, None)):
    add_1 = empty((256, 512), "float32") if out[0] is None else out[0]
    sum_parts = empty((4, 512), "float32")
    run(fused_block, (256, 512), (64, 512), (x, bias), (add_1,), (sum_parts,), ...)
    return add_1, combined(add, sum_parts, out[1])
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from micrograd_np.compiler.blocks import running as blocks
from micrograd_np.compiler.blocks.layouts import is_partial
from micrograd_np.compiler.blocks.steps import Step, count_of
from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.source.comments import comment
from micrograd_np.compiler.source.naming import Names

WIDTH = 100
SCRATCH = "abcdefghijklmnopqrstuvwz"


class BlockSource:
    """The two functions of a fused group. `names`: what they refer to, by name.

    In the text, a variable is called by its hint, a number behind it where that is taken.
    """

    def __init__(self, fused: Any, name: str) -> None:  # a Fused, which asks for its source
        self.fused = fused
        self.name = name
        self.names: dict[str, Any] = {"run": blocks.run}
        functions = map(function_name, fused.steps)
        self.words = Names(("out", name, f"{name}_block", *functions, *RESERVED))
        self.called: dict[Any, str] = {}  # names of variables and slots
        self.partials = [
            step for step in fused.steps if is_partial(step.role, fused.shape, fused.box)
        ]
        self.reduced = {step.target: step for step in self.partials}
        self.made = {step.target for step in fused.steps}
        results = fused.program.results
        self.written = [x for x in results if x not in self.reduced]
        for x in (*fused.program.parameters, *results):
            self.called[x] = self.words.new(x.hint or "value")
        for x in self.written:
            self.called[fused.slots[x]] = self.called[x]
        free = iter(SCRATCH)
        for slot in fused.scratch:
            self.called[slot] = self.words.new(next(free, "scratch"))
        self.text = f"{self._block()}\n\n{self._driver()}\n"

    # ------------------------------------------------------------ the block

    def _block(self) -> str:
        """The function of a block: a line for each step, and where it comes from."""
        fused = self.fused
        given = [*fused.program.parameters, *self.written, *(s.target for s in self.partials)]
        inputs = [*(self.called[x] for x in given), *(self.called[s] for s in fused.scratch)]
        lines, note = [], ""
        for step in fused.steps:
            if step.note != note:
                lines += [f"    # {comment(step.note)}"] if step.note else []
                note = step.note
            lines += [f"    {line}" for line in self._lines(step)]
        return "\n".join([call(f"def {self.name}_block", inputs, end=":"), *lines])

    def _lines(self, step: Step) -> list[str]:
        out, name = self._place(step.target), self._function(step)
        args = [self._operand(x) for x in step.args]
        if step.kind == "call":
            return [f"{name}({', '.join([*args, out])})"]
        if step.kind == "named":
            return [f"{name}({', '.join(args)}, out={out})"]
        if step.kind == "copy":
            return [f'{name}({out}, {args[0]}, casting="unsafe")']
        if step.kind == "select":
            mask = "None" if step.mask is None else self._place(step.mask)
            return [f"{name}({', '.join([*args, mask, out])})"]
        return self._reduction(step, args[0], out)

    def _reduction(self, step: Step, x: str, out: str) -> list[str]:
        """A reduction of a block into its partial, or of its rows."""
        role, ndim = step.role, len(self.fused.shape)
        axes = "None" if len(role.axes) == ndim else repr(role.axes)
        axis = str(role.axes[0]) if len(role.axes) == 1 else axes
        partial = step.target in self.reduced
        keepdims = ", keepdims=True" if role.keepdims or not partial else ""
        source = role.variables[0].dtype
        dtype = f', dtype="{step.target.dtype}"' if step.target.dtype != source else ""
        lines = [f"{self._function(step)}.reduce({x}, axis={axis}{dtype}, out={out}{keepdims})"]
        if role.mean and not partial:
            self.names["divide"] = np.divide
            lines.append(f"divide({out}, {count_of(self.fused.shape, role)}, {out})")
        return lines

    def _place(self, x: Variable) -> str:
        return self.called[x] if x in self.called else self.called[self.fused.slots[x]]

    def _operand(self, x: Any) -> str:
        return self._place(x) if isinstance(x, Variable) else self._literal(x)

    def _function(self, step: Step) -> str:
        name = function_name(step)
        self.names[name] = step.function
        return name

    def _literal(self, x: Any) -> str:
        """A number as source; one of NumPy's with its class."""
        if isinstance(x, np.generic):
            name = type(x).__name__
            self.names[name] = type(x)
            return f"{name}({str(x)!r})" if x.dtype.kind in "fc" else f"{name}({x.item()!r})"
        if isinstance(x, float) and not math.isfinite(x):
            self.names |= {"inf": math.inf, "nan": math.nan}
        return repr(x)

    # ------------------------------------------------------------ the driver

    def _driver(self) -> str:
        fused = self.fused
        parameters = fused.program.parameters
        results = fused.program.results
        none = "(None,)" if len(results) == 1 else f"({', '.join(['None'] * len(results))})"
        names = [self.called[x] for x in parameters]
        lines = [
            call(f"def {self.name}", [*names, f"out={none}"], end=":"),
            f'    """{self._summary()}"""',
        ]
        for i, x in enumerate(results):
            name, made = self.called[x], self._empty(x)
            if x in self.reduced:
                shape = (fused.count, *x.shape)
                made = f'empty({shape}, "{x.dtype}")'
                lines.append(f"    {name} = {made}")
            else:
                lines.append(f"    {name} = {made} if out[{i}] is None else out[{i}]")
            self.names.setdefault(made.partition("(")[0], getattr(np, made.partition("(")[0]))
        lines += [*self._run(), f"    return {', '.join(map(self._returned, range(len(results))))}"]
        return "\n".join(lines)

    def _summary(self) -> str:
        fused = self.fused
        return (
            f"{len(fused.steps)} calls over {fused.shape}, in {fused.count} blocks of {fused.box}."
        )

    def _run(self) -> list[str]:
        fused = self.fused
        operands = [self._whole(x) for x in fused.program.parameters]
        results = [self._whole(x) for x in self.written]
        partials = [self.called[step.target] for step in self.partials]
        scratch = [
            f'({slot.shape}, "{slot.dtype}"{f", {slot.order}" if slot.order else ""})'
            for slot in fused.scratch
        ]
        args = [f"{self.name}_block", str(fused.shape), str(fused.box), listed(operands)]
        args += [listed(results)] if results else []
        args += [f"partials={listed(partials)}"] if partials else []
        args += [f"scratch={listed(scratch)}"] if scratch else []
        args += [f"threads={fused.threads}"] if fused.threads is not None else []
        return [f"    {line}" for line in call("run", args, WIDTH - 4).split("\n")]

    def _whole(self, x: Variable) -> str:
        """An operand or result as it lies along the last axes of the shape."""
        ndim = len(self.fused.shape)
        along = self.fused.layout.along.get(x, ())
        short = x in self.made and len(along) < ndim
        if along == tuple(range(ndim - len(along), ndim)) and not short:
            return self.called[x]
        key = ", ".join(":" if axis in along else "None" for axis in range(ndim))
        return f"{self.called[x]}[{key}]"

    def _returned(self, i: int) -> str:
        x = self.fused.program.results[i]
        if x not in self.reduced:
            return self.called[x]
        role = self.reduced[x].role
        ufunc = role.function.__name__
        self.names |= {"combined": blocks.combined, ufunc: role.function}
        given = f", {count_of(self.fused.shape, role)}" if role.mean else ""
        return f"combined({ufunc}, {self.called[x]}, out[{i}]{given})"

    def _empty(self, x: Variable) -> str:
        """The code that makes an array for a result, in the layout it had when traced."""
        if not is_dense(x) or list(x.strides) == sorted(x.strides, reverse=True):
            return f'empty({x.shape}, "{x.dtype}")'
        return f'ndarray({x.shape}, "{x.dtype}", strides={x.strides})'


RESERVED = ("combined", "empty", "ndarray", "divide", "inf", "nan", "run")


def function_name(step: Step) -> str:
    """The name of the function that a step calls, or whose method it calls."""
    name: str = step.function.__name__
    return name


def listed(parts: Iterable[str]) -> str:
    """A tuple, as source."""
    parts = list(parts)
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def call(name: str, args: list[str], width: int = WIDTH, end: str = "") -> str:
    """A call or a head of a function, broken into lines of at most `width` where it is long."""
    line = f"{name}({', '.join(args)}){end}"
    if len(line) <= width:
        return line
    return "\n".join([f"{name}(", *(f"    {arg}," for arg in args), f"){end}"])


def is_dense(x: Variable) -> bool:
    """Whether the strides leave no gaps and lead to no entry twice."""
    expected = 0 if x.dtype is None else x.dtype.itemsize
    for stride, n in sorted(zip(x.strides, x.shape, strict=True)):
        if n != 1 and stride != expected:
            return False
        expected *= n
    return True
