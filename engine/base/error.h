/* What went wrong, in words for the person who can mend it.
 *
 * Every function that can fail returns 0 or -1 and fills the caller's `struct error`:
 *
 *     return error_set(err, ERROR_INPUT, "train.csv, line 12, column 3", "write the number with a point",
 *                      "'%s' is not a number", cell);
 *
 * Nobody below main() or a request handler prints or exits. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_code {
    ERROR_NONE = 0,
    ERROR_INPUT,  /* the user's input or settings are at fault: exit status 1 */
    ERROR_LIMIT,  /* a stated limit was reached: exit status 1 */
    ERROR_SYSTEM, /* the machine said no (disk, memory, permission): exit status 2 */
    ERROR_FAULT   /* a fault of ours: exit status 2 */
};

struct error {
    enum error_code code;
    char what[512];  /* one sentence: what is wrong */
    char where[256]; /* file, line, column or setting; may be empty */
    char fix[256];   /* what to do about it; may be empty */
};

/* Fills `err` and returns -1, so that callers write `return error_set(...)`. `where` and `fix` may be NULL. */
int error_set(struct error *err, enum error_code code, const char *where, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The exit status of a command that failed with `err`: 1 or 2. */
int error_exit_status(const struct error *err);

#endif
