"""What PyTorch gives for the operations of networks, in double, to make tests/golden/ops.h:

    python3 tests/reference/ops.py > tests/golden/ops.h

Inputs are made by `wave`, whose numbers are exact in binary, so that the test makes the same ones.
"""
import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def wave(seed, *shape):
    n = 1
    for size in shape:
        n *= size
    return torch.tensor([((i * 37 + seed * 101 + i * i * 11) % 61 - 30) / 16 for i in range(n)]).reshape(shape)


def show(name, x):
    numbers = [repr(v) for v in x.reshape(-1).tolist()]
    rows = [", ".join(numbers[i:i + 4]) for i in range(0, len(numbers), 4)]
    print(f"static const double golden_{name}[] = {{\n    " + ",\n    ".join(rows) + "};")


def recurrent(module, gates_first, reverse, lengths):
    """A layer with the given weights over 4 steps, 3 rows, width 2: `gates_first` x = the input's part of the gates, so
    the layer's own input weights are the identity."""
    many = gates_first.shape[2]
    layer = module(many, 2, bidirectional=reverse)
    for back in ["", "_reverse"] if reverse else [""]:
        getattr(layer, "weight_ih_l0" + back).data = torch.eye(many)
        getattr(layer, "weight_hh_l0" + back).data = wave(2, 2, many).T.contiguous()
        getattr(layer, "bias_ih_l0" + back).data = torch.zeros(many)
        getattr(layer, "bias_hh_l0" + back).data = torch.zeros(many)
        if module is torch.nn.GRU:
            getattr(layer, "bias_hh_l0" + back).data[4:] = wave(5, 2)
    packed = torch.nn.utils.rnn.pack_padded_sequence(gates_first, lengths, enforce_sorted=False)
    start = wave(3, 3, 2).repeat(2 if reverse else 1, 1, 1)
    if module is torch.nn.LSTM:
        _, (h, c) = layer(packed, (start, wave(4, 3, 2).repeat(2 if reverse else 1, 1, 1)))
        return torch.cat([h[-1], c[-1]])
    return layer(packed, start)[1][-1]


