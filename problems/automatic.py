"""A problem from two plain functions: every oracle by automatic differentiation with JAX.

    f_i(x, y) = upper(x, y, agent i's upper-level samples)
    g_i(x, y) = lower(x, y, agent i's lower-level samples)

Both functions are written with ``jax.numpy`` and return one number; samples are a dictionary, tuple or other nesting of
arrays whose first axes count the samples, so that the same function serves all samples and a mini-batch. JAX is an
optional extra (``pip install 'bilevelsim[jax]'``), imported when the first problem is made.

Products come from one forward derivative of the reverse-mode gradient: along y by v it holds both d2_yy g v and
d2_xy g v, along x by w it holds d2_yx g w. Functions are compiled once for each oracle and each shape of the samples,
to run on the CPU in one thread, in the problem's precision (JAX's own default is untouched). Arrays are NumPy's on the
way in and out. A stack of agents is a loop over them: ``jax.vmap`` turns products of matrices and vectors into others
that add up in another order, hence to other bits than one agent's.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from problems import metrics as measures
from problems import reference
from problems.base import COUNTED, FUSED, Array, Batch, Charges, Generators, Local
from problems.errors import ProblemError
from problems.oracles import Oracles
from problems.samples import LoopedStack
from problems.solved import Solved

Objective = Callable[[Array, Array, Any], Any]
"""(x, y, samples) -> one number."""
Starter = Callable[[np.random.Generator], tuple[Array, Array]]
Operations = Callable[[str, int, int], float]
"""(counted oracle, upper-level samples, lower-level samples) -> floating-point operations of one agent's call."""


def numpy() -> Any:
    """The module ``jax.numpy``; raises ProblemError, saying what to install, without JAX."""
    _jax()
    import jax.numpy

    return jax.numpy


def problem(
    upper: Objective,
    lower: Objective,
    *,
    data: Sequence[tuple[Any, Any]],
    dim_x: int,
    dim_y: int,
    start: Starter | None = None,
    batches: tuple[int, int] = (0, 0),
    operations: Operations | None = None,
    metrics: Mapping[str, measures.Entry] | None = None,
    dtype: Literal["float64", "float32"] = "float64",
) -> "AutomaticProblem":
    """The problem of the two functions over as many agents as ``data`` has pairs (upper samples, lower samples).

    ``lower`` must be strongly convex in y on average, as for every problem whose metrics solve the lower level.
    ``start`` gives (x0, y0) from a generator, zeros by default. ``batches`` are the numbers of upper- and lower-level
    samples of a mini-batch, 0 = all. ``metrics`` are added to the usual ones. ``operations`` says what a call costs;
    by default XLA is asked (see ``Compiled.operations``). Raises ProblemError for what cannot be, and without JAX.
    """
    if not data:
        raise ProblemError("data is empty: a problem needs at least one agent")
    for name, length in (("dim_x", dim_x), ("dim_y", dim_y)):
        if length < 1:
            raise ProblemError(f"{name} is {length}: it must be at least 1")
    compiled = Compiled(upper, lower, dim_x, dim_y, np.dtype(dtype), operations)
    locals_ = []
    for agent, pair in enumerate(data):
        if len(pair) != 2:
            raise ProblemError(
                f"data of agent {agent} has {len(pair)} parts: it must be (upper samples, lower samples)"
            )
        locals_.append(AutomaticLocal(compiled, pair, agent, start or compiled.zeros, batches))
    compiled.check(locals_[0])
    return AutomaticProblem(locals_, metrics or {})


