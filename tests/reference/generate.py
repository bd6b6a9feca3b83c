"""Second implementation of the generators, from their description, to make tests/golden/generate.h:

    python3 tests/reference/generate.py > tests/golden/generate.h

Python's floats are IEEE doubles and never contracted, so the hashes of the float32 rows must agree bit for bit.
"""
import math
import struct

MASK = (1 << 64) - 1


class Random:
    """xoshiro256** seeded by splitmix64; normal numbers by the polar method with series for log and Newton for sqrt."""

    def __init__(self, seed=None, stream=0, state=None):
        if state:
            self.s = list(state)
            return
        self.mix = seed
        first = self.splitmix()
        self.mix = first ^ (stream * 0xD1342543DE82EF95 & MASK)
        self.s = [self.splitmix() for _ in range(4)]

    def splitmix(self):
        self.mix = (self.mix + 0x9E3779B97F4A7C15) & MASK
        z = self.mix
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)

    def next(self):
        def rotl(x, k):
            return ((x << k) | (x >> (64 - k))) & MASK
        s = self.s
        result = rotl(s[1] * 5 & MASK, 7) * 9 & MASK
        t = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
        return result

    def uniform(self):
        return (self.next() >> 11) / 9007199254740992.0

    def below(self, n):
        limit = MASK - MASK % n
        while True:
            x = self.next()
            if x < limit:
                return x % n

    def normal(self):
        while True:
            u = 2 * self.uniform() - 1
            v = 2 * self.uniform() - 1
            s = u * u + v * v
            if 0 < s < 1:
                return u * newton_sqrt(-2 * series_log(s) / s)


def series_log(x):
    halvings = 0
    while x < 0.5:
        x *= 2
        halvings += 1
    z = (x - 1) / (x + 1)
    total, power = 0.0, z
    for k in range(1, 40, 2):
        total += power / k
        power *= z * z
    return 2 * total - halvings * 0.69314718055994530942


def newton_sqrt(x):
    root = max(x, 1.0)
    if x <= 0:
        return 0.0
    while True:
        better = 0.5 * (root + x / root)
        if not better < root:
            return root
        root = better


def series_exp(x):
    halvings = 0
    while abs(x) > 0.5:
        x *= 0.5
        halvings += 1
    total = term = 1.0
    for k in range(1, 19):
        term *= x / k
        total += term
    for _ in range(halvings):
        total *= total
    return total


def power10(x):
    whole = math.trunc(x)
    part = x - whole
    value = 1.0 if part == 0 else series_exp(part * 2.302585092994045684)
    for _ in range(abs(whole)):
        value = value * 10 if whole > 0 else value / 10
    return value


def direction(r):
    while True:
        u = 2 * r.uniform() - 1
        v = 2 * r.uniform() - 1
        s = u * u + v * v
        if 0 < s < 1:
            return (u * u - v * v) / s, 2 * u * v / s


def cloud(r, centre, noise):
    return [c + noise * r.normal() for c in centre]


def gauss2(r, noise):
    c, s = direction(r)
    m0 = 2 * r.uniform() - 1
    m1 = 2 * r.uniform() - 1
    centres = [[m0 - c, m1 - s], [m0 + c, m1 + s]]

    def row(r):
        k = r.below(2)
        return cloud(r, centres[k], noise), k
    return row


def xor2(_, noise):
    def row(r):
        corner = r.below(4)
        a, b = (1 if corner & 1 else -1), (1 if corner & 2 else -1)
        return cloud(r, [a, b], noise), int(a != b)
    return row


def moons2(_, noise):
    def row(r):
        lower = r.below(2)
        c, s = direction(r)
        s = abs(s)
        return cloud(r, [1 - c, 0.5 - s] if lower else [c, s], noise), lower
    return row


def gauss_mix(r, d, classes, spread, skew):
    centres = [[spread * r.normal() for _ in range(d)] for _ in range(classes)]
    shares = [1.0]
    while len(shares) < classes:
        shares.append(shares[-1] * skew)
    total = 0.0
    for share in shares:
        total += share
    shares = [share / total for share in shares]

    def row(r):
        u = r.uniform()
        k = 0
        while k + 1 < classes and u >= shares[k]:
            u -= shares[k]
            k += 1
        return cloud(r, centres[k], 1), k
    return row


