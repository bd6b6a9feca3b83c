#include "engine/format/parquet_bits.h"

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define BLOCK 1024 /* numbers unpacked before they are looked up */
#define SHORT_EARLY "ends too early"

struct parquet_bits parquet_bits_open(const unsigned char *bytes, size_t len, unsigned width)
{
    return (struct parquet_bits){.at = bytes, .end = bytes + len, .width = width};
}

uint64_t parquet_bits_at(const unsigned char *bytes, size_t bit, unsigned width)
{
    uint64_t low;
    memcpy(&low, bytes + bit / 8, 8);
    low >>= bit % 8;
    if (bit % 8 + width > 64)
        low |= (uint64_t)bytes[bit / 8 + 8] << (64 - bit % 8);
    return width == 64 ? low : low & (((uint64_t)1 << width) - 1);
}

/* Eight numbers fill `width` bytes; a block of them with the width known is unrolled by the compiler. */
static inline void unpack_eights(const unsigned char *from, uint32_t *to, size_t eights, unsigned width)
{
    uint32_t mask = (uint32_t)(((uint64_t)1 << width) - 1);
    for (size_t i = 0; i < eights; i++, from += width, to += 8)
        for (unsigned k = 0; k < 8; k++) {
            uint64_t bits;
            memcpy(&bits, from + k * width / 8, 8);
            to[k] = (uint32_t)(bits >> k * width % 8) & mask;
        }
}

#define UNPACK(n)                                                                                                      \
    __attribute__((target_clones("default", "arch=x86-64-v3"))) static void unpack_##n(const unsigned char *from,      \
                                                                                       uint32_t *to, size_t eights)    \
    {                                                                                                                  \
        unpack_eights(from, to, eights, n);                                                                            \
    }
#define EACH_WIDTH(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
EACH_WIDTH(UNPACK)
#define ENTRY(n) [n] = unpack_##n,
static void (*const unpackers[])(const unsigned char *from, uint32_t *to, size_t eights) = {EACH_WIDTH(ENTRY)};

/* Numbers first .. first + count - 1 of a stretch. */
static void unpack(const unsigned char *run, unsigned width, size_t first, uint32_t *to, size_t count)
{
    size_t i = 0, eights;
    for (; i < count && (first + i) % 8; i++)
        to[i] = (uint32_t)parquet_bits_at(run, (first + i) * width, width);
    eights = (count - i) / 8;
    if (width < sizeof unpackers / sizeof *unpackers)
        unpackers[width](run + (first + i) / 8 * width, to + i, eights);
    else
        unpack_eights(run + (first + i) / 8 * width, to + i, eights, width);
    for (i += eights * 8; i < count; i++)
        to[i] = (uint32_t)parquet_bits_at(run, (first + i) * width, width);
}

/* A run of the value that follows, or a stretch of eights. The last stretch may be cut. */
static const char *open_run(struct parquet_bits *b)
{
    uint64_t head = 0;
    size_t bytes = (b->width + 7) / 8;
    for (unsigned shift = 0;; shift += 7) {
        if (b->at == b->end || shift > 28)
            return b->at == b->end ? SHORT_EARLY : "has a run of impossible length";
        head |= (uint64_t)(*b->at & 0x7F) << shift;
        if (*b->at++ < 0x80)
            break;
    }
    b->place = 0;
    if (head & 1) {
        size_t len = (size_t)(head >> 1) * b->width;
        b->run = b->at;
        b->left = (size_t)(head >> 1) * 8;
        if (len > (size_t)(b->end - b->at)) {
            len = (size_t)(b->end - b->at);
            b->left = len * 8 / b->width;
        }
        b->at += len;
        return NULL;
    }
    if (bytes > (size_t)(b->end - b->at))
        return SHORT_EARLY;
    b->run = NULL;
    b->left = (size_t)(head >> 1);
    b->value = 0;
    memcpy(&b->value, b->at, bytes);
    b->at += bytes;
    return NULL;
}

/* Makes `left` more than 0. Numbers of no bits are all 0. */
static const char *ready(struct parquet_bits *b)
{
    const char *wrong = NULL;
    if (b->width == 0 && b->left == 0)
        b->left = SIZE_MAX / 2;
    while (!wrong && b->left == 0)
        wrong = open_run(b);
    return wrong;
}

void parquet_bits_pass(struct parquet_bits *b, size_t count)
{
    b->place += count;
    b->left -= count;
}

const char *parquet_bits_repeat(struct parquet_bits *b, uint32_t *value, size_t *count)
{
    const char *wrong = ready(b);
    if (wrong || b->run)
        *count = 0;
    else if (b->left < *count)
        *count = b->left;
    *value = b->value;
    return wrong;
}

