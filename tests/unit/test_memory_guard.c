/* SPDX-License-Identifier: Apache-2.0 */
/* Where private keys lie while they sign, and who can look there. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/memory_guard.h"
#include "keys/seal.h"
#include "tests/support/memory_scan.h"
#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

#define PIECE  16
#define NOBODY 65534

static struct jt_memory_state guarded;

/* The whole of a part of the sealed bytes of `sealed` as libcrypto holds it (least byte first) and
 * as it was written, sixteen bytes of its end each, inverted. */
static void read_inverted(const struct jt_sealed *sealed, size_t at, size_t n, uint8_t big[PIECE],
                          uint8_t little[PIECE])
{
    JT_AUTO(kek) kek = fixed_kek(1);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    assert_ok(jt_seal_open(&kek, sealed, &bytes, NULL));
    assert_true(at + n <= bytes.n);
    for (size_t i = 0; i < PIECE; i++) {
        big[i] = bytes.p[at + n - PIECE + i] ^ 0xFF;
        little[i] = bytes.p[at + PIECE - 1 - i] ^ 0xFF;
    }
}

/* Every private number of a key, by where it stands in its bytes (keycode.h). */
static const struct number {
    enum jt_alg alg;
    const char *what;
    size_t at, n;
} numbers[] = {
    {JT_ALG_EDDSA, "seed", 0, 32},        {JT_ALG_ES256, "d", 0, 32},
    {JT_ALG_ES384, "d", 0, 48},           {JT_ALG_ES512, "d", 0, 66},
    {JT_ALG_RS256, "d", 264, 256},        {JT_ALG_RS256, "p", 264 + 256, 128},
    {JT_ALG_RS256, "q", 264 + 384, 128},  {JT_ALG_RS256, "dp", 264 + 512, 128},
    {JT_ALG_RS256, "dq", 264 + 640, 128}, {JT_ALG_RS256, "qi", 264 + 768, 128},
};

static struct memory_found look(const struct jt_sealed *sealed, const struct number *number)
{
    uint8_t big[PIECE], little[PIECE];
    read_inverted(sealed, number->at, number->n, big, little);
    struct memory_found a = memory_scan(big, PIECE), b = memory_scan(little, PIECE);
    return (struct memory_found){a.n + b.n, a.locked + b.locked, a.undumped + b.undumped};
}

static void key_that_signs_lies_in_guarded_pages_alone(void **state)
{
    (void)state;
    if (!guarded.locked) {
        print_message("skipped: %s\n", guarded.why);
        skip();
    }
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(numbers[i].alg);
        assert_ok(try_sign(&sealed));
        assert_ok(try_sign(&sealed));
        struct memory_found found = look(&sealed, &numbers[i]);
        assert_in_range(found.n, 1, 8);
        assert_int_equal(found.locked, found.n);
        assert_int_equal(found.undumped, found.n);
        jt_buf_clear(&sealed.blob); /* erased */
        assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
    }
}

/* The pair of the above: what the guard is for is seen by the same scan. Runs in a process of its
 * own, from before jt_memory_guard. */
static void key_that_signs_lies_in_plain_pages_without_the_guard(void **state)
{
    (void)state;
    struct jt_memory_state now = jt_memory_guard_state();
    assert_false(now.locked || now.whole || now.closed);
    assert_true(now.why[0] != 0);
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_RS256);
    assert_ok(try_sign(&sealed));
    struct memory_found found = look(&sealed, &numbers[5]);
    assert_in_range(found.n, 1, 8);
    assert_int_equal(found.undumped, 0);
}

static void erased_key_is_wiped_from_the_guarded_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(numbers[i].alg);
        JT_AUTO(sealed) erased = copy_of(&sealed);
        assert_ok(try_sign(&sealed));
        jt_buf_clear(&erased.blob);
        assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
        assert_int_equal(look(&sealed, &numbers[i]).n, 0);
    }
}

