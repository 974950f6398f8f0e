"""What functions with side effects change."""

import numpy as np

VECTOR = np.array([0.5, -1.5, 2.0])


class Plain:
    def __init__(self):
        self.beta = 1.0
