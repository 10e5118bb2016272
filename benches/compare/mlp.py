"""Multi-layer perceptrons: scikit-learn; where they are installed, Keras, and the same training loop compiled by JAX alone."""

import os
import time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor

from common import Workload, dtype_of, write
from linear_model import images

try:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
except ImportError:
    jax = None
try:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
except ImportError:
    keras = None

STARTS = 3  # of L-BFGS, which ends in another minimum from each


def jax_loop(data, solver, rate, epochs, hidden=100, batch=200, alpha=1e-4):
    """All epochs in one compiled scan: gathers a batch, differentiates, steps. Compiled beforehand."""
    x, y = data
    n, p, k = len(x), x.shape[1], int(y.max()) + 1
    rng = np.random.default_rng(0)
    uniform = lambda a, b: rng.uniform(-1, 1, (a, b) if a else b).astype(x.dtype) * np.sqrt(6 / (p + hidden)).astype(x.dtype)
    params = [uniform(p, hidden), uniform(0, hidden), uniform(hidden, k), uniform(0, k)]
    steps = n // batch
    order = np.stack([rng.permutation(n)[: steps * batch].reshape(steps, batch) for _ in range(epochs)]).reshape(-1, batch)
    x, y, order = jnp.asarray(x), jnp.asarray(y), jnp.asarray(order)

    def loss(params, xb, yb):
        w1, b1, w2, b2 = params
        z = jax.nn.relu(xb @ w1 + b1) @ w2 + b2
        logs = jax.nn.log_softmax(z)
        penalty = 0.5 * alpha * ((w1**2).sum() + (w2**2).sum()) / batch
        return -jnp.take_along_axis(logs, yb[:, None], 1).mean() + penalty

    def step(state, rows):
        params, m, v, t = state
        value, g = jax.value_and_grad(loss)(params, x[rows], y[rows])
        t = t + 1
        if solver == "adam":
            m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
            v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
            eta = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            params = [(q - eta * a / (jnp.sqrt(b) + 1e-8)).astype(q.dtype) for q, a, b in zip(params, m, v)]
        else:
            m = [(0.9 * a - rate * b).astype(a.dtype) for a, b in zip(m, g)]
            params = [(q + 0.9 * a - rate * b).astype(q.dtype) for q, a, b in zip(params, m, g)]
        return (params, m, v, t), value

    zeros = [jnp.zeros_like(a) for a in params]
    state = ([jnp.asarray(a) for a in params], zeros, zeros, jnp.asarray(0.0, x.dtype))
    run = jax.jit(lambda state: jax.lax.scan(step, state, order)).lower(state).compile()

    def peer(_):
        start = time.perf_counter()
        _, losses = run(state)
        last = float(np.asarray(losses)[-steps:].mean())
        return time.perf_counter() - start, last

    return peer


def keras_fit(data, solver, rate, epochs, hidden=100, batch=200, alpha=1e-4):
    """The same network in Keras, its step compiled beforehand."""
    x, y = data
    keras.config.set_floatx(str(x.dtype))
    penalty = lambda: keras.regularizers.L2(alpha / (2 * batch))
    layers = [(hidden, "relu"), (int(y.max()) + 1, "softmax")]
    dense = [keras.layers.Dense(n, activation=f, kernel_regularizer=penalty()) for n, f in layers]
    model = keras.Sequential([keras.Input((x.shape[1],)), *dense])
    optimizer = keras.optimizers.Adam(rate) if solver == "adam" else keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    model.fit(x[: 2 * batch], y[: 2 * batch], batch_size=batch, epochs=1, verbose=0)
    weights, state = model.get_weights(), [np.array(v) for v in optimizer.variables]

    def run(data):
        model.set_weights(weights)
        for variable, value in zip(optimizer.variables, state):
            variable.assign(value)
        start = time.perf_counter()
        history = model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0).history
        return time.perf_counter() - start, float(history["loss"][-1])

    return run