/* libcrypto keeps some of what it allocates the first time; no more after that. */
static void guarded_pages_do_not_fill(void **state)
{
    (void)state;
    static const enum jt_alg algs[] = {JT_ALG_EDDSA, JT_ALG_ES256, JT_ALG_ES512, JT_ALG_PS256};
    size_t used = 0;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) sealed = generate(algs[i]);
        JT_AUTO(sealed) erased = copy_of(&sealed);
        jt_buf_clear(&erased.blob);
        for (int round = 0; round < 20; round++) {
            assert_ok(jt_signer_load(signer, &sealed, LONGEST, NULL, &diag));
            assert_ok(try_sign(&sealed));
            assert_ok(jt_signer_load(signer, &erased, LONGEST, NULL, &diag));
            used = round == 1 ? CRYPTO_secure_used() : used;
        }
        assert_int_equal(CRYPTO_secure_used(), used);
    }
    print_message("%zu bytes are in use for good\n", used);
    assert_in_range(used, 0, 512 << 10);
}

/* --- another process of the same user --- */

static void become_nobody(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
                           setresuid(NOBODY, NOBODY, NOBODY) != 0)) {
        _exit(99);
    }
}

/* What stands in both processes at the same address, with another value each. */
static volatile char landmark = 'r';

/* Forks a process that `guard`s itself or is open; can its memory be read? */
static bool can_read(bool guard)
{
    int ready[2], done[2];
    char byte = 0;
    assert_int_equal(pipe(ready) + pipe(done), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct jt_memory_state state;
        landmark = 't';
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a change of user has closed it */
        if (guard) {
            jt_memory_guard(&state);
        }
        (void)close(done[1]);
        _exit(write(ready[1], "r", 1) == 1 && read(done[0], &byte, 1) == 0 ? 0 : 1);
    }
    (void)close(ready[1]);
    (void)close(done[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    char path[64], seen = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool can = fd >= 0 && pread(fd, &seen, 1, (off_t)(uintptr_t)&landmark) == 1 && seen == 't';
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)close(ready[0]);
    (void)close(done[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return can;
}

enum { SEEN_OK, SEEN_CLOSED_READ, SEEN_NEVER };

static int try_both(void)
{
    become_nobody();
    if (can_read(true)) {
        return SEEN_CLOSED_READ;
    }
    return can_read(false) ? SEEN_OK : SEEN_NEVER;
}

static int in_child(int (*fn)(void))
{
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(fn());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void guarded_process_read_by_another_of_its_user_denied(void **state)
{
    (void)state;
    assert_true(guarded.closed);
    int seen = in_child(try_both);
    if (seen == SEEN_NEVER) {
        print_message("skipped: this system lets no process read another's memory\n");
        skip();
    }
    assert_int_equal(seen, SEEN_OK);
}

/* --- limits --- */

static int guard_without_a_right(void)
{
    const struct rlimit none = {0, 0};
    struct jt_memory_state state;
    become_nobody();
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) {
        return 98;
    }
    jt_memory_guard(&state);
    bool told = strstr(state.why, "LimitMEMLOCK") != NULL && !jt_memory_guard_state().locked;
    make_signer(NULL);
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_RS256);
    bool signs = try_sign(&sealed) == JT_OK;
    struct memory_found found = look(&sealed, &numbers[5]);
    bool kept = found.n > 0 && found.undumped == found.n; /* out of dumps all the same */
    free_signer(NULL);
    return state.locked || !told ? 1 : !signs ? 2 : kept ? 0 : 3;
}

static void guard_that_may_not_lock_tells_and_serves(void **state)
{
    (void)state;
    assert_int_equal(in_child(guard_without_a_right), 0);
}

static int guard_without_a_limit(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    struct jt_memory_state state;
    if (setrlimit(RLIMIT_MEMLOCK, &all) != 0) {
        return 98;
    }
    jt_memory_guard(&state);
    return state.locked && state.whole ? 0 : 1;
}

static void guard_without_a_limit_locks_the_process(void **state)
{
    (void)state;
    int status = in_child(guard_without_a_limit);
    if (status == 98) {
        print_message("skipped: no right to lift the limit on locked memory\n");
        skip();
    }
    assert_int_equal(status, 0);
}

/* Whoever may lock beyond the limit (CAP_IPC_LOCK) could lose that right later. */
static int guard_under_a_limit(void)
{
    struct rlimit limit;
    struct jt_memory_state state;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return 98;
    }
    limit.rlim_cur = limit.rlim_cur == RLIM_INFINITY ? (rlim_t)1 << 40 : limit.rlim_cur;
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return 98;
    }
    jt_memory_guard(&state);
    return state.whole ? 1 : 0;
}

