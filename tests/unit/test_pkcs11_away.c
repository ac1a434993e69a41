/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that cannot be reached, do not let us in, or go away and come back. */
#include "tests/unit/unit_pkcs11.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "common/base/base.h"

/* --- at the start --- */

static enum jt_err connect_to(const struct jt_pkcs11_conf *conf)
{
    JT_AUTOP(pkcs11) token = NULL;
    diag = (struct jt_diag)JT_DIAG_INIT;
    JT_TRY(jt_pkcs11_new(conf, &token, &diag));
    return jt_pkcs11_ping(token, &diag);
}

static void start_without_what_it_needs_told(void **state)
{
    (void)state;
    static const struct {
        struct jt_pkcs11_conf conf;
        enum jt_err want;
        const char *told;
    } rows[] = {
        {{LOOSE_MODULE, SOFTHSM_LABEL, NULL, NULL, PIN_VARIABLE}, JT_OK, ""},
        {{NULL, SOFTHSM_LABEL, NULL, NULL, PIN_VARIABLE}, JT_ERR_CONFIG, "pkcs11_module"},
        {{LOOSE_MODULE, NULL, NULL, NULL, PIN_VARIABLE}, JT_ERR_CONFIG, "pkcs11_token"},
        {{LOOSE_MODULE, SOFTHSM_LABEL, NULL, NULL, NULL}, JT_ERR_CONFIG, "pkcs11_pin_file"},
        {{LOOSE_MODULE, SOFTHSM_LABEL, "/f", NULL, PIN_VARIABLE}, JT_ERR_CONFIG, "exactly one"},
        {{LOOSE_MODULE, SOFTHSM_LABEL, "/nowhere/pin", NULL, NULL}, JT_ERR_CONFIG, "/nowhere/pin"},
        {{LOOSE_MODULE, SOFTHSM_LABEL, NULL, NULL, "JETON_NO_PIN"}, JT_ERR_CONFIG, "JETON_NO_PIN"},
        {{"/nowhere/module.so", SOFTHSM_LABEL, NULL, NULL, PIN_VARIABLE},
         JT_ERR_SIGNER_AWAY,
         "/nowhere/module.so is not a PKCS#11 module"},
        {{"/bin/sh", SOFTHSM_LABEL, NULL, NULL, PIN_VARIABLE},
         JT_ERR_SIGNER_AWAY,
         "/bin/sh is not a PKCS#11 module"},
        {{LOOSE_MODULE, "jet", NULL, NULL, PIN_VARIABLE},
         JT_ERR_SIGNER_AWAY,
         "no token called 'jet'"},
        {{LOOSE_MODULE, "jeton2", NULL, NULL, PIN_VARIABLE}, JT_ERR_SIGNER_AWAY, "'jeton2'"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_err(connect_to(&rows[i].conf), rows[i].want);
        assert_non_null(strstr(diag.text, rows[i].told));
    }
}

static void two_tokens_of_one_label_refused(void **state)
{
    (void)state;
    struct jt_pkcs11_conf conf = token_conf();
    assert_true(softhsm_add("second"));
    assert_ok(connect_to(&conf));
    assert_true(softhsm_add(SOFTHSM_LABEL));
    assert_err(connect_to(&conf), JT_ERR_SIGNER_AWAY);
    assert_non_null(strstr(diag.text, "more than one"));
    conf.token = "second";
    assert_ok(connect_to(&conf));
}

static void write_pin(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void pin_file_checked_as_a_key_encryption_key(void **state)
{
    (void)state;
    char path[128], long_pin[300];
    (void)snprintf(path, sizeof path, "%s/pin", softhsm_folder());
    memset(long_pin, '1', sizeof long_pin);
    long_pin[sizeof long_pin - 1] = 0;
    struct jt_pkcs11_conf conf = token_conf();
    conf.pin_env = NULL;
    conf.pin_file = path;
    const struct {
        const char *text;
        mode_t mode;
        enum jt_err want;
    } rows[] = {
        {SOFTHSM_PIN, 0600, JT_OK},         {SOFTHSM_PIN "\r\n", 0400, JT_OK},
        {SOFTHSM_PIN, 0640, JT_ERR_CONFIG}, {"\n", 0600, JT_ERR_CONFIG},
        {long_pin, 0600, JT_ERR_CONFIG},    {SOFTHSM_PIN " ", 0600, JT_ERR_SIGNER_AWAY},
        {"4321", 0600, JT_ERR_SIGNER_AWAY},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        (void)unlink(path); /* the first time there is none */
        write_pin(path, rows[i].text, rows[i].mode);
        assert_err(connect_to(&conf), rows[i].want);
    }
    assert_non_null(strstr(diag.text, "give the right PIN"));
}

static void last_try_is_left_to_the_operator(void **state)
{
    (void)state;
    struct jt_pkcs11_conf conf = token_conf();
    atomic_store(&loose->final_try, true);
    assert_err(connect_to(&conf), JT_ERR_SIGNER_AWAY);
    assert_non_null(strstr(diag.text, "one more try"));
    assert_int_equal(atomic_load(&loose->logins), 0);
    atomic_store(&loose->final_try, false);
    assert_ok(connect_to(&conf));
}

/* --- while it runs --- */

static void token_pulled_out_and_put_back_signs_again(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    assert_ok(try_sign(&sealed));
    assert_false(status_now().away);
    for (int round = 0; round < 3; round++) {
        atomic_store(&loose->away, true);
        assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
        assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
        assert_true(status_now().away);
        atomic_store(&loose->away, false);
        assert_ok(try_sign(&sealed));
        assert_false(status_now().away);
    }
}

/* Numbers of objects begin anew with each connection: the one that was this key's may be another's. */
static void number_of_a_key_is_asked_anew_after_a_connection(void **state)
{
    (void)state;
    const struct jt_claims claims = some_claims("at+jwt");
    struct jt_sealed keys[4];
    for (size_t i = 0; i < JT_COUNT(keys); i++) {
        keys[i] = generate_and_load(JT_ALG_ES256);
    }
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < JT_COUNT(keys); i++) {
            const struct jt_sealed *key = &keys[round == 0 ? i : JT_COUNT(keys) - 1 - i];
            JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
            assert_ok(sign(key, &claims, &token));
            assert_true(verify_by_openssl(jt_buf_span(&token), key));
        }
        atomic_store(&loose->away, true);
        assert_err(try_sign(&keys[0]), JT_ERR_SIGNER_AWAY);
        atomic_store(&loose->away, false);
    }
    for (size_t i = 0; i < JT_COUNT(keys); i++) {
        jt_sealed_release(&keys[i]);
    }
}

