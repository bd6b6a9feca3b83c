"""Makes tests/golden/image and the corpora of the fuzzers of images, with PIL and by hand:

    /usr/bin/python3 tests/reference/image.py

NAME.jpg and NAME.png are images of all kinds, NAME.rgb what PIL decodes them to (over white where they are
transparent), NAME.SIDE.rgb what PIL rescales that to. What PIL cannot write (interlaced PNG, 16 bits a channel) is put
together here from the format's rules, and its pixels are the ones it was made of.
"""
import io
import json
import os
import struct
import zlib

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "golden", "image")
CORPUS = os.path.join(HERE, "..", "fuzz", "corpus")
W, H = 21, 13
rng = np.random.default_rng(5)


def scene(channels=3):
    y, x = np.mgrid[:H, :W]
    out = np.stack([(x * 11) % 256, (y * 19) % 256, ((x + y) * 7) % 256, 255 - (x * 12) % 256], 2)
    out[3:9, 5:14] = [200, 30, 60, 128]
    out[6:11, 12:18] = [10, 180, 90, 0]
    return (out + rng.integers(0, 12, out.shape)).clip(0, 255)[..., :channels].astype(np.uint8)


def put(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, interlaced=0, extra=b""):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def plain_rows(pixels):
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def adam7(pixels):
    out = b""
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                         (0, 1, 1, 2)):
        part = pixels[y::dy, x::dx]
        if part.size:
            out += plain_rows(part)
    return out


def saved(image, **how):
    out = io.BytesIO()
    image.save(out, **how)
    return out.getvalue()


def over_white(image):
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def golden(name, data, pixels=None):
    """Both files; `pixels` where PIL is not to say them."""
    put(GOLDEN, name, data)
    if pixels is None:
        image = Image.open(io.BytesIO(data))
        transparent = image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info
        pixels = np.asarray(over_white(image) if transparent else image.convert("RGB"))
    put(GOLDEN, name.split(".")[0] + ".rgb", pixels.astype(np.uint8).tobytes())
    put(os.path.join(CORPUS, "image"), name, data)


def images():
    rgb = Image.fromarray(scene())
    rgba = Image.fromarray(scene(4), "RGBA")
    grey = rgb.convert("L")
    golden("jpeg_colour.jpg", saved(rgb, format="JPEG", quality=90))
    golden("jpeg_full_chroma.jpg", saved(rgb, format="JPEG", quality=95, subsampling=0))
    golden("jpeg_grey.jpg", saved(grey, format="JPEG"))
    golden("jpeg_progressive.jpg", saved(rgb, format="JPEG", progressive=True))
    golden("png_colour.png", saved(rgb, format="PNG"))
    golden("png_grey.png", saved(grey, format="PNG"))
    golden("png_two_levels.png", saved(grey.convert("1"), format="PNG"))
    golden("png_palette.png", saved(rgb.quantize(13), format="PNG"))
    golden("png_palette_clear.png", saved(rgb.quantize(13), format="PNG", transparency=3))
    clear = saved(rgb.quantize(13), format="PNG", transparency=3)
    put(os.path.join(CORPUS, "image"), "part_outside", clear + b"\0")  # the fuzzer's part ends left of the image
    golden("png_alpha.png", saved(rgba, format="PNG"))
    golden("png_grey_alpha.png", saved(rgba.convert("LA"), format="PNG"))
    golden("png_interlaced.png", png(W, H, 8, 2, adam7(scene()), 1))
    deep = rng.integers(0, 65536, (H, W, 3)).astype(">u2")
    golden("png_16.png", png(W, H, 16, 2, plain_rows(deep)), np.rint(deep.astype(float) / 257))
    grey16 = deep[..., 0]
    golden("png_grey_16.png", png(W, H, 16, 0, plain_rows(grey16)),
           np.repeat(np.rint(grey16.astype(float) / 257)[..., None], 3, 2))
    for side in (5, 16, 40):
        put(GOLDEN, f"png_colour.{side}.rgb", np.asarray(rgb.resize((side, side), Image.BILINEAR)).tobytes())
    box = (0.25 * W, 0.1 * H, 0.75 * W, 0.9 * H)
    put(GOLDEN, "png_colour.part.rgb", np.asarray(rgb.resize((9, 9), Image.BILINEAR, box=box)).tobytes())

    refused = {
        "cmyk.jpg": saved(rgb.convert("CMYK"), format="JPEG"),
        "wide.jpg": saved(Image.new("L", (60000, 1)), format="JPEG"),
        "wide.png": saved(Image.new("1", (60000, 1)), format="PNG"),
        "vast.png": png(16000, 16000, 8, 2, b""),
        "gif.gif": saved(rgb, format="GIF"),
    }
    for name, data in refused.items():
        put(GOLDEN, "refused_" + name, data)
        put(os.path.join(CORPUS, "image"), name, data)


def record(payload):
    return struct.pack("<II", 0xCED7230A, len(payload)) + payload + b"\0" * (-len(payload) % 4)


def records():
    """As im2rec.py packs lists of objects, and as the pipe of an augmented manifest sends them."""
    rgb = Image.fromarray(scene())
    jpeg, plain = saved(rgb, format="JPEG"), saved(rgb, format="PNG")
    head = lambda labels: struct.pack("<IfQQ", len(labels), 0, 7, 0) + struct.pack(f"<{len(labels)}f", *labels)
    one, two = [2, 5, 1, .25, .25, .75, .5], [4, 6, W, H, 0, 0, 0, .5, .5, 1, 2, .5, .5, 1, 1, 0]
    put(GOLDEN, "records.rec", record(head(one) + jpeg) + record(head([2, 5]) + plain) + record(head(two) + plain))
    note = {"image_size": [{"width": W, "height": H, "depth": 3}],
            "annotations": [{"class_id": 1, "left": 2, "top": 3, "width": 10, "height": 4}],
            "categories": [{"class_id": 0, "name": "disc"}, {"class_id": 1, "name": "square"}]}
    pairs = b"".join(record(image) + record(json.dumps(note).encode()) for image in (jpeg, plain))
    put(GOLDEN, "pairs.rec", pairs)
    corpus = os.path.join(CORPUS, "images_record")
    put(corpus, "mxnet", record(head(one) + jpeg) + record(head(two) + plain))
    put(corpus, "pairs", pairs)
    put(corpus, "single", record(struct.pack("<IfQQ", 0, 3, 1, 0) + plain))
    corpus = os.path.join(CORPUS, "annotation")
    put(corpus, "service", json.dumps(dict(note, file="a/b.jpg")).encode())
    put(corpus, "manifest", json.dumps({"source-ref": "a.jpg", "boxes": note, "boxes-metadata": {
        "class-map": {"0": "disc"}, "type": "groundtruth/object-detection"}}).encode())
    put(corpus, "empty", json.dumps(dict(note, annotations=[], categories=[])).encode())


images()
records()


def real():
    """FNV-1a of the pixels of real images, where they are at hand: FLASHLAB_SHARED, else ../shared."""
    root = os.environ.get("FLASHLAB_SHARED", os.path.join(HERE, "..", "..", "..", "shared"))
    folder = os.path.join(root, "data", "bccd", "test")
    if not os.path.isdir(folder):
        return
    lines = []
    for name in sorted(os.listdir(folder)):
        h = 0xCBF29CE484222325
        for byte in np.asarray(Image.open(os.path.join(folder, name)).convert("RGB")).tobytes():
            h = (h ^ byte) * 0x100000001B3 & (1 << 64) - 1
        lines.append(f"{name} {h:016x}\n")
    put(GOLDEN, "bccd.txt", "".join(lines).encode())


real()