static void guard_under_a_limit_locks_its_pages_alone(void **state)
{
    (void)state;
    assert_int_equal(in_child(guard_under_a_limit), 0);
}

static void secret_beyond_the_guarded_pages_fails(void **state)
{
    (void)state;
    JT_AUTO(secret) small = JT_SECRET_INIT, large = JT_SECRET_INIT;
    assert_err(jt_secret_alloc_locked(&large, 4 << 20), JT_ERR_NOMEM);
    assert_null(large.p);
    assert_ok(jt_secret_alloc_locked(&small, 32));
    assert_true(CRYPTO_secure_allocated(small.p));
    assert_ok(jt_secret_alloc(&large, 4 << 20)); /* a request's */
    assert_false(CRYPTO_secure_allocated(large.p));
}

/* What libcrypto lets grow: what was guarded stays so, wherever the call comes from. */
static void guarded_block_that_grows_stays_guarded(void **state)
{
    (void)state;
    jt_memory_guard_enter();
    void *secret = OPENSSL_malloc(16);
    jt_memory_guard_leave();
    void *plain = OPENSSL_malloc(16);
    assert_true(CRYPTO_secure_allocated(secret));
    assert_false(CRYPTO_secure_allocated(plain));
    memset(secret, 7, 16);
    secret = OPENSSL_realloc(secret, 4096);
    plain = OPENSSL_realloc(plain, 4096);
    assert_true(CRYPTO_secure_allocated(secret));
    assert_false(CRYPTO_secure_allocated(plain));
    assert_int_equal(((const uint8_t *)secret)[15], 7);
    OPENSSL_free(secret);
    OPENSSL_free(plain);
}

/* As above: none is taken elsewhere when they are full. */
static void libcrypto_beyond_the_guarded_pages_fails(void **state)
{
    (void)state;
    jt_memory_guard_enter();
    void *large = OPENSSL_malloc(4 << 20);
    void *small = OPENSSL_malloc(32);
    jt_memory_guard_leave();
    assert_null(large);
    assert_true(CRYPTO_secure_allocated(small));
    OPENSSL_free(small);
}

int main(void)
{
    const struct CMUnitTest before[] = {
        cmocka_unit_test(guard_that_may_not_lock_tells_and_serves),
        cmocka_unit_test(guard_without_a_limit_locks_the_process),
        cmocka_unit_test(guard_under_a_limit_locks_its_pages_alone),
        with_signer(key_that_signs_lies_in_plain_pages_without_the_guard), /* uses libcrypto */
    };
    const struct CMUnitTest tests[] = {
        with_signer(key_that_signs_lies_in_guarded_pages_alone),
        with_signer(erased_key_is_wiped_from_the_guarded_pages),
        with_signer(guarded_pages_do_not_fill),
        cmocka_unit_test(guarded_process_read_by_another_of_its_user_denied),
        cmocka_unit_test(secret_beyond_the_guarded_pages_fails),
        cmocka_unit_test(guarded_block_that_grows_stays_guarded),
        cmocka_unit_test(libcrypto_beyond_the_guarded_pages_fails),
    };
    int status = 0;
    pid_t pid = fork(); /* libcrypto must not be used here before the guard */
    if (pid == 0) {
        return cmocka_run_group_tests_name("unguarded", before, NULL, NULL);
    }
    if (waitpid(pid, &status, 0) != pid) {
        return 1;
    }
    jt_memory_guard(&guarded);
    return cmocka_run_group_tests_name("guarded", tests, NULL, NULL) + (status != 0);
}
