/* Pieces of a pile: apart from each other, aligned, taken again once given back; and no allocation for what was seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/tensor/pile.h"

#define PIECES 200

static void *aligned(size_t bytes)
{
    return aligned_alloc(64, bytes);
}

static struct pile opened(void)
{
    return (struct pile){.alloc = aligned, .release = free};
}

struct piece {
    unsigned char *memory;
    size_t size;
    unsigned char mark;
};

static void take(struct pile *p, struct piece *piece, size_t size, unsigned char mark)
{
    *piece = (struct piece){pile_take(p, size), size, mark};
    assert_non_null(piece->memory);
    assert_int_equal((uintptr_t)piece->memory % 64, 0);
    memset(piece->memory, mark, size);
}

static void give(struct pile *p, struct piece *piece)
{
    for (size_t i = 0; i < piece->size; i++)
        assert_int_equal(piece->memory[i], piece->mark); /* no one else wrote there */
    pile_give(p, piece->memory, piece->size);
    piece->memory = NULL;
}

/* Takes and gives at random; the same for the same seed. */
static void work(struct pile *p, uint64_t seed, size_t rounds)
{
    struct piece pieces[PIECES] = {{NULL, 0, 0}};
    struct rng r;
    rng_init(&r, seed, 0);
    for (size_t i = 0; i < rounds; i++) {
        struct piece *one = &pieces[rng_below(&r, PIECES)];
        size_t size = (size_t)rng_below(&r, rng_below(&r, 10) ? 3000 : 300000);
        if (one->memory)
            give(p, one);
        else
            take(p, one, size, (unsigned char)i);
    }
    for (size_t i = 0; i < PIECES; i++)
        if (pieces[i].memory)
            give(p, &pieces[i]);
}

static void pieces_lie_apart(void **state)
{
    struct pile p = opened();
    size_t growths;
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        work(&p, seed, 1200);
        pile_clear(&p);
    }
    growths = p.growths;
    for (uint64_t seed = 0; seed < 6; seed++) {
        work(&p, seed, 1200);
        pile_clear(&p);
    }
    assert_int_equal(p.growths, growths);
    pile_free(&p);
}

static void neighbours_join(void **state)
{
    struct pile p = opened();
    unsigned char *a = pile_take(&p, 1000), *b = pile_take(&p, 500), *c = pile_take(&p, 100), *all;
    (void)state;
    assert_true(b == a + 1024 && c == b + 512);
    pile_give(&p, a, 1000);
    pile_give(&p, c, 100);
    assert_int_equal(p.piece_count, 2);
    pile_give(&p, b, 500);
    assert_int_equal(p.piece_count, 1);
    all = pile_take(&p, 1024 + 512 + 128);
    assert_ptr_equal(all, a);
    assert_int_equal(p.piece_count, 0);
    pile_free(&p);
}

static void the_smallest_that_is_enough(void **state)
{
    struct pile p = opened();
    unsigned char *large = pile_take(&p, 4096), *wall = pile_take(&p, 64), *small = pile_take(&p, 128);
    (void)state;
    assert_true(wall > large && pile_take(&p, 64) != NULL);
    pile_give(&p, large, 4096);
    pile_give(&p, small, 128);
    assert_ptr_equal(pile_take(&p, 100), small);
    assert_ptr_equal(pile_take(&p, 100), large);
    assert_ptr_equal(pile_take(&p, 64), large + 128); /* what was left of it */
    pile_free(&p);
}

static void blocks_become_one(void **state)
{
    struct pile p = opened();
    size_t size;
    (void)state;
    for (int i = 0; i < 50; i++)
        assert_non_null(pile_take(&p, 40000));
    size = p.size;
    assert_true(p.growths > 3 && size >= 50 * 40000);
    pile_clear(&p);
    assert_int_equal(p.size, size);
    assert_non_null(pile_take(&p, size)); /* in one piece */
    assert_int_equal(p.size, size);
    assert_null(pile_take(&p, SIZE_MAX - 3));
    pile_free(&p);
    assert_int_equal(p.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_lie_apart),
        cmocka_unit_test(neighbours_join),
        cmocka_unit_test(the_smallest_that_is_enough),
        cmocka_unit_test(blocks_become_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
