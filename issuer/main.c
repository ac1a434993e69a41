/* SPDX-License-Identifier: Apache-2.0 */
/* jetond: the issuer daemon's command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/daemon/daemon.h"
#include "issuer/askready.h"
#include "issuer/dev.h"
#include "issuer/serve.h"
#include "keys/memory_guard.h"
#include "keys/signer_child.h"

#include "common/base/base.h"

#define EXIT_USAGE 1

static const char usage[] =
    "jetond issues short-lived access tokens for machines.\n\n"
    "  jetond serve --config FILE     serve until SIGTERM; SIGHUP reads the file again\n"
    "  jetond check --config FILE     check configuration, keys and database; change nothing\n"
    "  jetond health --config FILE    does the issuer that runs with it serve tokens? 0: yes\n"
    "  jetond dev [--listen ADDR:PORT] [--dir DIR] [--alg A,B] [--tls] [-o json]\n"
    "                                 an issuer to try, on loopback, with a client made and told\n"
    "  jetond --version\n\n"
    "The configuration is described in jetond(8).\n";

struct args {
    const char *config, *listen, *dir, *algorithms;
    bool json, tls;
    char given[16]; /* the options that were given, as letters */
};

static int say_usage(const char *sentence)
{
    (void)fprintf(stderr, "jetond: %s\n\n%s", sentence, usage);
    return EXIT_USAGE;
}

static int fail(enum jt_err err, const struct jt_diag *diag)
{
    (void)fprintf(stderr, "jetond: %s\n", jt_diag_text(diag, err));
    return EXIT_FAILURE;
}

static int serve(const struct args *args)
{
    struct jt_log log = {STDERR_FILENO, JT_LOG_INFO, &jt_clock_system};
    struct jt_config config = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    if (args->config == NULL) {
        return say_usage("serve needs --config FILE");
    }
    enum jt_err err = jt_config_load_file(args->config, &config, &diag);
    if (err != JT_OK) {
        return fail(err, &diag);
    }
    log.level = jt_config_log_level(&config);
    struct jt_serve run = {.config = &config, .config_path = args->config, .log = &log};
    jt_daemon_signals();
    err = jt_serve_run(&run, &diag);
    jt_config_release(&config);
    return err == JT_OK ? EXIT_SUCCESS : fail(err, &diag);
}

static int check(const struct args *args)
{
    struct jt_config config = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    if (args->config == NULL) {
        return say_usage("check needs --config FILE");
    }
    enum jt_err err = jt_config_load_file(args->config, &config, &diag);
    if (err == JT_OK) {
        err = jt_serve_check(&config, &diag);
        jt_config_release(&config);
    }
    if (err != JT_OK) {
        return fail(err, &diag);
    }
    (void)printf("%s: in order\n", args->config);
    return EXIT_SUCCESS;
}

/* For whoever watches a container: the daemon's own word, without a tool beside it. */
static int health(const struct args *args)
{
    struct jt_config config = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    if (args->config == NULL) {
        return say_usage("health needs --config FILE");
    }
    enum jt_err err = jt_config_load_file(args->config, &config, &diag);
    if (err == JT_OK) {
        err = jt_askready(config.admin_socket, &diag);
        jt_config_release(&config);
    }
    if (err != JT_OK) {
        return fail(err, &diag);
    }
    (void)printf("ok\n");
    return EXIT_SUCCESS;
}

static int dev(const struct args *args)
{
    struct jt_log log = {STDERR_FILENO, JT_LOG_INFO, &jt_clock_system};
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_dev run = {.listen = args->listen,
                         .dir = args->dir,
                         .algorithms = args->algorithms,
                         .tls = args->tls,
                         .json = args->json,
                         .log = &log};
    jt_daemon_signals();
    enum jt_err err = jt_dev_run(&run, &diag);
    return err == JT_OK ? EXIT_SUCCESS : fail(err, &diag);
}

static const struct {
    const char *name;
    int (*run)(const struct args *args);
    const char *takes; /* the options it knows, as letters */
} verbs[] = {
    {"serve", serve, "c"}, {"check", check, "c"}, {"health", health, "c"}, {"dev", dev, "ldato"}};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'}, {"listen", required_argument, NULL, 'l'},
    {"dir", required_argument, NULL, 'd'},    {"alg", required_argument, NULL, 'a'},
    {"tls", no_argument, NULL, 't'},          {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0},
};

/* Reads the options; -1 to go on, else the exit status. */
static int read_args(int argc, char **argv, struct args *out)
{
    int option;
    while ((option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1) {
        size_t n = strlen(out->given);
        out->given[n < sizeof out->given - 1 ? n : 0] = (char)option;
        switch (option) {
        case 'c':
            out->config = optarg;
            break;
        case 'l':
            out->listen = optarg;
            break;
        case 'd':
            out->dir = optarg;
            break;
        case 'a':
            out->algorithms = optarg;
            break;
        case 't':
            out->tls = true;
            break;
        case 'o':
            if (!jt_span_is(jt_span_str(optarg), "json")) {
                return say_usage("-o knows json only");
            }
            out->json = true;
            break;
        case 'h':
            (void)fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'v':
            (void)printf("jetond %s\n", JETON_VERSION);
            return EXIT_SUCCESS;
        default:
            return say_usage("see the usage");
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int ended = jt_child_main(argc, argv);
    if (ended >= 0) {
        return ended;
    }
    struct jt_memory_state memory;
    jt_memory_guard(&memory);                  /* told when it serves */
    int status = read_args(argc, argv, &args); // NOLINT(concurrency-mt-unsafe): one thread yet
    if (status >= 0) {
        return status;
    }
    if (optind + 1 != argc) {
        return say_usage("name one of serve, check, health, dev");
    }
    for (size_t i = 0; i < JT_COUNT(verbs); i++) {
        if (!jt_span_is(jt_span_str(argv[optind]), verbs[i].name)) {
            continue;
        }
        if (strspn(args.given, verbs[i].takes) != strlen(args.given)) {
            return say_usage("this command does not take one of the options given");
        }
        return verbs[i].run(&args);
    }
    return say_usage("there is no such command; name one of serve, check, health, dev");
}
