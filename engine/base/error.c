#include "engine/base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, enum error_code code, const char *where, const char *fix, const char *format, ...)
{
    va_list args;
    err->code = code;
    snprintf(err->where, sizeof err->where, "%s", where ? where : "");
    snprintf(err->fix, sizeof err->fix, "%s", fix ? fix : "");
    va_start(args, format);
    vsnprintf(err->what, sizeof err->what, format, args);
    va_end(args);
    return -1;
}

int error_exit_status(const struct error *err)
{
    return err->code == ERROR_SYSTEM || err->code == ERROR_FAULT ? 2 : 1;
}
