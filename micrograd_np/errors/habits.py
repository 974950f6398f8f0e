"""Habits from autograd, JAX, PyTorch, MyGrad and micrograd: their names, and what to write here.

Each name has the one thing to write. An error about a name that we lack ends with that.
"""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

NO_GRAD = "`with mg.no_grad():`"
DRAWS = "`rng = np.random.default_rng(seed)`, and draw arrays from `rng`"
OP = "`mg.primitive(f, vjp=...)`"
STATES = "`np.savez(path, **model.state_dict())`, `model.load_state_dict(np.load(path))`"


def table(text: str) -> dict[str, str]:
    """A row for each name in lines such as `name name: what to write`."""
    rows = (line.partition(": ") for line in text.strip().splitlines())
    return {name: advice for names, _, advice in rows for name in names.split()}


# The package's attributes.
PACKAGE = table(f"""
    Value Parameter Variable: `mg.Tensor(data, requires_grad=True)`
    array as_tensor from_numpy: `mg.tensor(data)`
    autograd: `mg.grad(f)(x)`, or `loss.backward()` and then `x.grad`
    cat: `mg.concat([...], axis=0)`
    clip_grad_norm_: `np.linalg.norm` of the gradients, and scale them
    cond switch: `np.where(condition, x, y)`
    custom_gradient custom_jvp custom_vjp defjvp defvjp Function: {OP}
    device_get device_put to_backend: nothing, as arrays stay where NumPy has them
    draw_dot: `mg.draw(loss)`
    egrad: `mg.elementwise_grad(f)`
    flatten ravel_pytree: `mg.tree.leaves(parameters)`, or `mg.scipy_objective(f, parameters)`
    fori_loop scan while_loop: Python's `for`; compiled, `mg.compile(step).repeat(n)`
    hessian_vector_product make_hvp: `mg.hvp(f, x, direction)`
    inference_mode no_autodiff set_grad_enabled: {NO_GRAD}
    jacfwd: `mg.jacobian(f, mode="forward")`
    jacrev make_jacobian: `mg.jacobian(f, mode="reverse")`
    jit: `mg.compile(f)`
    lax: Python's `for`, and np.where; for a compiled loop `mg.compile(step).repeat(n)`
    load save: {STATES}
    make_jvp: `mg.jvp(f, [x], [direction])`
    make_vjp: `mg.vjp(f, x)`, the value and the pullback
    manual_seed PRNGKey rand randn randint random: {DRAWS}
    numpy: `import numpy as np`; NumPy's own functions take Tensors
    pmap: `mg.vmap(f)`
    remat: `mg.checkpoint(f)`
    tree_flatten tree_leaves: `mg.tree.leaves(tree)`
    tree_map tree_util: `mg.tree.map(f, tree)`
    value_and_jac value_and_jacobian: `mg.jacobian(lambda x: (f(x),) * 2, has_aux=True)`
""")

# Attributes of the modules `nn` and `optim`.
NN = table("""
    BCELoss: `nn.binary_cross_entropy(probability, target)`
    BCEWithLogitsLoss: `nn.binary_cross_entropy_with_logits(logits, target)`
    CrossEntropyLoss NLLLoss: `nn.cross_entropy(logits, target)`
    Dropout: `x * rng.binomial(1, 1 - p, x.shape) / (1 - p)`, with an `rng` of your own
    Identity: `lambda x: x`
    L1Loss: `lambda prediction, target: np.mean(np.abs(prediction - target))`
    MLP Layer Neuron: `nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))`
    MSELoss mse_loss: `nn.mse(prediction, target)`
    ModuleDict ModuleList ParameterDict ParameterList: a list or a dict as an attribute
    Parameter: `mg.Tensor(data, requires_grad=True)`
    init: `nn.glorot_uniform(...)`, or assign to `p.data`
    gelu: `x * scipy.special.ndtr(x)`
    log_softmax relu sigmoid softmax softplus: the functions of `mg`, as mg.relu
    tanh: `np.tanh(x)`
    utils: NumPy's functions of the gradients `p.grad`
""")
RULE = "`optim.Optimizer(model, optim.{}(learning_rate))`"
OPTIM = table(f"""
    SGD: {RULE.format("sgd")}
    Adam: {RULE.format("adam")}
    apply: `optim.apply_updates(parameters, updates)`
    lr_scheduler: a new `optim.sgd(learning_rate)` for each stage
""")

