#include "engine/nn/parameters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"

#define ALIGN 16     /* numbers: each parameter begins on a cache line */
#define CHUNK 4096   /* numbers that are drawn, sent or fetched at a time */
#define MAGIC "FLPW" /* of a file; then version, count and the parameters */
#define VERSION 1u

void parameters_open(struct parameters *p, const struct backend *backend)
{
    *p = (struct parameters){.backend = backend, .items = calloc(PARAMETERS_MAX, sizeof *p->items)};
}

static void touched_free(struct touched *touched)
{
    if (!touched)
        return;
    free(touched->row);
    free(touched->seen);
    free(touched);
}

void parameters_close(struct parameters *p)
{
    for (size_t i = 0; i < p->count; i++)
        touched_free(p->items[i].tensor.touched);
    free(p->items);
    if (p->backend) {
        p->backend->release(p->data);
        p->backend->release(p->grad);
    }
    *p = (struct parameters){0};
}

/* --- adding ---------------------------------------------------------------------------------------------------------
 */

static bool countable(int rank, const size_t *shape)
{
    size_t count = sizeof(double);
    for (int d = 0; d < rank; d++)
        if (__builtin_mul_overflow(count, shape[d], &count))
            return false;
    return count <= SIZE_MAX / 4;
}

static struct parameter *add(struct parameters *p, const char *name, int rank, const size_t *shape, struct init init)
{
    struct parameter *one;
    if (!p->items || p->count == PARAMETERS_MAX || strlen(name) >= PARAMETER_NAME || !countable(rank, shape))
        return NULL;
    one = &p->items[p->count++];
    *one = (struct parameter){.init = init};
    memcpy(one->name, name, strlen(name) + 1);
    tensor_shape(&one->tensor, rank, shape);
    one->tensor.base = &one->tensor;
    return one;
}

struct tensor *parameters_add(struct parameters *p, const char *name, int rank, const size_t *shape, struct init init)
{
    struct parameter *one = add(p, name, rank, shape, init);
    return one ? &one->tensor : NULL;
}

struct tensor *parameters_add_table(struct parameters *p, const char *name, size_t rows, size_t width, struct init init)
{
    struct parameter *one = add(p, name, 2, (const size_t[]){rows, width}, init);
    if (!one)
        return NULL;
    one->table = true;
    return &one->tensor;
}

struct tensor *parameters_add_fixed(struct parameters *p, const char *name, int rank, const size_t *shape,
                                    struct init init)
{
    struct parameter *one = add(p, name, rank, shape, init);
    if (!one)
        return NULL;
    one->fixed = true;
    return &one->tensor;
}

/* --- numbers, to and from the device --------------------------------------------------------------------------------
 */

static void *at(const struct parameters *p, void *numbers, size_t offset)
{
    return (unsigned char *)numbers + offset * p->backend->bytes;
}

static void put(const struct parameters *p, void *to, const float *values, size_t n)
{
    double wide[CHUNK];
    if (p->backend->bytes == sizeof *values) {
        p->backend->upload(to, values, n * sizeof *values);
        return;
    }
    for (size_t done = 0, part; done < n; done += part) {
        part = n - done < CHUNK ? n - done : CHUNK;
        for (size_t i = 0; i < part; i++)
            wide[i] = (double)values[done + i];
        p->backend->upload((double *)to + done, wide, part * sizeof *wide);
    }
}

static void get(const struct parameters *p, float *values, const void *from, size_t n)
{
    double wide[CHUNK];
    if (p->backend->bytes == sizeof *values) {
        p->backend->download(values, from, n * sizeof *values);
        return;
    }
    for (size_t done = 0, part; done < n; done += part) {
        part = n - done < CHUNK ? n - done : CHUNK;
        p->backend->download(wide, (const double *)from + done, part * sizeof *wide);
        for (size_t i = 0; i < part; i++)
            values[done + i] = (float)wide[i];
    }
}

void parameters_get(const struct parameters *p, const struct tensor *w, float *values)
{
    get(p, values, w->data, tensor_count(w));
}

void parameters_set(struct parameters *p, struct tensor *w, const float *values)
{
    put(p, w->data, values, tensor_count(w));
}

/* --- settling -------------------------------------------------------------------------------------------------------
 */

static uint64_t stream_of(const char *name)
{
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001B3u;
    return hash;
}

static double fan(const struct parameter *one)
{
    const struct tensor *w = &one->tensor;
    double in = (double)(one->init.fan_in ? one->init.fan_in : w->rank ? w->shape[0] : 1);
    double out = (double)(one->init.fan_out ? one->init.fan_out : tensor_width(w));
    return one->init.factor == FACTOR_IN ? in : one->init.factor == FACTOR_OUT ? out : (in + out) / 2;
}

