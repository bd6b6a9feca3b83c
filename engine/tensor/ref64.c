#define REAL double
#define BACKEND backend_ref64
#define OPTIMISE optimiser_range_double
#include "engine/tensor/ref_backend.h"