# Attributes of Tensors.
INTO = "`t.data = ...`; a leaf's value changes only as a whole"
THERE = "nothing, as a Tensor is where NumPy has its array"
SAME = """
    abs arcsin arccos arctan ceil cos cosh exp expm1 floor log log10 log1p log2 outer sign sin sinh
    sqrt square tan tanh tril triu
"""
TENSOR = table(f"""
    add_ clamp_ copy_ div_ fill_ mul_ normal_ sub_ uniform_ zero_: {INTO}
    apply_ map_: a function of NumPy
    at: `mg.index_update(t, key, value)`, or `mg.index_add(t, key, value)`
    block_until_ready: nothing, as values are computed at once
    bmm mm mv: `t @ other`
    chunk: `np.array_split(t, parts)`
    clamp: `np.clip(t, low, high)`
    clear_graph: nothing, as a graph ends with the last Tensor that refers to it
    cpu cuda pin_memory to: {THERE} (`t.astype(dtype)` for another dtype)
    detach_: `t = t.detach()`
    double: `t.astype(np.float64)`
    eq: `t == other`
    expand: `np.broadcast_to(t, shape)`
    float half: `t.astype(np.float32)`
    gather: `np.take_along_axis(t, indices, axis)`
    grad_fn creator: `t.op`
    int long: `t.astype(int)`
    masked_fill: `np.where(mask, value, t)`
    norm: `np.linalg.norm(t)`
    null_grad null_gradients zero_grad: `t.grad = None`
    numel: `t.size`
    permute: `np.transpose(t, axes)`
    pow: `t ** exponent`
    register_hook: {OP}, an op whose vjp changes what passes
    requires_grad_: `t.requires_grad = True`
    retain_grad: `mg.grad(rest)(t)`, with what follows `t` as a function `rest`
    scatter_add: `mg.index_add(t, key, values)`
    unsqueeze: `np.expand_dims(t, axis)`
""") | {name: f"`np.{name}(t)`" for name in SAME.split()}  # fmt: skip

# Attributes of a transformation.
TRANSFORMATION = table("""
    param_groups state_dict step zero_grad: `optimizer = optim.Optimizer(model, optim.sgd(0.1))`, \
which has it
    apply_updates: `optim.apply_updates(parameters, updates)`
""")

# Options of functions: those of other libraries, and NumPy's that have no derivative here.
OPTIONS = table("""
    allow_int: `x.astype(float)` for the argument
    argnum: argnums=
    betas: beta1= and beta2=
    casting order subok: nothing
    create_graph: `mg.grad(mg.grad(f))` for second derivatives
    device: nothing, as arrays are NumPy's
    dim: axis=
    dtype: `f(t).astype(dtype)`
    eps: epsilon=
    holomorphic: `mg.vjp(f, z)` or `mg.jvp(f, [z], [direction])`
    inputs: `mg.grad(f, argnums=...)`, or read `.grad` of these Tensors
    keepdim: keepdims=
    lr step_size: learning_rate=
    out: `t = f(t)` instead of `f(t, out=t)`, and `a = a + t` instead of `a += t`
    requires_grad: `mg.Tensor(np.zeros(shape), requires_grad=True)`, around any array
    retain_graph: nothing, as the graph stays
    weight_decay: `loss + decay * sum(np.sum(p**2) for p in model.parameters())`
    where: `np.where(condition, f(t), other)`
""")


# ---------------------------------------------------------------- names that are missing


def advice_for(name: str, rows: Mapping[str, str]) -> str:
    """The end of a message, which says what to write for a name; "" for a name without a row."""
    return f"; write instead: {rows[name]}" if name in rows else ""


def no_attribute(module: ModuleType, rows: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a module, which names what to write for another library's name."""

    def missing(name: str) -> Any:
        text = f"module {module.__name__!r} has no attribute {name!r}{advice_for(name, rows)}"
        raise AttributeError(text, name=name, obj=module)

    return missing


class Missing:
    """An attribute that a class lacks, and other libraries have: asked for, it is an error."""

    def __init__(self, owner: str, name: str, instead: str) -> None:
        self.text = f"{owner} has no attribute {name!r}; write instead: {instead}"
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        raise AttributeError(self.text, name=self.name, obj=instance)
