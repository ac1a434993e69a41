/* SPDX-License-Identifier: Apache-2.0 */
/* jwks_cache: the set that a verifier keeps in a file, so that its next start needs no network. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/verify_desk.h"

static const struct token_key *key, *next;
static char folder[] = "/tmp/test_verifier_kept.XXXXXX";
static char path[sizeof folder + 16];

static int make_keys(void **state)
{
    (void)state;
    key = token_maker_key("ES256");
    next = token_maker_key("ES256");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/jwks.json", folder);
    return 0;
}

static int release(void **state)
{
    (void)state;
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0); /* and nothing else was left there */
    token_maker_release();
    return 0;
}

static unsigned told; /* JETON_EVENT_CACHE_FAILED */
static unsigned sets; /* JETON_EVENT_SET */
static char text[512];

static void record(void *ctx, const struct jeton_event *event)
{
    (void)ctx;
    sets += event->kind == JETON_EVENT_SET;
    if (event->kind == JETON_EVENT_CACHE_FAILED) {
        told++;
        (void)snprintf(text, sizeof text, "%s", event->text);
    }
}

/* Opens without a single request: what is there comes from the file. */
static void open_at(struct desk *desk, int64_t now_s, const char *issuer)
{
    *desk = (struct desk){.now_s = now_s, .boot_ms = 5000, .max_age_s = -1};
    struct jeton_options options = desk_options(desk);
    struct jeton_policy policy = desk_policy();
    options.on_event = record;
    policy.issuer = issuer;
    policy.jwks_cache = path;
    told = sets = 0;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk->verifier), JETON_OK);
    assert_status(jeton_worker_new(desk->verifier, &desk->worker), JETON_OK);
    assert_int_equal(desk->fetches, 0);
}

static void fetch(struct desk *desk, const char *body)
{
    desk->body = body;
    assert_true(jeton_verifier_poll(desk->verifier) > 0);
    assert_int_equal(desk->fetches, 1);
}

static void keep(const struct token_key *k)
{
    struct desk desk;
    (void)unlink(path);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    fetch(&desk, desk_jwks(k));
    assert_int_equal(told, 0);
    desk_close(&desk);
}

static void set_is_there_at_the_next_start_without_a_request(void **state)
{
    (void)state;
    struct desk desk;
    struct stat file;
    keep(key);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    open_at(&desk, DESK_NOW + 60, DESK_ISSUER);
    assert_int_equal(told, 0);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_OK);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    assert_status(jeton_verifier_info(desk.verifier, 0, &info), JETON_OK);
    assert_int_equal(info.age_s, 60);
    assert_int_equal(info.fresh_s, 840);
    /* the network is asked all the same, and the new set replaces the kept one */
    fetch(&desk, desk_jwks(next));
    assert_pair(&desk, desk_token(key, "{}"), JETON_BAD_SIGNATURE, desk_token(next, "{}"));
    desk_close(&desk);
    open_at(&desk, DESK_NOW + 120, DESK_ISSUER);
    assert_pair(&desk, desk_token(key, "{}"), JETON_BAD_SIGNATURE, desk_token(next, "{}"));
    desk_close(&desk);
}

static void same_keys_over_the_network_are_no_other_set(void **state)
{
    (void)state;
    struct desk desk;
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    keep(key);
    open_at(&desk, DESK_NOW + 60, DESK_ISSUER);
    fetch(&desk, token_maker_text("\n%s", desk_jwks(key)));
    assert_int_equal(sets, 0);
    assert_status(jeton_verifier_info(desk.verifier, 0, &info), JETON_OK);
    assert_int_equal(info.sets, 1);
    assert_int_equal(info.age_s, 0);
    desk_close(&desk);
}

