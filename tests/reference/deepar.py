"""PyTorch's LSTM on weights made by a formula, and numpy's quantiles, to make tests/golden/deepar.h:

    python3 tests/reference/deepar.py > tests/golden/deepar.h

The network has two layers; its window's level, middle and category go into the first layer at every step.
"""
import numpy as np
import torch
from torch import nn

STEPS, ROWS, INPUTS, CELLS, EMBEDDING, CARDINALITY, OUTPUTS = 5, 3, 6, 5, 2, 3, 3


def made(number, *shape):
    """Weights of the parameter of that number: what the test sets too."""
    i = torch.arange(int(np.prod(shape)), dtype=torch.float64)
    return (0.5 * torch.sin(1 + 17 * number + 0.37 * i)).reshape(shape)


gates = 4 * CELLS
input_w, level_w = made(0, INPUTS, gates), made(1, 2, gates)
table, table_w = made(2, CARDINALITY, EMBEDDING), made(3, EMBEDDING, gates)
bias_0, before_0 = made(4, gates), made(5, CELLS, gates)
below_1, bias_1, before_1 = made(6, CELLS, gates), made(7, gates), made(8, CELLS, gates)
head_w, head_b = made(9, CELLS, OUTPUTS), made(10, OUTPUTS)
x, level, category = made(20, STEPS, ROWS, INPUTS), made(21, ROWS, 2), torch.tensor([2, 0, 1])

rnn = nn.LSTM(INPUTS + 2 + EMBEDDING, CELLS, 2).double()
with torch.no_grad():
    rnn.weight_ih_l0.copy_(torch.cat([input_w, level_w, table_w]).T)
    rnn.weight_hh_l0.copy_(before_0.T)
    rnn.bias_ih_l0.copy_(bias_0)
    rnn.weight_ih_l1.copy_(below_1.T)
    rnn.weight_hh_l1.copy_(before_1.T)
    rnn.bias_ih_l1.copy_(bias_1)
    rnn.bias_hh_l0.zero_()
    rnn.bias_hh_l1.zero_()
    fixed = torch.cat([level, table[category]], 1).expand(STEPS, -1, -1)
    h, (last_h, last_c) = rnn(torch.cat([x, fixed], 2))
    raw = h @ head_w + head_b

rng = np.random.default_rng(5)
paths, truth = rng.normal(3, 2, (11, 4)).round(3), np.array([2.5, -1, 4, 0.5])
levels = [0.1, 0.5, 0.85]
quantiles = np.quantile(paths, levels, axis=0)
loss = [2 * np.sum(np.abs((q - truth) * ((truth <= q) - t))) / np.abs(truth).sum() for t, q in zip(levels, quantiles)]
rmse = np.sqrt(np.mean((paths.mean(0) - truth) ** 2))


def array(name, values, kind="double"):
    numbers = ", ".join(repr(float(v)) for v in np.asarray(values).ravel())
    print(f"static const {kind} {name}[] = {{{numbers}}};")


print("/* Made by tests/reference/deepar.py. */")
array("golden_raw", raw)
array("golden_last_h", last_h[1])
array("golden_last_c", last_c[0])
array("golden_paths", paths)
array("golden_truth", truth)
array("golden_levels", levels)
array("golden_quantiles", quantiles)
array("golden_loss", loss)
print(f"static const double golden_rmse = {rmse!r};")
