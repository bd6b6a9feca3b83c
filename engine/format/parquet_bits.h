/* Small numbers packed bit by bit: runs of one value and stretches of `width` bits each, as Parquet mixes them for
 * levels and for places in a dictionary. Faults come back as the end of a sentence that begins "The page ".
 *
 * The bytes may be read PARQUET_SLACK beyond their end (parquet_page.h). */
#ifndef FORMAT_PARQUET_BITS_H
#define FORMAT_PARQUET_BITS_H

#include <stddef.h>
#include <stdint.h>

struct parquet_bits {
    const unsigned char *at, *end;
    unsigned width;
    uint32_t value;           /* of the run that is open */
    const unsigned char *run; /* the stretch that is open; NULL: a run of `value` */
    size_t place, left;       /* in the open run or stretch */
};

struct parquet_bits parquet_bits_open(const unsigned char *bytes, size_t len, unsigned width); /* width <= 32 */

/* `count` numbers. */
const char *parquet_bits_read(struct parquet_bits *b, uint32_t *to, size_t count);

/* table[number] for `count` numbers, which must be below `size`. */
const char *parquet_bits_look_up(struct parquet_bits *b, float *to, size_t count, const float *table, size_t size);

/* How many of the next `count` numbers are the same as the first, at least as far as is known without unpacking; 0:
 * unknown. The first is in *value. They are passed over by parquet_bits_pass. */
const char *parquet_bits_repeat(struct parquet_bits *b, uint32_t *value, size_t *count);
void parquet_bits_pass(struct parquet_bits *b, size_t count);

/* The number of `width` bits, at most 64, at bit `bit`. */
uint64_t parquet_bits_at(const unsigned char *bytes, size_t bit, unsigned width);

#endif
