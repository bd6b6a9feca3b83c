/* The distributions that a network can answer with (enum likelihood of tensor/backend.h): what its raw outputs of one
 * row mean. op_likelihood is the loss that teaches them; here are the parameters, in double, and what is made of them.
 *
 *     p = likelihood_parameters(kind, raw, v);        v: the scale of the row's series
 *     mean = likelihood_mean(&p);
 *     for each path: y = likelihood_draw(&p, &rng);
 */
#ifndef NN_LIKELIHOOD_H
#define NN_LIKELIHOOD_H

#include "engine/base/rng.h"
#include "engine/tensor/backend.h"

/*   gaussian, student-t   a: mean, b: sigma, c: degrees of freedom
 *   negative binomial     a: mean, b: shape; variance a + b a^2
 *   beta                  a: alpha, b: beta
 *   L1                    a: the point, b: the scale v; no distribution: its log is minus the loss */
struct likelihood_parameters {
    enum likelihood kind;
    double a, b, c;
};

size_t likelihood_outputs(enum likelihood kind);       /* raw outputs of a row */
int likelihood_kind_of(const char *name);              /* by DeepAR's name ("student-T"), in any case; -1: none */
const char *likelihood_name(enum likelihood kind);     /* DeepAR's */
bool likelihood_takes(enum likelihood kind, double y); /* is y one of the values that it is for? */

struct likelihood_parameters likelihood_parameters(enum likelihood kind, const float *raw, double v);
double likelihood_mean(const struct likelihood_parameters *p);
double likelihood_log(const struct likelihood_parameters *p, double y); /* log density, or log probability */
/* One random value. L1 is a forecast of points: always the point. */
double likelihood_draw(const struct likelihood_parameters *p, struct rng *r);

#endif
