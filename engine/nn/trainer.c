#include "engine/nn/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)1 << 15) /* numbers: so many of weights, slopes and state stay in a core's cache */
#define GAP 4                   /* rows at rest that a piece may run over: stepping them changes nothing */
#define MAGIC "FLTR"            /* of a saved trainer */
#define VERSION 1u

/* Numbers begin .. end - 1 of the flat arrays, and the sum of their squared slopes. */
struct piece {
    size_t begin, end;
    double sum;
};

static bool spread(const struct trainer *tr)
{
    return comm_ranks(tr->settings.comm) > 1;
}

/* Does a slope of 0 leave weight and state as they are? Then rows that were not touched need no step. */
static bool still_at_zero(const struct trainer_settings *s)
{
    return s->decay == 0 && (s->optimiser == OPTIMISER_ADAGRAD || (s->optimiser == OPTIMISER_SGD && s->momentum == 0));
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

static int check(const struct parameters *p, const struct trainer_settings *s, struct error *err)
{
    if (s->lazy && s->optimiser != OPTIMISER_SGD && s->optimiser != OPTIMISER_ADAM && s->optimiser != OPTIMISER_ADAGRAD)
        return error_set(err, ERROR_INPUT, "optimizer", "use adam, adagrad or sgd, or dense tables",
                         "%s has no step for single rows of a table", optimiser_name(s->optimiser));
    if (s->lazy && !p->backend->host)
        return error_set(err, ERROR_INPUT, "--device", "use --device cpu, or dense tables",
                         "Single rows of a table are stepped on the CPU only");
    if (comm_ranks(s->comm) > 1 && (!p->backend->host || p->backend->bytes != sizeof(float)))
        return error_set(err, ERROR_INPUT, "--device", "use --device cpu, or one rank",
                         "Several ranks train on the CPU only");
    return 0;
}

static void set_up(struct trainer *tr)
{
    struct optimiser *o = &tr->optimiser;
    const struct trainer_settings *s = &tr->settings;
    size_t n = tr->parameters->learned;
    optimiser_init(o, s->optimiser, NULL, n);
    o->first = tr->state;
    o->second = optimiser_state(s->optimiser) == 2
                    ? (void *)((unsigned char *)tr->state + n * tr->parameters->backend->bytes)
                    : NULL;
    o->momentum = s->momentum;
    o->beta_1 = s->beta_1 != 0 ? s->beta_1 : o->beta_1;
    o->beta_2 = s->beta_2 != 0 ? s->beta_2 : o->beta_2;
}

/* Numbers of state: none for sgd without momentum. */
static size_t state_numbers(const struct trainer *tr)
{
    const struct trainer_settings *s = &tr->settings;
    bool plain = s->optimiser == OPTIMISER_SGD && s->momentum == 0;
    return plain ? 0 : optimiser_state(s->optimiser) * tr->parameters->learned;
}

static size_t table_rows(const struct parameters *p)
{
    size_t rows = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].tensor.touched)
            rows += p->items[i].tensor.shape[0];
    return rows;
}

int trainer_open(struct trainer *tr, struct parameters *p, const struct trainer_settings *s, struct error *err)
{
    size_t bytes;
    *tr = (struct trainer){.parameters = p, .settings = *s};
    if (check(p, s, err) < 0)
        return -1;
    bytes = state_numbers(tr) * p->backend->bytes;
    tr->pieces = malloc((p->learned / PIECE + 1 + table_rows(p)) * sizeof *tr->pieces);
    tr->awake = calloc(table_rows(p) + 1, 1);
    tr->state = bytes ? p->backend->alloc(bytes) : NULL;
    if (!tr->pieces || !tr->awake || (bytes && !tr->state)) {
        trainer_close(tr);
        return error_set(err, ERROR_SYSTEM, NULL, "use a smaller network, or more memory",
                         "There is no memory for what %s keeps of each weight", optimiser_name(s->optimiser));
    }
    if (bytes)
        p->backend->zero(tr->state, bytes);
    set_up(tr);
    return 0;
}

void trainer_close(struct trainer *tr)
{
    if (tr->state)
        tr->parameters->backend->release(tr->state);
    free(tr->pieces);
    free(tr->awake);
    free(tr->packed);
    tr->state = NULL;
    tr->pieces = NULL;
    tr->awake = NULL;
    tr->packed = NULL;
}

