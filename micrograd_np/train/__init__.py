"""Training: the loop as a generator of records, and `fit`, which drives it."""

from micrograd_np.train.history import History as History
from micrograd_np.train.history import Step as Step
from micrograd_np.train.loop import fit as fit
from micrograd_np.train.loop import steps as steps