/* As when the pair was taken out and put back, while the connection stood. */
static void key_that_has_another_number_signs_again(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    assert_ok(try_sign(&sealed));
    int before = atomic_load(&loose->initialized);
    atomic_store(&loose->stale, 1);
    assert_ok(try_sign(&sealed));
    assert_int_equal(atomic_load(&loose->stale), 0);
    atomic_store(&loose->stale, 9);
    assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY); /* it is looked for once */
    assert_int_equal(atomic_load(&loose->stale), 7);
    atomic_store(&loose->stale, 0);
    assert_ok(try_sign(&sealed));
    assert_int_equal(atomic_load(&loose->initialized), before);
}

/* Nobody asks for access tokens of an issuer that says it is not ready: the thread of a signer made
 * by its configuration sees it go and come back, and destroys what was left. */
static void token_is_tended_while_nobody_signs(void **state)
{
    (void)state;
    struct jt_pkcs11_conf conf = token_conf();
    JT_AUTOP(pkcs11) token = NULL;
    JT_AUTOP(pkcs11_tend) tend = NULL;
    JT_AUTO(sealed) old = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) older = generate_and_load(JT_ALG_ES256);
    assert_ok(jt_pkcs11_new(&conf, &token, &diag));
    assert_false(jt_pkcs11_is_up(token));
    assert_ok(jt_pkcs11_ping(token, &diag));
    assert_ok(jt_pkcs11_tend_new(token, &tend));
    assert_ok(jt_pkcs11_tend_start(tend));
    assert_true(jt_pkcs11_is_up(token));
    atomic_store(&loose->away, true);
    while (jt_pkcs11_is_up(token)) {
        (void)sched_yield();
    }
    jt_pkcs11_tend_end(tend, jt_buf_span(&old.kid));
    jt_pkcs11_tend_end(tend, jt_buf_span(&older.kid));
    assert_int_equal(jt_pkcs11_tend_leftover(tend), 2);
    atomic_store(&loose->away, false);
    while (!jt_pkcs11_is_up(token) || jt_pkcs11_tend_leftover(tend) > 0) {
        (void)sched_yield();
    }
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &old), 0);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &older), 0);
}

static void rows_are_read_while_it_is_away(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) old = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) strange = generate(JT_ALG_ES256);
    JT_AUTO(sealed) erased = copy_of(&old);
    jt_buf_clear(&erased.blob);
    atomic_store(&loose->away, true);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(status_now().leftover, 1);
    assert_err(try_sign(&old), JT_ERR_KEY_ABSENT);
    assert_err(jt_signer_load(signer, &strange, LONGEST, NULL, &diag), JT_ERR_SIGNER_AWAY);
    assert_non_null(strstr(diag.text, "no token called"));
    JT_AUTO(sealed) made = JT_SEALED_INIT;
    assert_err(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &made, &diag),
               JT_ERR_SIGNER_AWAY);
    atomic_store(&loose->away, false);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &old), 1);
    assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
    assert_int_equal(status_now().leftover, 0);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, &old), 0);
    assert_ok(jt_signer_load(signer, &strange, LONGEST, NULL, &diag));
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, JT_ALG_ES256, &made, &diag));
}

