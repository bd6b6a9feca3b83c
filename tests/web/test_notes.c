/* The notes parser: the reference notes line by line, notes on other subjects, and what is no notes at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/base/str.h"
#include "web/study/notes.h"
#include "web/study/notes_fold.h"
#include "web/study/slot.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const role_names[] = {"blank", "title", "heading", "fact", "lead-in", "continuation", "mark"};
static const char *const kind_names[] = {"heading_folded", "run_together", "unfinished", "no_section",
                                         "empty_section",  "odd_mark",     "wide_table"};

/* --- helpers ------------------------------------------------------------------------------------------------------ */

static struct notes parse(const char *text)
{
    struct notes notes;
    struct error err = {0};
    if (notes_parse(&notes, text, strlen(text), &err) != 0)
        fail_msg("not parsed: %s (%s)", err.what, err.where);
    return notes;
}

static char *read_text(const char *path)
{
    struct str text = {0};
    char buffer[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    while ((len = fread(buffer, 1, sizeof buffer, file)) > 0)
        str_append(&text, buffer, len);
    fclose(file);
    return str_take(&text);
}

static const char *reference_path(void)
{
    static char path[1024];
    const char *shared = getenv("FLASHLAB_SHARED");
    snprintf(path, sizeof path, "%s/notes/sagemaker-notes.txt", shared ? shared : "../shared");
    return path;
}

static struct notes read_reference(void)
{
    struct notes notes;
    struct error err = {0};
    if (access(reference_path(), R_OK) != 0) {
        print_message("skipped: the reference notes are not at %s\n", reference_path());
        skip();
    }
    if (notes_read(&notes, reference_path(), &err) != 0)
        fail_msg("not read: %s (%s)", err.what, err.where);
    return notes;
}

static void assert_roles_add_up(const struct notes *notes, int lines)
{
    int counts[COUNT(role_names)] = {0}, sum = 0;
    assert_int_equal(notes->line_count, lines);
    for (int i = 0; i < notes->line_count; i++) {
        assert_in_range(notes->roles[i], 0, COUNT(counts) - 1);
        counts[notes->roles[i]]++;
    }
    for (size_t i = 0; i < COUNT(counts); i++)
        sum += counts[i];
    assert_int_equal(sum, lines);
}

/* The notes in the form of tests/golden/notes/README.md. */
static char *outline(const struct notes *notes)
{
    struct str out = {0};
    size_t fact = 0;
    if (notes->title)
        str_printf(&out, "= %s\n", notes->title);
    for (size_t s = 0; s < notes->section_count; s++) {
        const struct notes_section *section = &notes->sections[s];
        str_printf(&out, "# %s | %s | %s | %s\n", section->algorithm, section->slug, section->topic, section->slot);
        for (; fact < notes->fact_count && notes->facts[fact].section == (int)s; fact++) {
            const struct notes_fact *f = &notes->facts[fact];
            for (int i = 0; i < f->depth; i++)
                str_puts(&out, "  ");
            str_puts(&out, f->lead_in ? "> " : "");
            for (const char *at = f->text; *at; at++) {
                if (*at == '\n')
                    str_puts(&out, "\\n");
                else
                    str_putc(&out, *at);
            }
            str_putc(&out, '\n');
        }
    }
    for (size_t i = 0; i < notes->problem_count; i++)
        str_printf(&out, "! %d %s\n", notes->problems[i].line, kind_names[notes->problems[i].kind]);
    return str_take(&out);
}

static void assert_outline(const char *text, const char *expected)
{
    struct notes notes = parse(text);
    char *got = outline(&notes);
    assert_string_equal(got, expected);
    free(got);
    notes_free(&notes);
}

/* --- the reference notes --------------------------------------------------------------------------------------------
 */

/* The parent of what a line says, as a line number: of its first fact, or of the fact it carries on. */
static int parent_line(const struct notes *notes, int line)
{
    for (size_t i = 0; i < notes->fact_count; i++) {
        const struct notes_fact *f = &notes->facts[i];
        if (f->line == line)
            return f->parent < 0 ? 0 : notes->facts[f->parent].line;
        if (f->line < line && line <= f->last_line)
            return f->line;
    }
    return 0;
}

static void test_reference_roles(void **state)
{
    struct notes notes = read_reference();
    FILE *golden = fopen("tests/golden/notes-roles.txt", "r");
    char row[512], role[32];
    int line, parent, last = 0;
    (void)state;
    assert_non_null(golden);
    while (fgets(row, sizeof row, golden)) {
        if (*row == '#')
            continue;
        assert_int_equal(sscanf(row, "%d %31s %d", &line, role, &parent), 3);
        assert_int_equal(line, last + 1);
        last = line;
        assert_in_range(line, 1, notes.line_count);
        if (strcmp(role_names[notes.roles[line - 1]], role) != 0)
            fail_msg("line %d is a %s, decided by hand: %s", line, role_names[notes.roles[line - 1]], role);
        if (parent_line(&notes, line) != parent)
            fail_msg("line %d stands below line %d, decided by hand: %d", line, parent_line(&notes, line), parent);
    }
    fclose(golden);
    assert_roles_add_up(&notes, last);
    notes_free(&notes);
}

static void test_reference_counts(void **state)
{
    static const struct {
        const char *slug, *name;
        int sections;
    } algorithms[] = {
        {"linear-learner", "Linear Learner", 7},
        {"xgboost", "XGBoost", 4},
        {"seq2seq", "Seq2Seq", 5},
        {"deepar", "DeepAR", 5},
        {"blazingtext", "BlazingText", 5},
        {"object2vec", "Object2Vec", 5},
        {"object-detection", "Object Detection", 3},
    };
    struct notes notes = read_reference();
    size_t facts = 0;
    (void)state;
    assert_string_equal(notes.title, "Models Flashcards");
    assert_int_equal(notes.section_count, 34);
    assert_int_equal(notes.algorithm_count, 7);
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        int sections = 0;
        for (size_t s = 0; s < notes.section_count; s++) {
            if (strcmp(notes.sections[s].slug, algorithms[i].slug) != 0)
                continue;
            sections++;
            assert_string_equal(notes.sections[s].algorithm, algorithms[i].name);
        }
        assert_int_equal(sections, algorithms[i].sections);
    }
    for (size_t i = 0; i < notes.fact_count; i++)
        facts += !notes.facts[i].lead_in;
    assert_int_equal(facts, 175); /* 173 lines, two of them with two facts */
    notes_free(&notes);
}

