#define REAL float
#define BACKEND backend_ref32
#define OPTIMISE optimiser_range
#include "engine/tensor/ref_backend.h"