class Compiled:
    """The oracles of two functions, compiled on demand; shared by all agents of a problem."""

    def __init__(
        self,
        upper: Objective,
        lower: Objective,
        dim_x: int,
        dim_y: int,
        dtype: np.dtype[Any],
        operations: Operations | None,
    ) -> None:
        self.jax = _jax()
        self.dim_x, self.dim_y, self.dtype = dim_x, dim_y, dtype
        self._functions = _oracles(self.jax, upper, lower)
        self._jitted: dict[str, Any] = {}
        self._stated = operations
        self._asked: dict[tuple[str, Any], float] = {}

    def zeros(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return np.zeros(self.dim_x, self.dtype), np.zeros(self.dim_y, self.dtype)

    def precision(self) -> Any:
        """The context in which JAX computes in double precision, if that is the problem's."""
        return self.jax.enable_x64(self.dtype == np.float64)

    def placed(self, samples: Any) -> Any:
        """The samples as arrays of JAX on the CPU, real numbers in the problem's precision."""

        def place(leaf: Any) -> Any:
            array = np.asarray(leaf)
            array = array.astype(self.dtype) if np.issubdtype(array.dtype, np.floating) else array
            return self.jax.device_put(array, self.jax.devices("cpu")[0])

        with self.precision():
            return self.jax.tree_util.tree_map(place, samples)

    def function(self, oracle: str) -> Any:
        if oracle not in self._jitted:
            options = {"xla_cpu_multi_thread_eigen": False}  # the bits must not depend on the number of cores
            self._jitted[oracle] = self.jax.jit(self._functions[oracle], compiler_options=options)
        return self._jitted[oracle]

    def call(self, oracle: str, arrays: Sequence[Array], samples: Any, indices: Any) -> Any:
        """The oracle's answer in writable arrays of NumPy."""
        with self.precision():
            answer = self.function(oracle)(samples, indices, *arrays)
        if isinstance(answer, tuple):
            return tuple(np.array(part, self.dtype) for part in answer)
        return np.array(answer, self.dtype)[()]

    def shapes(self, samples: Any, sizes: tuple[int | None, int | None]) -> Any:
        """What stands for (samples, indices) where only shapes count."""
        shape, index = self.jax.ShapeDtypeStruct, np.dtype(np.int64)
        with self.precision():
            indices = tuple(None if size is None else shape((size,), index) for size in sizes)
            return self.jax.tree_util.tree_map(lambda array: shape(array.shape, array.dtype), samples), indices

    def operations(self, oracle: str, shapes: Any, counts: tuple[int, int]) -> float:
        """Floating-point operations of one call.

        What the problem's author states; or else what XLA counts in the function before it is optimised for this
        machine, a transcendental function being one operation. That number depends on the version of JAX alone. XLA
        counts the body of a loop (``jax.lax.scan``, ``while_loop``) once: state the operations of such functions.
        """
        if self._stated is not None and oracle in COUNTED:
            return float(self._stated(oracle, *counts))
        if self._stated is not None:
            return sum(self.operations(part, shapes, counts) for part in FUSED[oracle])
        key = (oracle, str(shapes))
        if key not in self._asked:
            lengths = [self.dim_x if name == "x" else self.dim_y for name in ("x", "y", *THIRD.get(oracle, ()))]
            with self.precision():
                arrays = [self.jax.ShapeDtypeStruct((length,), self.dtype) for length in lengths]
                found = self.function(oracle).lower(*shapes, *arrays).cost_analysis()
            self._asked[key] = float(found.get("flops", 0.0) + found.get("transcendentals", 0.0))
        return self._asked[key]

    def check(self, local: "AutomaticLocal") -> None:
        """Refuse functions that do not return one number, and operations that are no costs."""
        x, y = np.zeros(self.dim_x, self.dtype), np.zeros(self.dim_y, self.dtype)
        for level in ("upper", "lower"):
            with self.precision():
                found = self.jax.eval_shape(self.function(f"{level}_value"), local.samples, (None, None), x, y)
            if getattr(found, "shape", None) != ():
                raise ProblemError(f"{level} returns {_described(found)}: it must return one number")
        for oracle in COUNTED:
            ((_, operations),) = local.charges(oracle)
            if not (math.isfinite(operations) and operations >= 0):
                raise ProblemError(f"operations of {oracle} are {operations}: they must be finite and not negative")


THIRD: Mapping[str, tuple[str]] = {
    "lower_hvp": ("y",),
    "lower_cross": ("y",),
    "lower_cross_t": ("x",),
    "lower_products": ("y",),
    "directions": ("y",),
}
"""The variable that the third vector of an oracle is like."""


def _oracles(jax: Any, upper: Objective, lower: Objective) -> dict[str, Callable[..., Any]]:
    """Every oracle as a function of (samples of both levels, indices into both, x, y, third vector)."""

    def of(level: int, function: Objective) -> Any:
        def value(samples: Any, indices: Any, x: Any, y: Any) -> Any:
            taken = samples[level]
            if indices[level] is not None:
                taken = jax.tree_util.tree_map(lambda array: array[indices[level]], taken)
            return function(x, y, taken)

        return value

    f, g = of(0, upper), of(1, lower)
    f_grads, g_grads = (jax.grad(value, argnums=(2, 3)) for value in (f, g))
    g_grad_y = jax.grad(g, argnums=3)

    def along_y(samples: Any, indices: Any, x: Any, y: Any, v: Any) -> Any:
        """(grad_x g, grad_y g) and their derivatives (d2_xy g v, d2_yy g v) along y."""
        return jax.jvp(lambda there: g_grads(samples, indices, x, there), (y,), (v,))

    def cross_t(samples: Any, indices: Any, x: Any, y: Any, w: Any) -> Any:
        return jax.jvp(lambda there: g_grad_y(samples, indices, there, y), (x,), (w,))[1]

    def products(*arguments: Any) -> Any:
        cross, hvp = along_y(*arguments)[1]
        return hvp, cross

    def directions(samples: Any, indices: Any, x: Any, y: Any, u: Any) -> Any:
        grad_x, grad_y = f_grads(samples, indices, x, y)
        (_, slope), (cross, hvp) = along_y(samples, indices, x, y, u)
        return grad_x - cross, slope, hvp - grad_y

    return {
        "upper_value": f,
        "lower_value": g,
        "upper_grad_x": jax.grad(f, argnums=2),
        "upper_grad_y": jax.grad(f, argnums=3),
        "upper_grads": f_grads,
        "lower_grad_x": jax.grad(g, argnums=2),
        "lower_grad_y": g_grad_y,
        "lower_grads": g_grads,
        "lower_hvp": lambda *arguments: along_y(*arguments)[1][1],
        "lower_cross": lambda *arguments: along_y(*arguments)[1][0],
        "lower_cross_t": cross_t,
        "lower_products": products,
        "directions": directions,
    }


class AutomaticLocal(Oracles):
    """One agent's objectives."""

    def __init__(
        self, compiled: Compiled, pair: tuple[Any, Any], agent: int, starter: Starter, batches: tuple[int, int]
    ) -> None:
        self._compiled, self._starter, self._batches = compiled, starter, batches
        self.dim_x, self.dim_y, self.dtype = compiled.dim_x, compiled.dim_y, compiled.dtype
        self.samples = compiled.placed(tuple(pair))
        counts = [
            _count(compiled.jax.tree_util.tree_leaves(samples), f"{level} samples of agent {agent}", batch)
            for level, samples, batch in zip(("upper", "lower"), self.samples, batches, strict=True)
        ]
        self._counts = counts[0], counts[1]
        self._charged: dict[tuple[str, int | None, int | None], Charges] = {}

    def _call(self, oracle: str, batch: Batch | None, *arrays: Array) -> Any:
        indices = (None, None) if batch is None else (batch.upper, batch.lower)
        return self._compiled.call(oracle, [np.asarray(array, self.dtype) for array in arrays], self.samples, indices)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        x, y = self._starter(rng)
        return np.asarray(x, self.dtype), np.asarray(y, self.dtype)

    def draw(self, rng: Generators) -> Batch | None:
        """Uniform indices with replacement: first the upper level's, then the lower level's."""
        if not any(self._batches):
            return None
        if not isinstance(rng, np.random.Generator):
            raise TypeError("one agent draws from one generator")
        return Batch(
            *(rng.integers(n, size=b) if b else None for n, b in zip(self._counts, self._batches, strict=True))
        )

    def charges(self, oracle: str, batch: Batch | None = None) -> Charges:
        """A fused call costs what its own function does, spread over its parts in proportion to what each costs."""
        drawn = Batch() if batch is None else batch
        key = (oracle, _size(drawn.upper), _size(drawn.lower))
        if key not in self._charged:
            self._charged[key] = self._priced(*key)
        return self._charged[key]

    def _priced(self, oracle: str, upper: int | None, lower: int | None) -> Charges:
        shapes = self._compiled.shapes(self.samples, (upper, lower))
        counts = self._counts[0] if upper is None else upper, self._counts[1] if lower is None else lower
        parts = FUSED.get(oracle, (oracle,))
        each = [self._compiled.operations(part, shapes, counts) for part in parts]
        total = self._compiled.operations(oracle, shapes, counts)
        share = total / sum(each) if sum(each) else 0.0
        return tuple((part, share * operations) for part, operations in zip(parts, each, strict=True))


class AutomaticProblem(Solved):
    """The problem over all agents."""

    def __init__(self, locals_: Sequence[AutomaticLocal], own_metrics: Mapping[str, measures.Entry]) -> None:
        self._locals, self._own_metrics = tuple(locals_), own_metrics
        self.agents, self.dim_y, self.dtype = len(self._locals), locals_[0].dim_y, locals_[0].dtype

    @property
    def dim_x(self) -> int:
        return self._locals[0].dim_x

    @property
    def _entries(self) -> Mapping[str, measures.Entry]:
        return {**measures.COMMON, **self._own_metrics}

    def local(self, agent: int) -> AutomaticLocal:
        return self._locals[agent]

    def stack(self, ids: Sequence[int]) -> LoopedStack:
        return LoopedStack([self._locals[agent] for agent in ids])

    def average(self) -> Local:
        return self._average

    @cached_property
    def _average(self) -> Local:
        return reference.MeanOfAgents(self)

    def start(self, rng: np.random.Generator) -> tuple[Array, Array]:
        return self._locals[0].start(rng)


def _jax() -> Any:
    try:
        import jax
    except ImportError as error:
        raise ProblemError("problems by automatic differentiation need JAX: pip install 'bilevelsim[jax]'") from error
    return jax


def _count(leaves: Sequence[Any], where: str, batch: int) -> int:
    """The number of samples: the common length of the first axes; 0 where there is none, which no mini-batch bears."""
    lengths = {leaf.shape[0] if leaf.ndim else 0 for leaf in leaves}
    if batch and (len(lengths) != 1 or lengths == {0}):
        raise ProblemError(
            f"{where} have first axes of lengths {sorted(lengths)}: a mini-batch needs one length of them all"
        )
    count = max(lengths, default=0)
    if batch > count:
        raise ProblemError(f"a mini-batch is {batch}: the {where} are {count}; 0 takes them all")
    return count


def _size(indices: Any) -> int | None:
    return None if indices is None else int(indices.size)


def _described(found: Any) -> str:
    shape = getattr(found, "shape", None)
    return f"a {type(found).__name__}" if shape is None else f"an array of shape {shape}"