static void file_that_others_may_write_is_not_used(void **state)
{
    (void)state;
    struct desk desk;
    static const mode_t modes[] = {0620, 0602, 0666, 0640, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        keep(key);
        assert_int_equal(chmod(path, modes[i]), 0);
        int own = (modes[i] & 022) == 0;
        open_at(&desk, DESK_NOW, DESK_ISSUER);
        assert_int_equal(jeton_verifier_ready(desk.verifier), own);
        assert_int_equal(told, !own);
        desk_close(&desk);
    }
    if (geteuid() == 0) { /* who is root can have another's file there */
        keep(key);
        assert_int_equal(chown(path, 65534, 65534), 0);
        open_at(&desk, DESK_NOW, DESK_ISSUER);
        assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
        assert_non_null(strstr(text, "nobody else may write"));
        desk_close(&desk);
    }
    keep(key);
    char beside[sizeof path + 8];
    (void)snprintf(beside, sizeof beside, "%s.fifo", path);
    assert_int_equal(mkfifo(beside, 0600), 0);
    assert_int_equal(rename(beside, path), 0);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    assert_int_equal(told, 1);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    desk_close(&desk);
}

static void set_too_large_to_keep_is_used_and_told(void **state)
{
    (void)state;
    struct desk desk;
    const char *jwks = desk_jwks(key);
    (void)unlink(path);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    int filler = 256 * 1024 - (int)strlen(jwks) - 20;
    fetch(&desk, token_maker_text("{\"x\":\"%0*d\",%s", filler, 0, jwks + 1));
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_int_equal(told, 1);
    desk_close(&desk);
    assert_int_equal(access(path, F_OK), -1);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    fetch(&desk, token_maker_text("{\"x\":\"%0*d\",%s", filler - 200, 0, jwks + 1));
    assert_int_equal(told, 0);
    desk_close(&desk);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    desk_close(&desk);
}

static void kept_set_grows_old_as_any_other(void **state)
{
    (void)state;
    struct desk desk;
    keep(key);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    const char *token = desk_token(key, "{\"exp\":1900000000}");
    open_at(&desk, DESK_NOW + 900 + 86399, DESK_ISSUER);
    desk.fetch_status = JETON_FETCH_FAILED;
    (void)jeton_verifier_poll(desk.verifier);
    assert_status(jeton_verifier_info(desk.verifier, 0, &info), JETON_OK);
    assert_int_equal(info.stale, 1);
    assert_status(desk_judge(&desk, token), JETON_OK);
    desk.boot_ms += 1000;
    (void)jeton_verifier_poll(desk.verifier);
    assert_status(desk_judge(&desk, token), JETON_NO_KEYS);
    desk_close(&desk);
    open_at(&desk, DESK_NOW + 900 + 86400, DESK_ISSUER);
    assert_int_equal(told, 1);
    assert_non_null(strstr(text, "too old"));
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    desk_close(&desk);
    /* under a clock that was set back it is young */
    open_at(&desk, DESK_NOW - 5000, DESK_ISSUER);
    assert_status(jeton_verifier_info(desk.verifier, 0, &info), JETON_OK);
    assert_int_equal(info.age_s, 0);
    desk_close(&desk);
}

