/* Which device trains: without a GPU the CPU, and the trial that decides runs on it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/nn/placement.h"

static void without_a_gpu_it_is_the_cpu(void **state)
{
    struct training t = {.threads = 1};
    (void)state;
    assert_ptr_equal(placement_choose(&t, 64, 24, 40), &backend_cpu);
}

static void a_trial_runs_the_models_sizes(void **state)
{
    double sequence = placement_seconds(&backend_cpu, 1, 16, 5, 24),
           flat = placement_seconds(&backend_ref32, 1, 4, 1, 8);
    (void)state;
    assert_true(sequence > 0 && isfinite(sequence));
    assert_true(flat > 0 && isfinite(flat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_gpu_it_is_the_cpu),
        cmocka_unit_test(a_trial_runs_the_models_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
