"""Printing: a program as a module of plain NumPy, one call a line.

    from numpy import add, exp, float64

    def step(
        w,  # (3, 1) float64
    ):
        ...
        exp_1 = exp(dot_1, m0)
        return w_1,

Values in the arena are written to `m0`, `m1`, …. These are arrays in memory that a call takes from
a pool and gives back, so any number of calls can run at once.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.source.buffers import Place, Plan
from micrograd_np.compiler.source.comments import comment
from micrograd_np.compiler.source.literals import array_expression, described, dtype
from micrograd_np.compiler.source.naming import is_name
from micrograd_np.compiler.source.outputs import c_strides, is_fused, style_of
from micrograd_np.compiler.source.scope import Home, Scope, home_of, wrapped
from micrograd_np.compiler.source.spelling import Speller, tuple_of
from micrograd_np.forking import cached_property

WIDTH = 100
INDENT = "    "
Array = np.ndarray[Any, Any]


class Source:
    """A program in print: its lines, and the names in them.

    `scope`: what the names of functions and numbers mean. `constants`: arrays that are not written
    out, by name. `name`: of the function.
    """

    def __init__(self, program: Program, plan: Plan) -> None:
        self.program = program
        self.plan = plan
        self.scope = Scope()
        self.constants: dict[str, Array] = {}
        self.names: dict[Variable, str] = {}
        self.fused: dict[int, str] = {}
        self.definitions: list[str] = []
        self.name = self.scope.names.new(program.name)  # first: it may be that of one of NumPy's
        self._name_functions()
        self.speller = Speller(self.scope, self.names)
        self.used = {x for each in program.instructions for x in each.variables}
        for x in program.parameters:
            self.names[x] = self.scope.names.new(x.hint)
        self._name_constants()
        self._name_results()
        self.buffers = self._named_places()
        self.body = list(self._function())

    # ------------------------------------------------------------ names

    def _name_functions(self) -> None:
        """Give functions their names before variables, which are often called after them."""
        groups = [each.function for each in self.program.instructions if is_fused(each.function)]
        for group in groups:
            for name, thing in group.names.items():  # type: ignore[attr-defined]
                self._name_as(name, thing)
        for group in groups:
            if id(group) not in self.fused:
                name = self.fused[id(group)] = self.scope.names.new("fused")
                self.definitions.append(group.definition(name))  # type: ignore[attr-defined]
        speller = Speller(self.scope, AnyName())
        for instruction in self.program.instructions:
            if not is_fused(instruction.function):
                speller.call(instruction)

    def _name_as(self, name: str, thing: Any) -> None:
        """Have a function by the name that a printed group calls it by."""
        home = home_of(thing)
        if home is None and isinstance(thing, float):
            home = Home("numpy", name)
        if home is not None:
            self.scope.imports[home] = name
        else:
            self.scope.functions[name] = thing
        self.scope.names.taken.add(name)

    def _name_constants(self) -> None:
        for x, value in self.program.constants.items():
            if x in self.used or x in self.program.results:
                self.names[x] = self._name_constant(x, value)

    def _name_constant(self, x: Variable, value: Array) -> str:
        text = array_expression(value, self.scope)
        if text is not None:
            return self.scope.value(("constant", id(x)), x.hint, lambda name: f"{name} = {text}")
        name = self.scope.names.new(x.hint)
        self.constants[name] = value
        return name

    def _name_results(self) -> None:
        read = self.used.union(self.program.results, *self.plan.dropped.values())
        for instruction in self.program.instructions:
            for x in instruction.results:
                hint = self._hint(x, instruction)
                self.names[x] = self.scope.names.new(hint) if x in read else "_"

    def _hint(self, x: Variable, instruction: Instruction) -> str:
        """The name of a result: by the function that is called, not by one that a pass replaced."""
        function, args = instruction.function, instruction.args
        if function is np.transpose and not instruction.options and len(args) == 1:
            return f"{self.names[args[0]]}_T"
        renamed = isinstance(function, np.ufunc) and isinstance(getattr(np, x.hint, 0), np.ufunc)
        return function.__name__ if renamed else x.hint

    def _named_places(self) -> dict[Place, str]:
        places = dict.fromkeys(self.plan.places.values())
        return {place: self.scope.names.new(f"m{i}") for i, place in enumerate(places)}

    # ------------------------------------------------------------ the function

    def _function(self) -> Iterator[str]:
        """The lines of the program's function."""
        parameters = [(self.names[x], described(x)) for x in self.program.parameters]
        if parameters:
            yield f"def {self.name}("
            yield from (f"{INDENT}{name},  # {words}" for name, words in parameters)
            yield "):"
        else:
            yield f"def {self.name}():"
        yield from self._indented(self._prologue())
        note = ""
        for number, instruction in enumerate(self.program.instructions):
            if instruction.note not in ("", note):
                yield f"{INDENT}# {comment(instruction.note)}"
            note = instruction.note
            yield INDENT + self._commented(self._line(instruction), instruction)
            if number in self.plan.dropped:
                yield f"{INDENT}del {', '.join(self.names[x] for x in self.plan.dropped[number])}"
        yield from self._indented(self._epilogue())

    def _indented(self, lines: Iterator[str]) -> Iterator[str]:
        return (INDENT + line for line in lines)

    def _prologue(self) -> Iterator[str]:
        """Memory to work in, and what of the arguments is written over."""
        if self.buffers:
            yield "try:"
            yield f"{INDENT}memory = pool.pop()"
            yield "except IndexError:"
            yield f"{INDENT}memory = buffers()"
            yield from unpacked(list(self.buffers.values()), "memory")
        donated = self.plan.donated
        if donated:
            self.outputs = {x: self.scope.names.new(f"{self.names[x]}_out") for x in donated}
            self.scope.functions["reusable"] = helpers.reusable
            others = [x for x in self.program.parameters if x.shape and x not in donated]
            arrays = tuple_of([self.names[x] for x in donated])
            strides = tuple_of([str(x.strides) for x in donated])
            rest = tuple_of([self.names[x] for x in others])
            yield from unpacked(
                list(self.outputs.values()), f"reusable({arrays}, {strides}, {rest})"
            )

    def _epilogue(self) -> Iterator[str]:
        """The last lines: copies of results, the memory given back, and the return."""
        results = [self.names[x] for x in self.program.results]
        for place in sorted(self.plan.copied):
            x = self.program.results[place]
            results[place] = self.scope.names.new(f"{self.names[x]}_copy")
            how = '"K"' if x.shape else ""
            yield f"{results[place]} = {self.names[x]}.copy({how})"
        if self.buffers:
            yield "pool.append(memory)"
        yield from wrapped_return(results)

    # ------------------------------------------------------------ its lines

    def _line(self, instruction: Instruction) -> str:
        call = self._call(instruction)
        if not any(self.names[x] != "_" for x in instruction.results):
            return call
        names = ", ".join(self.names[x] for x in instruction.results)
        if instruction.several and len(instruction.results) == 1:
            names = f"({names},)"
        return f"{names} = {call}"

    def _call(self, instruction: Instruction) -> str:
        outs = [self._out(x) for x in instruction.results]
        if is_fused(instruction.function):
            given = self.speller.given(instruction.args, instruction.options)
            if any(outs):
                given.append(f"out={tuple_of([out or 'None' for out in outs])}")
            return f"{self.fused[id(instruction.function)]}({', '.join(given)})"
        out = outs[0] if len(outs) == 1 and style_of(instruction) else None
        return self.speller.call(instruction, out)

    def _out(self, x: Variable) -> str | None:
        """The array that a result is written to; None for a new one."""
        if x in self.plan.over:
            operand = self.plan.over[x]
            return self.outputs[operand] if operand in self.plan.donated else self.names[operand]
        place = self.plan.places.get(x)
        return None if place is None else self.buffers[place]

    def _commented(self, line: str, instruction: Instruction) -> str:
        """A line with the shape of its result where that is new."""
        operands = {(x.shape, x.dtype) for x in instruction.variables}
        shapes = [x for x in instruction.results if x.shape]
        new = any((x.shape, x.dtype) not in operands for x in shapes)
        comment = f"  # {', '.join(map(described, shapes))}" if new else ""
        return line + comment if len(line) + len(comment) < WIDTH - len(INDENT) else line

    # ------------------------------------------------------------ the memory

    @cached_property
    def memory(self) -> list[str]:
        """The lines that define the pool, and the function that makes what is in it."""
        if not self.buffers:
            return []
        empty, ndarray = self.scope.numpy("empty"), self.scope.numpy("ndarray")
        uint8 = self.scope.numpy("uint8")
        arrays = [
            f"{ndarray}({self._place(place)}),  # {name}" for place, name in self.buffers.items()
        ]
        return [
            "pool = []  # of the memory of calls that are over",
            "",
            "",
            "def buffers():",
            '    """Memory for one call: the arrays lie in it side by side, or in turns."""',
            f"    memory = {empty}({self.plan.nbytes + 64}, {uint8})",
            '    start = -memory.__array_interface__["data"][0] % 64  # a line of cache',
            "    return (",
            *(f"        {line}" for line in arrays),
            "    )",
        ]

    def _place(self, place: Place) -> str:
        kind = dtype(place.dtype, self.scope)
        like = Variable("", place.shape, place.dtype)
        strides = "" if place.strides == c_strides(like) else f", {place.strides}"
        start = f"start + {place.offset}" if place.offset else "start"
        return f"{place.shape}, {kind}, memory, {start}{strides}"

    # ------------------------------------------------------------ the module

    @cached_property
    def text(self) -> str:
        """The module, which needs what is in `given` beside what it imports."""
        memory = self.memory  # before the imports are listed, for it adds some
        ours = [f"{name}: {said_of(thing)}" for name, thing in self._unimported()]
        arrays = [f"{name}: {told(x)}" for name, x in self.constants.items()]
        given = [f"# {comment(line)}, given" for line in (*ours, *arrays)]
        sections = [
            [*self.scope.import_lines(), *self._import_lines()],
            [*given, *self.scope.lines.values()],
            *([*text.rstrip().split("\n")] for text in self.definitions),
            memory,
            self.body,
        ]
        return joined(self.docstring, *sections)

    @property
    def docstring(self) -> list[str]:
        """The lines of the module's docstring."""
        calls = len(self.program.instructions)
        return [
            f'"""{self.name}: {calls} calls of NumPy, with {self.plan.nbytes} bytes to work in."""'
        ]

    @property
    def given(self) -> dict[str, Any]:
        """The objects that are put among the globals of the module before it runs."""
        return {**self.constants, **self.scope.objects, **dict(self._unimported())}

    def _import_lines(self) -> Iterator[str]:
        """The lines that import functions of this package and of the user's modules."""
        unimported = dict(self._unimported())
        modules: dict[str, list[str]] = {}
        for name, function in self.scope.functions.items():
            if name not in unimported:
                own = function.__qualname__
                renamed = f" as {name}" if name != own else ""
                modules.setdefault(function.__module__, []).append(own + renamed)
        for module, names in modules.items():
            yield from wrapped(f"from {module} import ", names)

    def _unimported(self) -> list[tuple[str, Any]]:
        """Functions that no module has under their name."""
        functions = self.scope.functions.items()
        return [*self.scope.objects.items(), *((n, f) for n, f in functions if not has_home(f))]


