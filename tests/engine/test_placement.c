/* Which device trains: without a GPU the CPU, and the trial that decides runs on it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/gpu.h"
#include "engine/nn/placement.h"

static void without_a_gpu_it_is_the_cpu(void **state)
{
    struct training t = {.threads = 1};
    (void)state;
    assert_ptr_equal(placement_choose(&t, 64, 24, 40), &backend_cpu);
    assert_ptr_equal(placement_choose_images(&t, 8, 32, 8), &backend_cpu);
}

/* A backend that cannot give memory is never the faster one. */
static void *no_room(size_t bytes)
{
    (void)bytes;
    return NULL;
}

static bool keep_line(void *context, const char *line, size_t len)
{
    char *said = context;
    snprintf(said, 400, "%.*s", (int)len, line);
    return true;
}

static void the_faster_one_is_taken_and_said(void **state)
{
    char said[400] = "";
    struct backend broken = backend_ref32;
    struct gpu gpu = {.tensor = &broken};
    struct event_sink sink = {.write = keep_line, .context = said};
    struct training t = {.threads = 1, .sink = &sink, .gpu = &gpu, .gpu_asked = true};
    (void)state;
    broken.alloc = no_room;
    assert_ptr_equal(placement_choose_images(&t, 2, 12, 4), &broken); /* it was asked for */
    t.gpu_asked = false;
    assert_ptr_equal(placement_choose_images(&t, 2, 12, 4), &backend_cpu);
    assert_non_null(strstr(said, "convolutions of 4 channels over 2 images of 12 x 12"));
    assert_ptr_equal(placement_choose(&t, 4, 3, 8), &backend_cpu);
    assert_non_null(strstr(said, "a layer of 8 over 4 rows and 3 steps"));
    assert_non_null(strstr(said, "trains on the CPU"));
}

static void a_trial_runs_the_models_sizes(void **state)
{
    static const struct trial_shape shapes[] = {
        {.batch = 16, .steps = 5, .width = 24},
        {.batch = 4, .steps = 1, .width = 8},
        {.images = true, .batch = 3, .side = 10, .width = 6},
        {.images = true, .batch = 1, .side = 2, .width = 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        double cpu = placement_seconds(&backend_cpu, 1, shapes[i]),
               plain = placement_seconds(&backend_ref32, 1, shapes[i]);
        assert_true(cpu > 0 && isfinite(cpu));
        assert_true(plain > 0 && isfinite(plain));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_gpu_it_is_the_cpu),
        cmocka_unit_test(the_faster_one_is_taken_and_said),
        cmocka_unit_test(a_trial_runs_the_models_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
