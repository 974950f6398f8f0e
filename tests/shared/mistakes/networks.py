"""Mistakes with networks, losses, optimizers and training."""

from mistakes.table import mistake

FIT = "mg.fit(model, X, y, loss=nn.mse, optimizer=optim.sgd(0.1), epochs=1, progress=False)"

ROWS = [
    # ------------------------------------------------------------ layers
    mistake("nn.Linear(3, 2)(np.ones((4, 5)))", Exception),
    mistake("nn.Linear(3)", TypeError),
    mistake("nn.Linear(3.0, 2)", Exception),
    mistake("nn.Linear(0, 2)", Exception),
    mistake("nn.Sequential([nn.Linear(3, 2), nn.Tanh()])", Exception),
    mistake("nn.Sequential(nn.Linear(3, 2), nn.Tanh)(X)", Exception),
    mistake("nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2))(X)", Exception),
    mistake("nn.Conv2d(3, 8)", TypeError),
    mistake("nn.Conv2d(3, 8, 3)(np.ones((4, 4)))", Exception),
    mistake("nn.Conv2d(3, 8, 3)(np.ones((1, 1, 8, 8)))", Exception),
    mistake("nn.Conv2d(3, 8, 9)(np.ones((1, 3, 8, 8)))", Exception),
    mistake("class Net(nn.Module):\n    pass\nNet()(X)", Exception),
    mistake("nn.Linear(3, 2, rng=0)", Exception),
    # ------------------------------------------------------------ losses
    mistake("nn.mse(model(X), y)", ValueError),
    mistake("nn.cross_entropy(model(X), np.array([0, 1, 2, 3]))", Exception),
    mistake("nn.cross_entropy(np.ones((4, 3)), np.ones((4, 1)))", Exception),
    mistake("nn.cross_entropy(np.ones((4, 3)), np.array([0.5, 1, 2, 0]))", Exception),
    mistake("nn.binary_cross_entropy(np.array([1.5, 0.5]), np.array([1.0, 0.0]))", Exception),
    mistake("nn.mse(x, a, reduction='avg')", Exception),
    # ------------------------------------------------------------ optimizers
    mistake("optim.Optimizer(model, optim.adam)", TypeError),
    mistake("optim.Optimizer(optim.sgd(0.1), model)", TypeError),
    mistake("optim.Optimizer(model, 0.1)", TypeError),
    mistake("optim.Optimizer([x * 2], optim.sgd(0.1))", TypeError),
    mistake("optim.Optimizer([], optim.sgd(0.1))", ValueError),
    mistake("optim.Optimizer(model, optim.sgd(0.1)).step()", RuntimeError),
    mistake("optim.sgd(-0.1)", ValueError),
    mistake("optim.sgd()", TypeError),
    mistake("optim.adam(learning_rate='fast')", Exception),
    mistake("optim.adam(0.1, 1.5)", Exception),
    mistake("optim.SGD(model.parameters(), 0.1)", AttributeError),
    # ------------------------------------------------------------ training
    mistake(FIT.replace("X, y", "X, y[:3]"), ValueError),
    mistake(FIT.replace("nn.mse", "'mse'"), TypeError),
    mistake(FIT.replace("optim.sgd(0.1)", "'adam'"), TypeError),
    mistake(FIT.replace("optim.sgd(0.1)", "optim.adam"), TypeError),
    mistake(FIT.replace("epochs=1", "epochs=0"), ValueError),
    mistake(FIT.replace("epochs=1", "epochs=1, batch_size=0"), ValueError),
    mistake(FIT, Exception),
    mistake(
        FIT.replace("X, y", "X, y[:, None]")
        .replace("0.1", "1e9")
        .replace("epochs=1", "epochs=100"),
        FloatingPointError,
    ),
    mistake(FIT.replace("X, y", "X, ['a', 'b', 'c', 'd']"), Exception),
    # ------------------------------------------------------------ states
    mistake("model.load_state_dict({'layers.0.weight': np.ones((3, 8))})", Exception),
    mistake("model.load_state_dict(model)", Exception),
    mistake(
        "state = model.state_dict()\nstate = {k: v[:1] for k, v in state.items()}\nmodel.load_state_dict(state)",
        Exception,
    ),
]
