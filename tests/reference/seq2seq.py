"""Losses and slopes of small translation networks by torch, with its own LSTM, GRU and convolutions: golden values for
tests/engine/test_seq2seq_network.c.

    python3 tests/reference/seq2seq.py > tests/golden/seq2seq.h
"""
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)
BEGIN, END = 2, 3
SOURCES = [[5, 7, 4, 8], [6, 4], [8, 8, 5]]
TARGETS = [[4, 6, 5], [7, 4, 4, 6], [5]]


class Parts:
    """Parameters by name, made when they are first asked for; all can be written as a float."""

    def __init__(self):
        self.values = {}

    def __call__(self, name, *shape):
        if name not in self.values:
            value = np.float32(rng.normal(0, 0.5, shape)).astype(np.float64)
            self.values[name] = torch.tensor(value, requires_grad=True)
        assert tuple(self.values[name].shape) == shape
        return self.values[name]


def run(kind, p, prefix, inputs, hidden, x, lengths=None, start=None, columns=slice(None), u="u", bn="bn"):
    """One direction of one layer over x (steps, rows, inputs), by torch's module with our parameters."""
    gates = 4 if kind == "lstm" else 3
    total = p.values.get(f"{prefix}.w")
    w = (total if total is not None else p(f"{prefix}.w", inputs, gates * hidden))[:, columns]
    b = p.values.get(f"{prefix}.b")
    b = (b if b is not None else p(f"{prefix}.b", gates * hidden))[columns]
    zero = torch.zeros(gates * hidden)
    if kind == "gru":
        zero = torch.cat([torch.zeros(2 * hidden), p(f"{prefix}.{bn}", hidden)])
    weights = [w.T, p(f"{prefix}.{u}", hidden, gates * hidden).T, b, zero]
    function = torch._VF.lstm if kind == "lstm" else torch._VF.gru
    rows = x.shape[1]
    if start is None:
        start = torch.zeros(1, rows, hidden)
        start = (start, start.clone()) if kind == "lstm" else start
    if lengths is None:
        out = function(x, start, weights, True, 1, 0.0, False, False, False)
        return out[0], out[1:] if kind == "lstm" else out[1]
    packed = pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False)
    out = function(packed.data, packed.batch_sizes, start, weights, True, 1, 0.0, False, False)
    whole = torch.nn.utils.rnn.PackedSequence(out[0], packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    return pad_packed_sequence(whole)[0], None


def flip(x, lengths):
    """Each row backwards, within its own length."""
    return torch.stack([torch.cat([x[:n, i].flip(0), x[n:, i]]) for i, n in enumerate(lengths)], 1)


def padded(rows, before=(), after=()):
    rows = [[*before, *r, *after] for r in rows]
    ids = torch.zeros(max(map(len, rows)), len(rows), dtype=torch.long)
    for i, r in enumerate(rows):
        ids[:len(r), i] = torch.tensor(r)
    return ids, [len(r) for r in rows]


def encode_rnn(c, p, ids, lengths):
    h, half = c["hidden"], c["hidden"] // 2
    gates = 4 if c["kind"] == "lstm" else 3
    x = p("source.table", 9, c["source"])[ids] * (torch.arange(len(ids))[:, None] < torch.tensor(lengths))[..., None]
    p("source.0.w", c["source"], 2 * gates * half), p("source.0.b", 2 * gates * half)
    forward, _ = run(c["kind"], p, "source.0", c["source"], half, x, lengths, columns=slice(0, gates * half))
    backward, _ = run(c["kind"], p, "source.0", c["source"], half, flip(x, lengths), lengths,
                      columns=slice(gates * half, None), u="back_u", bn="back_bn")
    ends = torch.stack([torch.cat([forward[n - 1, i], backward[n - 1, i]]) for i, n in enumerate(lengths)])
    out = torch.cat([forward, flip(backward, lengths)], 2)
    for layer in range(1, c["layers"]):
        new, _ = run(c["kind"], p, f"source.{layer}", h, h, out, lengths)
        ends = torch.stack([new[n - 1, i] for i, n in enumerate(lengths)])
        out = out + new if c["residual"] else new
    return out, ends


def mask(lengths, steps):
    return torch.arange(steps)[:, None] < torch.tensor(lengths)


def attend(scores, values, lengths):
    """scores (places, rows), values (places, rows, width)."""
    weights = scores.masked_fill(~mask(lengths, len(scores)), -torch.inf).softmax(0)
    return (weights[..., None] * values).sum(0)


def begin(c, p, layer, memory, ends, lengths):
    if c["begin"] == "zero":
        return torch.zeros(len(lengths), c["hidden"])
    mean = (memory * mask(lengths, len(memory))[..., None]).sum(0) / torch.tensor(lengths)[:, None]
    start = ends if c["begin"] == "last" else mean
    h = c["hidden"]
    return torch.tanh(start @ p(f"target.{layer}.begin_w", h, h) + p(f"target.{layer}.begin_b", h))


def decode_rnn(c, p, memory, ends, lengths, inputs):
    h, e, a = c["hidden"], c["target"], c["attention"]
    gates = (4 if c["kind"] == "lstm" else 3) * h
    x = p("target.table", 8, e)[inputs]
    states = [begin(c, p, layer, memory, ends, lengths) for layer in range(c["layers"])]
    cells = [torch.zeros_like(s) for s in states]

    def start(layer, state, cell):
        return (state[None], cell[None]) if c["kind"] == "lstm" else state[None]

    def with_context(layer, x, context, width):
        """The context's columns stand behind the input's: one cell of width + h inputs."""
        both = torch.cat([x, context], -1)
        w = torch.cat([p(f"target.{layer}.w", width, gates), p(f"target.{layer}.context", h, gates)])
        q = Parts()
        q.values = {**p.values, "both.w": w, "both.b": p(f"target.{layer}.b", gates), "both.u": p(f"target.{layer}.u", h, gates)}
        if c["kind"] == "gru":
            q.values["both.bn"] = p(f"target.{layer}.bn", h)
        return lambda s: run(c["kind"], q, "both", width + h, h, both, start=s)

    contexts = []
    if c["attend"] == "mlp":
        keys = memory @ p("attention.0.key", h, a)
        out, state = [], start(0, states[0], cells[0])
        for step in range(len(x)):
            now = (state[0] if c["kind"] == "lstm" else state)[0]
            scores = torch.tanh(keys + now @ p("attention.0.query", h, a)) @ p("attention.0.score", a)
            contexts.append(attend(scores, memory, lengths))
            y, state = with_context(0, x[step:step + 1], contexts[-1][None], e)(state)
            out.append(y[0])
        out, context = torch.stack(out), torch.stack(contexts)
    elif c["attend"] == "fixed":
        context = ends[None].expand(len(x), -1, -1)
        out, _ = with_context(0, x, context, e)(start(0, states[0], cells[0]))
    else:
        out, _ = run(c["kind"], p, "target.0", e, h, x, start=start(0, states[0], cells[0]))
        keys = memory @ p("attention.0.key", h, h) if c["attend"] == "bilinear" else memory
        context = torch.stack([attend((keys * q).sum(2), memory, lengths) for q in out])
    for layer in range(1, c["layers"]):
        new, _ = with_context(layer, out, context, h)(start(layer, states[layer], cells[layer]))
        out = out + new if c["residual"] else new
    return torch.tanh(out @ p("join.0.state", h, h) + context @ p("join.0.context", h, h) + p("join.0.b", h))


def glu(x):
    a, b = x.chunk(2, -1)
    return a * torch.sigmoid(b)


def convolve(p, prefix, x, kernel, channels, before, after):
    """x (steps, rows, channels) by torch's conv1d."""
    w = p(f"{prefix}.w", kernel, channels, 2 * channels).permute(2, 1, 0)
    x = nn.functional.pad(x.permute(1, 2, 0), (before, after))
    return nn.functional.conv1d(x, w, p(f"{prefix}.b", 2 * channels)).permute(2, 0, 1)


def encode_cnn(c, p, ids, lengths):
    d, keep = c["channels"], mask(lengths, len(ids))[..., None]
    x = p("source.table", 9, c["source"])[ids] + p("source.place", 11, c["source"])[:len(ids)][:, None]
    x = (x * keep) @ p("source.0.in_w", c["source"], d) + p("source.0.in_b", d)
    out = x
    for layer in range(c["layers"]):
        y = convolve(p, f"source.{layer}", out * keep, 3, d, 1, 1)
        out = (out + glu(y)) * 0.5 ** 0.5
    return (out + x) * 0.5 ** 0.5, None


def decode_cnn(c, p, memory, lengths, inputs, ends):
    d = c["channels"]
    x = p("target.table", 8, c["target"])[inputs] + p("target.place", 11, c["target"])[:len(inputs)][:, None]
    x = (x * mask(ends, len(inputs))[..., None]) @ p("target.0.in_w", c["target"], d) + p("target.0.in_b", d)
    keys, out = memory @ p("attention.0.key", d, d), x
    for layer in range(c["layers"]):
        y = glu(convolve(p, f"target.{layer}", out, 4, d, 3, 0))
        query = y @ p(f"target.{layer}.query_w", d, d) + p(f"target.{layer}.query_b", d) + x
        context = torch.stack([attend((keys * q).sum(2) / d ** 0.5, memory, lengths) for q in query])
        y = (y + context @ p(f"target.{layer}.context", d, d)) * 0.5 ** 0.5
        out = (out + y) * 0.5 ** 0.5
    return out


def case(name, **c):
    p = Parts()
    ids, lengths = padded(SOURCES, after=[END])
    inputs, ends = padded(TARGETS, before=[BEGIN])
    said, _ = padded(TARGETS, after=[END])
    if c["type"] == "rnn":
        memory, last = encode_rnn(c, p, ids, lengths)
        joined = decode_rnn(c, p, memory, last, lengths, inputs)
    else:
        memory, _ = encode_cnn(c, p, ids, lengths)
        joined = decode_cnn(c, p, memory, lengths, inputs, ends)
    width = joined.shape[2]
    scores = joined @ p("out.w", 8, width).T + p("out.0.b", 8)
    real = mask(ends, len(said))
    loss = nn.functional.cross_entropy(scores[real], said[real], reduction="sum")
    loss.backward()
    right = int((scores[real].argmax(1) == said[real]).sum())
    settings = " ".join(f"{k}={v}" for k, v in c["set"].items())
    print(f'static const struct golden_part {name}_parts[] = {{')
    for part, value in p.values.items():
        numbers = [", ".join(f"{float(v):.8e}F" for v in value.detach().flatten()),
                   ", ".join(f"{float(v):.12g}" for v in value.grad.flatten())]
        print(f'    {{"{part}", {value.numel()}, (const float[]){{{numbers[0]}}},\n     (const double[]){{{numbers[1]}}}}},')
    print("};")
    return f'    {{"{settings}", {float(loss):.15g}, {right}, {len(p.values)}, {name}_parts}},'


print("/* Made by tests/reference/seq2seq.py. */\n// clang-format off")
print("struct golden_part { const char *name; size_t count; const float *value; const double *slope; };")
print("struct golden_case { const char *settings; double loss; int right; size_t count; const struct golden_part *parts; };")
shared = {"num_embed_source": 5, "num_embed_target": 6, "rnn_num_hidden": 4, "cnn_num_hidden": 4,
          "max_seq_len_source": 10, "max_seq_len_target": 10}
rnn = {"type": "rnn", "source": 5, "target": 6, "hidden": 4, "residual": False, "layers": 1, "attention": 4, "begin": "last"}
rows = [
    case("mlp", **{**rnn, "kind": "lstm", "attend": "mlp", "attention": 3},
         set={**shared, "rnn_attention_num_hidden": 3}),
    case("deep", **{**rnn, "kind": "lstm", "attend": "mlp", "layers": 2, "residual": True, "begin": "avg"},
         set={**shared, "num_layers_encoder": 2, "num_layers_decoder": 2, "rnn_residual_connections": "true",
              "rnn_decoder_state_init": "avg"}),
    case("gru", **{**rnn, "kind": "gru", "attend": "mlp"}, set={**shared, "rnn_cell_type": "gru"}),
    case("dot", **{**rnn, "kind": "lstm", "attend": "dot", "layers": 2, "begin": "zero"},
         set={**shared, "num_layers_encoder": 2, "num_layers_decoder": 2, "rnn_attention_type": "dot",
              "rnn_decoder_state_init": "zero"}),
    case("bilinear", **{**rnn, "kind": "gru", "attend": "bilinear"},
         set={**shared, "rnn_cell_type": "gru", "rnn_attention_type": "bilinear"}),
    case("fixed", **{**rnn, "kind": "lstm", "attend": "fixed"}, set={**shared, "rnn_attention_type": "fixed"}),
    case("cnn", type="cnn", source=5, target=6, channels=4, layers=2,
         set={**shared, "encoder_type": "cnn", "decoder_type": "cnn", "num_layers_encoder": 2, "num_layers_decoder": 2,
              "cnn_kernel_width_decoder": 4}),
]
print("static const struct golden_case golden_cases[] = {", *rows, "};", sep="\n")