static void test_reference_problems(void **state)
{
    static const struct {
        int line;
        enum problem_kind kind;
        const char *says;
    } expected[] = {
        {94, PROBLEM_RUN_TOGETHER, "'BLEU score'"},
        {96, PROBLEM_RUN_TOGETHER, "'Perplexity'"},
        {146, PROBLEM_HEADING_FOLDED, "'BlazingTest - Input' is taken as 'BlazingText'"},
        {234, PROBLEM_UNFINISHED, "'Object Detection' has no 'hyperparameters' and no 'instances'"},
    };
    struct notes notes = read_reference();
    (void)state;
    assert_int_equal(notes.problem_count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_int_equal(notes.problems[i].line, expected[i].line);
        assert_int_equal(notes.problems[i].kind, expected[i].kind);
        if (!strstr(notes.problems[i].message, expected[i].says))
            fail_msg("line %d: \"%s\" does not say %s", expected[i].line, notes.problems[i].message, expected[i].says);
        assert_true(strlen(notes.problems[i].fix) > 10);
    }
    notes_free(&notes);
}

static void test_reference_slots(void **state)
{
    static const struct {
        int line;
        const char *topic, *slot;
    } sections[] = {
        {2, "Instance types", "instances"},
        {5, "Hyperparams", "hyperparameters"},
        {11, "Model types", "model type"},
        {15, "Input format", "input"},
        {19, "Pre-processing", "pre-processing"},
        {23, "Training", "training"},
        {28, "Validation", "validation"},
        {58, "instances", "instances"},
        {76, "Inputs", "input"},
        {115, "How is it used?", "usage"},
        {153, "modes of Word2Vec?", "modes"},
        {225, "How is it used and types?", "usage"},
    };
    struct notes notes = read_reference();
    (void)state;
    for (size_t i = 0; i < COUNT(sections); i++) {
        size_t s = 0;
        while (s < notes.section_count && notes.sections[s].line != sections[i].line)
            s++;
        assert_in_range(s, 0, notes.section_count - 1);
        assert_string_equal(notes.sections[s].topic, sections[i].topic);
        assert_string_equal(notes.sections[s].slot, sections[i].slot);
    }
    notes_free(&notes);
}