static void refused_pin_is_not_given_again(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    atomic_store(&loose->away, true);
    assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
    atomic_store(&loose->refuse_pin, true); /* changed while it was away */
    atomic_store(&loose->away, false);
    int before = atomic_load(&loose->logins);
    for (int i = 0; i < 5; i++) {
        assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
    }
    assert_int_equal(atomic_load(&loose->logins), before + 1);
    restart_signer(JT_SIGNER_PKCS11);
    atomic_store(&loose->refuse_pin, false);
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

static void key_taken_out_of_a_token_that_answers_connects_not_anew(void **state)
{
    (void)state;
    JT_AUTO(sealed) gone = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) kept = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) erased = copy_of(&gone);
    jt_buf_clear(&erased.blob);
    assert_ok(try_sign(&gone));
    JT_AUTOP(signer) other = token_signer(JT_SIGNER_PKCS11); /* a replica was faster */
    assert_ok(jt_signer_load(other, &erased, LONGEST, NULL, &diag));
    int before = atomic_load(&loose->initialized);
    assert_err(try_sign(&gone), JT_ERR_SIGNER_AWAY);
    assert_ok(try_sign(&kept));
    assert_int_equal(atomic_load(&loose->initialized), before);
    assert_false(status_now().away);
}

struct worker {
    const struct jt_sealed *row;
    struct jt_signer_lane *lane;
    atomic_bool stop;
    atomic_int right, away, wrong;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct jt_claims claims = some_claims("at+jwt");
    while (!atomic_load(&w->stop)) {
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        enum jt_err err = jt_signer_sign(w->lane, jt_buf_span(&w->row->kid), &claims, &token);
        atomic_int *count = err == JT_OK                ? &w->right
                            : err == JT_ERR_SIGNER_AWAY ? &w->away
                                                        : &w->wrong;
        atomic_fetch_add(count, 1);
    }
    return NULL;
}

static void wait_for(atomic_int *count)
{
    int before = atomic_load(count);
    while (atomic_load(count) <= before) {
        (void)sched_yield();
    }
}

static void threads_that_sign_meanwhile_fail_and_recover(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    static struct worker workers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        workers[i].row = &sealed;
        assert_ok(jt_signer_lane_new(signer, &workers[i].lane));
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int round = 0; round < 10; round++) {
        atomic_store(&loose->away, true);
        for (size_t i = 0; i < JT_COUNT(workers); i++) {
            wait_for(&workers[i].away);
        }
        atomic_store(&loose->away, false);
        for (size_t i = 0; i < JT_COUNT(workers); i++) {
            wait_for(&workers[i].right);
        }
    }
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        atomic_store(&workers[i].stop, true);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        jt_signer_lane_free(workers[i].lane);
    }
    for (size_t i = 0; i < JT_COUNT(workers); i++) {
        assert_int_equal(atomic_load(&workers[i].wrong), 0);
    }
}

static void *connect_anew(void *arg)
{
    const struct jt_sealed *row = arg;
    const struct jt_claims claims = some_claims("at+jwt");
    struct jt_signer_lane *own = NULL;
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    enum jt_err err = jt_signer_lane_new(signer, &own);
    if (err == JT_OK) {
        err = jt_signer_sign(own, jt_buf_span(&row->kid), &claims, &token);
        jt_signer_lane_free(own);
    }
    return err == JT_OK ? arg : NULL;
}

/* One waits for a token that hangs while it is connected to; the others are told at once. */
static void token_that_hangs_holds_up_one_alone(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    pthread_t thread;
    void *ended = NULL;
    atomic_store(&loose->away, true);
    assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
    atomic_store(&loose->away, false);
    atomic_store(&loose->stall, true);
    assert_int_equal(pthread_create(&thread, NULL, connect_anew, &sealed), 0);
    while (atomic_load(&loose->stalled) == 0) {
        (void)sched_yield();
    }
    for (int i = 0; i < 3; i++) {
        assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
    }
    atomic_store(&loose->stall, false);
    assert_int_equal(pthread_join(thread, &ended), 0);
    assert_ptr_equal(ended, &sealed);
    assert_ok(try_sign(&sealed));
}

int main(void)
{
    int missing = find_modules();
    if (missing != 0) {
        return missing;
    }
    const struct CMUnitTest tests[] = {
        with_token(start_without_what_it_needs_told),
        with_token(two_tokens_of_one_label_refused),
        with_token(pin_file_checked_as_a_key_encryption_key),
        with_token(last_try_is_left_to_the_operator),
        with_token_signer(token_pulled_out_and_put_back_signs_again),
        with_token_signer(key_that_has_another_number_signs_again),
        with_token_signer(number_of_a_key_is_asked_anew_after_a_connection),
        with_token_signer(token_is_tended_while_nobody_signs),
        with_token_signer(rows_are_read_while_it_is_away),
        with_token_signer(refused_pin_is_not_given_again),
        with_token_signer(key_taken_out_of_a_token_that_answers_connects_not_anew),
        with_token_signer(threads_that_sign_meanwhile_fail_and_recover),
        with_token_signer(token_that_hangs_holds_up_one_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