def scaled_lin(r, d, low, high, strength):
    w = [r.normal() for _ in range(d)]
    squares = 0.0
    for v in w:
        squares += v * v
    w = [v * (strength / math.sqrt(squares)) for v in w]
    scales = [power10(low + (high - low) * j / (d - 1) if d > 1 else low) for j in range(d)]

    def row(r):
        z = [r.normal() for _ in range(d)]
        score = 0.0
        for a, b in zip(w, z):
            score += a * b
        return [a * b for a, b in zip(scales, z)], int(r.uniform() * (1 + series_exp(-score)) < 1)
    return row


def logit_lin(r, d, strength):
    return scaled_lin(r, d, 0, 0, strength)


def gauss_lin(r, d, noise):
    w = [r.normal() for _ in range(d)]
    bias = r.normal()

    def row(r):
        value, x = bias, []
        for weight in w:
            x.append(r.normal())
            value += weight * x[-1]
        return x, value + noise * r.normal()
    return row


def line1(r, noise):
    slope = r.normal()
    bias = r.normal()

    def row(r):
        x = 6 * r.uniform() - 3
        return [x], bias + slope * x + noise * r.normal()
    return row


def sparse_lin(r, d, k, strength):
    w, squares = [0.0] * d, 0.0
    for _ in range(min(k, d)):
        at = r.below(d)
        while w[at] != 0:
            at = r.below(d)
        w[at] = (-1 if r.uniform() < 0.5 else 1) * (1 + r.uniform())
        squares += w[at] * w[at]
    factor = strength / math.sqrt(squares)
    w = [v * factor for v in w]

    def row(r):
        z = [r.normal() for _ in range(d)]
        score = 0.0
        for a, b in zip(w, z):
            score += a * b
        return z, int(r.uniform() * (1 + series_exp(-score)) < 1)
    return row


def float32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def sine(x):
    while x > math.pi:
        x -= 2 * math.pi
    while x < -math.pi:
        x += 2 * math.pi
    if x > math.pi / 2:
        x = math.pi - x
    if x < -math.pi / 2:
        x = -math.pi - x
    total = term = x
    for k in range(2, 23, 2):
        term *= -x * x / (k * (k + 1))
        total += term
    return total


def different(r, d, count):
    chosen = []
    while len(chosen) < count:
        column = r.below(d)
        if column not in chosen:
            chosen.append(column)
    return chosen


def bumps_clf(r, d, flip):
    columns = different(r, d, 4)
    first = 2 * r.uniform() - 1
    second = 2 * r.uniform() - 1

    def score(a, b, c, e):
        def bump(away):
            return 2 / (1 + away * away / 0.25)
        return bump(a - first) + bump(b - second) + c * e
    total = 0.0
    for _ in range(4096):
        total += score(*(4 * r.uniform() - 2 for _ in range(4)))
    bias = -total / 4096

    def row(r):
        flipped = r.uniform() < flip
        x = [float32(4 * r.uniform() - 2) for _ in range(d)]
        return x, int((score(*(x[j] for j in columns)) + bias > 0) != flipped)
    return row


def friedman1(_, d, noise, outliers):
    def row(r):
        outlier = r.uniform() < outliers
        x = [float32(r.uniform()) for _ in range(d)]
        c = x[2] - 0.5
        y = 10 * sine(math.pi * x[0] * x[1]) + 20 * c * c + 10 * x[3] + 5 * x[4]
        return x, y + (10 if outlier else 1) * noise * r.normal()
    return row


def imb_gauss(r, d, positives, shift):
    moved = different(r, d, 4)

    def row(r):
        positive = r.uniform() < positives
        return [r.normal() + (shift if positive and j in moved else 0) for j in range(d)], int(positive)
    return row


def curve1(r, noise):
    edge = 3 * r.uniform() - 1.5
    height = (-1 if r.uniform() < 0.5 else 1) * (1 + r.uniform())

    def row(r):
        x = float32(6 * r.uniform() - 3)
        return [x], sine(1.5 * x) + (height if x >= edge else 0) + noise * r.normal()
    return row