def has_home(thing: Any) -> bool:
    """Whether a module has it under its name, and an `import` can say so."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(name, str) and module in sys.modules):
        return False
    sayable = all(map(is_name, (*module.split("."), name)))
    return sayable and vars(sys.modules[module]).get(name) is thing


def said_of(thing: Any) -> str:
    """An object in a few words, without line breaks."""
    if isinstance(thing, np.ndarray):
        return told(thing)
    return " ".join(f"{type(thing).__name__} {getattr(thing, '__qualname__', repr(thing))}".split())


def told(x: Array) -> str:
    """A constant in a few words."""
    return described(Variable.like("", x))


def joined(*sections: list[str]) -> str:
    """Sections of a module, definitions with two lines between."""
    text = ""
    for section in filter(None, sections):
        apart = "\n\n" if any(line.startswith(("def ", "class ")) for line in section) else "\n"
        text += (apart if text else "") + "\n".join(section) + "\n"
    return text


class AnyName(dict[Variable, str]):
    """Names for variables that have none yet."""

    def __missing__(self, x: Variable) -> str:
        return "x"


def unpacked(names: list[str], value: str) -> list[str]:
    """The lines that give the parts of a value their names."""
    names = [*names[:-1], f"{names[-1]},"] if len(names) == 1 else names
    text = f"{', '.join(names)} = {value}"
    if len(text) <= WIDTH - len(INDENT):
        return [text]
    lines = wrapped("", names, WIDTH - 2 * len(INDENT))
    return [*lines[:-1], f") = {value}"] if len(lines) > 1 else [f"({lines[0]}) = {value}"]


def wrapped_return(results: list[str]) -> list[str]:
    """The line, or lines, that return a tuple."""
    if len(results) < 2:
        return [f"return {tuple_of(results) if results else '()'}"]
    return wrapped("return ", results, WIDTH - 2 * len(INDENT))
