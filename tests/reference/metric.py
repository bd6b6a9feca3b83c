"""Second implementation of the metrics, from their definitions, by counting, to make tests/golden/metric.h:

    python3 tests/reference/metric.py > tests/golden/metric.h

ROC AUC goes through all pairs of a positive and a negative row; fractions are exact until they are printed.
"""
import math
import random
from fractions import Fraction as F


def share(a, b):
    return F(a, b) if b else F(0)


def f_beta(p, r, beta):
    b2 = F(beta) * F(beta)
    return share((1 + b2) * p * r, b2 * p + r)


def binary(scores, labels, beta):
    said = [s > 0 for s in scores]
    hit = sum(1 for s, y in zip(said, labels) if s and y)
    p, r = share(hit, sum(said)), share(hit, sum(labels))
    right = sum(1 for s, y in zip(said, labels) if s == bool(y))
    pos = [s for s, y in zip(scores, labels) if y]
    neg = [s for s, y in zip(scores, labels) if not y]
    pairs = sum(F(1) if a > b else F(1, 2) if a == b else F(0) for a in pos for b in neg)
    return [share(right, len(labels)), f_beta(p, r, beta), p, r, share(pairs, len(pos) * len(neg))]


def multiclass(rows, labels, beta, top):
    classes = range(len(rows[0]))
    ranked = [sorted(classes, key=lambda k: (-row[k], k)) for row in rows]
    said = [order[0] for order in ranked]
    seen = sorted(set(said) | set(labels))
    p, r, f = [], [], []
    for k in seen:
        hit = sum(1 for s, y in zip(said, labels) if s == y == k)
        p.append(share(hit, said.count(k)))
        r.append(share(hit, labels.count(k)))
        f.append(f_beta(p[-1], r[-1], beta))
    n, m = len(labels), len(seen)
    gains = [1 / math.log2(2 + order.index(y)) for order, y in zip(ranked, labels)]
    return [F(sum(s == y for s, y in zip(said, labels)), n),
            F(sum(y in order[:top] for order, y in zip(ranked, labels)), n),
            sum(f) / m, sum(p) / m, sum(r) / m, math.fsum(gains) / n]


def array(name, values):
    text = ", ".join(repr(float(v)) for v in values)
    return f"    .{name} = {{{text}}},"


def main():
    draw = random.Random(7)
    print("/* Made by tests/reference/metric.py. Scores are multiples of 1/4, so that many are equal. */")
    print("static const struct {\n    size_t rows;\n    double beta;\n    float score[40], label[40];\n    double wanted[5];\n} binary_cases[] = {")
    for rows, beta, part in ((40, 1, .5), (40, 2, .2), (23, .5, .8), (1, 1, 1), (12, 1, 0)):
        scores = [draw.randint(-8, 8) / 4 for _ in range(rows)]
        labels = [int(draw.random() < part) for _ in range(rows)]
        wanted = [float(v) for v in binary(scores, labels, beta)]
        if len(set(labels)) < 2:
            wanted[4] = None
        print("    {" + f".rows = {rows}, .beta = {beta},")
        print(array("score", scores))
        print(array("label", labels))
        print("    .wanted = {" + ", ".join("NAN" if v is None else repr(v) for v in wanted) + "}},")
    print("};")
    print("static const struct {\n    size_t rows, classes, top;\n    double beta;\n    float score[120], label[30];\n    double wanted[6];\n} multiclass_cases[] = {")
    for rows, classes, beta, top in ((30, 4, 1, 2), (30, 3, 2, 1), (8, 5, 1, 3), (30, 4, .5, 9)):
        table = [[draw.randint(-4, 4) / 4 for _ in range(classes)] for _ in range(rows)]
        labels = [draw.randrange(max(2, classes - 1)) for _ in range(rows)]
        print("    {" + f".rows = {rows}, .classes = {classes}, .top = {top}, .beta = {beta},")
        print(array("score", [v for row in table for v in row]))
        print(array("label", labels))
        print(array("wanted", multiclass(table, labels, beta, top)).rstrip(",") + "},")
    print("};")


main()
