"""Cases of what networks have beyond scikit-learn's: activations, losses, optimisers, clipping, schedules, normalisations.

No library computes these values: the formulas of the papers and of Keras 3's documentation are written out here in float64.
Derivatives are taken by complex steps, Im f(z + ih) / h, so that none is derived by hand.
"""

import numpy as np
from scipy.special import erf

STEP = 1e-30
WHY = "the same formulas in another order of operations; each step adds some eps"
n, p = 12, 3
i, j = np.indices((n, p))
X = np.sin(1.0 + 2.3 * i + 1.7 * j + 0.9 * i * j)
W = 0.25 + np.arange(n) % 4 / 2  # sample weights
Y = {
    "value": (np.cos(1.3 * np.arange(n)) * 2)[:, None],
    "values": np.stack([np.cos(1.3 * np.arange(n)) * 2, np.sin(0.7 * np.arange(n)) + 0.5], axis=1),
    "counts": (np.arange(n) * 5 % 4)[:, None].astype(float),
    "binary": np.arange(n) * 7 % 12 % 2,
    "classes": np.arange(n) * 5 % 3,
    "labels": (np.stack([np.arange(n) % 2, np.arange(n) % 3 == 0], axis=1)).astype(float),
}


def weights(n_in, n_out):
    a, b = np.indices((n_in, n_out))
    return [np.sin(2.0 + a + 2 * b) / 2, np.cos(1.0 + np.arange(n_out))[None, :] / 4]


# ---- activations ------------------------------------------------------------------------------------------------------

sigmoid = lambda z: 1 / (1 + np.exp(-z))
softplus = lambda z: np.log(1 + np.exp(z))
above = lambda z, a, b: np.where(np.real(z) > 0, a, b)
SELU = (1.0507009873554804934193349852946, 1.6732632423543772848170429916717)
ACTIVATIONS = [
    ("identity", lambda z: z),
    ("logistic", sigmoid),
    ("tanh", np.tanh),
    ("relu", lambda z: above(z, z, 0 * z)),
    ({"leaky_relu": {"negative_slope": 0.2}}, lambda z: above(z, z, 0.2 * z)),
    ({"leaky_relu": {"negative_slope": 0.01}}, lambda z: above(z, z, 0.01 * z)),
    ({"elu": {"alpha": 1.0}}, lambda z: above(z, z, np.exp(z) - 1)),
    ({"elu": {"alpha": 2.5}}, lambda z: above(z, z, 2.5 * (np.exp(z) - 1))),
    ("selu", lambda z: SELU[0] * above(z, z, SELU[1] * (np.exp(z) - 1))),
    ("gelu", lambda z: 0.5 * z * (1 + erf(z / np.sqrt(2)))),
    ("gelu_tanh", lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))),
    ("silu", lambda z: z * sigmoid(z)),
    ("softplus", softplus),
    ("mish", lambda z: z * np.tanh(softplus(z))),
]


def activations(g):
    cases = []
    z = np.concatenate([np.linspace(-6, 6, 41), [-0.01, 0.013, 11.0]])
    z = z[z != 0]
    for name, f in ACTIVATIONS:
        expected = {"value": g.array(f(z)), "derivative": g.array(np.imag(f(z + 1j * STEP)) / STEP)}
        cases.append({"activation": name, "z": list(map(g.number, z)), "expected": expected, "tolerance": g.within(1e-14, 1e-13, WHY)})
    g.write("network_activations", "Activations and their derivatives.", cases)


# ---- losses: of one row z with target y, both vectors ------------------------------------------------------------------

absolute = lambda r: np.where(np.real(r) < 0, -r, r)
within = lambda r, d: np.abs(np.real(r)) <= d


def log_softmax(z):
    z = z - np.max(np.real(z))
    return z - np.log(np.sum(np.exp(z)))


def one_hot(y, k):
    return np.eye(k)[y]


def binary(y, z, s=0.0, gamma=0.0, alpha=None):
    y = y * (1 - s) + 0.5 * s
    p_t = y * sigmoid(z) + (1 - y) * (1 - sigmoid(z))
    entropy = -y * np.log(sigmoid(z)) - (1 - y) * np.log(1 - sigmoid(z))
    balance = 1.0 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    return np.mean(balance * (1 - p_t) ** gamma * entropy)


