/* Pairs of token sequences: JSON Lines, records worked out by hand, requests, what is refused and how. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/format/recordio.h"
#include "engine/format/sequence.h"
#include "engine/format/sequence_file.h"

/* The record of the reference: source [4,1,300], target [5]. */
#define RECORD "0a23d7ce 25000000 0a120a06736f7572636512083a060a040401ac02 0a0f0a0674617267657412053a030a0105 000000"

static size_t from_hex(const char *hex, unsigned char *bytes)
{
    size_t len = 0;
    unsigned value;
    int used;
    for (; sscanf(hex, " %2x%n", &value, &used) == 1; hex += used)
        bytes[len++] = (unsigned char)value;
    return len;
}

static int read_text(const char *text, struct pairs *p, struct error *err)
{
    struct input *in = input_open_bytes(text, strlen(text), "t.jsonl");
    int status;
    *p = (struct pairs){0};
    *err = (struct error){0};
    status = sequence_lines_read(in, p, err);
    input_close(in);
    return status;
}

static int read_records(const void *bytes, size_t len, bool sources, struct pairs *p, struct error *err)
{
    struct input *in = input_open_bytes(bytes, len, "t.rec");
    int status;
    *p = (struct pairs){0};
    *err = (struct error){0};
    status = sequence_record_read(in, sources, p, err);
    input_close(in);
    return status;
}

static void assert_tokens(const struct pairs *p, int side, size_t i, size_t count, const int32_t *wanted)
{
    size_t got;
    const int32_t *tokens = pairs_tokens(p, side, i, &got);
    assert_int_equal(got, count);
    if (count)
        assert_memory_equal(tokens, wanted, count * sizeof *tokens);
}

static void pairs_keep_what_they_are_given(void **state)
{
    enum { COUNT = 3000 };
    struct pairs p = {0};
    int32_t tokens[COUNT + 2];
    (void)state;
    assert_int_equal(pairs_largest(&p, 0), -1);
    for (int32_t i = 0; i < COUNT + 2; i++)
        tokens[i] = i * 7;
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(pairs_append(&p, tokens, i % 50, tokens + i, i % 3, (float)i), 0);
    assert_int_equal(p.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_tokens(&p, 0, i, i % 50, tokens);
        assert_tokens(&p, 1, i, i % 3, tokens + i);
        assert_true(p.label[i] == (float)i);
    }
    assert_int_equal(pairs_largest(&p, 0), 48 * 7);
    assert_int_equal(pairs_largest(&p, 1), COUNT * 7);
    pairs_free(&p);
    pairs_free(NULL);
}

static void reads_lines(void **state)
{
    struct pairs p;
    struct error err;
    (void)state;
    if (read_text(
            "{\"label\": 1, \"in0\": [3, 7], \"in1\": [2]}\n\n {\"in1\":[2147483647],\"in0\":[0],\"label\":-2.5e-1}",
            &p, &err) < 0)
        fail_msg("%s", err.what);
    assert_int_equal(p.count, 2);
    assert_tokens(&p, 0, 0, 2, (const int32_t[]){3, 7});
    assert_tokens(&p, 1, 0, 1, (const int32_t[]){2});
    assert_tokens(&p, 0, 1, 1, (const int32_t[]){0});
    assert_tokens(&p, 1, 1, 1, (const int32_t[]){INT32_MAX});
    assert_true(p.label[0] == 1 && p.label[1] == -0.25f);
    assert_int_equal(pairs_largest(&p, 0), 7);
    assert_int_equal(pairs_largest(&p, 1), INT32_MAX);
    pairs_free(&p);
}

