/* SPDX-License-Identifier: Apache-2.0 */
/* What only a signer in a process of its own has: its end, its return, and what it may not do. What
 * every signer does is in test_signer.c and test_signer_sign.c, over this one too. */
#include "keys/signer_process.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "keys/keks.h"
#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

static char folder[] = "/tmp/jeton-process-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink("kek");
    (void)unlink("next");
    return rmdir(folder);
}

static const struct jt_signer_conf conf = {.how = JT_SIGNER_PROCESS, .kek = {.file = "kek"}};

static int make_process(void **state)
{
    (void)state;
    write_kek("kek", 1);
    write_kek("next", 2);
    diag = (struct jt_diag)JT_DIAG_INIT;
    if (jt_signer_new(&conf, &jt_random_system, &signer, &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
    assert_ok(jt_signer_lane_new(signer, &lane));
    return 0;
}

static struct jt_signer_status status_of(struct jt_signer *asked)
{
    struct jt_signer_status status;
    jt_signer_status(asked, &status);
    return status;
}

/* Ends the signer as a fault would, and waits until another is there. */
static void kill_signer(void)
{
    uint64_t before = status_of(signer).restarts;
    assert_int_equal(kill(child_pid(), SIGKILL), 0);
    struct jt_signer_status status = status_of(signer);
    while (status.restarts == before || status.away) {
        (void)sched_yield();
        status = status_of(signer);
    }
}

static void killed_then_all_that_was_loaded_signs_again(void **state)
{
    (void)state;
    JT_AUTO(sealed) one = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) two = generate_and_load(JT_ALG_EDDSA);
    JT_AUTO(sealed) gone = generate_and_load(JT_ALG_ES256);
    JT_AUTO(sealed) never = generate(JT_ALG_ES256);
    jt_buf_clear(&gone.blob);
    assert_ok(jt_signer_load(signer, &gone, LONGEST, NULL, &diag));
    assert_ok(jt_signer_load(signer, &two, LONGEST - 1, NULL, &diag));
    for (uint64_t i = 1; i <= 3; i++) {
        kill_signer();
        assert_int_equal(status_of(signer).restarts, i);
        assert_ok(try_sign(&one));
        assert_err(try_sign(&two), JT_ERR_LIFETIME); /* its bound too */
        assert_err(try_sign(&gone), JT_ERR_KEY_ABSENT);
        assert_err(try_sign(&never), JT_ERR_KEY_ABSENT);
    }
}

/* The other calls wait for the next process: what asks for them would have to do it again. */
static void killed_then_other_calls_are_answered_by_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kill(child_pid(), SIGKILL), 0);
        JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
        assert_ok(try_sign(&sealed));
    }
}

static void read_proc(int pid, const char *name, char *out, size_t room)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(out, 1, room - 1, file);
    out[n] = 0;
    (void)fclose(file);
}

/* Each thread stops when it next looks for signals, which is after kill has returned. */
static bool is_stopped(int pid)
{
    char path[64], stat[512];
    bool stopped = true;
    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    const struct dirent *task;
    while ((task = readdir(tasks)) != NULL) {
        if (task->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "task/%.20s/stat", task->d_name);
            read_proc(pid, path, stat, sizeof stat);
            stopped = stopped && strstr(stat, ") T ") != NULL;
        }
    }
    (void)closedir(tasks);
    return stopped;
}

static void stopped_without_a_word_then_replaced(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    int pid = child_pid();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    while (!is_stopped(pid)) {
        (void)sched_yield();
    }
    assert_err(try_sign(&sealed), JT_ERR_SIGNER_AWAY);
    while (status_of(signer).away) {
        (void)sched_yield();
    }
    assert_ok(try_sign(&sealed));
}

struct signing {
    struct jt_signer_lane *lane;
    const struct jt_sealed *sealed;
    atomic_bool *stop;
    atomic_uint good, away;
    bool wrong;
};