def table_mix(r, d, zeros, distinct):
    w, bias = [], 0.0
    for j in range(d):
        w.append(r.normal())
        if j % 3 == 1:
            bias -= w[j] * (1 - zeros) * (distinct + 1) / 2 / distinct
        if j % 3 == 2:
            bias -= w[j] / 2
    at = {"row": 0}

    def row(r):
        x, score = [], bias
        for j in range(d):
            zero = r.uniform() < zeros
            value = r.normal() if j % 3 == 0 else float(1 + r.below(distinct))
            if j % 3 == 2:
                value = (at["row"] + r.uniform()) / row.rows
            elif zero:
                value = 0.0
            x.append(value)
            score += w[j] * (value / (distinct if j % 3 == 1 else 1))
        at["row"] = (at["row"] + 1) % row.rows
        return x, int(score + r.normal() > 0)
    return row


def fnv(data, h=0xCBF29CE484222325):
    for byte in data:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


CASES = [
    ("gauss2:n=60,noise=0.3", gauss2, dict(noise=0.3)),
    ("xor2:n=60", xor2, dict(noise=0.4)),
    ("moons2:n=60,noise=0.2", moons2, dict(noise=0.2)),
    ("gauss_mix:n=60,d=3,classes=5,spread=2,skew=0.6", gauss_mix, dict(d=3, classes=5, spread=2, skew=0.6)),
    ("logit_lin:n=60,d=4,strength=3", logit_lin, dict(d=4, strength=3)),
    ("scaled_lin:n=60,d=4,low=-2,high=3", scaled_lin, dict(d=4, low=-2, high=3, strength=11)),
    ("gauss_lin:n=60,d=3,noise=0.25", gauss_lin, dict(d=3, noise=0.25)),
    ("line1:n=60", line1, dict(noise=0.5)),
    ("sparse_lin:n=60,d=20,k=3", sparse_lin, dict(d=20, k=3, strength=4)),
    ("bumps_clf:n=60,flip=0.2", bumps_clf, dict(d=12, flip=0.2)),
    ("friedman1:n=60,outliers=0.05", friedman1, dict(d=10, noise=1, outliers=0.05)),
    ("imb_gauss:n=60,positives=0.1", imb_gauss, dict(d=10, positives=0.1, shift=1)),
    ("curve1:n=60", curve1, dict(noise=0.3)),
    ("table_mix:n=60,d=7,zeros=0.3", table_mix, dict(d=7, zeros=0.3, distinct=10)),
]
TRUTH = 0x64617461


def main():
    print("/* Made by tests/reference/generate.py: FNV-1a over the float32 features, then the labels, of each part. */")
    print("static const struct {\n    const char *recipe;\n    uint64_t seed, train, validation, test;\n} golden[] = {")
    for recipe, make, arguments in CASES:
        for seed in (1, 0xFFFFFFFFFFFFFFFF):
            row = make(Random(seed, TRUTH), **arguments)
            hashes = []
            for part, rows in enumerate((60, 200, 4000)):
                r = Random(seed, TRUTH + 1 + part)
                row.rows = rows
                drawn = [row(r) for _ in range(rows)]
                x = b"".join(struct.pack("<%df" % len(features), *features) for features, _ in drawn)
                hashes.append(fnv(struct.pack("<%df" % rows, *(label for _, label in drawn)), fnv(x)))
            print('    {"%s", %du, 0x%016Xu, 0x%016Xu, 0x%016Xu},' % (recipe, seed, *hashes))
    print("};\n")
    r = Random(42, 7)
    print("/* Seed 42, stream 7: eight numbers, then eight normal ones, exactly. */")
    print("static const uint64_t golden_next[] = {%s};" % ", ".join("0x%016Xu" % r.next() for _ in range(8)))
    print("static const double golden_normal[] = {%s};" % ", ".join(r.normal().hex() for _ in range(8)))
    r = Random(state=(1, 2, 3, 4))
    print("/* State 1, 2, 3, 4. */")
    print("static const uint64_t golden_state[] = {%s};" % ", ".join("%du" % r.next() for _ in range(6)))


if __name__ == "__main__":
    main()