static void refuses_bad_lines(void **state)
{
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"{\"in0\":[1],\"in1\":[2]}", "The \"label\" is missing"},
        {"{\"in0\":[1],\"label\":1}", "The sequence \"in1\" is missing"},
        {"{\"in1\":[1],\"label\":1}", "The sequence \"in0\" is missing"},
        {"{\"in0\":[],\"in1\":[1],\"label\":1}", "The sequence \"in0\" is empty"},
        {"{\"in0\":[-1],\"in1\":[1],\"label\":1}", "'-1' is no whole number from 0 to 2147483647"},
        {"{\"in0\":[1.5],\"in1\":[1],\"label\":1}", "'1.5' is no whole number from 0 to 2147483647"},
        {"{\"in0\":[2147483648],\"in1\":[1],\"label\":1}", "'2147483648' is no whole number from 0 to 2147483647"},
        {"{\"in0\":[\"1\"],\"in1\":[1],\"label\":1}", "'\"1\"' is no whole number from 0 to 2147483647"},
        {"{\"in0\":[[1]],\"in1\":[1],\"label\":1}", "'[1]' is no whole number from 0 to 2147483647"},
        {"{\"in0\":1,\"in1\":[1],\"label\":1}", "'1,\"in1\":[1],\"label\":'... stands where [ should come"},
        {"{\"in0\":[1],\"in1\":[1],\"label\":null}", "'null' is not a number of JSON"},
        {"{\"in0\":[1],\"in1\":[1],\"label\":\"a\"}", "'\"a\"}' stands where a number should come"},
        {"{\"in0\":[1],\"in0\":[1],\"label\":1}", "The key \"in0\" stands there twice"},
        {"{\"in0\":[1],\"in1\":[1],\"label\":1,\"label\":1}", "The key \"label\" stands there twice"},
        {"{\"in0\":[1],\"in1\":[1],\"lable\":1}", "The key 'lable' is not known here"},
        {"{\"in0\":[1],\"in1\":[1],\"label\":1", "The JSON ends where a comma or } should come"},
        {"{\"in0\":[1", "The JSON ends where a comma or ] should come"},
        {"{\"in0\":[[[[[", "'[[[[' stands where a whole number should come"},
        {"{\"in0\":[1],\"in1\":[1],\"label\":1}{", "Something follows the pair in its line"},
        {"[1]", "'[1]' stands where { should come"},
    };
    struct pairs p;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (read_text(cases[i].text, &p, &err) == 0)
            fail_msg("%s was read", cases[i].text);
        assert_string_equal(err.what, cases[i].what);
        assert_string_equal(err.where, "t.jsonl, line 1");
        assert_true(err.fix[0]);
        pairs_free(&p);
    }
}

static void a_sequence_has_5000_tokens_at_most(void **state)
{
    struct str text = {0};
    struct pairs p;
    struct error err;
    (void)state;
    for (size_t count = 5000; count <= 5001; count++) {
        str_clear(&text);
        str_puts(&text, "{\"label\":1,\"in1\":[1],\"in0\":[8");
        for (size_t i = 1; i < count; i++)
            str_puts(&text, ",9");
        str_puts(&text, "]}");
        assert_int_equal(read_text(text.data, &p, &err), count == 5000 ? 0 : -1);
        pairs_free(&p);
    }
    assert_string_equal(err.what, "A sequence has more than 5,000 tokens");
    str_free(&text);
}

static void reads_and_writes_records(void **state)
{
    unsigned char bytes[128];
    size_t len = from_hex(RECORD, bytes);
    struct str out = {0};
    struct pairs p;
    struct error err;
    (void)state;
    memcpy(bytes + len, bytes, len);
    assert_int_equal(read_records(bytes, 2 * len, false, &p, &err), 0);
    assert_int_equal(p.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_tokens(&p, 0, i, 3, (const int32_t[]){4, 1, 300});
        assert_tokens(&p, 1, i, 1, (const int32_t[]){5});
        assert_true(isnan(p.label[i]));
    }
    pairs_free(&p);
    assert_int_equal(sequence_append(&out, (const int32_t[]){4, 1, 300}, 3, (const int32_t[]){5}, 1, &err), 0);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, bytes, len);
    str_clear(&out);
    assert_int_equal(sequence_append(&out, (const int32_t[]){4, 1, 300}, 3, NULL, 0, &err), 0);
    assert_int_equal(sequence_read_records(out.data, out.len, &p, &err), 0);
    assert_int_equal(p.count, 1);
    assert_tokens(&p, 0, 0, 3, (const int32_t[]){4, 1, 300});
    assert_tokens(&p, 1, 0, 0, NULL);
    pairs_free(&p);
    assert_int_equal(read_records(out.data, out.len, false, &p, &err), -1);
    assert_string_equal(err.what, "The record has no 'target'");
    assert_string_equal(err.where, "t.rec, record 1");
    pairs_free(&p);
    str_free(&out);
}

#define SOURCE "0a120a06736f7572636512083a060a040401ac02"
#define TARGET "0a0f0a0674617267657412053a030a0105"