static void draw(struct parameters *p, struct parameter *one, uint64_t seed)
{
    float values[CHUNK];
    size_t count = tensor_count(&one->tensor);
    double size = one->init.kind == INIT_XAVIER ? sqrt(one->init.scale / fmax(1, fan(one))) : one->init.scale;
    struct rng r;
    rng_init(&r, seed, stream_of(one->name));
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < CHUNK ? count - done : CHUNK;
        for (size_t i = 0; i < part; i++)
            values[i] = (float)(one->init.kind == INIT_CONSTANT ? size
                                : one->init.kind == INIT_NORMAL ? size * rng_normal(&r)
                                                                : size * (2 * rng_uniform(&r) - 1));
        put(p, at(p, one->tensor.data, done), values, part);
    }
}

/* Dense ones, then tables, then fixed ones. */
static void lay_out(struct parameters *p)
{
    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < p->count; i++) {
            struct parameter *one = &p->items[i];
            if ((one->fixed ? 2 : one->table ? 1 : 0) != kind)
                continue;
            one->offset = p->numbers;
            p->numbers += (tensor_count(&one->tensor) + ALIGN - 1) / ALIGN * ALIGN;
        }
        if (kind == 0)
            p->dense = p->numbers;
        if (kind == 1)
            p->learned = p->numbers;
    }
}

static int keep_touched(struct parameters *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct parameter *one = &p->items[i];
        size_t rows = one->tensor.shape[0];
        struct touched *touched;
        if (!one->table || one->fixed || !p->backend->host)
            continue;
        one->tensor.touched = touched = calloc(1, sizeof *touched);
        if (!touched)
            return -1;
        touched->row = calloc(rows ? rows : 1, sizeof *touched->row);
        touched->seen = calloc(rows ? rows : 1, sizeof *touched->seen);
        if (!touched->row || !touched->seen)
            return -1;
        one->tensor.grad_ready = true; /* all 0, and kept so by parameters_clear */
    }
    return 0;
}

int parameters_settle(struct parameters *p, uint64_t seed, struct error *err)
{
    size_t width = p->backend->bytes;
    lay_out(p);
    p->data = p->backend->alloc(p->numbers * width);
    p->grad = p->backend->alloc(p->learned * width);
    if (!p->data || !p->grad || keep_touched(p) < 0)
        return error_set(err, ERROR_SYSTEM, p->backend->name, "use a smaller network, or more memory",
                         "There is no memory for the %zu weights of the network and their slopes", p->numbers);
    p->backend->zero(p->data, p->numbers * width);
    p->backend->zero(p->grad, p->learned * width);
    for (size_t i = 0; i < p->count; i++) {
        struct parameter *one = &p->items[i];
        one->tensor.data = at(p, p->data, one->offset);
        one->tensor.grad = one->fixed ? NULL : at(p, p->grad, one->offset);
        draw(p, one, seed);
    }
    return 0;
}

static void clear_rows(const struct parameters *p, struct tensor *table)
{
    struct touched *touched = table->touched;
    size_t width = tensor_width(table);
    for (size_t i = 0; i < touched->count; i++) {
        size_t row = (size_t)touched->row[i];
        p->backend->zero(at(p, table->grad, row * width), width * p->backend->bytes);
        touched->seen[row] = 0;
    }
    touched->count = 0;
}

void parameters_clear(struct parameters *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct tensor *w = &p->items[i].tensor;
        if (w->touched)
            clear_rows(p, w);
        else
            w->grad_ready = false;
    }
}

/* --- snapshots ------------------------------------------------------------------------------------------------------
 */

int parameters_keep(const struct parameters *p, struct snapshot *s, struct error *err)
{
    size_t bytes = p->numbers * p->backend->bytes;
    if (!s->data)
        s->data = malloc(bytes ? bytes : 1);
    if (!s->data)
        return error_set(err, ERROR_SYSTEM, NULL, "use a smaller network, or more memory",
                         "There is no memory for a copy of the best weights");
    p->backend->download(s->data, p->data, bytes);
    return 0;
}

void parameters_restore(struct parameters *p, const struct snapshot *s)
{
    p->backend->upload(p->data, s->data, p->numbers * p->backend->bytes);
}

void snapshot_free(const struct parameters *p, struct snapshot *s)
{
    (void)p;
    free(s->data);
    s->data = NULL;
}

/* --- as bytes -------------------------------------------------------------------------------------------------------
 */

static void put_u32(struct str *out, uint32_t value)
{
    str_append(out, &value, sizeof value);
}

