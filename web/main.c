/* flashlab: serves the pages and the API; reads notes at the command line. */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/asset.h"
#include "engine/base/clock.h"
#include "web/app.h"
#include "web/lab/lab.h"
#include "web/log.h"
#include "web/server.h"
#include "web/socket.h"
#include "web/store/store.h"
#include "web/study/card.h"

#define BUILTIN_ID "builtin"
#define BUILTIN_TITLE "Flashlab: the seven algorithms"

static const char usage[] =
    "flashlab: a study deck that proves itself\n"
    "\n"
    "  flashlab serve [--listen 127.0.0.1:8080] [--data DIR] [--static DIR] [--engine PATH]\n"
    "                 [--threads N] [--runs N] [--run-seconds N] [--run-memory MB]\n"
    "      Serves the pages. DIR keeps decks and reviews (default: data). --static serves the pages' files from a\n"
    "      folder instead of those inside the program. --runs is how many trainings may run at once.\n"
    "      Each option can be set in the environment too: FLASHLAB_LISTEN, FLASHLAB_DATA, FLASHLAB_RUN_SECONDS ...\n"
    "  flashlab check NOTES [--report]\n"
    "      Reads notes and says what was understood; --report adds the share of facts covered and what was refused.\n"
    "  flashlab import NOTES [--title TEXT] [--data DIR]\n"
    "      Makes a deck from notes. NOTES is a file, or - for standard input.\n"
    "  flashlab --help | --version\n";

static int fail(const struct error *err)
{
    fprintf(stderr, "flashlab: %s%s%s%s%s%s\n", err->where, err->where[0] ? ": " : "", err->what,
            err->fix[0] ? " (" : "", err->fix, err->fix[0] ? ")" : "");
    return error_exit_status(err);
}

/* --- serve ----------------------------------------------------------------------------------------------------------
 */

static sem_t stop_asked;

static void ask_stop(int signal_number)
{
    (void)signal_number;
    sem_post(&stop_asked);
}

/* Handlers, not a blocked mask: a mask would be inherited by every trainer. */
static void listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = ask_stop, .sa_flags = SA_RESTART};
    sem_init(&stop_asked, 0, 0);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* The notes inside the program, one file per algorithm, as one text. */
static void builtin_notes(struct str *text)
{
    for (size_t i = 0; i < asset_content.count; i++) {
        const struct asset *a = &asset_content.assets[i];
        size_t len = strlen(a->path);
        if (strncmp(a->path, "notes/", 6) != 0 || len < 4 || strcmp(a->path + len - 4, ".txt") != 0)
            continue;
        str_append(text, a->plain, a->plain_len);
        str_putc(text, '\n');
    }
}

/* id: of the deck; NULL: the title's. */
static int sync_deck(struct store *store, const char *id, const char *title, const struct notes *notes,
                     struct deck_changes *changes, struct error *err)
{
    struct deck deck;
    char own[STORE_DECK_ID];
    int status;
    if (deck_make(&deck, notes, err))
        return -1;
    if (deck.card_count == 0) /* it would hide every card of the deck of that title */
        status = error_set(err, ERROR_INPUT, title, "give every topic a heading such as \"XGBoost - Input\"",
                           "no card could be made of these notes");
    else
        status = id ? store_deck_sync(store, id, title, &deck, changes, err)
                    : store_deck_import(store, title, &deck, own, changes, err);
    deck_free(&deck);
    return status;
}

static int load_builtin(struct store *store, struct error *err)
{
    struct str text = {0};
    struct notes notes;
    struct deck_changes changes = {0};
    double began = clock_seconds();
    int status = 0;
    builtin_notes(&text);
    if (text.failed)
        status = error_set(err, ERROR_SYSTEM, NULL, NULL, "out of memory while reading the notes inside the program");
    else if (text.len && (status = notes_parse(&notes, text.data, text.len, err)) == 0) {
        notes.unseen = true;
        status = sync_deck(store, BUILTIN_ID, BUILTIN_TITLE, &notes, &changes, err);
        notes_free(&notes);
        log_event("deck", "%d new cards, %d kept, %d hidden in the built-in deck, %.1f ms", changes.added, changes.kept,
                  changes.hidden, (clock_seconds() - began) * 1000);
    }
    str_free(&text);
    return status;
}

static void serve_until_asked(struct app *app, struct server *server)
{
    char address[sizeof app->config.listen];
    snprintf(address, sizeof address, "%.*s:%d", (int)strcspn(app->config.listen, ":"), app->config.listen,
             server_port(server));
    printf("Flashlab is ready: http://%s\n", address);
    fflush(stdout);
    log_event("ready", "http://%s, %.1f ms after the start", address, (clock_seconds() - app->started) * 1000);
    while (sem_wait(&stop_asked) && errno == EINTR)
        continue;
    log_event("stop", "asked to stop: requests in flight are finished first");
}

