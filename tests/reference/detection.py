"""Writes tests/golden/detection.h: default boxes, what they should say, suppression and average precision by numpy, the
loss and the whole networks by PyTorch. Numbers come from formulas that tests/engine/test_detection.c has too.

    /usr/bin/python3 tests/reference/detection.py > tests/golden/detection.h
"""
import numpy as np
import torch
from torch.nn.functional import batch_norm, conv2d, cross_entropy, relu, smooth_l1_loss

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

CELLS, LOW, HIGH = (4, 2), 0.2, 0.9


def wave(count, seed):
    return np.array([((i * 37 + seed * 101 + i * i * 11) % 61 - 30) / 16 for i in range(count)])


def write(name, values, kind="double"):
    values = np.asarray(values).reshape(-1)
    text = ", ".join(repr(float(v)) if kind == "double" else str(int(v)) for v in values)
    print(f"static const {kind} {name}[] = {{{text}}};")


def anchors():
    out = []
    for k, n in enumerate(CELLS):
        size = LOW * (HIGH / LOW) ** (k / len(CELLS))
        between = (size * LOW * (HIGH / LOW) ** ((k + 1) / len(CELLS))) ** 0.5
        for y in range(n):
            for x in range(n):
                for w, h in ((size, size), (between, between), (size * 2 ** 0.5, size / 2 ** 0.5),
                             (size / 2 ** 0.5, size * 2 ** 0.5)):
                    out.append(((x + 0.5) / n, (y + 0.5) / n, w, h))
    return np.array(out)


def corners(a):
    return np.concatenate([a[:, :2] - a[:, 2:] / 2, a[:, :2] + a[:, 2:] / 2], 1)


def iou(a, b):
    both = np.maximum(0, min(a[2], b[2]) - max(a[0], b[0])) * np.maximum(0, min(a[3], b[3]) - max(a[1], b[1]))
    area = lambda m: (m[2] - m[0]) * (m[3] - m[1])
    return both / (area(a) + area(b) - both)


ANCHORS = anchors()
write("golden_anchors", ANCHORS)

# Boxes as class, left, top, right, bottom; the last overlaps no default box by a half.
BOXES = np.array([(1, .27, .5, .49, .74), (0, .4, .35, .95, .9), (2, .5, .04, .85, .5), (1, .05, .6, .3, .95),
                  (0, .9, .02, .93, .06)])
write("golden_boxes", BOXES)
label, offset = np.zeros(len(ANCHORS), int), np.zeros((len(ANCHORS), 4))
table = np.array([[iou(a, b[1:]) for b in BOXES] for a in corners(ANCHORS)])
owner = np.where(table.max(1) > 0.5, table.argmax(1), -1)
for k in range(len(BOXES)):
    owner[table[:, k].argmax()] = k
for i, k in enumerate(owner):
    if k < 0:
        continue
    cls, box = BOXES[k, 0], BOXES[k, 1:]
    label[i] = cls + 1
    centre, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    offset[i] = np.concatenate([(centre - ANCHORS[i, :2]) / ANCHORS[i, 2:] / 0.1, np.log(size / ANCHORS[i, 2:]) / 0.2])
write("golden_overlaps", table)
write("golden_labels", label, "int")
write("golden_offsets", offset)

# What a network might answer, as boxes.
moves = wave(4 * len(ANCHORS), 3).reshape(-1, 4)
centre = ANCHORS[:, :2] + moves[:, :2] * 0.1 * ANCHORS[:, 2:]
size = ANCHORS[:, 2:] * np.exp(moves[:, 2:] * 0.2)
write("golden_decoded", np.concatenate([centre - size / 2, centre + size / 2], 1))

# Suppression: 40 boxes, the surest first.
many = np.array([[(i * 29 % 17) / 40, (i * 13 % 19) / 40, (i * 29 % 17) / 40 + 0.2 + (i % 5) / 20,
                  (i * 13 % 19) / 40 + 0.15 + (i % 7) / 20] for i in range(40)])
kept = []
for i in range(40):
    if all(iou(many[i], many[k]) <= 0.45 for k in kept):
        kept.append(i)
write("golden_kept", kept, "int")

