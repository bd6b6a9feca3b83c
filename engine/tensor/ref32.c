#define REAL float
#define BACKEND backend_ref32
#include "engine/tensor/ref_backend.h"
