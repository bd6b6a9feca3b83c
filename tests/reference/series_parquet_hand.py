"""Makes tests/golden/series/hand.parquet byte by byte from the format's specification, for what DuckDB does not write:
times of INT96, a list that is a bare repeated field, a row that goes over two pages.

    python3 tests/reference/series_parquet_hand.py tests/golden/series/hand.parquet
"""
import struct
import sys


def varint(n):
    out = b''
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint(n * 2 if n >= 0 else -n * 2 - 1)


class Struct:
    """A struct of Thrift's compact protocol: fields in rising order."""

    def __init__(self):
        self.bytes, self.last = b'', 0

    def head(self, id, kind):
        self.bytes += bytes([(id - self.last) << 4 | kind])
        self.last = id
        return self

    def i32(self, id, n):
        self.head(id, 5).bytes += zigzag(n)
        return self

    def i64(self, id, n):
        self.head(id, 6).bytes += zigzag(n)
        return self

    def text(self, id, s):
        self.head(id, 8).bytes += varint(len(s)) + s.encode()
        return self

    def struct(self, id, other):
        self.head(id, 12).bytes += other.done()
        return self

    def list(self, id, kind, items):
        self.head(id, 9).bytes += bytes([len(items) << 4 | kind]) + b''.join(items)
        return self

    def done(self):
        return self.bytes + b'\0'


def page(count, body):
    data = Struct().i32(1, count).i32(2, 0).i32(3, 3).i32(4, 3)  # plain, levels as runs
    return Struct().i32(1, 0).i32(2, len(body)).i32(3, len(body)).struct(5, data).done() + body


def levels(bits):
    """One packed stretch of levels of one bit each, behind its length."""
    bits = bits + [0] * (-len(bits) % 8)
    packed = bytes(sum(b << k for k, b in enumerate(bits[i:i + 8])) for i in range(0, len(bits), 8))
    run = varint(len(packed) << 1 | 1) + packed
    return struct.pack('<I', len(run)) + run


file = b'PAR1'
# Rows: 1970-01-01 00:00:00 [1, 2, 3]; 2024-02-29 23:59:59.5 []; 1582-10-14 12:00:00 [4]; the day 2440588 is 1970-01-01.
starts = [(2440588, 0), (2440588 + 19782, 86399500000000), (2440588 - 141429, 43200000000000)]
start_at = len(file)
file += page(3, b''.join(struct.pack('<qi', nanos, day) for day, nanos in starts))
start_len = len(file) - start_at
target_at = len(file)
file += page(2, levels([0, 1]) + levels([1, 1]) + struct.pack('<2f', 1, 2))
file += page(3, levels([1, 0, 0]) + levels([1, 0, 1]) + struct.pack('<2f', 3, 4))
target_len = len(file) - target_at


def element(name, type=None, repetition=None, children=None):
    e = Struct()
    for id, value in ((1, type), (3, repetition)):
        if value is not None:
            e.i32(id, value)
    e.text(4, name)
    if children:
        e.i32(5, children)
    return e.done()


def column(name, type, values, at, length):
    meta = Struct().i32(1, type).list(2, 5, [zigzag(0), zigzag(3)]).list(3, 8, [varint(len(name)) + name.encode()])
    meta.i32(4, 0).i64(5, values).i64(6, length).i64(7, length).i64(9, at)
    return Struct().i64(2, at).struct(3, meta).done()


group = Struct().list(1, 12, [column('start', 3, 3, start_at, start_len), column('target', 4, 5, target_at, target_len)])
group.i64(2, start_len + target_len).i64(3, 3)
footer = Struct().i32(1, 1).list(2, 12, [element('schema', children=2), element('start', 3, 0), element('target', 4, 2)])
footer = footer.i64(3, 3).list(4, 12, [group.done()]).done()
file += footer + struct.pack('<I', len(footer)) + b'PAR1'
open(sys.argv[1], 'wb').write(file)
