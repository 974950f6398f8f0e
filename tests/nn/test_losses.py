"""Losses: their values, their gradients where these are hard, and the mistakes they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from leaves import leaf

import micrograd_np as mg
from micrograd_np import errors, nn

PAIRED = [nn.mse, nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits]
ALL = [*PAIRED, nn.cross_entropy]


def gradient(loss, prediction, target, **options):
    p = leaf(prediction)
    loss(p, target, reduction="sum", **options).backward()
    return p.grad


# ---------------------------------------------------------------- values


def test_mse_written_out():
    prediction, target = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[0.0, 2.0], [1.0, 1.0]])
    squares = np.array([[1.0, 0.0], [4.0, 16.0]])
    assert np.array_equal(nn.mse(prediction, target, reduction="none"), squares)
    assert nn.mse(prediction, target, reduction="sum") == 21.0
    assert nn.mse(prediction, target) == 5.25
    assert np.array_equal(gradient(nn.mse, prediction, target), 2 * (prediction - target))


@given(
    hnp.arrays(float, (3, 2), elements=st.floats(0.001, 0.999)),
    hnp.arrays(float, (3, 2), elements=st.floats(0, 1)),
)
def test_binary_cross_entropy_written_out(p, t):
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    assert np.allclose(nn.binary_cross_entropy(p, t, reduction="none"), expected, rtol=1e-14)
    assert np.allclose(gradient(nn.binary_cross_entropy, p, t), (p - t) / (p * (1 - p)), rtol=1e-9)


@given(
    hnp.arrays(float, 4, elements=st.floats(-30, 30)),
    hnp.arrays(float, 4, elements=st.floats(0, 1)),
)
def test_on_logits_it_is_the_loss_of_the_sigmoid(z, t):
    loss = nn.binary_cross_entropy_with_logits(z, t, reduction="none")
    assert np.allclose(loss, nn.binary_cross_entropy(mg.sigmoid(z), t, reduction="none"), atol=1e-3)
    assert np.allclose(
        gradient(nn.binary_cross_entropy_with_logits, z, t), mg.sigmoid(z) - t, atol=1e-15
    )


@given(
    hnp.arrays(float, (4, 3), elements=st.floats(-50, 50)),
    hnp.arrays(int, 4, elements=st.integers(0, 2)),
)
def test_cross_entropy_written_out_for_classes_and_for_probabilities(z, classes):
    one_hot = np.eye(3)[classes]
    expected = -np.log(mg.softmax(z))[np.arange(4), classes]
    by_class = nn.cross_entropy(z, classes, reduction="none")
    assert by_class.shape == (4,)
    assert np.allclose(by_class, expected, rtol=1e-9, atol=1e-15)
    assert np.array_equal(nn.cross_entropy(z, one_hot, reduction="none"), by_class)
    p_minus_y = mg.softmax(z) - one_hot
    assert np.allclose(gradient(nn.cross_entropy, z, classes), p_minus_y, atol=1e-15)
    assert np.allclose(gradient(nn.cross_entropy, z, one_hot), p_minus_y, atol=1e-15)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3)])
def test_cross_entropy_takes_any_axes_before_the_classes(shape):
    rng = np.random.default_rng(0)
    z, classes = rng.normal(size=shape), rng.integers(0, 3, size=shape[:-1])
    losses = nn.cross_entropy(leaf(z), classes, reduction="none")
    assert losses.shape == shape[:-1]
    flat = nn.cross_entropy(z.reshape(-1, 3), classes.ravel(), reduction="none")
    assert np.array_equal(losses.data.ravel(), flat)


def test_integer_one_hot_and_boolean_targets_count_as_probabilities():
    z = np.array([[1.0, 2.0, 3.0]])
    assert nn.cross_entropy(z, np.array([[0, 0, 1]])) == nn.cross_entropy(z, np.array([2]))
    assert nn.cross_entropy(z, np.array([[False, False, True]])) == nn.cross_entropy(z, [2])


# ---------------------------------------------------------------- where it is hard


@pytest.mark.parametrize(
    ("logit", "target", "value", "slope"),
    [
        (-800.0, 1, 800.0, -1.0),
        (800.0, 0, 800.0, 1.0),
        (800.0, 1, 0.0, 0.0),
        (40.0, 1, 4.248354255291589e-18, -4.248354255291589e-18),
        (-40.0, 0, 4.248354255291589e-18, 4.248354255291589e-18),
    ],
)
def test_logits_keep_value_and_gradient_where_the_sigmoid_rounds(logit, target, value, slope):
    loss = nn.binary_cross_entropy_with_logits
    assert np.isclose(loss([logit], [target]), value, rtol=1e-14, atol=0)
    assert np.isclose(gradient(loss, [logit], [target])[0], slope, rtol=1e-14, atol=0)


def test_probabilities_of_exactly_0_and_1_that_are_right_cost_nothing_and_keep_a_gradient():
    p, t = [0.0, 1.0], [0, 1]
    assert np.array_equal(nn.binary_cross_entropy(p, t, reduction="none"), [0.0, 0.0])
    assert np.array_equal(gradient(nn.binary_cross_entropy, p, t), [1.0, -1.0])


def test_probabilities_of_exactly_0_and_1_that_are_wrong_cost_infinity():
    p, t = [0.0, 1.0], [1, 0]
    assert np.array_equal(nn.binary_cross_entropy(p, t, reduction="none"), [np.inf, np.inf])
    assert np.array_equal(gradient(nn.binary_cross_entropy, p, t), [-np.inf, np.inf])


@pytest.mark.parametrize("target", [[1], [[0.0, 1.0, 0.0]]])
def test_cross_entropy_of_huge_logits(target):
    z = np.array([[1000.0, -1000.0, 1000.0]])
    assert np.isclose(nn.cross_entropy(z, target), 2000 + np.log(2))
    assert np.allclose(gradient(nn.cross_entropy, z, target), [[0.5, -1.0, 0.5]])


@pytest.mark.parametrize("target", [[1], [[0.0, 1.0, 0.0]]])
def test_cross_entropy_of_masked_classes(target):
    z = np.array([[0.0, 0.0, -np.inf]])
    assert np.isclose(nn.cross_entropy(z, target), np.log(2))
    assert np.allclose(gradient(nn.cross_entropy, z, target), [[0.5, -0.5, 0.0]])


def test_second_derivatives_pass_through_the_losses():
    z = 0.7

    def loss(logit):
        return nn.binary_cross_entropy_with_logits(np.stack([logit]), np.array([1.0]))

    expected = mg.sigmoid(z) * mg.sigmoid(-z)
    assert np.isclose(float(mg.grad(mg.grad(loss))(z)), expected, rtol=1e-14)


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("loss", PAIRED)
@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (1, 4)), ((1,), ())])
def test_shapes_that_numpy_would_broadcast_are_an_error_that_shows_the_mend(loss, shapes):
    prediction, target = np.full(shapes[0], 0.5), np.ones(shapes[1])
    wide = np.broadcast_shapes(*shapes)
    with pytest.raises(errors.ShapeError) as caught:
        loss(leaf(prediction), target)
    message = str(caught.value)
    assert f"NumPy would broadcast both to {wide}" in message
    assert f"target.reshape({shapes[0]})" in message
    loss(leaf(prediction), target.reshape(shapes[0]))  # the advice works


@pytest.mark.parametrize("loss", PAIRED)
def test_shapes_of_different_sizes_are_an_error(loss):
    with pytest.raises(errors.ShapeError, match="one target for each prediction"):
        loss(leaf(np.full((4, 2), 0.5)), np.ones((4, 1)))
    with pytest.raises(errors.ShapeError, match="one target for each prediction"):
        loss(leaf(np.full(3, 0.5)), np.ones(4))


def test_cross_entropy_refuses_shapes_that_do_not_go_together():
    z = leaf(np.zeros((4, 3)))
    with pytest.raises(errors.ShapeError, match=r"Write `target\.reshape\(\(4,\)\)`"):
        nn.cross_entropy(z, np.zeros((4, 1), int))
    with pytest.raises(errors.ShapeError, match=r"integer classes of shape \(4,\)"):
        nn.cross_entropy(z, np.zeros(5, int))
    with pytest.raises(errors.ShapeError, match=r"probabilities of shape \(4, 3\)"):
        nn.cross_entropy(z, np.zeros((4, 2)))
    with pytest.raises(errors.ShapeError):
        nn.cross_entropy(np.float64(1.0), np.int64(0))


def test_cross_entropy_of_a_single_output_points_to_the_binary_one():
    with pytest.raises(ValueError, match="use binary_cross_entropy_with_logits"):
        nn.cross_entropy(leaf(np.zeros((4, 1))), np.ones((4, 1)))


# ---------------------------------------------------------------- values that are refused


def test_classes_must_be_integers():
    with pytest.raises(TypeError, match=r"target\.astype\(int\)"):
        nn.cross_entropy(np.zeros((2, 3)), np.array([0.0, 1.0]))
    with pytest.raises(TypeError, match="classes are integers"):
        nn.cross_entropy(np.zeros((2, 3)), np.array([True, False]))


def test_classes_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"the targets are 0 to 2, but these occur: -1, 3, 7\."):
        nn.cross_entropy(np.zeros((5, 3)), np.array([0, 7, -1, 3, 3]))


@pytest.mark.parametrize("loss", [nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits])
def test_targets_outside_the_unit_interval_are_refused(loss):
    with pytest.raises(ValueError, match=r"every target must lie in \[0, 1\].* from -1\.0 to 1\.0"):
        loss(np.array([0.5, 0.5]), np.array([-1, 1]))


def test_logits_passed_as_probabilities_are_refused():
    with pytest.raises(ValueError, match="Pass logits to binary_cross_entropy_with_logits"):
        nn.binary_cross_entropy(leaf([-3.0, 0.5]), [0, 1])


def test_probabilities_of_classes_outside_the_unit_interval_are_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        nn.cross_entropy(np.zeros((1, 3)), np.array([[0, 0, 255]]))


@pytest.mark.parametrize("loss", PAIRED)
def test_targets_that_are_not_numbers_are_refused(loss):
    with pytest.raises(TypeError, match="targets are real numbers"):
        loss(np.array([0.5]), np.array(["yes"]))


@pytest.mark.parametrize("loss", PAIRED)
def test_a_nan_passes_through_for_the_training_loop_to_report(loss):
    with np.errstate(invalid="ignore"):  # np.logaddexp warns of a NaN
        assert np.isnan(loss(np.array([np.nan, 0.5]), np.array([0.0, 1.0])))


# ---------------------------------------------------------------- reductions


@pytest.mark.parametrize("loss", ALL)
def test_reductions_agree(loss):
    rng = np.random.default_rng(0)
    prediction, target = rng.uniform(size=(4, 3)), rng.uniform(size=(4, 3))
    losses = loss(prediction, target, reduction="none")
    assert np.isclose(loss(prediction, target, reduction="sum"), losses.sum())
    assert np.isclose(loss(prediction, target), losses.mean())


@pytest.mark.parametrize("loss", ALL)
def test_an_unknown_reduction_names_the_known_ones(loss):
    with pytest.raises(ValueError, match=r"'average'.*'mean', 'sum', 'none'"):
        loss(np.full((1, 2), 0.5), np.ones((1, 2)), reduction="average")


@pytest.mark.parametrize("loss", ALL)
def test_the_mean_of_an_empty_batch_is_an_error_and_the_sum_is_0(loss):
    with pytest.raises(ValueError, match="empty batch"):
        loss(np.zeros((0, 2)), np.zeros((0, 2)))
    assert loss(np.zeros((0, 2)), np.zeros((0, 2)), reduction="sum") == 0


def test_an_empty_batch_of_classes_is_an_error():
    with pytest.raises(ValueError, match="empty batch"):
        nn.cross_entropy(np.zeros((0, 3)), np.zeros(0, int))


# ---------------------------------------------------------------- dtypes and gradients


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("target_dtype", [np.float64, np.float32, np.int64, bool])
def test_float32_predictions_have_float32_losses_and_gradients(loss, target_dtype):
    prediction = leaf(np.full((2, 2), 0.25), dtype=np.float32)
    out = loss(prediction, np.eye(2).astype(target_dtype))
    out.backward()
    assert out.dtype == np.float32
    assert prediction.grad.dtype == np.float32


def test_integer_predictions_do_not_truncate_the_target():
    assert nn.mse([1, 2], [1.5, 2.5]) == 0.25


@pytest.mark.parametrize("loss", ALL)
def test_arguments_are_left_as_they_are(loss):
    prediction, target = np.full((2, 2), 0.25), np.eye(2)
    before = prediction.copy(), target.copy()
    p = leaf(prediction)
    loss(p, target).backward()
    assert np.array_equal(p.data, before[0])
    assert np.array_equal(target, before[1])


@pytest.mark.parametrize("loss", ALL)
def test_gradients_flow_to_a_target_that_asks_for_them(loss):
    p, t = np.array([[0.25, 0.5]]), np.array([[0.75, 0.25]])

    def of_target(target):
        return loss(p, target)

    step = 1e-6
    slopes = mg.grad(of_target)(t)
    for i in range(2):
        shift = step * np.eye(2)[[i]]
        expected = (of_target(t + shift) - of_target(t - shift)) / (2 * step)
        assert np.isclose(slopes[0, i], expected, rtol=1e-8)


@pytest.mark.oracle
@given(
    hnp.arrays(float, (3, 4), elements=st.floats(-20, 20)),
    hnp.arrays(float, (3, 4), elements=st.floats(0, 1)),
    hnp.arrays(int, 3, elements=st.integers(0, 3)),
    st.sampled_from(["mean", "sum"]),
)
def test_losses_and_gradients_agree_with_pytorch(z, t, classes, reduction):
    torch = pytest.importorskip("torch")
    theirs_of = torch.nn.functional
    for ours, theirs, target in (
        (nn.mse, theirs_of.mse_loss, t),
        (nn.binary_cross_entropy_with_logits, theirs_of.binary_cross_entropy_with_logits, t),
        (nn.cross_entropy, theirs_of.cross_entropy, classes),
    ):
        p, q = leaf(z), torch.tensor(z, requires_grad=True)
        out = ours(p, target, reduction=reduction)
        other = theirs(q, torch.tensor(target), reduction=reduction)
        out.backward()
        other.backward()
        assert np.isclose(out.item(), other.item(), rtol=1e-12, atol=1e-14)
        assert np.allclose(p.grad, q.grad.numpy(), rtol=1e-10, atol=1e-14)


# ---------------------------------------------------------------- the cases of the losses


def test_case_53_cross_entropy_of_a_logit_of_minus_800_still_learns():
    logit = leaf([-800.0])
    loss = nn.binary_cross_entropy_with_logits(logit, np.array([1.0]))
    loss.backward()
    assert loss.item() == 800.0
    assert logit.grad[0] == -1.0


def test_case_54_cross_entropy_of_huge_logits_is_p_minus_y():
    logits = leaf([[1000.0, 1000.0, -1000.0]])
    loss = nn.cross_entropy(logits, np.array([0]))
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2))
    np.testing.assert_allclose(logits.grad, [[-0.5, 0.5, 0.0]], atol=1e-15)


def test_case_55_the_mean_over_no_examples_is_an_error():
    with pytest.raises(ValueError, match=r"empty|no examples"):
        nn.mse(leaf(np.zeros((0, 1))), np.zeros((0, 1)))


# ---------------------------------------------------------------- inside other transforms


@pytest.mark.parametrize("transform", [mg.vmap, mg.compile])
@pytest.mark.parametrize("loss", ALL)
def test_targets_of_a_batch_or_a_program_are_not_looked_at(loss, transform):
    prediction = np.random.default_rng(0).uniform(0.1, 0.9, (4, 3))
    target = np.array([0, 1, 2, 1])
    if loss is not nn.cross_entropy:
        target = np.eye(3)[target]
    found = transform(loss)(prediction, target)
    assert np.mean(found) == pytest.approx(loss(prediction, target), rel=1e-14)