static int serve(int argc, char **argv)
{
    struct app app = {.started = clock_seconds()};
    struct server *server = NULL;
    struct error err = {0};
    if (config_read(&app.config, argc, argv, &err) || socket_probe(app.config.listen, &err))
        return fail(&err);
    socket_raise_limit();
    listen_to_signals();
    /* Pages are answered while the built-in deck is brought up to date; "ready" is said after it. */
    if ((app.store = store_open(app.config.data, &err)) && (app.lab = lab_start(&app.config, &err)) &&
        (server = server_start(&app, &err)) && load_builtin(app.store, &err) == 0)
        serve_until_asked(&app, server);
    server_stop(server);
    if (app.lab)
        lab_stop(app.lab);
    if (app.store)
        store_close(app.store);
    if (err.code)
        return fail(&err);
    log_event("stopped", "all requests finished, all data stored");
    return 0;
}

/* --- check and import ------------------------------------------------------------------------------------------------
 */

static int print_report(const struct notes *notes, const struct deck *deck, bool report)
{
    struct str text = {0};
    bool failed;
    deck_report_text(notes, deck, report, &text);
    failed = text.failed || fputs(str_text(&text), stdout) < 0 || fflush(stdout);
    str_free(&text);
    return failed ? 2 : 0;
}

static int check(int argc, char **argv)
{
    struct error err = {0};
    struct notes notes;
    struct deck deck;
    const char *path = NULL;
    bool report = false;
    int status;
    for (int i = 0; i < argc; i++) {
        if (!strcmp(argv[i], "--report"))
            report = true;
        else if (path || (argv[i][0] == '-' && argv[i][1]))
            return error_set(&err, ERROR_INPUT, argv[i], "see flashlab --help", "check takes one file of notes"),
                   fail(&err);
        else
            path = argv[i];
    }
    if (!path)
        return error_set(&err, ERROR_INPUT, "check", "see flashlab --help", "which notes? Name a file"), fail(&err);
    if (notes_read(&notes, path, &err))
        return fail(&err);
    if (deck_make(&deck, &notes, &err)) {
        notes_free(&notes);
        return fail(&err);
    }
    status = print_report(&notes, &deck, report);
    deck_free(&deck);
    notes_free(&notes);
    return status;
}

/* A server that runs holds the folder, and can import by itself. */
static void explain_lock(struct error *err, const char *dir)
{
    if (err->code == ERROR_INPUT && !strcmp(err->where, dir))
        snprintf(err->fix, sizeof err->fix, "import on its page /notes while it runs, or end it first");
}

static int import_notes(const struct config *config, const char *path, const char *title, struct error *err)
{
    struct deck_changes changes = {0};
    struct notes notes;
    struct store *store;
    const char *slash = strrchr(path, '/');
    int status;
    if (notes_read(&notes, path, err))
        return -1;
    title = title ? title : notes.title ? notes.title : slash ? slash + 1 : path;
    store = store_open(config->data, err);
    status = store ? sync_deck(store, NULL, title, &notes, &changes, err) : -1;
    if (!store)
        explain_lock(err, config->data);
    if (status == 0)
        printf("%s: %d %s added, %d kept, %d hidden\n", title, changes.added, changes.added == 1 ? "card" : "cards",
               changes.kept, changes.hidden);
    if (store)
        store_close(store);
    notes_free(&notes);
    return status;
}

static int import(int argc, char **argv)
{
    struct config config;
    struct error err = {0};
    const char *path = NULL, *title = NULL;
    char *options[8];
    int count = 0;
    for (int i = 0; i < argc; i++) {
        bool takes_value = i + 1 < argc && (!strcmp(argv[i], "--title") || !strcmp(argv[i], "--data"));
        if (takes_value && !strcmp(argv[i], "--title")) {
            title = argv[++i];
        } else if (argv[i][0] != '-' || !argv[i][1]) {
            if (path)
                return error_set(&err, ERROR_INPUT, argv[i], NULL, "import takes one file of notes"), fail(&err);
            path = argv[i];
        } else if (count + 1 < 8) {
            options[count++] = argv[i];
            if (takes_value)
                options[count++] = argv[++i];
        }
    }
    if (!path)
        return error_set(&err, ERROR_INPUT, "import", "see flashlab --help", "which notes? Name a file"), fail(&err);
    if (config_read(&config, count, options, &err) || import_notes(&config, path, title, &err))
        return fail(&err);
    return 0;
}

/* --- commands
 * --------------------------------------------------------------------------------------------------------- */

static int help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return fputs(usage, stdout) < 0 ? 2 : 0;
}

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("flashlab %s, pages %s, content %s\n", FLASHLAB_VERSION, asset_static.version, asset_content.version);
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* without the program's and the command's name; the exit status */
} commands[] = {
    {"serve", serve}, {"check", check}, {"import", import},     {"--help", help},
    {"-h", help},     {"help", help},   {"--version", version},
};

/* "flashlab serve --help" wants to know, not to serve. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct error err;
    if (sodium_init() < 0) {
        error_set(&err, ERROR_SYSTEM, NULL, NULL, "the system gives no random numbers");
        return fail(&err);
    }
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(argv[1], commands[i].name))
            return (asks_for_help(argc - 2, argv + 2) ? help : commands[i].run)(argc - 2, argv + 2);
    fputs(usage, stderr);
    return 1;
}
