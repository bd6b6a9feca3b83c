#define REAL double
#define BACKEND backend_ref64
#include "engine/tensor/ref_backend.h"
