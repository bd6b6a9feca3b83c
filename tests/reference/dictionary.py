"""Golden values of the dictionary, written to tests/golden/dictionary.h: hashes of words and of their character n-grams by
gensim, words and labels with their counts by fastText's own dump of a model of a small text, and word n-grams' buckets by
Python's whole numbers.

    /usr/bin/python3 tests/reference/dictionary.py > tests/golden/dictionary.h
"""
import os
import subprocess
import tempfile

from gensim.models.fasttext import compute_ngrams_bytes, ft_hash_bytes

WORDS = ["", "a", "linux", "</s>", "naïve", "Καλημέρα", "\U0001f600x"]
SUBWORDS = [("night", 3, 6), ("naïve", 3, 4), ("a", 3, 6), ("日本語", 2, 3), ("\U0001f600x", 2, 5)]
TEXT = """__label__b the cat saw the naïve dog
the dog ran __label__a and __label__b ran
a bird saw the cat __label__a the end
__label__c dog dog dog"""
GRAMS = [["the", "cat"], ["the", "cat", "saw"], ["dog", "</s>"], ["naïve", "Καλημέρα"], ["linux", "naïve", "</s>", "a"]]


def quoted(text):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def dumped(least):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TEXT + "\n")
        subprocess.run(["fasttext", "supervised", "-input", path, "-output", path, "-minCount", str(least), "-dim", "2",
                        "-epoch", "1", "-thread", "1", "-bucket", "10"], check=True, capture_output=True)
        out = subprocess.run(["fasttext", "dump", path + ".bin", "dict"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in out.split("\n")[1:] if line]
    return [(word, int(count), kind == "label") for word, count, kind in rows]


def signed(h):
    return h - 2**32 if h >= 2**31 else h


def gram(words):
    h = signed(ft_hash_bytes(words[0].encode())) % 2**64
    for word in words[1:]:
        h = (h * 116049371 + signed(ft_hash_bytes(word.encode()))) % 2**64
    return h


def main():
    print("/* Made by tests/reference/dictionary.py. */\n// clang-format off")
    print("static const struct golden_hash { const char *word; unsigned hash; } golden_hashes[] = {")
    for word in WORDS:
        print(f"    {{{quoted(word)}, {ft_hash_bytes(word.encode()):#010x}u}},")
    print("};")
    print("static const struct golden_subwords { const char *word; int least, most; unsigned count, hash[32]; } "
          "golden_subwords[] = {")
    for word, least, most in SUBWORDS:
        hashes = sorted(ft_hash_bytes(b) for b in compute_ngrams_bytes(word, least, most))
        print(f"    {{{quoted(word)}, {least}, {most}, {len(hashes)}, {{{', '.join(f'{h:#010x}u' for h in hashes)}}}}},")
    print("};")
    lines = "\n    ".join(quoted(line) + "," for line in TEXT.split("\n"))
    print(f"static const char *const golden_lines[] = {{\n    {lines}\n}};")
    for least in (1, 2):
        print(f"static const struct golden_entry golden_entries_{least}[] = {{ /* by falling count, as fastText has them */")
        for word, count, label in dumped(least):
            print(f"    {{{quoted(word)}, {count}, {str(label).lower()}}},")
        print("};")
    print("static const struct golden_gram { const char *words[4]; unsigned long long hash; } golden_grams[] = {")
    for words in GRAMS:
        print(f"    {{{{{', '.join(quoted(w) for w in words)}}}, {gram(words):#018x}u}},")
    print("};\n// clang-format on")


main()
