"""Changes of neural networks and optimizers."""

from changes.ways import VECTOR, Gated, set_attribute, set_item, way
from micrograd_np import Tensor, nn


@way
def the_mode_of_a_module():
    model = Gated()
    return lambda x: model(x), [model.eval, model.train]


@way
def settings_of_a_module():
    model = Gated()
    return model, [
        set_attribute(model, "rate", 3.0), set_item(model.table, 0, 4.0),
        set_item(model.table, 0, 1.0), set_item(model.parts["mean"], 0, 3.0),
        set_item(model.parts, "a", nn.ReLU()), set_attribute(model, "extra", 1.0),
    ]  # fmt: skip


@way
def parameters_of_a_module():
    model = Gated()
    return model.forward, [
        set_attribute(model.weight, "requires_grad", False),
        set_attribute(model, "weight", Tensor(VECTOR + 1, requires_grad=True)),
        lambda: model.load_state_dict({"weight": VECTOR * 2}),
    ]  # fmt: skip


@way
def layers_in_a_sequence():
    model = nn.Sequential(nn.Tanh(), Gated())
    return lambda x: model(x), [
        set_attribute(model[1], "rate", 5.0),
        set_attribute(model, "forward", lambda x: x * 2.0),
    ]  # fmt: skip