static void test_reference_texts(void **state)
{
    static const struct {
        int line, last_line;
        const char *text;
    } facts[] = {
        {54, 54, "Adjusts balance of positive and negative weights"},
        {60, 61, "Memory-bound → not compute bound → So M5 is a good choice for multiple instance"},
        {63, 66,
         "As of XGBoost 1.2, single instance GPU training is available E.g P2 or P3 instance types → Must set "
         "tree_method "
         "hyperparameter to gpu_hist → Trains more quickly → can be more cost effective"},
        {94, 94, "Vs provided validation dataset"},
        {110, 110, "start: the starting time stamp"},
        {131, 132, "Move up to GPU if necessary with large mini-batch-size or with larger models"},
        {213, 213, "Can train on only a single instance (CPU< GPU, or multi GPU)"},
    };
    struct notes notes = read_reference();
    (void)state;
    for (size_t i = 0; i < COUNT(facts); i++) {
        size_t f = 0;
        while (f < notes.fact_count && notes.facts[f].line != facts[i].line)
            f++;
        assert_in_range(f, 0, notes.fact_count - 1);
        assert_string_equal(notes.facts[f].text, facts[i].text);
        assert_int_equal(notes.facts[f].last_line, facts[i].last_line);
    }
    notes_free(&notes);
}

/* With the line ends of other systems and a byte order mark the facts are the same. */
static void test_reference_in_other_dress(void **state)
{
    static const char *const ends[] = {"\r\n", "\r", "\n"};
    struct notes notes = read_reference(), other;
    struct error err = {0};
    char *text = read_text(reference_path()), *expected = outline(&notes), *got;
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct str dressed = {0};
        str_puts(&dressed, "\xEF\xBB\xBF");
        for (const char *at = text; *at; at++)
            str_puts(&dressed, *at == '\n' ? ends[i] : (char[]){*at, '\0'});
        str_puts(&dressed, ends[i]);
        assert_int_equal(notes_parse(&other, dressed.data, dressed.len, &err), 0);
        got = outline(&other);
        assert_string_equal(got, expected);
        assert_int_equal(other.line_count, notes.line_count);
        free(got);
        notes_free(&other);
        str_free(&dressed);
    }
    free(text);
    free(expected);
    notes_free(&notes);
}

/* --- other notes ----------------------------------------------------------------------------------------------------
 */

