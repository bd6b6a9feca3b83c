#include "engine/algo/linear/linear_grid.h"

#define STEPS 4

static const double rates[STEPS] = {1, 1.0 / 3, 3, 1.0 / 9}, strengths[STEPS] = {0, 1e-5, 1e-4, 1e-3};

/* The next digit of `*number`: always 0 where the user gave the setting. */
static size_t digit(const struct settings *s, const char *name, size_t *number)
{
    size_t base = settings_given(s, name) ? 1 : STEPS, at = *number % base;
    *number /= base;
    return at;
}

struct linear_point linear_grid_point(const struct settings *s, size_t model)
{
    struct linear_point p = {settings_number(s, "learning_rate"), settings_number(s, "l1"), settings_number(s, "wd"),
                             0};
    p.rate *= rates[digit(s, "learning_rate", &model)];
    p.l1 += strengths[digit(s, "l1", &model)];
    p.wd += strengths[digit(s, "wd", &model)];
    p.draw = model;
    return p;
}