print("/* Made by tests/reference/ops.py: what PyTorch gives. */")
show("linear", wave(1, 2, 3, 4) @ wave(2, 4, 2) + wave(3, 2))
show("matmul", wave(1, 1, 4, 2).transpose(1, 2) @ wave(2, 3, 5, 4).transpose(1, 2))
show("add", wave(1, 2, 3, 4) + wave(2, 3, 4))
show("sub", wave(1, 2, 3, 4) - wave(2, 4))
show("mul", wave(1, 2, 3, 4) * wave(2, 2, 3, 4))
show("affine", 2.5 * wave(1, 7) - 0.75)
x = wave(1, 8)
for name, f in [("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("relu", F.relu), ("softplus", F.softplus),
                ("exp", torch.exp), ("log", lambda x: (x.abs() + 1).log()), ("abs", torch.abs), ("square", torch.square),
                ("sqrt", lambda x: (x.abs() + 1).sqrt())]:
    show("unary_" + name, f(x))
x = wave(1, 2, 3, 4)
show("transpose", x.permute(2, 0, 1))
show("concat", torch.cat([x[:, 1:], wave(2, 2, 1, 4)], 1))
show("gather", wave(1, 4, 3)[[3, 0, 3]])
show("reduce_sum", x.sum(1))
show("reduce_mean", x.mean().reshape(1))
show("reduce_max", x.amax(0))
lengths = [4, 0, 2]
x = wave(1, 4, 3, 2)
for name, f in [("sum", lambda x: x.sum(0)), ("mean", lambda x: x.mean(0)), ("max", lambda x: x.amax(0))]:
    show("pool_time_" + name, torch.stack([f(x[:n, b]) if n else torch.zeros(2) for b, n in enumerate(lengths)]))
table = wave(1, 5, 3)
show("embedding", torch.stack([table[i] if i >= 0 else torch.zeros(3) for i in [4, -1, 0, 4]]))
show("embedding_mean", torch.stack([table[[2, 4, 2]].mean(0), torch.zeros(3), table[0]]))
show("softmax", F.softmax(wave(1, 3, 5), 1))
target, weight = torch.tensor([2, 0, 4]), wave(2, 3).abs()
show("cross_entropy", (F.cross_entropy(wave(1, 3, 5), target, reduction="none") * weight).sum())
off = F.smooth_l1_loss(wave(1, 3, 5), wave(3, 3, 5), reduction="none")
show("smooth_l1", (0.5 * off.sum(1) * weight).sum())
for reverse in [False, True]:
    end = "_reverse" if reverse else ""
    show("lstm" + end, recurrent(torch.nn.LSTM, wave(1, 4, 3, 8), reverse, [4, 2, 3]))
    show("gru" + end, recurrent(torch.nn.GRU, wave(1, 4, 3, 6), reverse, [4, 2, 3]))
show("layer_norm", F.layer_norm(wave(1, 3, 5), [5], wave(2, 5), wave(3, 5), 1e-3))
mean, variance = wave(4, 3), wave(5, 3).abs() + 1
show("batch_norm", F.batch_norm(wave(1, 6, 3), mean, variance, wave(2, 3), wave(3, 3), True, 0.25, 1e-3))
show("batch_norm_running", torch.cat([mean, variance]))
show("batch_norm_after", F.batch_norm(wave(6, 6, 3), mean, variance, wave(2, 3), wave(3, 3), False, 0.25, 1e-3))
x = F.pad(wave(1, 5, 2, 3).permute(1, 2, 0), (2, 1))
show("conv1d", F.conv1d(x, wave(2, 3, 3, 4).permute(2, 1, 0), wave(3, 4)).permute(2, 0, 1))
x = wave(1, 2, 5, 4, 3).permute(0, 3, 1, 2)
show("conv2d", F.conv2d(x, wave(2, 3, 2, 3, 2).permute(3, 2, 0, 1), wave(3, 2), 2, 1).permute(0, 2, 3, 1))
show("pool2d_max", F.max_pool2d(x, 3, 2, 1).permute(0, 2, 3, 1))
show("pool2d_mean", F.avg_pool2d(x, 3, 2, 1, count_include_pad=False).permute(0, 2, 3, 1))

query, keys, memory, v = wave(1, 2, 3, 4), wave(2, 5, 3, 4), wave(3, 5, 3, 2), wave(4, 4)
beyond = torch.arange(5)[:, None] >= torch.tensor([5, 2, 4])[None]
for name, score in [("dot", 0.5 * (query[:, None] * keys[None]).sum(3)),
                    ("additive", (v * torch.tanh(query[:, None] + keys[None])).sum(3))]:
    p = F.softmax(score.masked_fill(beyond, float("-inf")), 1)
    show("attention_" + name, (p[..., None] * memory[None]).sum(1))

raw, y, v = wave(1, 6, 3), wave(2, 6), wave(3, 6).abs() + 0.5
s = F.softplus(raw)
normal = torch.distributions.Normal(raw[:, 0] * v, (s[:, 1] + 1e-4) * v)
show("gaussian", -normal.log_prob(y))
student = torch.distributions.StudentT(2 + s[:, 2], raw[:, 0] * v, (s[:, 1] + 1e-4) * v)
show("student_t", -student.log_prob(y))
m, a, whole = s[:, 0] * v + 1e-6, s[:, 1] / v.sqrt() + 1e-6, (y.abs() * 4).floor()
show("negative_binomial", -torch.distributions.NegativeBinomial(1 / a, a * m / (1 + a * m)).log_prob(whole))
beta = torch.distributions.Beta(s[:, 0] + 1e-4, s[:, 1] + 1e-4)
show("beta", -beta.log_prob(y / 4 + 0.5))
show("digamma_at", torch.tensor([1e-3, 0.1, 0.5, 1.0, 1.4616321449683623, 2.0, 7.5, 10.0, 123.0, 1e6]))
show("digamma", torch.digamma(torch.tensor([1e-3, 0.1, 0.5, 1.0, 1.4616321449683623, 2.0, 7.5, 10.0, 123.0, 1e6])))
