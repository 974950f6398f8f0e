"""The array that looks like one example of a batch.

A `Batched` stands for an array of the shape of one example. If the `Batched` is *mapped*, its
`value` holds all examples along a first axis; else the value is one array that all examples share.
The value is an array, a Tensor (so that a batch is recorded as a few large ops), or a `Batched` of
an outer batch.

Nesting has one order: a `Batch` knows its *depth*, and deeper ones are on the outside. A Tensor
whose value is Batched belongs to a derivative taken *inside* the batched function. Every other
Tensor comes from outside, and is an input like any array.
"""

from math import prod
from typing import Any

from micrograd_np import errors
from micrograd_np.core.context import CONTEXT, Interpreter
from micrograd_np.core.graph import Node
from micrograd_np.core.op import EXPRESSIONS, OPS, Array, Inputs, Interpreted, Op, Options
from micrograd_np.core.operators import ArrayMethods
from micrograd_np.core.record import ARRAYS, PLAIN, apply
from micrograd_np.core.tensor import stop_gradient
from micrograd_np.core.tree import leaves, rebuild
from micrograd_np.coverage.numpy_functions import check_writes
from micrograd_np.interpreters.batch.calls import Each, compute_each
from micrograd_np.interpreters.batch.table import apply_to_batch
from micrograd_np.ops.derivatives.indexing import getitem


class Batch(Interpreter):
    """One run of a batched function: its number of examples, its depth, and if it is over.

    A batch keeps derivatives taken inside the function apart from those around it. A node of an
    inner derivative has Batched values. If an op is given such a node and a Tensor from outside,
    the Tensor becomes Batched too. The inner derivative then sees a constant, and the outer one is
    recorded through it.
    """

    __slots__ = ("depth", "over", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.depth = 1 + enclosing_depth()
        self.over = False

    def lift(self, x: Any) -> Any:
        """`x` as a value of this batch; if `x` is from outside, all examples share it."""
        return x if depth_of(x) >= self.depth else Batched(x, self, mapped=False)

    def prepare(self, op: Op, inputs: Inputs, values: list[Any]) -> tuple[Inputs, list[Any]]:  # noqa: ARG002 - any op
        """The inputs with those from outside lifted, if one is a node of an inner derivative."""
        inner, outside = False, []
        for i, x in enumerate(inputs):
            depth = depth_of(x) if isinstance(x, Node) else self.depth + 1
            inner = inner or depth == self.depth
            if depth < self.depth and x.tracked:
                outside.append(i)
        if not (inner and outside):
            return inputs, values
        lifted, values = list(inputs), list(values)
        for i in outside:
            lifted[i] = values[i] = self.lift(inputs[i])
        return tuple(lifted), values


def depth_of(x: Any) -> int:
    """The depth of the batch that `x` belongs to; 0 for none."""
    if isinstance(x, Node):
        x = x.value
    if isinstance(x, tuple):  # an op with several results
        return max(map(depth_of, x), default=0)
    return x.batch.depth if isinstance(x, Batched) else 0


def enclosing_depth() -> int:
    """The depth of the batch whose function is running; 0 for none."""
    for interpreter in reversed(CONTEXT.get().interpreters):
        if isinstance(interpreter, Batch):
            return interpreter.depth
    return 0


def check_batch(x: Any) -> None:
    """Raise BatchedError for an example of a batch that runs in another thread, not in this one.

    A derivative would treat the example as a constant.
    """
    depth = depth_of(x)
    if depth and depth > enclosing_depth():
        raise errors.BatchedError.elsewhere(repr(x))


class Batched(ArrayMethods, Interpreted):
    """One example, as far as the function can tell, with the methods of a Tensor.

    `shape` and all other attributes of arrays are those of one example.
    """

    __slots__ = ("batch", "dtype", "mapped", "shape", "value")
    shape: tuple[int, ...]
    dtype: Any
    requires_grad = False
    layout_error = errors.BatchedError.layout  # a batch is laid out in whatever way is fast

    def __init__(self, value: Array, batch: Batch, *, mapped: bool) -> None:
        self.value = value
        self.batch = batch
        self.mapped = mapped
        self.shape = value.shape[1:] if mapped else value.shape
        self.dtype = value.dtype

    def __repr__(self) -> str:
        return f"<one of {self.batch.size} examples, of shape {self.shape}, {self.dtype}>"

    # ------------------------------------------------------------ of one example

    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: prod(self.shape))
    itemsize = property(lambda self: int(self.dtype.itemsize))
    nbytes = property(lambda self: self.size * self.itemsize)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of one number")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return apply(OPS[getitem], (self, key), {})

    def __setitem__(self, key: Any, new: Any) -> None:
        raise errors.InPlaceError.item(repr(self))

    # ------------------------------------------------------------ ops

    def handles(self, inputs: Inputs) -> bool:
        """Whether no input ranks higher, or is a Tensor of a derivative taken inside this batch."""
        depth, inner = self.batch.depth, 0
        for x in inputs:
            if isinstance(x, Batched):
                depth = max(depth, x.batch.depth)
            elif isinstance(x, Node):
                inner = max(inner, depth_of(x))
            elif isinstance(x, Interpreted) and x.rank > self.rank:
                return False
        return inner < depth

    def apply(self, op: Op, inputs: Inputs, options: Options) -> Any:
        """The result of `op` on all examples at once, in the deepest batch that an input is of."""
        found = deepest(inputs, self)
        batch = (deepest(options, found) if options else found).batch
        if batch.over:
            raise errors.BatchedError.escaped(repr(self))
        values, mapped = [], []
        for x in inputs:
            mine = type(x) is Batched and x.batch is batch
            mapped.append(mine and x.mapped)
            if mine:
                values.append(x.value)
            else:
                values.append(x if type(x) in PLAIN else own_options(x, batch))
        options = own_options(options, batch) if options else options
        out, over_batch = apply_to_batch(op, values, mapped, options, batch.size)
        return wrapped(out, batch, over_batch)

    def __array_function__(self, function: Any, types: Any, args: Inputs, keywords: Options) -> Any:
        if function not in EXPRESSIONS:
            return super().__array_function__(function, types, args, keywords)
        try:
            return EXPRESSIONS[function](*args, **keywords)
        except errors.BatchedError:  # it reads values, so examples go one by one
            given = [x for x in leaves((args, keywords)) if isinstance(x, Node)]
            if any(depth_of(x) >= self.batch.depth for x in given):  # a derivative inside the batch
                raise
            return self.compute(function, args, keywords)

    def compute(self, function: Any, args: Inputs, keywords: Options) -> Any:
        """The result of a function without a rule, one example at a time.

        Raises InPlaceError for a function that writes: all examples would write into one array.
        """
        check_writes(function)
        batch = deepest((args, keywords), self).batch
        args, keywords = own_options((args, keywords), batch)
        return wrapped(compute_each(function, args, keywords, batch.size), batch, mapped=True)

    def stopped(self) -> "Batched":
        """A constant, also for derivatives around the batch, to which the value may belong."""
        value = self.value
        if isinstance(value, Node | Interpreted):
            value = stop_gradient(value)
        return Batched(value, self.batch, mapped=self.mapped)

    detach = stopped

    # ------------------------------------------------------------ what one example cannot do

    def _no_number(self, *_: Any, **__: Any) -> Any:
        raise errors.BatchedError.value(repr(self))

    item = tolist = numpy = __bool__ = __int__ = __float__ = __complex__ = __index__ = _no_number
    __array__ = __round__ = __format__ = __reduce_ex__ = _no_number
    data = property(_no_number)

    def __copy__(self, *_memo: Any) -> "Batched":
        return self

    __deepcopy__ = __copy__

    def backward(self, _gradient: Any = None) -> None:
        """Gradients inside a batch are taken by `grad`."""
        raise errors.GraphError(
            f"backward() from {self!r}, inside vmap. Use a transform there: vmap(grad(f)) gives "
            f"one gradient per example, grad of a function that calls vmap their sum."
        )


