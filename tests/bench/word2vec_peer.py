"""The peer of word2vec.bench.mjs: runs the peers' script and judges its vectors, and ours, by several similarity files.

    word2vec_peer.py PEERS text FOLDER OUT                  the training text, a sentence a line, without empty lines
    word2vec_peer.py PEERS judge VECTORS SIMILARITY,...     Spearman of vectors in word2vec's text form
    word2vec_peer.py PEERS train ... --similarity FILE,...  what the peers' word2vec.py takes
"""
import json
import sys

sys.path.insert(0, sys.argv[1])
kind, rest = sys.argv[2], sys.argv[3:]
sys.argv = ["word2vec.py", *(rest if kind == "train" else ["--data", "none", "--threads", "1"])]
import word2vec

one = word2vec.similarity


def several(paths, vector):
    return {path.split("/")[-1]: one(path, vector).get("spearman") for path in paths.split(",")}


if kind == "text":
    sentences = [s for s in word2vec.lines(word2vec.find(rest[0], "wiki.train.tokens")) if s.strip()]
    word2vec.write(rest[1], sentences)
    print(sum(len(s.split()) for s in sentences))
elif kind == "judge":
    print(json.dumps(several(rest[1], word2vec.text_vectors(rest[0]).get)))
else:
    word2vec.similarity = several
    word2vec.main()
