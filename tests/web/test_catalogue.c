#include "web/lab/catalogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "engine/base/str.h"

#define EXPERIMENT(id, concepts, slots)                                                                                \
    "{\"id\":\"" id "\",\"title\":\"t\",\"claim\":\"c\",\"question\":\"q\",\"kind\":\"AB\",\"concepts\":" concepts     \
    ",\"slots\":" slots ",\"arms\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"measure\":{\"metric\":\"m\"}}"

static const char sample[] =
    "{\"algorithm\":\"sample\",\"demo\":{\"data\":\"friedman1:n=500\",\"hyperparameters\":{\"eta\":\"0.3\"}},"
    "\"experiments\":[" EXPERIMENT("X-1", "[\"missing\",\"sparse\"]", "[\"input\"]") "," EXPERIMENT(
        "X-2", "[\"learning rate\",\"eta\"]", "[\"hyperparameters\"]") "," EXPERIMENT("X-3", "[\"missing\"]",
                                                                                      "[\"training\"]") "]}";

static struct catalogue *catalogue;

static int load(void **state)
{
    struct error err;
    cJSON *algorithms = cJSON_Parse("[{\"name\":\"linear-learner\"},{\"name\":\"sample\"},"
                                    "{\"name\":\"unfiled\"}]");
    (void)state;
    catalogue = catalogue_load(&err);
    if (!catalogue || !algorithms || catalogue_set_algorithms(catalogue, algorithms) < 0)
        return -1;
    cJSON_Delete(algorithms);
    return catalogue_add(catalogue, "experiments/sample.json", sample, sizeof sample - 1, &err);
}

static int unload(void **state)
{
    (void)state;
    catalogue_free(catalogue);
    return 0;
}

static void assert_demo(const char *slug, const char *slot, const char *text, const char *expected)
{
    char address[128];
    catalogue_demo(catalogue, slug, slot, text, address, sizeof address);
    assert_string_equal(address, expected);
}

static void finds_by_name_and_id(void **state)
{
    (void)state;
    assert_non_null(catalogue_algorithm(catalogue, "linear-learner"));
    assert_non_null(catalogue_algorithm(catalogue, "sample"));
    assert_null(catalogue_algorithm(catalogue, "unfiled"));
    assert_non_null(catalogue_described(catalogue, "unfiled"));
    assert_null(catalogue_described(catalogue, "k-means"));
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(catalogue_preset(catalogue, "sample"), "data")),
                        "friedman1:n=500");
    assert_null(catalogue_preset(catalogue, "unfiled"));
    assert_non_null(catalogue_experiment(catalogue, "X-2"));
    assert_null(catalogue_experiment(catalogue, "X-9"));
    assert_null(catalogue_experiment(catalogue, ""));
}

static void leads_a_card_to_its_experiment(void **state)
{
    (void)state;
    assert_demo("sample", "hyperparameters", "Which learning rates suit it?", "/demo/sample/X-2");
    assert_demo("sample", "other", "ETA: the step size", "/demo/sample/X-2");
    assert_demo("sample", "other", "works with Sparse data and missing values", "/demo/sample/X-1"); /* two named */
    assert_demo("sample", "training", "missing values", "/demo/sample/X-3");                         /* by its slot */
}

static void leads_the_rest_to_the_playground(void **state)
{
    (void)state;
    assert_demo("sample", "input", "Which file types?", "/demo/sample");
    assert_demo("sample", "other", "beta and theta", "/demo/sample");    /* no word begins with eta */
    assert_demo("sample", "other", "learning the rate", "/demo/sample"); /* not next to each other */
    assert_demo("sample", "other", "", "/demo/sample");
    assert_demo("unfiled", "other", "missing", "/demo/unfiled"); /* known, without a file */
    assert_demo("k-means", "other", "missing", "");
    assert_demo("", "other", "missing", "");
}

static void never_writes_beyond_the_end(void **state)
{
    char address[8] = "1234567";
    (void)state;
    catalogue_demo(catalogue, "sample", "other", "", address, 4);
    assert_memory_equal(address,
                        "/de\0"
                        "567",
                        7);
}

static void assert_refused(const char *text, const char *what)
{
    struct error err = {0};
    assert_int_equal(catalogue_add(catalogue, "experiments/x.json", text, strlen(text), &err), -1);
    if (!strstr(err.what, what))
        fail_msg("'%s' does not say '%s'", err.what, what);
    assert_non_null(strstr(err.where, "experiments/x.json"));
    assert_true(*err.fix);
}

static void refuses_faulty_files(void **state)
{
    (void)state;
    assert_refused("", "not a JSON object");
    assert_refused("[1]", "not a JSON object");
    assert_refused("{\"algorithm\":", "not a JSON object");
    assert_refused("{}", "\"algorithm\"");
    assert_refused("{\"algorithm\":\"sample\"}", "Two files");
    assert_refused("{\"algorithm\":\"x\",\"demo\":{\"hyperparameters\":{}}}", "\"data\"");
    assert_refused("{\"algorithm\":\"x\",\"experiments\":[{\"id\":\"A\"}]}", "\"title\"");
    assert_refused("{\"algorithm\":\"x\",\"experiments\":[" EXPERIMENT("A", "[]", "[\"input\"]") "]}", "\"concepts\"");
    assert_refused("{\"algorithm\":\"x\",\"experiments\":[" EXPERIMENT("A", "[1]", "[\"input\"]") "]}", "\"concepts\"");
    assert_refused("{\"algorithm\":\"x\",\"experiments\":[" EXPERIMENT("X-1", "[\"a\"]", "[\"input\"]") "]}",
                   "this id");
    assert_refused("{\"algorithm\":\"x\",\"experiments\":[" EXPERIMENT("A", "[\"a\"]", "[\"input\"]") "," EXPERIMENT(
                       "A", "[\"a\"]", "[\"input\"]") "]}",
                   "this id");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_name_and_id),
        cmocka_unit_test(leads_a_card_to_its_experiment),
        cmocka_unit_test(leads_the_rest_to_the_playground),
        cmocka_unit_test(never_writes_beyond_the_end),
        cmocka_unit_test(refuses_faulty_files),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