static void test_other_subjects(void **state)
{
    static const char *const names[][2] = {
        {"storage.md", "storage.outline"}, {"cooking.txt", "cooking.outline"},   {"biology.md", "biology.outline"},
        {"poem.txt", "poem.outline"},      {"shopping.txt", "shopping.outline"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        char *text, *expected;
        snprintf(path, sizeof path, "tests/golden/notes/%s", names[i][0]);
        text = read_text(path);
        snprintf(path, sizeof path, "tests/golden/notes/%s", names[i][1]);
        expected = read_text(path);
        assert_non_null(text);
        assert_non_null(expected);
        assert_outline(text, expected);
        free(text);
        free(expected);
    }
}

static void test_markdown_levels(void **state)
{
    (void)state;
    /* one heading above known topics is the algorithm, not a title */
    assert_outline(
        "# XGBoost\n## Input\n- CSV\n## Hyperparameters\n- eta\n",
        "# XGBoost | xgboost | Input | input\nCSV\n# XGBoost | xgboost | Hyperparameters | hyperparameters\neta\n");
    assert_outline("# Deck\n## XGBoost - Input\n- CSV\n", "= Deck\n# XGBoost | xgboost | Input | input\nCSV\n");
    assert_outline("# XGBoost\n## Input\n- CSV\n# DeepAR\n## Input\n- JSON\n",
                   "# XGBoost | xgboost | Input | input\nCSV\n# DeepAR | deepar | Input | input\nJSON\n");
    /* a number of things is no heading */
    assert_outline("# Deck\n## Trees - Input\n# of trees = 5\n",
                   "= Deck\n# Trees | trees | Input | input\n# of trees = 5\n");
    /* a title in Markdown, sections in plain lines */
    assert_outline("# Deck\nTrees - Input\nCSV\nTrees - Training\nGreedy\n",
                   "= Deck\n# Trees | trees | Input | input\nCSV\n# Trees | trees | Training | training\nGreedy\n");
    /* marks that mean something else stay */
    assert_outline("# Deck\n## Text - Input\n__label__4 and 2*3*4 and snake_case_name and **bold** `code`\n",
                   "= Deck\n# Text | text | Input | input\n"
                   "__label__4 and 2*3*4 and snake_case_name and bold code\n");
}

static void test_plain_dashes_are_no_headings(void **state)
{
    (void)state;
    assert_outline("Optimisers - Training\nAdam - adaptive steps\nSGD - plain steps\nRMSProp - scaled steps\n"
                   "Optimisers - Validation\nMomentum - helps\nMomentum - is a velocity\n",
                   "# Optimisers | optimisers | Training | training\nAdam - adaptive steps\nSGD - plain steps\n"
                   "RMSProp - scaled steps\n# Optimisers | optimisers | Validation | validation\nMomentum - helps\n"
                   "Momentum - is a velocity\n");
}

/* Headings in lower case, in capitals, with hyphens, and a misspelt one with a topic of its own. */
static void test_spellings_of_headings(void **state)
{
    (void)state;
    assert_outline(
        "linear learner - input\ncsv\nLinear Learner - Training\nSGD\nLINEAR LEARNER - Instances\nCPU\n"
        "Linear Learner - Modes\none\n",
        "# Linear Learner | linear-learner | input | input\ncsv\n# Linear Learner | linear-learner | Training | "
        "training\nSGD\n# Linear Learner | linear-learner | Instances | instances\nCPU\n"
        "# Linear Learner | linear-learner | Modes | modes\none\n");
    assert_outline("Cellular respiration – Inputs\nGlucose\nCellular respiration – Outputs\nATP\n"
                   "Celular respiration – Stages\nGlycolysis\n",
                   "# Cellular respiration | cellular-respiration | Inputs | input\nGlucose\n"
                   "# Cellular respiration | cellular-respiration | Outputs | other\nATP\n"
                   "# Cellular respiration | cellular-respiration | Stages | other\nGlycolysis\n! 5 heading_folded\n");
}

static void test_near_names(void **state)
{
    static const struct {
        const char *a, *b;
        bool near;
    } names[] = {
        {"blazingtest", "blazingtext", true},
        {"linear-lerner", "linear-learner", true},
        {"linearlearner", "linear-learner", true},
        {"objcet-detection", "object-detection", true},
        {"vitamin-a", "vitamin-b", false},
        {"object2vec", "object3vec", false},
        {"mitosis", "meiosis", false},
        {"cell", "bell", false},
        {"photosystem-i", "photosystem-ii", false},
        {"xgboost", "lightgbm", false},
        {"word2vec", "word2vec-modes", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        if (fold_is_near(names[i].a, names[i].b) != names[i].near)
            fail_msg("%s and %s", names[i].a, names[i].b);
    /* two names that share a topic are two things, however alike */
    assert_outline("Ileums - Function\nabsorbs\nIleums - Length\n3 m\nIliums - Function\nbears weight\n",
                   "# Ileums | ileums | Function | other\nabsorbs\n# Ileums | ileums | Length | other\n3 m\n"
                   "# Iliums | iliums | Function | other\nbears weight\n");
}

static void test_slugs(void **state)
{
    static const char *const slugs[][2] = {
        {"Linear Learner", "linear-learner"},
        {"Sequence-to-Sequence", "seq2seq"},
        {"Crème brûlée!", "creme-brulee"},
        {"  XGBoost ", "xgboost"},
        {"C++", "c"},
        {"Straße 7", "strasse-7"},
    };
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(slugs); i++)
        assert_string_equal(slot_slug(&arena, slugs[i][0]), slugs[i][1]);
    assert_string_not_equal(slot_slug(&arena, "機械 1"), slot_slug(&arena, "学習 1"));
    assert_string_equal(slot_slug(&arena, "機械 1"), slot_slug(&arena, "機械 1"));
    arena_free(&arena);
}

static void also_true_stands_beside_the_facts(void **state)
{
    struct notes notes =
        parse("Tea - Kinds\nKinds:\n- green\n- black\nAlso true: white, oolong\nAll come from one plant\n"
              "Coffee - Kinds\nKinds:\n- filter\n- espresso\n");
    const struct notes_fact *also = &notes.facts[3];
    (void)state;
    assert_int_equal(notes.roles[4], LINE_MARK);
    assert_true(also->also);
    assert_string_equal(also->text, "white, oolong");
    assert_int_equal(also->parent, -1);
    assert_false(notes.facts[4].also);
    assert_int_equal(notes.facts[4].parent, -1);
    assert_int_equal(notes.problem_count, 0);
    notes_free(&notes);
}

static void test_marks(void **state)
{
    struct notes notes = parse("Trees - Input\nSource: a.md\nCSV\nWhy: it is simple\nOften wrong: XML\nWhy: again\n"
                               "Source: b.md\nParquet\nTrees - Training\nWhy: of nothing\nGreedy\nSource: end.md\n"
                               "Trees - Modes\nSource and label fields\nWhy:\n- because\n");
    (void)state;
    assert_string_equal(notes.facts[0].source, "a.md");
    assert_string_equal(notes.facts[0].why, "it is simple");
    assert_string_equal(notes.facts[0].often_wrong, "XML");
    assert_string_equal(notes.facts[1].source, "b.md");
    assert_null(notes.facts[1].why);
    assert_null(notes.facts[2].source); /* a heading ends a source */
    assert_int_equal(notes.problem_count, 3);
    assert_int_equal(notes.problems[0].line, 6);
    assert_int_equal(notes.problems[1].line, 10);
    assert_int_equal(notes.problems[2].line, 12);
    for (int i = 0; i < 3; i++)
        assert_int_equal(notes.problems[i].kind, PROBLEM_ODD_MARK);
    assert_string_equal(notes.facts[3].text, "Source and label fields");
    assert_true(notes.facts[4].lead_in); /* a mark that says nothing is a lead-in */
    assert_int_equal(notes.facts[5].parent, 4);
    notes_free(&notes);
}

static void test_places(void **state)
{
    (void)state;
    /* indentation by tabs */
    assert_outline("Trees - Input\nFormats\n\tCSV\n\t\tHeader first\n\tParquet\nOne file\n",
                   "# Trees | trees | Input | input\nFormats\n  CSV\n    Header first\n  Parquet\nOne file\n");
    /* a small letter carries on, but not after a colon and not where all lines begin with one */
    assert_outline("Trees - Input\nOne file\nwith a header\nFormats:\nin order of speed\n",
                   "# Trees | trees | Input | input\nOne file with a header\n> Formats:\n  in order of speed\n");
    assert_outline("Trees - Input\none file\nwith a header\nand a label\n",
                   "# Trees | trees | Input | input\none file\nwith a header and a label\n");
    /* a lead-in without items, and one whose items are lead-ins */
    assert_outline("Trees - Input\nFormats:\nTrees - Modes\nModes:\nFast:\nGPU\nSlow:\nCPU\n",
                   "# Trees | trees | Input | input\n> Formats:\n# Trees | trees | Modes | modes\n> Modes:\n  > Fast:\n"
                   "    GPU\n  > Slow:\n    CPU\n! 2 unfinished\n");
    /* a long line with a colon: without a verb it only announces its items, with one it is a fact as well */
    assert_outline("Trees - Modes\nMost telling hyperparameters of the histogram variant:\n- eta\n- max_depth\n",
                   "# Trees | trees | Modes | modes\n> Most telling hyperparameters of the histogram variant:\n  eta\n"
                   "  max_depth\n");
    assert_outline("Trees - Modes\nCan train on only a single fast instance:\n- CPU\n- GPU\n",
                   "# Trees | trees | Modes | modes\nCan train on only a single fast instance\n  CPU\n  GPU\n");
    /* a dash that no bullet in use explains is left alone and reported */
    assert_outline("Trees - Input\n- Reads CSV – Reads Parquet\n- Libsvm\n",
                   "# Trees | trees | Input | input\nReads CSV – Reads Parquet\nLibsvm\n! 2 run_together\n");
    /* a blank line ends what words alone hold together */
    assert_outline("Trees - Input\nFormats:\nCSV\n\nOne file\n",
                   "# Trees | trees | Input | input\n> Formats:\n  CSV\nOne file\n");
    assert_outline("Trees - Input\nThe file has columns,\n",
                   "# Trees | trees | Input | input\nThe file has columns,\n! 2 unfinished\n");
    assert_outline("Trees - Input\n```\nx = 1\n", "# Trees | trees | Input | input\nx = 1\n! 2 unfinished\n");
}

static void test_tables(void **state)
{
    (void)state;
    /* two columns are pairs; a bar behind a backslash stays in its cell, a row never carries on the one above */
    assert_outline("Trees - Hyperparameters\n| Name | Meaning |\n|------|:--:|\n| eta | step size |\n"
                   "| in | a or\\|b |\n| | alone |\nmax_depth | depth\n\nAfterwards\n",
                   "# Trees | trees | Hyperparameters | hyperparameters\neta = step size\nin = a or|b\nalone\n"
                   "max_depth = depth\nAfterwards\n");
    /* items of a lead-in */
    assert_outline("Trees - Modes\nModes:\nName | Speed\n-----|------\nfast | high\nslow | low\n",
                   "# Trees | trees | Modes | modes\n> Modes:\n  fast = high\n  slow = low\n");
    /* wider ones are kept and reported, without header and dashes */
    assert_outline("Trees - Modes\n| A | B | C |\n|---|---|---|\n| x | y | z |\n",
                   "# Trees | trees | Modes | modes\n| x | y | z |\n! 2 wide_table\n");
    /* dashes below no header are a rule; bars alone make no table; code stays code */
    assert_outline("Trees - Modes\nfast\n|---|---|\nslow | low\n",
                   "# Trees | trees | Modes | modes\nfast\nslow | low\n");
    assert_outline("Trees - Modes\n```\na | b\n--|--\nc | d\n```\n",
                   "# Trees | trees | Modes | modes\na | b\\n--|--\\nc | d\n");
}

/* Definitions one below the other are facts, however long; wrapped text is one fact. */
static void test_wrapped_lines(void **state)
{
    static const char definitions[] =
        "Trees - Input\nmax_depth = how deep one tree may grow before it has to stop, by default six levels\n"
        "min_child_weight = the least sum of weights that a child has to have for a split to count\n"
        "subsample = the share of the rows that each of the trees is shown while it is being grown\n";
    struct notes notes = parse(definitions);
    (void)state;
    assert_int_equal(notes.fact_count, 3);
    notes_free(&notes);
    notes = parse("Trees - Input\nThe file has one row for each example and it has its label in the first\n"
                  "column, followed by the features, which may be whole numbers or may have a\n"
                  "decimal point, and a value that is missing is written as nothing between a\n"
                  "pair of commas.\nThere is no header.\n");
    assert_int_equal(notes.fact_count, 2);
    assert_int_equal(notes.facts[0].last_line, 5);
    notes_free(&notes);
}

/* --- what cannot be read ----------------------------------------------------------------------------------------- */

static void test_bad_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum error_code code;
        const char *says, *where;
    } inputs[] = {
        {"", 0, ERROR_INPUT, "empty", ""},
        {"\xEF\xBB\xBF", 3, ERROR_INPUT, "empty", ""},
        {" \n\t\n- \n", 7, ERROR_INPUT, "no words", ""},
        {"\xFF\xFEN\0", 4, ERROR_INPUT, "UTF-16", "line 1, byte 1"},
        {"\xFE\xFF\0N", 4, ERROR_INPUT, "UTF-16", "line 1, byte 1"},
        {"A - Input\nb\0c", 13, ERROR_INPUT, "zero byte", "line 2, byte 2"},
        {"A - Input\r\nok\r\nna\xEFve\n", 20, ERROR_INPUT, "0xEF", "line 3, byte 3"},
        {"A - Input\rcut \xE2\x86", 16, ERROR_INPUT, "0xE2", "line 2, byte 5"},
        {"\xED\xA0\x80", 3, ERROR_INPUT, "0xED", "line 1, byte 1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct notes notes;
        struct error err = {0};
        assert_int_equal(notes_parse(&notes, inputs[i].bytes, inputs[i].len, &err), -1);
        assert_int_equal(err.code, inputs[i].code);
        if (!strstr(err.what, inputs[i].says))
            fail_msg("input %zu: \"%s\" does not say %s", i, err.what, inputs[i].says);
        assert_string_equal(err.where, inputs[i].where);
        assert_true(strlen(err.fix) > 10);
        assert_null(notes.facts);
        assert_null(notes.memory);
    }
}

static char *repeated(const char *start, const char *line, size_t times)
{
    struct str text = {0};
    str_puts(&text, start);
    for (size_t i = 0; i < times; i++)
        str_puts(&text, line);
    return str_take(&text);
}

static void test_limits(void **state)
{
    char *text = repeated("A - Input\n", "x", NOTES_MAX_LINE + 1);
    struct notes notes;
    struct error err = {0};
    (void)state;
    assert_int_equal(notes_parse(&notes, text, strlen(text), &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.where, "line 2");
    text[strlen(text) - 1] = '\0';
    assert_int_equal(notes_parse(&notes, text, strlen(text), &err), 0);
    assert_int_equal(strlen(notes.facts[0].text), NOTES_MAX_LINE);
    notes_free(&notes);
    free(text);

    text = repeated("", "a\n", NOTES_MAX_LINES + 1);
    assert_int_equal(notes_parse(&notes, text, strlen(text), &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_int_equal(notes_parse(&notes, text, strlen(text) - 2, &err), 0);
    assert_int_equal(notes.fact_count, NOTES_MAX_LINES);
    notes_free(&notes);
    free(text);

    text = repeated("", "0123456789abcde\n", NOTES_MAX_BYTES / 16 + 1);
    assert_int_equal(notes_parse(&notes, text, strlen(text), &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    free(text);
}

/* However much is carried on, a fact stays within the length of a line, and lines nest no deeper than eight levels. */
static void test_bounds(void **state)
{
    char *text = repeated("A - Input\nstart\n", "-> and so on\n", 20000);
    struct notes notes = parse(text);
    struct str steps = {0};
    (void)state;
    assert_in_range(notes.fact_count, 2, 200);
    for (size_t i = 0; i < notes.fact_count; i++)
        assert_in_range(strlen(notes.facts[i].text), 1, NOTES_MAX_LINE);
    assert_roles_add_up(&notes, 20002);
    notes_free(&notes);
    free(text);

    str_puts(&steps, "A - Input\n");
    for (int i = 0; i < 180; i++) {
        for (int blank = 0; blank < i; blank++)
            str_putc(&steps, ' ');
        str_puts(&steps, "Deeper\n");
    }
    notes = parse(str_text(&steps));
    assert_int_equal(notes.fact_count, 180);
    for (size_t i = 0; i < notes.fact_count; i++)
        assert_in_range(notes.facts[i].depth, 0, 7);
    notes_free(&notes);
    str_free(&steps);
}

/* The most lines of each awkward kind are read to the end; the time limit of the suite is the only clock. */
static void test_large(void **state)
{
    static const char *const lines[] = {
        "word:\n",     "- a\n", "-> b\n", "X - Input\n", "# h\n",
        "Source: x\n", "```\n", "(((\n",  "Why: x\n",    "Text classification: one - two\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char *text = repeated("", lines[i], 50000);
        struct notes notes;
        struct error err = {0};
        if (notes_parse(&notes, text, strlen(text), &err) == 0) {
            assert_roles_add_up(&notes, 50000);
            notes_free(&notes);
        } else {
            assert_string_equal(err.what, "The notes hold no words.");
        }
        free(text);
    }
}

/* Thousands of names, each one slip away from others. */
static void test_many_near_names(void **state)
{
    struct str text = {0};
    struct notes notes;
    (void)state;
    for (int i = 0; i < 12000; i++)
        str_printf(&text, "Algorithm%c%c%c - Input\nfact\n", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
    notes = parse(str_text(&text));
    assert_int_equal(notes.section_count, 12000);
    assert_roles_add_up(&notes, 24000);
    notes_free(&notes);
    str_free(&text);
}

static void test_read(void **state)
{
    char path[] = "/tmp/flashlab-notes-XXXXXX";
    struct notes notes;
    struct error err = {0};
    int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "Trees - Input\nCSV\xFF\n", 19), 19);
    assert_int_equal(notes_read(&notes, path, &err), -1);
    assert_non_null(strstr(err.where, path));
    assert_non_null(strstr(err.where, "line 2, byte 4"));

    assert_int_equal(ftruncate(file, 100 << 20), 0); /* 100 MB of zeros: the size is refused, not the first zero */
    assert_int_equal(notes_read(&notes, path, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.where, path);
    close(file);
    unlink(path);

    assert_int_equal(notes_read(&notes, path, &err), -1);
    assert_int_equal(err.code, ERROR_INPUT);
    assert_int_equal(notes_read(&notes, "/tmp", &err), -1);
    assert_non_null(strstr(err.what, "folder"));
    assert_int_equal(notes_read(&notes, "/dev/zero", &err), -1); /* tells no size and never ends */
    assert_int_equal(err.code, ERROR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_roles),
        cmocka_unit_test(test_reference_counts),
        cmocka_unit_test(test_reference_problems),
        cmocka_unit_test(test_reference_slots),
        cmocka_unit_test(test_reference_texts),
        cmocka_unit_test(test_reference_in_other_dress),
        cmocka_unit_test(test_other_subjects),
        cmocka_unit_test(test_markdown_levels),
        cmocka_unit_test(test_plain_dashes_are_no_headings),
        cmocka_unit_test(test_spellings_of_headings),
        cmocka_unit_test(test_near_names),
        cmocka_unit_test(test_slugs),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_wrapped_lines),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_many_near_names),
        cmocka_unit_test(also_true_stands_beside_the_facts),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