int parameters_write(const struct parameters *p, struct str *out, struct error *err)
{
    float values[CHUNK];
    str_append(out, MAGIC, 4);
    put_u32(out, VERSION);
    put_u32(out, (uint32_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct parameter *one = &p->items[i];
        size_t count = tensor_count(&one->tensor);
        put_u32(out, (uint32_t)strlen(one->name));
        str_puts(out, one->name);
        put_u32(out, (uint32_t)one->tensor.rank);
        for (int d = 0; d < one->tensor.rank; d++)
            str_append(out, &(uint64_t){one->tensor.shape[d]}, sizeof(uint64_t));
        for (size_t done = 0, part; done < count; done += part) {
            part = count - done < CHUNK ? count - done : CHUNK;
            get(p, values, at(p, one->tensor.data, done), part);
            str_append(out, values, part * sizeof *values);
        }
    }
    return out->failed ? error_set(err, ERROR_SYSTEM, NULL, "use a smaller network, or more memory",
                                   "There is no memory to write the weights")
                       : 0;
}

/* What is left to read. */
struct cursor {
    const unsigned char *bytes;
    size_t left;
    const char *name; /* of the file */
};

static int cut(const struct cursor *c, struct error *err)
{
    return error_set(err, ERROR_INPUT, c->name, "copy the whole file again, or train anew",
                     "The file of weights ends before its last number");
}

static int take(struct cursor *c, void *to, size_t n, struct error *err)
{
    if (n > c->left)
        return cut(c, err);
    memcpy(to, c->bytes, n);
    c->bytes += n;
    c->left -= n;
    return 0;
}

static int differs(const struct cursor *c, const struct parameter *one, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, c->name, "use it with the settings that it was trained with",
                     "The file holds the weights of another network: %s is %s", one->name, what);
}

static int take_shape(struct cursor *c, const struct parameter *one, struct error *err)
{
    char name[PARAMETER_NAME];
    uint32_t len = 0, rank = 0;
    uint64_t size = 0;
    if (take(c, &len, sizeof len, err) < 0)
        return -1;
    if (len >= PARAMETER_NAME)
        return differs(c, one, "not where it should be", err);
    if (take(c, name, len, err) < 0 || take(c, &rank, sizeof rank, err) < 0)
        return -1;
    if (len != strlen(one->name) || memcmp(name, one->name, len) != 0)
        return differs(c, one, "not where it should be", err);
    if (rank != (uint32_t)one->tensor.rank)
        return differs(c, one, "of another shape", err);
    for (int d = 0; d < one->tensor.rank; d++) {
        if (take(c, &size, sizeof size, err) < 0)
            return -1;
        if (size != one->tensor.shape[d])
            return differs(c, one, "of another shape", err);
    }
    return 0;
}

static int take_values(struct cursor *c, struct parameters *p, const struct parameter *one, bool keep,
                       struct error *err)
{
    float values[CHUNK];
    size_t count = tensor_count(&one->tensor);
    for (size_t done = 0, part; done < count; done += part) {
        part = count - done < CHUNK ? count - done : CHUNK;
        if (take(c, values, part * sizeof *values, err) < 0)
            return -1;
        for (size_t i = 0; i < part; i++)
            if (!isfinite(values[i]))
                return error_set(err, ERROR_INPUT, c->name, "train anew, with a lower learning rate",
                                 "A weight of %s is not a number", one->name);
        if (keep)
            put(p, at(p, one->tensor.data, done), values, part);
    }
    return 0;
}

static int take_all(struct cursor c, struct parameters *p, bool keep, struct error *err)
{
    char magic[4];
    uint32_t version = 0, count = 0;
    if (take(&c, magic, sizeof magic, err) < 0 || take(&c, &version, sizeof version, err) < 0 ||
        take(&c, &count, sizeof count, err) < 0)
        return -1;
    if (memcmp(magic, MAGIC, 4) != 0 || version != VERSION)
        return error_set(err, ERROR_INPUT, c.name, "name the folder of a model that this program trained",
                         "This is no file of weights");
    if (count != p->count)
        return error_set(err, ERROR_INPUT, c.name, "use it with the settings that it was trained with",
                         "The file holds the weights of another network: %u parts instead of %zu", count, p->count);
    for (size_t i = 0; i < p->count; i++)
        if (take_shape(&c, &p->items[i], err) < 0 || take_values(&c, p, &p->items[i], keep, err) < 0)
            return -1;
    if (c.left > 0)
        return error_set(err, ERROR_INPUT, c.name, "copy the whole file again, or train anew",
                         "%zu bytes follow after the last weight", c.left);
    return 0;
}

int parameters_read(struct parameters *p, const void *bytes, size_t len, const char *name, struct error *err)
{
    const struct cursor all = {bytes, len, name};
    return take_all(all, p, false, err) < 0 ? -1 : take_all(all, p, true, err);
}