def categorical(y, z, s=0.0, gamma=0.0, alpha=1.0):
    y = one_hot(y, len(z)) * (1 - s) + s / len(z)
    return -alpha * np.sum((1 - np.exp(log_softmax(z))) ** gamma * y * log_softmax(z))


def entropy_loss(y, z, **more):
    return binary(y, z, **more) if len(z) == 1 else categorical(y, z, **more)


def poisson(y, z):
    return np.mean(np.where(y > 0, y * (np.log(np.maximum(y, 1e-300)) - z), 0) - y + np.exp(z))


REAL = [
    ("squared_error", lambda y, z: np.mean((z - y) ** 2)),
    ("absolute_error", lambda y, z: np.mean(absolute(z - y))),
    ({"huber": {"delta": 1.0}}, lambda y, z: huber(y, z, 1.0)),
    ({"huber": {"delta": 0.3}}, lambda y, z: huber(y, z, 0.3)),
    ("log_cosh", lambda y, z: np.mean(np.log(np.cosh(z - y)))),
    ({"quantile": {"quantile": 0.5}}, lambda y, z: quantile(y, z, 0.5)),
    ({"quantile": {"quantile": 0.9}}, lambda y, z: quantile(y, z, 0.9)),
]


def huber(y, z, d):
    r = z - y
    return np.mean(np.where(within(r, d), 0.5 * r**2, d * (absolute(r) - 0.5 * d)))


def quantile(y, z, q):
    r = y - z
    return np.mean(np.where(np.real(r) > 0, q * r, (q - 1) * r))


def focal(gamma, alpha=None, s=0.0):
    name = {"focal": {"gamma": gamma, "alpha": alpha, "label_smoothing": s}}
    several = 1.0 if alpha is None else alpha
    return name, lambda y, z: (
        binary(y, z, s, gamma, alpha) if len(z) == 1 else categorical(y, z, s, gamma, several)
    )


CLASSES = [
    ({"cross_entropy": {"label_smoothing": 0.0}}, entropy_loss),
    ({"cross_entropy": {"label_smoothing": 0.1}}, lambda y, z: entropy_loss(y, z, s=0.1)),
    focal(2.0),
    focal(2.0, 0.25),
    focal(0.5, 0.75, 0.1),
]


# ---- optimisers: a function from (t, parameters, gradients, memory, rate) to new parameters, in place ------------------


def sgd(momentum=0.0, nesterovs_momentum=False):
    def step(t, w, g, m, rate):
        for k in range(len(w)):
            v = m.setdefault(k, np.zeros_like(w[k]))
            v[:] = momentum * v - rate * g[k]
            w[k] += momentum * v - rate * g[k] if nesterovs_momentum else v

    return {"sgd": {"momentum": momentum, "nesterovs_momentum": nesterovs_momentum}}, step