const char *parquet_bits_read(struct parquet_bits *b, uint32_t *to, size_t count)
{
    while (count > 0) {
        const char *wrong = ready(b);
        size_t n = b->left < count ? b->left : count;
        if (wrong)
            return wrong;
        if (b->run)
            unpack(b->run, b->width, b->place, to, n);
        else
            for (size_t i = 0; i < n; i++)
                to[i] = b->value;
        parquet_bits_pass(b, n);
        to += n;
        count -= n;
    }
    return NULL;
}

/* False when a place lies beyond the table; then nothing was looked up there. */
__attribute__((target_clones("default", "arch=x86-64-v3"))) static bool
gather(float *to, const uint32_t *places, size_t count, const float *table, uint32_t size)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = places[i] > most ? places[i] : most;
    if (most >= size)
        return false;
    for (size_t i = 0; i < count; i++)
        to[i] = table[places[i]];
    return true;
}

/* The same with AVX2, from the packed bytes: eight numbers of at most 16 bits lie in two loads of 16 bytes, where each
 * is moved to a lane and shifted into place. Tables of 16 values stay in registers. */
__attribute__((target("avx2"))) static bool look_up_fast(const unsigned char *from, unsigned width, float *to,
                                                         size_t eights, const float *table, uint32_t size)
{
    float near[16] = {0};
    int pick[8], shift[8];
    size_t half = width / 2; /* the byte where number 4 begins */
    for (unsigned i = 0; i < 8; i++) {
        unsigned bit = i * width - (i < 4 ? 0 : (unsigned)half * 8);
        pick[i] = (int)(0x03020100u + bit / 8 * 0x01010101u);
        shift[i] = (int)(bit % 8);
    }
    memcpy(near, table, (size < 16 ? size : 16) * sizeof *table);
    const __m256i picks = _mm256_loadu_si256((const __m256i *)pick), end = _mm256_set1_epi32((int)size - 1);
    const __m256i shifts = _mm256_loadu_si256((const __m256i *)shift), mask = _mm256_set1_epi32((1 << width) - 1);
    const __m256 low = _mm256_loadu_ps(near), high = _mm256_loadu_ps(near + 8);
    __m256i most = _mm256_setzero_si256();
    for (size_t i = 0; i < eights; i++, from += width, to += 8) {
        __m256i places =
            _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(from + half)), _mm_loadu_si128((const __m128i *)from));
        places = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(places, picks), shifts), mask);
        most = _mm256_max_epu32(most, places);
        if (size <= 8)
            _mm256_storeu_ps(to, _mm256_permutevar8x32_ps(low, places));
        else if (size <= 16)
            _mm256_storeu_ps(to, _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, places),
                                                  _mm256_permutevar8x32_ps(high, places),
                                                  _mm256_castsi256_ps(_mm256_slli_epi32(places, 28))));
        else
            _mm256_storeu_ps(to, _mm256_i32gather_ps(table, _mm256_min_epu32(places, end), 4));
    }
    return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_max_epu32(most, end), end)) == -1;
}

/* `count` numbers of the open stretch; *done of them, at least one. False: one lies beyond the table. */
static bool look_up_stretch(const struct parquet_bits *b, float *to, size_t count, const float *table, uint32_t size,
                            size_t *done)
{
    uint32_t places[BLOCK];
    if (size == 0)
        return false;
    if (b->place % 8 == 0 && count >= 8 && b->width <= 16 && __builtin_cpu_supports("avx2")) {
        *done = count / 8 * 8;
        return look_up_fast(b->run + b->place / 8 * b->width, b->width, to, count / 8, table, size);
    }
    *done = count < BLOCK ? count : BLOCK;
    if (b->place % 8)
        *done = *done < 8 - b->place % 8 ? *done : 8 - b->place % 8;
    unpack(b->run, b->width, b->place, places, *done);
    return gather(to, places, *done, table, size);
}

const char *parquet_bits_look_up(struct parquet_bits *b, float *to, size_t count, const float *table, size_t size)
{
    static const char beyond[] = "is damaged: it names an entry that its dictionary does not have";
    while (count > 0) {
        const char *wrong = ready(b);
        size_t n = b->left < count ? b->left : count;
        if (wrong)
            return wrong;
        if (b->run) {
            if (!look_up_stretch(b, to, n, table, (uint32_t)size, &n))
                return beyond;
        } else {
            if (b->value >= size)
                return beyond;
            for (size_t i = 0; i < n; i++)
                to[i] = table[b->value];
        }
        parquet_bits_pass(b, n);
        to += n;
        count -= n;
    }
    return NULL;
}