def workloads(scale):
    def plain(**settings):
        return MLPClassifier(tol=0.0, n_iter_no_change=np.inf, **settings)

    def fitted(model):
        def run(data):
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, float(model.loss_)

        return run

    def predicted(rows):
        cache = {}

        def run(data):
            if not cache:
                cache["model"] = plain(max_iter=1).fit(*data)
            some, times = np.ascontiguousarray(data[0][:rows]), max(1, 1000 // rows)
            start = time.perf_counter()
            for _ in range(times):
                out = cache["model"].predict(some)
            return (time.perf_counter() - start) / times, len(out)

        return run

    def searched(data):
        grid = {"alpha": [1e-4, 1e-2], "learning_rate_init": [1e-3, 1e-2], "hidden_layer_sizes": [(32,), (64,)]}
        start = time.perf_counter()
        search = GridSearchCV(MLPClassifier(max_iter=20), grid, cv=3).fit(*data)
        return time.perf_counter() - start, float(search.best_score_)

    def averaged(data):
        seconds, losses = [], []
        for seed in range(STARTS):
            model = MLPRegressor(hidden_layer_sizes=(50, 50), solver="lbfgs", random_state=seed)
            start = time.perf_counter()
            model.fit(*data)
            seconds.append(time.perf_counter() - start)
            losses.append(model.loss_)
        return float(np.mean(seconds)), float(np.mean(losses))

    def pixels(dtype):
        return lambda: tuple(a.astype(t) for a, t in zip(images(60000 * scale), (dtype_of(dtype), np.int64)))

    def digits(dtype):
        x, y = load_digits(return_X_y=True)
        return lambda: (np.tile(x / 16, (scale, 1)).astype(dtype_of(dtype)), np.tile(y, scale).astype(np.int64))

    def surface(dtype):
        def make():
            rng = np.random.default_rng(0)
            x = rng.standard_normal((20000 * scale, 20))
            y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] ** 2 + 0.1 * rng.standard_normal(len(x))
            return x.astype(dtype_of(dtype)), ((y - y.mean()) / y.std()).astype(dtype_of(dtype))

        return make

    rows = []

    def add(name, dtype, size, make, peers, loop=None):
        full = f"mlp_{name}_{dtype}"

        def written(meta):
            data = make()
            y = data[1] if data[1].dtype == np.int64 else data[1].astype(np.float64)
            meta.update(x=write(f"{full}_x.bin", data[0]), y=write(f"{full}_y.bin", y))
            if loop and jax:
                peers["jax"] = jax_loop(data, *loop)
            if loop and keras:
                peers["keras"] = keras_fit(data, *loop)
            return data

        rows.append(Workload(full, size, written, peers, lambda _, out: f"{out:.5g}"))

    for dtype in ["f64", "f32"]:
        large, small = f"{60 * scale}k x 784", f"{1797 * scale} x 64"
        add("images_adam", dtype, large, pixels(dtype), {"sklearn": fitted(plain(max_iter=5))}, ("adam", 1e-3, 5))
        sgd = {"solver": "sgd", "learning_rate_init": 0.05}
        add("images_nesterov", dtype, large, pixels(dtype), {"sklearn": fitted(plain(max_iter=5, **sgd))}, ("sgd", 0.05, 5))
        add("digits", dtype, small, digits(dtype), {"sklearn": fitted(plain())}, ("adam", 1e-3, 200))
        add("digits_nesterov", dtype, small, digits(dtype), {"sklearn": fitted(plain(**sgd))}, ("sgd", 0.05, 200))
        add("lbfgs", dtype, f"{20 * scale}k x 20, mean of {STARTS} starts", surface(dtype), {"sklearn": averaged})
        add("predict_1", dtype, "1 x 64", digits(dtype), {"sklearn": predicted(1)})
        add("predict_1000", dtype, "1000 x 64", digits(dtype), {"sklearn": predicted(1000)})
        add("grid", dtype, small, digits(dtype), {"sklearn": searched})
    return rows