static void *sign_on(void *arg)
{
    struct signing *s = arg;
    const struct jt_claims claims = some_claims("at+jwt");
    while (!atomic_load(s->stop)) {
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        enum jt_err err = jt_signer_sign(s->lane, jt_buf_span(&s->sealed->kid), &claims, &token);
        if (err == JT_OK) {
            s->wrong = s->wrong || !verify_by_openssl(jt_buf_span(&token), s->sealed);
            atomic_fetch_add(&s->good, 1);
        } else {
            s->wrong = s->wrong || err != JT_ERR_SIGNER_AWAY || token.len > 0;
            atomic_fetch_add(&s->away, 1);
        }
    }
    return NULL;
}

#define THREADS 4

static void killed_while_many_sign_then_each_has_a_token_or_is_told(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    atomic_bool stop = false;
    struct signing signings[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        signings[i] = (struct signing){.sealed = &sealed, .stop = &stop};
        assert_ok(jt_signer_lane_new(signer, &signings[i].lane));
        assert_int_equal(pthread_create(&threads[i], NULL, sign_on, &signings[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        unsigned before = atomic_load(&signings[i % THREADS].good);
        while (atomic_load(&signings[i % THREADS].good) == before) {
            (void)sched_yield();
        }
        kill_signer();
    }
    atomic_store(&stop, true);
    unsigned away = 0;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(signings[i].wrong);
        assert_true(atomic_load(&signings[i].good) > 0);
        away += atomic_load(&signings[i].away);
        jt_signer_lane_free(signings[i].lane);
    }
    assert_true(away > 0);
}

/* --- key-encryption keys --- */

static void keks_changed_then_the_next_process_has_them_too(void **state)
{
    (void)state;
    const struct jt_signer_conf both = {
        .how = JT_SIGNER_PROCESS, .kek = {.file = "kek"}, .kek_next = {.file = "next"}};
    const struct jt_signer_conf moved = {.how = JT_SIGNER_PROCESS, .kek = {.file = "next"}};
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    bool changed = false;
    assert_ok(jt_signer_set_keks(signer, &both, &diag));
    assert_string_not_equal(status_of(signer).kek_next, "");
    assert_ok(jt_signer_rewrap(signer, &sealed, &changed, &diag));
    assert_true(changed);
    assert_ok(jt_signer_set_keks(signer, &moved, &diag));
    assert_string_equal(status_of(signer).kek_next, "");
    kill_signer(); /* the row it is given is the one that was wrapped anew */
    assert_ok(try_sign(&sealed));
}

static void set_keks_that_cannot_be_read_then_as_it_was(void **state)
{
    (void)state;
    const struct jt_signer_conf none = {.how = JT_SIGNER_PROCESS, .kek = {.file = "none"}};
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    struct jt_signer_status before = status_of(signer);
    assert_err(jt_signer_set_keks(signer, &none, &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "file none"));
    assert_int_equal(chmod("next", 0644), 0);
    const struct jt_signer_conf open = {.how = JT_SIGNER_PROCESS, .kek = {.file = "next"}};
    assert_err(jt_signer_set_keks(signer, &open, &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "chmod 600 next"));
    assert_int_equal(chmod("next", 0600), 0);
    assert_int_equal(truncate("next", 63), 0); /* seen by the one that reads it */
    assert_err(jt_signer_set_keks(signer, &open, &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "file next must be 43 characters"));
    assert_string_equal(status_of(signer).kek, before.kek);
    kill_signer();
    assert_ok(try_sign(&sealed));
}

/* A token can only be opened by another process, which is to take over once it has the key. */
static void heir_without_its_kek_then_the_present_one_goes_on(void **state)
{
    (void)state;
    const struct jt_signer_conf token = {.how = JT_SIGNER_PROCESS,
                                         .kek = {.file = "kek"},
                                         .kek_next = {.pkcs11 = "next"},
                                         .pkcs11 = {.module = "/nonexistent.so", .token = "jeton"}};
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    int pid = child_pid();
    assert_true(jt_signer_set_keks(signer, &token, &diag) != JT_OK);
    assert_int_equal(child_pid(), pid);
    assert_string_equal(status_of(signer).kek_next, "");
    assert_ok(try_sign(&sealed));
}

static void new_with_a_kek_that_cannot_be_read_tells(void **state)
{
    (void)state;
    struct jt_signer *made = NULL;
    write_kek("kek", 1);
    assert_int_equal(truncate("kek", 63), 0);
    assert_err(jt_signer_new(&conf, &jt_random_system, &made, &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "file kek must be 43 characters"));
    write_kek("kek", 1);
    assert_ok(jt_signer_new(&conf, &jt_random_system, &made, &diag));
    jt_signer_free(made);
}

/* The value leaves this process's environment, and yet each process to come has it. */
static void kek_of_a_variable_taken_out_of_this_process(void **state)
{
    (void)state;
    static char variable[] =
        "JT_TEST_PROCESS_KEK=0101010101010101010101010101010101010101010101010101010101010101";
    const struct jt_signer_conf by_env = {.how = JT_SIGNER_PROCESS,
                                          .kek = {.env = "JT_TEST_PROCESS_KEK"}};
    assert_int_equal(putenv(variable), 0);
    assert_ok(jt_signer_new(&by_env, &jt_random_system, &signer, &diag));
    assert_ok(jt_signer_lane_new(signer, &lane));
    assert_null(strstr(variable + sizeof "JT_TEST_PROCESS_KEK", "01"));
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    kill_signer();
    assert_ok(try_sign(&sealed));
    (void)free_signer(NULL);
    assert_ok(jt_signer_new(&by_env, &jt_random_system, &signer, &diag));
    assert_ok(jt_signer_lane_new(signer, &lane));
    assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    assert_ok(try_sign(&sealed));
}

/* --- the process --- */

static void process_is_closed_in_with_each_of_its_threads(void **state)
{
    (void)state;
    static char text[1 << 14];
    int pid = child_pid();
    char path[64];
    size_t threads = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    assert_non_null(tasks);
    const struct dirent *task;
    while ((task = readdir(tasks)) != NULL) {
        if (task->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "task/%.20s/status", task->d_name);
        read_proc(pid, path, text, sizeof text);
        assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
        assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
        threads++;
    }
    (void)closedir(tasks);
    assert_true(threads >= 2);
    read_proc(pid, "status", text, sizeof text);
    assert_non_null(strstr(text, "\nCapEff:\t0000000000000000\n"));
    assert_non_null(strstr(text, "\nCapPrm:\t0000000000000000\n"));
}

static void freed_then_no_process_is_left(void **state)
{
    (void)state;
    int pid = child_pid();
    (void)free_signer(NULL);
    assert_int_equal(kill(pid, 0), -1);
    (void)make_process(NULL); /* for the teardown */
}

#define with_process(test) cmocka_unit_test_setup_teardown(test, make_process, free_signer)

int main(int argc, char **argv)
{
    int ended = begin_signer_tests(argc, argv);
    if (ended >= 0) {
        return ended;
    }
    const struct CMUnitTest tests[] = {
        with_process(killed_then_all_that_was_loaded_signs_again),
        with_process(killed_then_other_calls_are_answered_by_the_next),
        with_process(stopped_without_a_word_then_replaced),
        with_process(killed_while_many_sign_then_each_has_a_token_or_is_told),
        with_process(keks_changed_then_the_next_process_has_them_too),
        with_process(set_keks_that_cannot_be_read_then_as_it_was),
        with_process(heir_without_its_kek_then_the_present_one_goes_on),
        cmocka_unit_test(new_with_a_kek_that_cannot_be_read_tells),
        cmocka_unit_test_teardown(kek_of_a_variable_taken_out_of_this_process, free_signer),
        with_process(process_is_closed_in_with_each_of_its_threads),
        with_process(freed_then_no_process_is_left),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