static void refuses_bad_records(void **state)
{
    static const struct {
        const char *payload, *what;
    } cases[] = {
        {TARGET, "The record has no 'source'"},
        {SOURCE, "The record has no 'target'"},
        {"", "The record has no 'source'"},
        {SOURCE TARGET TARGET, "The features have 'target' twice"},
        {SOURCE "0a0f0a0674617267656112053a030a0105",
         "The features have the key 'targea', which is neither 'source' nor 'target'"},
        /* keys [0]; no values; -1; shape [2]; float32 */
        {SOURCE "0a120a0674617267657412083a060a0105120100", "The tensor 'target' is sparse"},
        {SOURCE "0a0c0a0674617267657412023a00", "The sequence 'target' is empty"},
        {SOURCE "0a180a06746172676574120e3a0c0a0affffffffffffffffff01", "The sequence 'target' has a token below 0"},
        {SOURCE "0a120a0674617267657412083a060a01051a0102", "The values of 'target' do not fill their shape"},
        {SOURCE "0a120a06746172676574120812060a040000803f", "The feature 'target' is no tensor of int32"},
        {SOURCE "0a080a06746172676574", "The feature 'target' is no tensor of int32"},
        {SOURCE TARGET "12120a0676616c756573120812060a040000803f",
         "The record has a label, which a pair of sequences does not have"},
        {"0a05", "The record is no protobuf message of type Record"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char payload[256];
        struct str frame = {0};
        struct pairs p;
        struct error err;
        recordio_append(&frame, payload, from_hex(cases[i].payload, payload));
        if (read_records(frame.data, frame.len, false, &p, &err) == 0)
            fail_msg("case %zu was read", i);
        assert_string_equal(err.what, cases[i].what);
        assert_string_equal(err.where, "t.rec, record 1");
        pairs_free(&p);
        str_free(&frame);
    }
}

static void reads_objects_of_requests(void **state)
{
    static const struct {
        const char *text;
        int given;
    } cases[] = {{"{\"in0\":[1,2]}", 1}, {"{\"in1\":[3]}", 2}, {"{\"in1\":[3],\"in0\":[1]} ,", 3}};
    struct pairs p = {0};
    struct error err;
    int given;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text, *next;
        next = sequence_read_object(text, text + strlen(text), "request", i + 1, &p, &given, &err);
        assert_non_null(next);
        assert_int_equal(next[-1], '}');
        assert_int_equal(given, cases[i].given);
    }
    assert_int_equal(p.count, 3);
    assert_tokens(&p, 0, 0, 2, (const int32_t[]){1, 2});
    assert_tokens(&p, 1, 0, 0, NULL);
    assert_tokens(&p, 0, 1, 0, NULL);
    assert_null(sequence_read_object("{}", "{}" + 2, "request", 4, &p, &given, &err));
    assert_string_equal(err.where, "request, instance 4");
    assert_string_equal(err.what, "The instance has neither \"in0\" nor \"in1\"");
    pairs_free(&p);
}

/* As many as its README says. */
static void reads_movielens(void **state)
{
    const char *shared = getenv("FLASHLAB_SHARED");
    char path[300];
    struct channel channel = {.path = path};
    struct pairs p;
    struct error err;
    (void)state;
    snprintf(path, sizeof path, "%s/data/movielens100k/train.jsonl.gz", shared ? shared : "../shared");
    if (access(path, R_OK) < 0) {
        print_message("SKIP reads_movielens: %s is not there\n", path);
        skip();
    }
    if (sequence_read(&channel, &p, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(p.count, 86042);
    assert_int_equal(pairs_largest(&p, 0), 943);
    assert_int_equal(pairs_largest(&p, 1), 1682);
    pairs_free(&p);
    channel.content_type = "text/csv";
    assert_int_equal(sequence_read(&channel, &p, &err), -1);
    assert_string_equal(err.what, "Pairs of sequences are not read from data of type text/csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_keep_what_they_are_given),
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(refuses_bad_lines),
        cmocka_unit_test(a_sequence_has_5000_tokens_at_most),
        cmocka_unit_test(reads_and_writes_records),
        cmocka_unit_test(refuses_bad_records),
        cmocka_unit_test(reads_objects_of_requests),
        cmocka_unit_test(reads_movielens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
