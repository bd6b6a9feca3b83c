/* Means and deviations, missing values, constant columns, and the first rows only. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/data/normalise.h"

static float cells[] = {
    1,   10, 5, NAN, /**/
    2,   20, 5, NAN, /**/
    NAN, 60, 5, NAN, /**/
    900, 90, 6, 1,
};
static const struct dataset data = {.rows = 4, .columns = 4, .x = cells};

static struct error err;

static void near(float is, double wanted)
{
    assert_true(fabs((double)is - wanted) < 1e-6 * (1 + fabs(wanted)));
}

/* By hand from the first three rows: column 0 has 1, 2; column 1 has 10, 20, 60: mean 30, deviation sqrt(1400/3). */
static void learns_from_the_first_rows(void **state)
{
    struct normaliser n;
    float out[4];
    (void)state;
    assert_int_equal(normaliser_fit(&n, &data, 3, true, true, NULL, &err), 0);
    normaliser_apply(&n, out, cells + 12);
    near(out[0], (900 - 1.5) / .5);
    near(out[1], 60 / sqrt(1400. / 3));
    near(out[2], 1); /* constant so far: only its mean is taken off */
    near(out[3], 1); /* nothing seen: as it is */
    normaliser_apply(&n, out, cells + 8);
    near(out[0], 0);
    near(out[3], 0);
    normaliser_free(&n);
}

static void does_only_what_is_asked(void **state)
{
    static const struct {
        bool scale, centre;
        double value, missing; /* of 20 in column 1, of a gap in column 0 */
    } cases[] = {{false, false, 20, 1.5}, {false, true, -10, 0}, {true, false, 20 / 21.602468994692867, 3}};
    float out[4], row[4] = {NAN, 20, 5, 0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct normaliser n;
        assert_int_equal(normaliser_fit(&n, &data, 3, cases[i].scale, cases[i].centre, NULL, &err), 0);
        normaliser_apply(&n, out, row);
        near(out[1], cases[i].value);
        near(out[0], cases[i].missing);
        normaliser_free(&n);
    }
}

/* A large mean must not eat the deviation: 1e6 + {0, 1} has deviation 1/2. */
static void keeps_digits_beside_a_large_mean(void **state)
{
    float v[1000];
    double mean, deviation;
    (void)state;
    for (int i = 0; i < 1000; i++)
        v[i] = (float)(1000000 + i % 2);
    normalise_moments(v, 1000, 1, &mean, &deviation);
    assert_true(fabs(mean - 1000000.5) < 1e-6 && fabs(deviation - .5) < 1e-9);
    normalise_moments(v, 0, 1, &mean, &deviation);
    assert_true(mean == 0 && deviation == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_from_the_first_rows),
        cmocka_unit_test(does_only_what_is_asked),
        cmocka_unit_test(keeps_digits_beside_a_large_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
