/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the issuer share: an issuer over a real database in a temporary folder, with a
 * fixed clock and a key-encryption key from the environment.
 */
#ifndef JT_TESTS_UNIT_UNIT_ISSUER_H
#define JT_TESTS_UNIT_UNIT_ISSUER_H

#include "tests/unit/unit_access.h"
#include "tests/unit/unit_clock.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "issuer/issuer.h"

#define START_S 1700000000
#define HOUR_S  3600
#define DAY_S   86400

#define KEK_A "0000000000000000000000000000000000000000000000000000000000000001"
#define KEK_B "0000000000000000000000000000000000000000000000000000000000000002"

struct desk {
    char dir[64];
    struct fixed_clock clock;
    struct jt_issuer *issuer;
    struct jt_log log;
};

static struct desk desk;

static inline const char *desk_db(void)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/jeton.db", desk.dir);
    return path;
}

static inline const struct jt_store_where *desk_where(void)
{
    static struct jt_store_where where;
    where.sqlite_path = desk_db();
    return &where;
}

/* A configuration with `more` lines of its `keys` mapping; without jitter unless they give it. */
static inline enum jt_err desk_config(const char *more, struct jt_config *out)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "issuer: https://id.example.com\nstore: {path: %s}\n"
                   "keys:\n  kek_env: JT_TEST_KEK\n%s%s",
                   desk_db(), strstr(more, "jitter") == NULL ? "  jitter: 0\n" : "", more);
    *out = (struct jt_config){0};
    return jt_config_load(jt_span_str(text), "test", out, NULL);
}

static inline enum jt_err desk_try_open(const char *more, struct jt_diag *diag)
{
    struct jt_config config;
    struct jt_issuer_deps deps = {&desk.clock.clock, &jt_random_system, &desk.log};
    assert_null(desk.issuer);
    assert_ok(desk_config(more, &config));
    enum jt_err err = jt_issuer_open(&deps, &config, &desk.issuer, diag);
    jt_config_release(&config);
    return err;
}

static inline void desk_open(const char *more)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = desk_try_open(more, &diag);
    if (err != JT_OK) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
}

static inline void desk_close(void)
{
    jt_issuer_free(desk.issuer);
    desk.issuer = NULL;
}

/* As a restart: nothing but the database goes on. */
static inline void desk_reopen(const char *more)
{
    desk_close();
    desk_open(more);
}

static inline int desk_setup(void **state)
{
    (void)state;
    desk = (struct desk){.dir = "/tmp/jeton-unit-XXXXXX", .log = {-1, JT_LOG_ERROR, NULL}};
    (void)fixed_clock(&desk.clock, START_S);
    (void)umask(077);
    return mkdtemp(desk.dir) == NULL || setenv("JT_TEST_KEK", KEK_A, 1) != 0;
}

static inline int desk_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int desk_teardown(void **state)
{
    (void)state;
    desk_close();
    return nftw(desk.dir, desk_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, desk_setup, desk_teardown)

/* The newest root, as a request would see it. */
static inline const struct jt_root *desk_root(void)
{
    return jt_slots_current(desk.issuer->roots);
}

#endif
