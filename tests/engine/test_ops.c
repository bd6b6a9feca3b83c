/* Each operation's slopes against central differences in double, on random shapes with 0 and 1 among them; and the
 * reference in float against the one in double. */
#include "op_cases.h"

#define SEEDS 25

static void slopes_are_differences(void **state)
{
    const struct op_case *c = *state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        gradient_check(c->build, seed);
}

static void float_agrees_with_double(void **state)
{
    (void)state;
    for (size_t i = 0; i < OP_CASES; i++)
        for (uint64_t seed = 100; seed < 120; seed++)
            gradient_compare(op_cases[i].build, seed, &backend_ref64, &backend_ref32, 1, 2e-5);
}

int main(void)
{
    struct CMUnitTest tests[OP_CASES + 1] = {cmocka_unit_test(float_agrees_with_double)};
    for (size_t i = 0; i < OP_CASES; i++)
        tests[i + 1] = (struct CMUnitTest){op_cases[i].name, slopes_are_differences, NULL, NULL, (void *)&op_cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
