"""The optimisers' published formulas in double, and PyTorch's own, to make tests/golden/optimiser.h:

    python3 tests/reference/optimiser.py > tests/golden/optimiser.h

Three weights, five steps; the gradient of step t is t-dependent, so that momentum and both of Adam's means matter.
"""
import math

import torch

GRADIENTS = [[math.sin(t + 2 * i) * (1 + i) for i in range(3)] for t in range(1, 6)]
START = [0.5, -0.25, 0.02]


def shrink(w, by):
    return math.copysign(max(abs(w) - by, 0), w)


def sgd(rate, decay, l1, momentum):
    w, v = list(START), [0.0] * 3
    for g in GRADIENTS:
        for i in range(3):
            new = shrink(w[i] + momentum * v[i] - rate * (g[i] + decay * w[i]), rate * l1)
            v[i], w[i] = new - w[i], new
    return w


def adam(rate, decay, l1, b1, b2):
    w, m, v = list(START), [0.0] * 3, [0.0] * 3
    for t, g in enumerate(GRADIENTS, 1):
        for i in range(3):
            d = g[i] + decay * w[i]
            m[i], v[i] = b1 * m[i] + (1 - b1) * d, b2 * v[i] + (1 - b2) * d * d
            size = rate / (math.sqrt(v[i] / (1 - b2 ** t)) + 1e-8)
            w[i] = shrink(w[i] - size * m[i] / (1 - b1 ** t), size * l1)
    return w


def rmsprop(rate, decay, l1):
    w, v = list(START), [0.0] * 3
    for g in GRADIENTS:
        for i in range(3):
            d = g[i] + decay * w[i]
            v[i] = 0.9 * v[i] + 0.1 * d * d
            size = rate / math.sqrt(v[i] + 1e-8)
            w[i] = shrink(w[i] - size * d, size * l1)
    return w


def by_torch(make):
    """What PyTorch's optimiser makes of the same gradients."""
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimiser = make([w])
    for g in GRADIENTS:
        w.grad = torch.tensor(g, dtype=torch.float64)
        optimiser.step()
    return w.tolist()


CASES = [("OPTIMISER_SGD", 0.1, 0, 0, 0, 0), ("OPTIMISER_SGD", 0.05, 0.3, 0.2, 0.9, 0),
         ("OPTIMISER_ADAM", 0.1, 0, 0, 0.9, 0.999), ("OPTIMISER_ADAM", 0.02, 0.5, 0.3, 0.8, 0.99),
         ("OPTIMISER_RMSPROP", 0.05, 0, 0, 0, 0), ("OPTIMISER_RMSPROP", 0.05, 0.2, 0.4, 0, 0)]

print("/* Made by tests/reference/optimiser.py: weights after five steps. `a`, `b`: momentum, or Adam's two betas. */")
print("static const float golden_start[3] = {" + ", ".join(f"{v}f" for v in START) + "};")
print("static const float golden_gradients[5][3] = {")
for g in GRADIENTS:
    print("    {" + ", ".join(f"{v!r}f" for v in g) + "},")
print("};\nstatic const struct {\n    enum optimiser_kind kind;\n    double rate, decay, l1, a, b, wanted[3];\n} golden_steps[] = {")
for kind, rate, decay, l1, a, b in CASES:
    if kind == "OPTIMISER_SGD":
        w = sgd(rate, decay, l1, a)
    elif kind == "OPTIMISER_ADAM":
        w = adam(rate, decay, l1, a, b)
    else:
        w = rmsprop(rate, decay, l1)
    print(f"    {{{kind}, {rate}, {decay}, {l1}, {a}, {b}, {{" + ", ".join(repr(v) for v in w) + "}},")
TORCH = [("OPTIMISER_SGD", 0.05, 0.1, 0, 0.9, 0, lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=0.1)),
         ("OPTIMISER_ADAM", 0.02, 0.3, 0, 0.8, 0.99,
          lambda p: torch.optim.Adam(p, 0.02, betas=(0.8, 0.99), eps=1e-8, weight_decay=0.3)),
         ("OPTIMISER_ADAGRAD", 0.1, 0, 0, 0, 0, lambda p: torch.optim.Adagrad(p, 0.1, eps=1e-8)),
         ("OPTIMISER_ADAGRAD", 0.3, 0.2, 0, 0, 0, lambda p: torch.optim.Adagrad(p, 0.3, eps=1e-8, weight_decay=0.2)),
         ("OPTIMISER_ADADELTA", 1, 0, 0, 0, 0, lambda p: torch.optim.Adadelta(p, 1, rho=0.9, eps=1e-6)),
         ("OPTIMISER_ADADELTA", 3, 0.5, 0, 0, 0,
          lambda p: torch.optim.Adadelta(p, 3, rho=0.9, eps=1e-6, weight_decay=0.5))]
for kind, rate, decay, l1, a, b, make in TORCH:
    print(f"    {{{kind}, {rate}, {decay}, {l1}, {a}, {b}, {{" + ", ".join(repr(v) for v in by_torch(make)) + "}},")
print("};")
