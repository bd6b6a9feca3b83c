"""Second implementation of the generators of text, from their description, to make tests/golden/made_text.h:

    python3 tests/reference/made_text.py > tests/golden/made_text.h

The words themselves are read from the lexicon's source.
"""
import os
import re

from generate import Random, fnv

HERE = os.path.dirname(os.path.abspath(__file__))


def lexicon():
    source = open(os.path.join(HERE, "../../engine/data/made_lexicon.c")).read()
    lists = {}
    for name, body in re.findall(r"const char \*const (\w+)\[.*?\] = \{(.*?)\n\};", source, re.S):
        lists[name] = re.findall(r'"([^"]+)"', body)
    return lists


WORDS = lexicon()
TOPICS, NOUNS = WORDS["lexicon_topic"], WORDS["lexicon_noun"]
SMALL, OPINIONS = WORDS["lexicon_small"], WORDS["lexicon_opinion"]


def shuffle(r, items):
    for i in range(len(items), 1, -1):
        k = r.below(i)
        items[i - 1], items[k] = items[k], items[i - 1]


def planted_words(seed, n, topics=20, stray=0.15, length=5, scramble=0, labels=0):
    r = Random(seed, 41)
    roles = []
    for _ in TOPICS:
        of = [i % 2 for i in range(24)]
        shuffle(r, of)
        roles += of
    small = list(range(60))
    shuffle(r, small)
    parts = []
    for part, lines in enumerate((n, min(max(n // 2, 200), 2000), 2000)):
        r, text = Random(seed, 42 + part), []
        for _ in range(lines if part == 0 or labels else 0):
            topic = r.below(topics)
            line = ["__label__" + TOPICS[topic]] if labels else []
            for _ in range(length):
                of = r.below(topics) if r.uniform() < stray else topic
                noun = of * 24 + r.below(24)
                line += [SMALL[small[roles[noun] * 30 + r.below(30)]], NOUNS[noun]]
            text.append(line)
        parts.append(text)
    if scramble:
        words = [word for line in parts[0] for word in line]
        shuffle(Random(seed, 45), words)
        width = len(parts[0][0])
        parts[0] = [words[i:i + width] for i in range(0, len(words), width)]
    return parts


def opinion_text(seed, n, length=10, negated=0.0, adjacent=0.5, noise=0.0, test_length=0):
    filler = SMALL + NOUNS[:180]
    parts = []
    for part, lines in enumerate((n, min(max(n // 2, 200), 2000), 2000)):
        r, text = Random(seed, 51 + part), []
        long = length if part == 0 or not test_length else test_length
        for _ in range(lines):
            good = r.below(2)
            has = r.uniform() < negated
            turned = has and r.uniform() < adjacent
            at = 1 + r.below(long - 1) if turned else r.below(long)
            wrong = r.uniform() < (noise if part == 0 else 0)
            line = [filler[r.below(240)] for _ in range(long)]
            line[at] = OPINIONS[20 * good + r.below(20)]
            if turned:
                line[at - 1] = "not"
            elif has:
                place = at
                while abs(place - at) < 2:
                    place = r.below(long)
                line[place] = "not"
            positive = (bool(good) != turned) != wrong
            text.append(["__label__positive" if positive else "__label__negative"] + line)
        parts.append(text)
    return parts


CASES = [
    ("planted_words:n=300", planted_words, dict(n=300)),
    ("planted_words:n=300,labels=1,topics=7,stray=0.4,length=3", planted_words,
     dict(n=300, labels=1, topics=7, stray=0.4, length=3)),
    ("planted_words:n=300,scramble=1", planted_words, dict(n=300, scramble=1)),
    ("opinion_text:n=300", opinion_text, dict(n=300)),
    ("opinion_text:n=300,length=7,not=0.7,adjacent=0.4,noise=0.2,test_length=30", opinion_text,
     dict(n=300, length=7, negated=0.7, adjacent=0.4, noise=0.2, test_length=30)),
]


def main():
    print("/* Made by tests/reference/made_text.py: FNV-1a over the lines of each part, words apart by blanks. */")
    print("static const struct {\n    const char *recipe;\n    uint64_t seed, parts[3];\n} golden[] = {")
    for recipe, make, arguments in CASES:
        for seed in (1, 0xFFFFFFFFFFFFFFFF):
            hashes = [fnv("".join(" ".join(line) + "\n" for line in part).encode()) for part in make(seed, **arguments)]
            print('    {"%s", %du, {0x%016Xu, 0x%016Xu, 0x%016Xu}},' % (recipe, seed, *hashes))
    print("};")


if __name__ == "__main__":
    main()
