"""Matrices: singular ones, repeated eigenvalues and singular values, ranks that are not full.

A polynomial in the entries, such as a determinant, has a derivative everywhere. Eigenvectors of a
repeated eigenvalue have none: tiny changes of the matrix make them any others. A function that reads
one triangle of a Hermitian matrix has a derivative along Hermitian matrices, and a Hermitian
gradient.
"""

from micrograd_np.nonsmooth.convention import INF, NAN, row

ZEROS, ONES = [[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]
EYE, HALF = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.0], [0.0, 0.5]]
HALVES, NANS = [[0.5, 0.5], [0.5, 0.5]], [[NAN, NAN], [NAN, NAN]]
SINGULAR, SWAP = [[1.0, 2.0], [2.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]]
PROJECTION = [[1.0, 0.0], [0.0, 0.0]]
RANK_ONE, NOTHING = [[1.0] * 3] * 3, [[0.0] * 3] * 3
COUPLED = [[2.0, 1.0], [1.0, 2.0]]
HERMITIAN = "one triangle is read: the Hermitian gradient, along Hermitian matrices"

# fmt: off
TOPIC = "Matrices"
ROWS = [
    row("np.linalg.det(x)", {"x": SINGULAR}, [[4, -2], [-2, 1]], "the cofactors, which need no inverse", torch=ZEROS, jax=[[4, -2], [-2, 1]]),
    row("np.linalg.det(x)", {"x": ZEROS}, ZEROS, "the cofactors", torch=ZEROS, jax=ZEROS),
    row("np.linalg.det(x)", {"x": RANK_ONE}, NOTHING, "rank 1: all cofactors are 0", torch=NOTHING, jax=NOTHING),
    row("np.linalg.slogdet(x)[1]", {"x": SINGULAR}, NANS, "the logarithm is -inf, its slope has no limit", torch=[[-INF, INF], [INF, -INF]], jax=[[INF, -INF], [-INF, INF]]),
    row("mg.linalg.logdet(x)", {"x": SWAP}, NANS, "a negative determinant: there is no value, so no slope", torch=("torch.logdet(x)", ZEROS)),
    row("mg.linalg.logdet(x)", {"x": SINGULAR}, NANS, "the value is -inf, its slope has no limit", torch=("torch.logdet(x)", [[-INF, INF], [INF, -INF]])),
    row("np.linalg.inv(x)", {"x": SINGULAR}, "LinAlgError", "there is no value", torch="LinAlgError", jax=NANS),
    row("np.linalg.solve(x, y)", {"x": ZEROS, "y": [1.0, 1.0]}, "LinAlgError", "there is no value", torch="LinAlgError", jax=(NANS, [NAN, NAN])),
    row("mg.linalg.solve_triangular(x, y)", {"x": PROJECTION, "y": [1.0, 1.0]}, "LinAlgError", "there is no value", torch=("torch.linalg.solve_triangular(x, y[:, None], upper=True)", ([[NAN, -INF], [0, -INF]], [1, INF])), jax=("jax.scipy.linalg.solve_triangular(x, y)", ([[NAN, -INF], [0, -INF]], [1, INF]))),
    row("mg.linalg.lu_factor(x)[0]", {"x": ZEROS}, "LinAlgError", "a singular matrix has factors, and no derivative", torch=("torch.linalg.lu_factor(x)[0]", "RuntimeError"), jax=("jax.scipy.linalg.lu_factor(x)[0]", NANS)),
    row("np.linalg.cholesky(x)", {"x": ONES}, "LinAlgError", "there is no value: not positive definite", torch="LinAlgError", jax=NANS),
    row("np.linalg.cholesky(x)[1, 0]", {"x": [[4.0, 2.0], [2.0, 5.0]]}, [[-0.125, 0.25], [0.25, 0]], HERMITIAN, torch=[[-0.125, 0.25], [0.25, 0]], jax=[[-0.125, 0.25], [0.25, 0]]),
    row("np.linalg.eigvalsh(x)[0]", {"x": COUPLED}, [[0.5, -0.5], [-0.5, 0.5]], HERMITIAN, torch=[[0.5, -0.5], [-0.5, 0.5]], jax=[[0.5, -0.5], [-0.5, 0.5]]),
    row('np.linalg.eigvalsh(x, UPLO="U")[0]', {"x": COUPLED}, [[0.5, -0.5], [-0.5, 0.5]], HERMITIAN, torch=[[0.5, -0.5], [-0.5, 0.5]], jax=[[0.5, -0.5], [-0.5, 0.5]]),
    row("np.linalg.eigh(x)[1][0, 0] ** 2", {"x": COUPLED}, [[-0.25, 0], [0, 0.25]], HERMITIAN, torch=[[-0.25, 0], [0, 0.25]], jax=[[-0.25, 0], [0, 0.25]]),
    row("np.linalg.pinv(x, hermitian=True)[0, 1]", {"x": COUPLED}, [[2 / 9, -2.5 / 9], [-2.5 / 9, 2 / 9]], HERMITIAN, torch=[[2 / 9, -4 / 9], [-1 / 9, 2 / 9]], jax=[[2 / 9, -2.5 / 9], [-2.5 / 9, 2 / 9]]),
    row("mg.linalg.sqrtm(x)", {"x": ZEROS}, "LinAlgError", "an eigenvalue 0: the slope is infinite, as of a square root", jax=("jax.scipy.linalg.sqrtm(x)", "NotImplementedError")),
    row("mg.linalg.logm(x)", {"x": ZEROS}, "LinAlgError", "there is no value"),
    row("np.linalg.pinv(x)", {"x": PROJECTION}, [[-1, 1], [1, 0]], "as if the rank stayed the same", torch=[[-1, 1], [1, 0]], jax=[[-1, 1], [1, 0]]),
    row("np.linalg.eigvalsh(x)", {"x": EYE}, EYE, "a sum over all that are repeated: any basis gives the same", torch=EYE, jax=EYE),
    row("np.linalg.eigvalsh(x)[0]", {"x": EYE}, PROJECTION, "that of the vector NumPy returned", torch=PROJECTION, jax=PROJECTION),
    row("np.linalg.eigh(x)[1][0, 0]", {"x": EYE}, NANS, "vectors of a repeated value have no derivative", torch=NANS, jax=NANS),
    row("np.real(np.linalg.eigvals(x))", {"x": EYE}, EYE, "a sum over all that are repeated: any basis gives the same", torch=EYE, jax=EYE, op="np.linalg.eigvals"),
    row("np.real(np.linalg.eig(x)[1][0, 0])", {"x": EYE}, NANS, "vectors of a repeated value have no derivative", torch=NANS, jax="NotImplementedError", op="np.linalg.eig"),
    row("np.linalg.svdvals(x)", {"x": EYE}, EYE, "a sum over all that are repeated: any basis gives the same", torch=EYE, jax=EYE),
    row("np.linalg.svdvals(x)", {"x": PROJECTION}, PROJECTION, "a singular value 0 has a kink, as abs", torch=EYE, jax=EYE),
    row("np.linalg.svd(x)[0][0, 0]", {"x": EYE}, NANS, "vectors of a repeated value have no derivative", torch=NANS, jax=NANS),
    row("np.linalg.norm(x, ord=2)", {"x": EYE}, HALF, "ties share evenly", torch=HALF, jax=HALF),
    row("np.linalg.norm(x, ord=-2)", {"x": EYE}, HALF, "ties share evenly", torch=HALF, jax=HALF),
    row("np.linalg.norm(x, ord=2)", {"x": ZEROS}, ZEROS, "the shortest of all directions", torch=HALF, jax=[[0.25, 0], [0, 0.25]]),
    row('np.linalg.norm(x, ord="nuc")', {"x": ZEROS}, ZEROS, "the shortest of all directions", torch=EYE, jax=EYE),
    row('np.linalg.norm(x, ord="nuc")', {"x": PROJECTION}, PROJECTION, "a singular value 0 adds nothing", torch=EYE, jax=EYE),
    row("np.linalg.norm(x, ord=1)", {"x": ONES}, HALVES, "columns that tie share evenly", torch=HALVES, jax=HALVES),
    row("np.linalg.norm(x, ord=np.inf)", {"x": ONES}, HALVES, "rows that tie share evenly", torch=("torch.linalg.norm(x, ord=torch.inf)", HALVES), jax=HALVES),
    row("np.linalg.matrix_power(x, -1)", {"x": SINGULAR}, "LinAlgError", "there is no value", torch="LinAlgError", jax=NANS),
    row("np.linalg.lstsq(x, y)[0]", {"x": PROJECTION, "y": [1.0, 1.0]}, ([[-1, 1], [1, 0]], [1, 0]), "as pinv", torch=("torch.linalg.lstsq(x, y[:, None]).solution", ([[-1, 1], [1, 0]], [1, 0])), jax=([[-1, 1], [1, 0]], [1, 0])),
]
# fmt: on
