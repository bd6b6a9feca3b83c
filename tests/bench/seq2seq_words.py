"""The words of multi30k as the peer takes them, one sentence per line: lower case, words and punctuation apart.

    seq2seq_words.py DATA OUT      DATA/{train,val,test}.{en,de}(.gz) to OUT/{train,val,test}.{en,de}
"""
import gzip
import pathlib
import re
import sys

data, out = map(pathlib.Path, sys.argv[1:])
for name in ("train", "val", "test"):
    for language in ("en", "de"):
        paths = [data / f"{stem}.{language}{end}" for stem in (name, f"{name}_2016_flickr") for end in ("", ".gz")]
        path = next(p for p in paths if p.exists())
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            rows = [" ".join(re.findall(r"\w+|[^\w\s]", line.lower())) for line in lines.read().splitlines()]
        (out / f"{name}.{language}").write_text("\n".join(rows) + "\n", encoding="utf-8")