static void put_file(const char *content)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void file_that_is_not_of_this_issuer_or_broken_is_not_used(void **state)
{
    (void)state;
    struct desk desk;
    keep(key);
    open_at(&desk, DESK_NOW, "https://other.example.com");
    assert_int_equal(told, 1);
    assert_non_null(strstr(text, "issuer"));
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    desk_close(&desk);
    const char *jwks = desk_jwks(key), *members = jwks + 1;
    const struct {
        const char *content;
        int ready;
    } rows[] = {
        {"", 0},
        {"{", 0},
        {"[]", 0},
        {jwks, 0}, /* whose, and of when? */
        {token_maker_text("{\"fetched\":%d,\"fresh_for\":300,%s", (int)DESK_NOW, members), 0},
        {token_maker_text(
             "{\"issuer\":\"%s\",\"fetched\":-9223372036854775807,\"fresh_for\":300,%s",
             DESK_ISSUER, members),
         0},
        {token_maker_text("{\"issuer\":7,\"fetched\":%d,\"fresh_for\":300,%s", (int)DESK_NOW,
                          members),
         0},
        {token_maker_text("{\"issuer\":\"%s\",\"fetched\":%d,%s", DESK_ISSUER, (int)DESK_NOW,
                          members),
         0},
        {token_maker_text("{\"issuer\":\"%s\",\"fetched\":-1,\"fresh_for\":300,%s", DESK_ISSUER,
                          members),
         0},
        {token_maker_text("{\"issuer\":\"%s\",\"fetched\":%d,\"fresh_for\":300,\"keys\":[]}",
                          DESK_ISSUER, (int)DESK_NOW),
         0},
        {token_maker_text("{\"issuer\":\"%s\",\"fetched\":%d,\"fresh_for\":300,%s", DESK_ISSUER,
                          (int)DESK_NOW, members),
         1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_file(rows[i].content);
        open_at(&desk, DESK_NOW, DESK_ISSUER);
        assert_int_equal(jeton_verifier_ready(desk.verifier), rows[i].ready);
        assert_int_equal(told, !rows[i].ready);
        /* and it is mended by the next fetch */
        fetch(&desk, jwks);
        desk_close(&desk);
        open_at(&desk, DESK_NOW, DESK_ISSUER);
        assert_int_equal(told, 0);
        assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
        desk_close(&desk);
    }
}

static void kept_set_says_how_long_it_is_fresh_within_the_limits(void **state)
{
    (void)state;
    static const struct {
        const char *fresh_for;
        int64_t fresh_s;
    } rows[] = {{"0", 300}, {"301", 301}, {"9223372036854775807", 86400}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk desk;
        struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
        put_file(token_maker_text("{\"issuer\":\"%s\",\"fetched\":%d,\"fresh_for\":%s,%s",
                                  DESK_ISSUER, (int)DESK_NOW, rows[i].fresh_for,
                                  desk_jwks(key) + 1));
        open_at(&desk, DESK_NOW, DESK_ISSUER);
        assert_status(jeton_verifier_info(desk.verifier, 0, &info), JETON_OK);
        assert_int_equal(info.fresh_s, rows[i].fresh_s);
        desk_close(&desk);
    }
}

static void file_that_cannot_be_written_is_told_and_stops_nothing(void **state)
{
    (void)state;
    struct desk desk;
    char good[sizeof path];
    (void)memcpy(good, path, sizeof path);
    (void)snprintf(path, sizeof path, "%s/no/x", folder);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    fetch(&desk, desk_jwks(key));
    assert_int_equal(told, 1);
    assert_non_null(strstr(text, "cannot write"));
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_OK);
    desk_close(&desk);
    (void)memcpy(path, good, sizeof path);
}

/* A disk that is full, as far as this program can make one. */
static void file_that_cannot_be_written_whole_leaves_the_one_before(void **state)
{
    (void)state;
    struct desk desk;
    struct rlimit limit;
    keep(key);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    const struct rlimit small = {16, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    desk.body = desk_jwks(next);
    (void)jeton_verifier_poll(desk.verifier);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(told, 1);
    assert_non_null(strstr(text, "cannot write"));
    assert_status(desk_judge(&desk, desk_token(next, "{}")), JETON_OK);
    desk_close(&desk);
    open_at(&desk, DESK_NOW, DESK_ISSUER);
    assert_pair(&desk, desk_token(next, "{}"), JETON_BAD_SIGNATURE, desk_token(key, "{}"));
    desk_close(&desk);
}

static void cache_beside_a_file_of_the_operators_refused(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    jeton_verifier *verifier = NULL;
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    policy.jwks_cache = path;
    policy.jwks_file = path;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "jwks_cache"));
    jeton_verifier_free(verifier);
    policy.jwks_file = NULL;
    policy.jwks_cache = "";
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_USAGE);
    jeton_verifier_free(verifier);
    policy.jwks_cache = path;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_is_there_at_the_next_start_without_a_request),
        cmocka_unit_test(same_keys_over_the_network_are_no_other_set),
        cmocka_unit_test(file_that_others_may_write_is_not_used),
        cmocka_unit_test(set_too_large_to_keep_is_used_and_told),
        cmocka_unit_test(kept_set_grows_old_as_any_other),
        cmocka_unit_test(file_that_is_not_of_this_issuer_or_broken_is_not_used),
        cmocka_unit_test(kept_set_says_how_long_it_is_fresh_within_the_limits),
        cmocka_unit_test(file_that_cannot_be_written_is_told_and_stops_nothing),
        cmocka_unit_test(file_that_cannot_be_written_whole_leaves_the_one_before),
        cmocka_unit_test(cache_beside_a_file_of_the_operators_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, release);
}
