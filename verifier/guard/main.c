/* SPDX-License-Identifier: Apache-2.0 */
/* jeton-guard: the sidecar's command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/daemon/daemon.h"
#include "verifier/guard/guard.h"

#include "common/base/base.h"

#define EXIT_USAGE 1

static const char usage[] =
    "jeton-guard answers a proxy whether a request may pass: it verifies the bearer token by "
    "rules.\n\n"
    "  jeton-guard serve --config FILE   serve until SIGTERM; SIGHUP reads the file again\n"
    "  jeton-guard check --config FILE   check the configuration; fetch and change nothing\n"
    "  jeton-guard --version\n\n"
    "The configuration is described in jeton-guard(8), the proxies in docs/integrations.\n";

static int say_usage(const char *sentence)
{
    (void)fprintf(stderr, "jeton-guard: %s\n\n%s", sentence, usage);
    return EXIT_USAGE;
}

static int fail(enum jt_err err, const struct jt_diag *diag)
{
    (void)fprintf(stderr, "jeton-guard: %s\n", jt_diag_text(diag, err));
    return EXIT_FAILURE;
}

static int serve(const char *path)
{
    struct jt_log log = {STDERR_FILENO, JT_LOG_INFO, &jt_clock_system};
    struct jt_guardconf conf = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_guardconf_load_file(path, &conf, &diag);
    if (err != JT_OK) {
        return fail(err, &diag);
    }
    log.level = jt_guardconf_log_level(&conf);
    jt_daemon_signals();
    err = jt_guard_run(&conf, path, &log, &diag);
    return err == JT_OK ? EXIT_SUCCESS : fail(err, &diag);
}

static int check(const char *path)
{
    struct jt_guardconf conf = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_guardconf_load_file(path, &conf, &diag);
    if (err == JT_OK) {
        err = jt_guard_check(&conf, path, &diag);
        jt_guardconf_release(&conf);
    }
    if (err != JT_OK) {
        return fail(err, &diag);
    }
    (void)printf("%s: in order\n", path);
    return EXIT_SUCCESS;
}

static const struct {
    const char *name;
    int (*run)(const char *path);
} verbs[] = {{"serve", serve}, {"check", check}};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/* Reads the options; -1 to go on, else the exit status. */
static int read_args(int argc, char **argv, const char **out_path)
{
    int option;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            *out_path = optarg;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            (void)printf("jeton-guard %s\n", JETON_VERSION);
            return EXIT_SUCCESS;
        default:
            return say_usage("see the usage");
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    int status = read_args(argc, argv, &path); // NOLINT(concurrency-mt-unsafe): one thread yet
    if (status >= 0) {
        return status;
    }
    if (optind + 1 != argc) {
        return say_usage("name one of serve, check");
    }
    for (size_t i = 0; i < JT_COUNT(verbs); i++) {
        if (jt_span_is(jt_span_str(argv[optind]), verbs[i].name)) {
            return path == NULL ? say_usage("the command needs --config FILE") : verbs[i].run(path);
        }
    }
    return say_usage("there is no such command; name one of serve, check");
}