def adam(beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=None):
    def step(t, w, g, memory, rate):
        for k in range(len(w)):
            m, v = memory.setdefault(k, (np.zeros_like(w[k]), np.zeros_like(w[k])))
            if weight_decay is not None:
                w[k] -= w[k] * weight_decay * rate
            m[:] = beta_1 * m + (1 - beta_1) * g[k]
            v[:] = beta_2 * v + (1 - beta_2) * g[k] ** 2
            # Kingma and Ba, the more efficient order at the end of section 2, with ε̂.
            w[k] -= rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon)

    settings = {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
    if weight_decay is None:
        return {"adam": settings}, step
    return {"adam_w": settings | {"weight_decay": weight_decay}}, step


def nadam(beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    u = lambda t: beta_1 * (1 - 0.5 * 0.96**t)

    def step(t, w, g, memory, rate):
        product = np.prod([u(s) for s in range(1, t + 1)])
        for k in range(len(w)):
            m, v = memory.setdefault(k, (np.zeros_like(w[k]), np.zeros_like(w[k])))
            m[:] = beta_1 * m + (1 - beta_1) * g[k]
            v[:] = beta_2 * v + (1 - beta_2) * g[k] ** 2
            mean = u(t + 1) * m / (1 - product * u(t + 1)) + (1 - u(t)) * g[k] / (1 - product)
            w[k] -= rate * mean / (np.sqrt(v / (1 - beta_2**t)) + epsilon)

    return {"nadam": {"beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}}, step


def rms_prop(rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    def step(t, w, g, memory, rate):
        for k in range(len(w)):
            v, a, u = memory.setdefault(k, [np.zeros_like(w[k]) for _ in range(3)])
            v[:] = rho * v + (1 - rho) * g[k] ** 2
            a[:] = rho * a + (1 - rho) * g[k]
            change = rate * g[k] / np.sqrt(v - a**2 * centered + epsilon)
            u[:] = momentum * u + change
            w[k] -= u

    return {"rms_prop": {"rho": rho, "momentum": momentum, "epsilon": epsilon, "centered": centered}}, step


def adagrad(initial_accumulator_value=0.1, epsilon=1e-7):
    def step(t, w, g, memory, rate):
        for k in range(len(w)):
            v = memory.setdefault(k, np.full_like(w[k], initial_accumulator_value))
            v += g[k] ** 2
            w[k] -= rate * g[k] / np.sqrt(v + epsilon)

    return {"adagrad": {"initial_accumulator_value": initial_accumulator_value, "epsilon": epsilon}}, step


OPTIMIZERS = [
    sgd(),
    sgd(0.9),
    sgd(0.8, True),
    adam(),
    adam(0.5, 0.9, 1e-3),
    adam(epsilon=1e-7, weight_decay=0.004),
    adam(0.7, 0.95, 1e-4, 0.3),
    nadam(),
    nadam(0.6, 0.9, 1e-2),
    rms_prop(),
    rms_prop(0.7, 0.5),
    rms_prop(0.8, 0.0, 1e-3, True),
    rms_prop(0.8, 0.6, 1e-4, True),
    adagrad(),
    adagrad(0.0, 1e-3),
]


def norm(gradients):
    return np.sqrt(sum(np.sum(g**2) for g in gradients))


CLIPS = [
    ({"value": 0.05}, lambda g: [np.clip(v, -0.05, 0.05) for v in g]),
    ({"norm": 0.1}, lambda g: [v * min(1, 0.1 / norm([v])) for v in g]),
    ({"global_norm": 0.15}, lambda g: [v * min(1, 0.15 / norm(g)) for v in g]),
]


# ---- schedules: the rate of the update after t others ------------------------------------------------------------------


def restarts(t, first, t_mul, m_mul, alpha):
    period, start = first, 0
    height = 1.0
    while t >= start + period:
        start += period
        period *= t_mul
        height *= m_mul
    return (1 - alpha) * height * 0.5 * (1 + np.cos(np.pi * (t - start) / period)) + alpha


def one_cycle(t, total, pct, div, final):
    anneal = lambda a, b, share: b + (a - b) / 2 * (1 + np.cos(np.pi * share))
    top, last = pct * total - 1, total - 1
    if t <= top:
        return anneal(1 / div, 1.0, t / top)
    return anneal(1.0, 1 / div / final, min((t - top) / (last - top), 1))


def schedule(kind, f, **settings):
    return {kind: settings}, lambda t: f(t, *settings.values())


exponential = lambda t, steps, r, stairs: r ** (t // steps if stairs else t / steps)
inverse = lambda t, steps, r, stairs: 1 / (1 + r * (t // steps if stairs else t / steps))
cosine = lambda t, steps, a: (1 - a) * 0.5 * (1 + np.cos(np.pi * min(t, steps) / steps)) + a
SCHEDULES = [
    ("constant", lambda t: 1.0),
    schedule("step", lambda t, s, gamma: gamma ** (t // s), step_size=3, gamma=0.5),
    schedule("exponential", exponential, decay_steps=4, decay_rate=0.8, staircase=False),
    schedule("exponential", exponential, decay_steps=4, decay_rate=0.8, staircase=True),
    schedule("inverse_time", inverse, decay_steps=3, decay_rate=0.6, staircase=False),
    schedule("inverse_time", inverse, decay_steps=3, decay_rate=0.6, staircase=True),
    schedule("cosine", cosine, decay_steps=7, alpha=0.0),
    schedule("cosine", cosine, decay_steps=30, alpha=0.1),
    schedule("cosine_restarts", restarts, first_decay_steps=5, t_mul=2.0, m_mul=1.0, alpha=0.0),
    schedule("cosine_restarts", restarts, first_decay_steps=3, t_mul=1.0, m_mul=0.8, alpha=0.05),
    schedule("cosine_restarts", restarts, first_decay_steps=4, t_mul=1.5, m_mul=0.7, alpha=0.01),
    schedule("one_cycle", one_cycle, total_steps=20, pct_start=0.3, div_factor=25.0, final_div_factor=1e4),
    schedule("one_cycle", one_cycle, total_steps=11, pct_start=0.5, div_factor=4.0, final_div_factor=10.0),
]


class Plateau:
    """Keras's ReduceLROnPlateau."""

    def __init__(self, factor, patience, min_delta, cooldown, min_lr):
        self.settings = {"factor": factor, "patience": patience, "min_delta": min_delta, "cooldown": cooldown, "min_lr": min_lr}
        self.best, self.wait, self.cooling = np.inf, 0, 0

    def rate(self, rate, loss):
        s = self.settings
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if loss < self.best - s["min_delta"]:
            self.best, self.wait = loss, 0
        elif self.cooling <= 0:
            self.wait += 1
            if self.wait >= s["patience"]:
                rate = max(rate * s["factor"], s["min_lr"])
                self.cooling, self.wait = s["cooldown"], 0
        return rate


def schedules(g):
    cases = []
    for name, f in SCHEDULES:
        expected = {"rates": [g.number(0.2 * f(t)) for t in range(45)]}
        cases.append({"schedule": name, "initial": 0.2, "expected": expected, "tolerance": g.within(1e-16, 1e-12, WHY)})
    g.write("network_schedules", "The learning rates of the first updates.", cases)


# ---- courses of training ----------------------------------------------------------------------------------------------


def gradients(params, loss, y, w):
    """The weighted mean loss of a linear layer, and its derivative by W and b."""
    kernel, bias = params
    share = w / w.sum()
    z = X @ kernel + bias
    value, delta = 0.0, np.zeros_like(z)
    for row in range(n):
        value += share[row] * loss(y[row], z[row])
        for k in range(z.shape[1]):
            moved = z[row].astype(complex)
            moved[k] += 1j * STEP
            delta[row, k] = share[row] * np.imag(loss(y[row], moved)) / STEP
    return value, [X.T @ delta, delta.sum(axis=0, keepdims=True)]


def course(target, loss, optimizer, rates, clip=None, weighted=False, plateau=None, steps=9):
    """The losses, the rates and the parameters of so many updates by all rows."""
    y = Y[target]
    w = W if weighted else np.ones(n)
    outputs = {"binary": 1, "classes": 3}.get(target) or y.shape[1]
    params = weights(p, outputs)
    memory, losses, used = {}, [], []
    factor = 1.0
    for t in range(1, steps + 1):
        value, g = gradients(params, loss, y, w)
        losses.append(value)
        rate = rates(t - 1) * factor
        used.append(rate)
        optimizer(t, params, clip(g) if clip else g, memory, rate)
        if plateau:
            factor = plateau.rate(rate, value) / rates(t)
    return losses, used, params


def courses(g):
    cases = []
    squared, focus = REAL[0], CLASSES[3]
    plain = sgd()

    def add(target, loss, optimizer, schedule="constant", rates=lambda t: 0.2, clip=(None, None), warmup=0, **more):
        run = course(target, loss[1], optimizer[1], rates, clip[1], **more)
        losses, used, params = run
        settings = {"loss": loss[0], "optimizer": optimizer[0], "learning_rate": schedule, "learning_rate_init": 0.2}
        settings |= {"clip": clip[0], "warmup_steps": warmup, "batch_size": n, "shuffle": False, "max_iter": len(losses), "tol": 0.0}
        expected = {
            "loss_curve": list(map(g.number, losses)),
            "rates": list(map(g.number, used)),
            "parameters": [g.array(v) for v in params],
        }
        data = {"x": X.tolist(), "target": target, "y": Y[target].tolist(), "weights": W.tolist() if more.get("weighted") else None}
        start = [v.tolist() for v in weights(p, params[0].shape[1])]
        cases.append({"data": data, "start": start, "settings": settings, "expected": expected, "tolerance": g.within(1e-13, 1e-11, WHY)})

    for loss in REAL:
        for target in ["value", "values"]:
            add(target, loss, plain, weighted=target == "values")
    add("counts", ("poisson", poisson), plain)
    for loss in CLASSES:
        for target in ["binary", "classes"]:
            add(target, loss, plain, weighted=target == "classes")
    for loss, f in CLASSES:
        several = lambda y, z, f=f: np.mean([f(y[[k]], z[[k]]) for k in range(len(z))])
        add("labels", (loss, several), plain)
    for optimizer in OPTIMIZERS:
        add("values", squared, optimizer)
        add("classes", focus, optimizer, weighted=True)
    for clip in CLIPS:
        add("values", squared, sgd(0.5), clip=clip)
        add("binary", focus, adam(), clip=clip)
    for name, f in SCHEDULES:
        add("value", squared, plain, name, lambda t: 0.2 * f(t))
    for warmup in [1, 4]:
        name, f = SCHEDULES[2]
        add("value", squared, adam(), name, lambda t: 0.2 * (t / warmup if t < warmup else f(t - warmup)), warmup=warmup)
    for plateau in [(0.5, 1, 0.05, 0, 0.0), (0.5, 2, 0.1, 1, 0.0), (0.1, 1, 0.2, 2, 0.003)]:
        plateau = Plateau(*plateau)
        add("value", squared, plain, {"reduce_on_plateau": plateau.settings}, plateau=plateau, steps=14)
    g.write("network_courses", "The course of training of a linear layer: losses, rates and parameters.", cases)


# ---- normalisations ---------------------------------------------------------------------------------------------------


def normalisations(g):
    """The loss of the rows as they are learned from, and predictions with the running statistics after one batch."""
    cases = []
    gamma, beta = 1 + np.arange(p)[None, :] / 4, np.cos(np.arange(p))[None, :] / 2
    mean, variance = np.sin(np.arange(p))[None, :], 0.5 + np.arange(p)[None, :] / 2
    kernel, bias = weights(p, 2)
    y = Y["values"]
    for epsilon in [1e-3, 0.2]:
        for momentum in [0.99, 0.5]:
            normal = gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + epsilon) + beta
            mean_after = momentum * mean + (1 - momentum) * X.mean(axis=0)
            variance_after = momentum * variance + (1 - momentum) * X.var(axis=0)
            later = gamma * (X - mean_after) / np.sqrt(variance_after + epsilon) + beta
            expected = {
                "loss": g.number(np.mean((normal @ kernel + bias - y) ** 2)),
                "output": g.array(later @ kernel + bias),
                "mean": g.array(mean_after),
                "variance": g.array(variance_after),
            }
            layer = {"batch_normalization": {"momentum": momentum, "epsilon": epsilon}}
            cases.append({"layers": [layer], "start": [gamma, beta, mean, variance, kernel, bias], "expected": expected})
        rows = (X - X.mean(axis=1, keepdims=True)) / np.sqrt(X.var(axis=1, keepdims=True) + epsilon)
        output = (gamma * rows + beta) @ kernel + bias
        expected = {"loss": g.number(np.mean((output - y) ** 2)), "output": g.array(output)}
        cases.append({"layers": [{"layer_normalization": {"epsilon": epsilon}}], "start": [gamma, beta, kernel, bias], "expected": expected})
    for case in cases:
        case["start"] = [v.tolist() for v in case["start"]]
        case["x"], case["y"] = X.tolist(), y.tolist()
        case["tolerance"] = g.within(1e-13, 1e-12, WHY)
    g.write("network_norms", "Batch and layer normalisation.", cases)


def files(g):
    return {
        "network_activations": lambda: activations(g),
        "network_schedules": lambda: schedules(g),
        "network_courses": lambda: courses(g),
        "network_norms": lambda: normalisations(g),
    }