# Average precision: 4 images, 2 classes, 30 detections an image with scores that are all different.
truth = [[(int(i + j) % 2, .05 + .3 * (j % 3), .05 + .3 * (j // 3), .25 + .3 * (j % 3), .3 + .3 * (j // 3))
          for j in range(3 + i)] for i in range(4)]
found = []
for i in range(4):
    for j in range(30):
        near = truth[i][j * 7 % len(truth[i])]
        shift = ((j * 37 + i * 11) % 23 - 11) / 90
        found.append((((i * 30 + j) * 71 % 127 + 1) / 128, i, near[0] if j % 6 else 1 - near[0],
                      (near[1] + shift, near[2] - shift / 2, near[3] + shift, near[4] + shift / 3)))
result = []
for c in range(2):
    total = sum(t[0] == c for image in truth for t in image)
    taken, hits = set(), []
    for score, i, cls, box in sorted((f for f in found if f[2] == c), reverse=True):
        overlaps = [(iou(box, t[1:]), k) for k, t in enumerate(truth[i]) if t[0] == c]
        best, k = max(overlaps, default=(0, -1), key=lambda o: o[0])
        hit = best > 0.5 and (i, k) not in taken
        if hit:
            taken.add((i, k))
        hits.append(hit)
    hits = np.array(hits, float)
    recall, precision = np.cumsum(hits) / total, np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    result.append(float(np.sum(np.diff(np.concatenate([[0], recall])) * envelope)))
write("golden_average_precision", result)

# The loss of two images, the second without objects, and its slopes.
classes = 3
rows = 2 * len(ANCHORS)
scores = torch.tensor(wave(rows * (classes + 1), 5).reshape(2, -1, classes + 1), requires_grad=True)
# The formula repeats, but ties would be broken by order: a little more for each.
scores.data += torch.tensor([i * i % 1009 * 1e-4 for i in range(rows * (classes + 1))]).reshape(scores.shape)
offsets = torch.tensor(wave(rows * 4, 7).reshape(2, -1, 4), requires_grad=True)
labels = torch.tensor(np.stack([label, np.zeros_like(label)]))
wanted = torch.tensor(np.stack([offset, np.zeros_like(offset)]))
ce = cross_entropy(scores.transpose(1, 2), labels, reduction="none")
good = labels > 0
wrong = ce.detach() * ~good
chosen = good.clone()
for i in range(2):
    n = 3 * max(1, int(good[i].sum()))
    order = [k for k in wrong[i].argsort(descending=True).tolist() if not good[i, k]]
    chosen[i, order[:n]] = True
n = int(good.sum())
parts = ce[chosen].sum() / n, smooth_l1_loss(offsets[good], wanted[good], reduction="sum") / n
sum(parts).backward()
write("golden_loss", [p.item() for p in parts])
write("golden_score_slopes", scores.grad[0, ::5].numpy())
write("golden_offset_slopes", offsets.grad[0, ::5].numpy())


# The networks at 32 pixels and width 4, two classes, with running statistics.
def weight(name, shape):
    key, count = sum(name.encode()) * 101, int(np.prod(shape))
    values = torch.tensor([((i * 37 + key) % 97 - 48) / 97 for i in range(count)]).reshape(shape)
    return values.abs() + 0.5 if name.endswith(("variance", "gain")) else values


def layer(x, name, out, window, stride):
    w = weight(name + "_weight", (window, window, x.shape[1], out)).permute(3, 2, 0, 1)
    x = conv2d(x, w, None, stride, window // 2)
    part = lambda p: weight(f"{name}_{p}", (out,))
    return batch_norm(x, part("mean"), part("variance"), part("gain"), part("bias"), False, 0, 1e-5)


def unit(x, name, out, stride, plain):
    if plain:
        return relu(layer(x, name, out, 3, stride))
    y = relu(layer(x, name + "a", out // 2, 1, 1))
    y = layer(relu(layer(y, name + "b", out // 2, 3, stride)), name + "c", out, 1, 1)
    return relu(y + (layer(x, name + "d", out, 1, stride) if x.shape[1] != out or stride > 1 else x))


def network(plain):
    x = torch.tensor(wave(32 * 32 * 3, 9).reshape(1, 32, 32, 3)).permute(0, 3, 1, 2)
    out, heads = [], 0
    for name, channels, stride, head in (("conv1_1", 4, 2, 0), ("conv2_1", 8, 2, 0), ("conv3_1", 16, 1, 0),
                                         ("conv3_2", 16, 1, 1), ("conv4_1", 32, 2, 0), ("conv4_2", 32, 1, 1),
                                         ("conv5_1", 32, 2, 1)):
        x = unit(x, name, channels, stride, plain or name == "conv1_1")
        if head:
            heads += 1
            w = weight(f"head{heads}_weight", (3, 3, channels, 28)).permute(3, 2, 0, 1)
            y = conv2d(x, w, weight(f"head{heads}_bias", (28,)), 1, 1)
            out.append(y.permute(0, 2, 3, 1).reshape(-1, 7))
    return torch.cat(out)


for name, plain in (("vgg", True), ("resnet", False)):
    answer = network(plain)
    assert len(answer) == 336
    write(f"golden_{name}", answer[::9].numpy())