def own_options(options: Any, batch: Batch) -> Any:
    """Options with an `Each` for every value that differs between examples of this batch."""
    if isinstance(options, Batched) and options.batch is batch:
        return Each(options.value) if options.mapped else options.value
    if isinstance(options, dict):
        return {name: own_options(part, batch) for name, part in options.items()}
    if type(options) in (list, tuple):
        return type(options)(own_options(part, batch) for part in options)
    return options


def deepest(tree: Any, found: Batched) -> Batched:
    """The Batched value of the deepest batch in nested lists, tuples and dicts, or `found`."""
    if isinstance(tree, Batched):
        return tree if tree.batch.depth > found.batch.depth else found
    if isinstance(tree, dict):
        tree = tree.values()
    elif type(tree) not in (list, tuple):
        return found
    for part in tree:
        if type(part) is Batched:
            found = part if part.batch.depth > found.batch.depth else found
        elif type(part) not in PLAIN:
            found = deepest(part, found)
    return found


def wrapped(out: Any, batch: Batch, mapped: bool) -> Any:
    """The results of an op as Batched values."""
    if isinstance(out, list | tuple):
        return rebuild(out, (wrapped(part, batch, mapped) for part in out))
    if not (isinstance(out, ARRAYS) or hasattr(type(out), "__array_function__")):
        return out
    return Batched(out, batch, mapped=mapped)
