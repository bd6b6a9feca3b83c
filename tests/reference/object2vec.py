"""Writes tests/golden/object2vec.h: what PyTorch's layers say of three pairs, for each kind of encoder.

Sequences go through one at a time, so that nothing can depend on padding. Weights are a formula of name and place that
tests/engine/test_object2vec.c has too.

    /usr/bin/python3 tests/reference/object2vec.py > tests/golden/object2vec.h
"""
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

PAIRS = [([0], [4, 1, 2]), ([3, 1, 4, 1, 5], [9, 2]), ([2, 7, 1, 8, 2, 8, 1], [8])]
VOCABULARY, WIDTH, DIM = 10, 5, 7

CASES = [
    dict(name="pooled", network="pooled_embedding", layers=0, filter=3, compare=["hadamard", "concat", "abs_diff"],
         mlp=2, mlp_dim=6, activation="tanh", outputs=3, tied=False),
    dict(name="pooled tied, no hidden layer", network="pooled_embedding", layers=0, filter=3, compare=["abs_diff"],
         mlp=0, mlp_dim=6, activation="linear", outputs=1, tied=True),
    dict(name="one convolution", network="hcnn", layers=1, filter=3, compare=["concat"],
         mlp=1, mlp_dim=6, activation="relu", outputs=1, tied=False),
    dict(name="three convolutions of an even width", network="hcnn", layers=3, filter=2,
         compare=["abs_diff", "hadamard"], mlp=1, mlp_dim=4, activation="linear", outputs=2, tied=False),
    dict(name="one LSTM each way", network="bilstm", layers=1, filter=3, compare=["concat", "hadamard"],
         mlp=1, mlp_dim=4, activation="tanh", outputs=2, tied=True),
    dict(name="two layers of LSTMs", network="bilstm", layers=2, filter=3, compare=["hadamard"],
         mlp=0, mlp_dim=4, activation="tanh", outputs=1, tied=False),
]


def weight(name, shape):
    key = sum(name.encode()) * 101
    count = 1
    for n in shape:
        count *= n
    return torch.tensor([((i * 37 + key) % 97 - 48) / 97 for i in range(count)]).reshape(shape)


def pooled(side, case, x):
    return x.mean(0) @ weight(f"enc{side}.layer1.w", (WIDTH, DIM)) + weight(f"enc{side}.layer1.b", (DIM,))


def hcnn(side, case, x):
    best, layers = [], case["layers"]
    for k in range(layers):
        share = DIM // layers + (k < DIM % layers)
        w = weight(f"enc{side}.layer{k + 1}.w", (case["filter"], x.shape[1], share))
        b = weight(f"enc{side}.layer{k + 1}.b", (share,))
        before = (case["filter"] - 1) // 2
        padded = nn.functional.pad(x.T[None], (before, case["filter"] - 1 - before))
        x = torch.relu(nn.functional.conv1d(padded, w.permute(2, 1, 0), b))[0].T
        best.append(x.max(0)[0])
    return torch.cat(best)


def bilstm(side, case, x):
    for k in range(case["layers"]):
        ways = []
        for way, units in (("forward", (DIM + 1) // 2), ("backward", DIM // 2)):
            lstm = nn.LSTM(x.shape[1], units)
            name = f"enc{side}.layer{k + 1}.{way}"
            with torch.no_grad():
                lstm.weight_ih_l0.copy_(weight(f"{name}.w", (x.shape[1], 4 * units)).T)
                lstm.weight_hh_l0.copy_(weight(f"{name}.u", (units, 4 * units)).T)
                lstm.bias_ih_l0.copy_(weight(f"{name}.b", (4 * units,)))
                lstm.bias_hh_l0.zero_()
            out = lstm((x if way == "forward" else x.flip(0))[:, None])[0][:, 0]
            ways.append(out if way == "forward" else out.flip(0))
        x = torch.cat(ways, 1)
    return x.max(0)[0]


ENCODERS = {"pooled_embedding": pooled, "hcnn": hcnn, "bilstm": bilstm}
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda x: x}
COMPARE = {"hadamard": lambda a, b: a * b, "concat": lambda a, b: torch.cat([a, b]),
           "abs_diff": lambda a, b: (a - b).abs()}


def encode(side, case, ids):
    table = weight("enc0.tokens" if case["tied"] else f"enc{side}.tokens", (VOCABULARY, WIDTH))
    return ENCODERS[case["network"]](side, case, table[ids])


def score(case, a, b):
    x = torch.cat([COMPARE[name](a, b) for name in case["compare"]])
    for k in range(case["mlp"]):
        w = weight(f"mlp.layer{k + 1}.w", (x.shape[0], case["mlp_dim"]))
        x = ACTIVATIONS[case["activation"]](x @ w + weight(f"mlp.layer{k + 1}.b", (case["mlp_dim"],)))
    return x @ weight("output.w", (x.shape[0], case["outputs"])) + weight("output.b", (case["outputs"],))


def numbers(values):
    return "{" + ", ".join(f"{v:.9e}" for v in values) + "}"


print("/* Made by tests/reference/object2vec.py with PyTorch; the fields are described in test_object2vec.c. */")
print("static const struct golden goldens[] = {")
for case in CASES:
    vectors = [[encode(side, case, p[side]) for p in PAIRS] for side in (0, 1)]
    scores = torch.cat([score(case, a, b) for a, b in zip(*vectors)])
    print(f'    {{"{case["name"]}", "{case["network"]}", "{case["layers"]}", "{case["filter"]}", '
          f'"{",".join(case["compare"])}", "{case["mlp"]}", "{case["mlp_dim"]}", "{case["activation"]}", '
          f'{case["outputs"]}, {str(case["tied"]).lower()},')
    print("     {" + ",\n      ".join(numbers(torch.cat(vectors[side]).tolist()) for side in (0, 1)) + "},")
    print(f"     {numbers(scores.tolist())}}},")
print("};")