/* --- ranks ----------------------------------------------------------------------------------------------------------
 */

static void touch(struct touched *touched, int32_t row)
{
    if (touched->seen[row])
        return;
    touched->seen[row] = 1;
    touched->row[touched->count++] = row;
}

/* The rows that any rank touched, in the same order on all. */
static int unite_rows(struct comm *c, struct tensor *table, struct error *err)
{
    struct touched *touched = table->touched;
    size_t own = touched->count * sizeof *touched->row, all_size = 0, *sizes = malloc((size_t)c->ranks * sizeof *sizes);
    void *all = NULL;
    int result = -1;
    if (!sizes)
        return error_set(err, ERROR_SYSTEM, NULL, "use fewer ranks", "There is no memory for the rows of all ranks");
    if (comm_gather(c, touched->row, own, &all, sizes, err) == 0) {
        for (size_t i = 0; i < touched->count; i++)
            touched->seen[touched->row[i]] = 0;
        touched->count = 0;
        for (int k = 0; k < c->ranks; k++)
            all_size += sizes[k];
        for (size_t i = 0; i < all_size / sizeof *touched->row; i++)
            touch(touched, ((const int32_t *)all)[i]);
        result = 0;
    }
    free(all);
    free(sizes);
    return result;
}

static int reserve(struct trainer *tr, size_t n, struct error *err)
{
    float *more;
    if (n <= tr->packed_room)
        return 0;
    more = realloc(tr->packed, n * sizeof *more);
    if (!more)
        return error_set(err, ERROR_SYSTEM, NULL, "use fewer ranks or a smaller batch",
                         "There is no memory for the slopes that the ranks exchange");
    tr->packed = more;
    tr->packed_room = n;
    return 0;
}

static int sum_rows(struct trainer *tr, struct tensor *table, struct error *err)
{
    struct comm *c = tr->settings.comm;
    size_t width = tensor_width(table), n;
    float *grad = table->grad;
    if (unite_rows(c, table, err) < 0)
        return -1;
    n = table->touched->count;
    if (n == 0 || width == 0)
        return 0;
    if (reserve(tr, n * width, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        memcpy(tr->packed + i * width, grad + (size_t)table->touched->row[i] * width, width * sizeof *grad);
    if (comm_sum_float(c, tr->packed, n * width, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        memcpy(grad + (size_t)table->touched->row[i] * width, tr->packed + i * width, width * sizeof *grad);
    return 0;
}

static int exchange(struct trainer *tr, struct error *err)
{
    struct parameters *p = tr->parameters;
    if (!spread(tr))
        return 0;
    if (p->dense > 0 && comm_sum_float(tr->settings.comm, p->grad, p->dense, err) < 0)
        return -1;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i].tensor.touched && sum_rows(tr, &p->items[i].tensor, err) < 0)
            return -1;
    return 0;
}

/* --- pieces ---------------------------------------------------------------------------------------------------------
 */

static void cut(struct trainer *tr, size_t end)
{
    size_t size = tr->parameters->backend->host ? PIECE : end; /* a device shares out by itself */
    tr->piece_count = 0;
    for (size_t begin = 0; begin < end; begin += size)
        tr->pieces[tr->piece_count++] = (struct piece){begin, end - begin < size ? end : begin + size, 0};
}

/* All numbers but the rows of tables that were not touched. */
static void cut_touched(struct trainer *tr)
{
    const struct parameters *p = tr->parameters;
    if (!p->backend->host) {
        cut(tr, p->learned);
        return;
    }
    cut(tr, p->dense);
    for (size_t i = 0; i < p->count; i++) {
        const struct parameter *one = &p->items[i];
        const struct touched *touched = one->tensor.touched;
        size_t width = tensor_width(&one->tensor);
        for (size_t k = 0; touched && k < touched->count; k++) {
            size_t begin = one->offset + (size_t)touched->row[k] * width;
            tr->pieces[tr->piece_count++] = (struct piece){begin, begin + width, 0};
        }
    }
}

/* Rows begin .. end - 1 of one table as pieces, but those that are at rest: where no slope ever came, the optimiser's
 * state is 0 and its step too. */
static void cut_awake(struct trainer *tr, const struct parameter *one, const uint8_t *awake)
{
    size_t rows = one->tensor.shape[0], width = tensor_width(&one->tensor), most = width > 0 ? PIECE / width : 0;
    for (size_t begin = 0, end; begin < rows; begin = end) {
        size_t last = begin; /* awake row */
        end = begin + 1;
        if (!awake[begin])
            continue;
        for (; end < rows && end - last <= GAP && end - begin < most; end++)
            last = awake[end] ? end : last;
        end = last + 1;
        tr->pieces[tr->piece_count++] = (struct piece){one->offset + begin * width, one->offset + end * width, 0};
    }
}

/* All numbers, or, where a state of 0 stays as it is, all but those of rows at rest. */
static void cut_step(struct trainer *tr)
{
    const struct parameters *p = tr->parameters;
    uint8_t *awake = tr->awake;
    if (tr->settings.decay != 0 || !p->backend->host) {
        cut(tr, p->learned);
        return;
    }
    cut(tr, p->dense);
    for (size_t i = 0; i < p->count; i++) {
        const struct touched *touched = p->items[i].tensor.touched;
        for (size_t k = 0; touched && k < touched->count; k++)
            awake[touched->row[k]] = 1;
        if (touched)
            cut_awake(tr, &p->items[i], awake);
        awake += touched ? p->items[i].tensor.shape[0] : 0;
    }
}

struct round {
    struct trainer *tr;
    double rate, factor; /* factor: what the slopes are multiplied by first */
};

static void *number(const struct parameters *p, void *numbers, size_t at)
{
    return (unsigned char *)numbers + at * p->backend->bytes;
}

static void square_pieces(void *context, int thread, int threads)
{
    struct trainer *tr = ((const struct round *)context)->tr;
    const struct parameters *p = tr->parameters;
    size_t end;
    for (size_t i = pool_share(tr->piece_count, thread, threads, &end); i < end; i++) {
        struct piece *piece = &tr->pieces[i];
        piece->sum = p->backend->square_sum(number(p, p->grad, piece->begin), piece->end - piece->begin);
    }
}

static void step_pieces(void *context, int thread, int threads)
{
    const struct round *r = context;
    struct trainer *tr = r->tr;
    const struct parameters *p = tr->parameters;
    const struct trainer_settings *s = &tr->settings;
    size_t end;
    for (size_t i = pool_share(tr->piece_count, thread, threads, &end); i < end; i++) {
        const struct piece *piece = &tr->pieces[i];
        void *slopes = number(p, p->grad, piece->begin);
        size_t n = piece->end - piece->begin;
        if (r->factor != 1)
            p->backend->scale(slopes, n, r->factor);
        if (s->clip == CLIP_VALUE)
            p->backend->clip(slopes, n, s->limit);
        p->backend->optimise(&tr->optimiser, p->data, p->grad, piece->begin, piece->end, r->rate, s->decay);
    }
}

static void run(struct trainer *tr, struct tape *tape, pool_work *work, struct round *r)
{
    pool_run(tr->parameters->backend->host && tape ? tape_pool(tape) : NULL, work, r);
}

/* --- a step ---------------------------------------------------------------------------------------------------------
 */

/* What nothing flowed back to has slope 0. */
static void complete(struct parameters *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct tensor *w = &p->items[i].tensor;
        if (!w->grad || w->grad_ready)
            continue;
        p->backend->zero(w->grad, tensor_count(w) * p->backend->bytes);
        w->grad_ready = true;
    }
}

static int diverged(const struct trainer *tr, double rate, struct error *err)
{
    const struct trainer_settings *s = &tr->settings;
    char fix[200];
    int len = snprintf(fix, sizeof fix, "choose a smaller learning_rate (it is %.6g now)", rate);
    if (s->clip_name)
        snprintf(fix + len, sizeof fix - (size_t)len, s->clip == CLIP_NONE ? ", or set %.60s" : ", or a smaller %.60s",
                 s->clip_name);
    return error_set(err, ERROR_INPUT, "learning_rate", fix,
                     "Training diverged: the slopes of step %llu are not finite numbers",
                     (unsigned long long)tr->steps + 1);
}

int trainer_step(struct trainer *tr, struct tape *tape, double rate, struct error *err)
{
    struct parameters *p = tr->parameters;
    const struct trainer_settings *s = &tr->settings;
    struct round r = {tr, rate, 1};
    double sum = 0;
    complete(p);
    if (exchange(tr, err) < 0)
        return -1;
    cut_touched(tr);
    run(tr, tape, square_pieces, &r);
    for (size_t i = 0; i < tr->piece_count; i++)
        sum += tr->pieces[i].sum;
    if (!isfinite(sum))
        return diverged(tr, rate, err);
    if (s->clip == CLIP_NORM && sqrt(sum) > s->limit)
        r.factor = s->limit / sqrt(sum);
    if (!s->lazy && !still_at_zero(s))
        cut_step(tr);
    optimiser_advance(&tr->optimiser);
    run(tr, tape, step_pieces, &r);
    parameters_clear(p);
    tr->steps++;
    return 0;
}

/* --- to stop and go on ----------------------------------------------------------------------------------------------
 */

/* Before the weights and the optimiser's state. */
struct saved {
    char magic[4];
    uint32_t version, optimiser, unused;
    uint64_t steps, weights_bytes, state_bytes;
    double power_1, power_2;
};

int trainer_save(const struct trainer *tr, struct str *out, struct error *err)
{
    const struct parameters *p = tr->parameters;
    struct saved head = {
        MAGIC, VERSION, (uint32_t)tr->optimiser.kind, 0, tr->steps, 0, 0, tr->optimiser.power_1, tr->optimiser.power_2};
    size_t begin = out->len;
    void *state = NULL;
    if (p->backend->bytes != sizeof(float))
        return error_set(err, ERROR_FAULT, NULL, "train in 32 bits", "Weights of 64 bits are not saved");
    head.state_bytes = state_numbers(tr) * sizeof(float);
    str_append(out, &head, sizeof head);
    if (parameters_write(p, out, err) < 0)
        return -1;
    head.weights_bytes = out->len - begin - sizeof head;
    memcpy(out->data + begin, &head, sizeof head);
    if (head.state_bytes > 0) {
        state = malloc(head.state_bytes);
        if (state)
            p->backend->download(state, tr->state, head.state_bytes);
        str_append(out, state, state ? head.state_bytes : 0);
    }
    out->failed |= head.state_bytes > 0 && !state;
    free(state);
    return out->failed ? error_set(err, ERROR_SYSTEM, NULL, "use a smaller network, or more memory",
                                   "There is no memory to save the training")
                       : 0;
}

static int check_saved(const struct trainer *tr, const struct saved *head, size_t len, const char *name,
                       struct error *err)
{
    if (len < sizeof *head || memcmp(head->magic, MAGIC, 4) != 0 || head->version != VERSION)
        return error_set(err, ERROR_INPUT, name, "name a file that a training of this program saved",
                         "This is no saved training");
    if (head->optimiser != (uint32_t)tr->optimiser.kind)
        return error_set(err, ERROR_INPUT, name, "go on with the optimiser that it was begun with",
                         "The saved training is by another optimiser than %s", optimiser_name(tr->optimiser.kind));
    if (head->weights_bytes > len - sizeof *head || head->state_bytes != len - sizeof *head - head->weights_bytes)
        return error_set(err, ERROR_INPUT, name, "copy the whole file again, or train anew",
                         "The saved training is cut short");
    if (head->state_bytes != state_numbers(tr) * tr->parameters->backend->bytes)
        return error_set(err, ERROR_INPUT, name, "go on with the settings that it was begun with",
                         "The saved training is of another network or momentum");
    return 0;
}

int trainer_resume(struct trainer *tr, const void *bytes, size_t len, const char *name, struct error *err)
{
    struct parameters *p = tr->parameters;
    const unsigned char *at = bytes;
    struct saved head = {0};
    memcpy(&head, bytes, len < sizeof head ? len : sizeof head);
    if (check_saved(tr, &head, len, name, err) < 0 ||
        parameters_read(p, at + sizeof head, (size_t)head.weights_bytes, name, err) < 0)
        return -1;
    for (size_t i = 0; i < head.state_bytes / sizeof(float); i++) {
        float value;
        memcpy(&value, at + sizeof head + head.weights_bytes + i * sizeof value, sizeof value);
        if (!isfinite(value))
            return error_set(err, ERROR_INPUT, name, "train anew, with a lower learning rate",
                             "The saved optimiser holds what is not a number");
    }
    if (head.state_bytes > 0)
        p->backend->upload(tr->state, at + sizeof head + head.weights_bytes, head.state_bytes);
    memset(tr->awake, 1, table_rows(p));
    tr->steps = head.steps;
    tr->optimiser.power_1 = head.power_1;
    tr->optimiser.power_2 = head.power_2;
    return 0;
}
