/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/kekfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

/* The bytes 00 01 .. 1f in both forms. */
#define B64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char folder[] = "/tmp/jeton-kek-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/jeton-kek-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/kek", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return -1;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    (void)closedir(dir);
    return rmdir(folder);
}

static size_t count_files(void)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        n += entry->d_name[0] != '.';
    }
    (void)closedir(dir);
    return n;
}

static void write_path(const char *text, mode_t mode)
{
    (void)unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Loads `source`; a failure must be told by a sentence that names `name` and not the secret. */
static enum jt_err load(struct jt_kek_source source, const char *name)
{
    JT_AUTO(kek) kek = JT_KEK_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_kek_load(&source, &kek, &diag);
    if (err == JT_ERR_KEK) {
        assert_non_null(strstr(diag.text, name));
        assert_null(strstr(diag.text, "AAECAw"));
        assert_null(strstr(diag.text, "0001020304"));
        assert_null(kek.wrap.p);
    }
    if (err == JT_OK) {
        uint8_t id[JT_KEK_ID_LEN];
        (void)unhex("3e116afd5d8ff57d", id);
        assert_memory_equal(kek.id, id, sizeof id);
    }
    return err;
}

static enum jt_err load_file(void)
{
    return load((struct jt_kek_source){.file = path}, path);
}

/* Computed by another implementation of RFC 5869: what is sealed today must open tomorrow. */
static void derive_known_bytes_gives_pinned_keys(void **state)
{
    (void)state;
    uint8_t bytes[33], want[32];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    JT_AUTO(kek) kek = JT_KEK_INIT;
    assert_err(jt_kek_derive(jt_span_of(bytes, 31), &kek), JT_ERR_ARGUMENT);
    assert_err(jt_kek_derive(jt_span_of(bytes, 33), &kek), JT_ERR_ARGUMENT);
    assert_ok(jt_kek_derive(jt_span_of(bytes, 32), &kek));
    (void)unhex("d00f03fda66cdab44a08439a55523923a3d5439940478471a39768bb64f3c488", want);
    assert_memory_equal(kek.wrap.p, want, 32);
    (void)unhex("70a19e7d20d314b6df10998bf44b17d10347a57aa4a2978f1b15c180258c8c17", want);
    assert_memory_equal(kek.mac.p, want, 32);
    (void)unhex("3e116afd5d8ff57d", want);
    assert_memory_equal(kek.id, want, JT_KEK_ID_LEN);
    assert_ok(jt_kek_derive(jt_span_of(bytes + 1, 32), &kek)); /* over what it held */
    assert_memory_not_equal(kek.id, want, JT_KEK_ID_LEN);
}

static void load_file_text_decides(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jt_err want;
    } rows[] = {
        {B64, JT_OK},
        {B64 "\n", JT_OK},
        {B64 " \t\r\n\n", JT_OK},
        {HEX, JT_OK},
        {HEX "\n", JT_OK},
        {"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", JT_OK},
        {"", JT_ERR_KEK},
        {"\n", JT_ERR_KEK},
        {" " B64, JT_ERR_KEK},
        {B64 "=", JT_ERR_KEK},
        {B64 "A", JT_ERR_KEK},
        {B64 "\n" B64, JT_ERR_KEK},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", JT_ERR_KEK},  /* 42 characters */
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", JT_ERR_KEK}, /* a spare bit */
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+", JT_ERR_KEK},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1", JT_ERR_KEK},
        {HEX "0", JT_ERR_KEK},
        {"g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", JT_ERR_KEK},
        {"0001020304050607 8090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", JT_ERR_KEK},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        write_path(rows[i].text, 0600);
        assert_err(load_file(), rows[i].want);
    }
}

static void load_file_of_much_white_space_refused(void **state)
{
    (void)state;
    char text[258] = B64;
    memset(text + strlen(text), ' ', sizeof text - 1 - strlen(text));
    write_path(text, 0600);
    assert_err(load_file(), JT_ERR_KEK);
    text[256] = 0;
    write_path(text, 0600);
    assert_ok(load_file());
}

static void load_file_mode_decides(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        enum jt_err want;
    } rows[] = {
        {0600, JT_OK},      {0400, JT_OK},      {0700, JT_OK},      {0640, JT_ERR_KEK},
        {0620, JT_ERR_KEK}, {0604, JT_ERR_KEK}, {0602, JT_ERR_KEK}, {0644, JT_ERR_KEK},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        write_path(B64, rows[i].mode);
        assert_err(load_file(), rows[i].want);
    }
}

static void load_file_of_other_owner_refused(void **state)
{
    (void)state;
    write_path(B64, 0600);
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_err(load_file(), JT_ERR_KEK);
    assert_int_equal(chown(path, 0, 0), 0);
    assert_ok(load_file());
}

static void load_other_than_plain_file_refused(void **state)
{
    (void)state;
    char target[80];
    (void)snprintf(target, sizeof target, "%s/target", folder);
    write_path(B64, 0600);
    assert_int_equal(rename(path, target), 0);
    assert_err(load_file(), JT_ERR_KEK); /* absent */
    assert_int_equal(symlink(target, path), 0);
    assert_err(load_file(), JT_ERR_KEK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_err(load_file(), JT_ERR_KEK); /* and does not wait */
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTO(kek) kek = JT_KEK_INIT;
    assert_err(jt_kek_load(&(struct jt_kek_source){.file = path}, &kek, &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, "is not a regular file"));
    assert_int_equal(unlink(path), 0);
    assert_err(load((struct jt_kek_source){.file = folder}, folder), JT_ERR_KEK);
    assert_int_equal(rename(target, path), 0);
    assert_ok(load_file());
}

static void load_credential_from_its_folder(void **state)
{
    (void)state;
    const struct jt_kek_source source = {.credential = "kek"};
    write_path(B64, 0440); /* as systemd shows an ACL */
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_err(load(source, "kek"), JT_ERR_KEK);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_ok(load(source, "kek"));
    assert_err(load((struct jt_kek_source){.credential = "../kek"}, "../kek"), JT_ERR_KEK);
    assert_err(load((struct jt_kek_source){.credential = ""}, "credential"), JT_ERR_KEK);
    assert_err(load((struct jt_kek_source){.credential = "other"}, "other"), JT_ERR_KEK);
    assert_int_equal(chmod(path, 0444), 0);
    assert_err(load(source, "kek"), JT_ERR_KEK);
    assert_int_equal(chmod(path, 0460), 0);
    assert_err(load(source, "kek"), JT_ERR_KEK);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

/* What is there and is a key, but is not named as a credential of this service. */
static void load_credential_by_a_path_refused(void **state)
{
    (void)state;
    char sub[80], inner[80], hidden[80];
    (void)snprintf(sub, sizeof sub, "%s/sub", folder);
    (void)snprintf(inner, sizeof inner, "%s/sub/kek", folder);
    (void)snprintf(hidden, sizeof hidden, "%s/.kek", folder);
    write_path(B64, 0400);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(link(path, inner), 0);
    assert_int_equal(link(path, hidden), 0);
    assert_err(load((struct jt_kek_source){.credential = "sub/kek"}, "sub/kek"), JT_ERR_KEK);
    assert_err(load((struct jt_kek_source){.credential = ".kek"}, ".kek"), JT_ERR_KEK);
    assert_ok(load((struct jt_kek_source){.credential = "kek"}, "kek"));
    int before = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", ".", 1), 0);
    assert_err(load((struct jt_kek_source){.credential = "kek"}, "kek"), JT_ERR_KEK);
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(close(before), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(unlink(inner) + unlink(hidden) + rmdir(sub), 0);
}

static void load_env_from_variable(void **state)
{
    (void)state;
    const struct jt_kek_source source = {.env = "JETON_TEST_KEK"};
    assert_int_equal(unsetenv("JETON_TEST_KEK"), 0);
    assert_err(load(source, "JETON_TEST_KEK"), JT_ERR_KEK);
    assert_int_equal(setenv("JETON_TEST_KEK", B64 "x", 1), 0);
    assert_err(load(source, "JETON_TEST_KEK"), JT_ERR_KEK);
    assert_int_equal(setenv("JETON_TEST_KEK", B64, 1), 0);
    assert_ok(load(source, "JETON_TEST_KEK"));
    assert_int_equal(unsetenv("JETON_TEST_KEK"), 0);
}

static void load_not_exactly_one_source_refused(void **state)
{
    (void)state;
    write_path(B64, 0600);
    assert_err(load((struct jt_kek_source){0}, ""), JT_ERR_ARGUMENT);
    assert_err(load((struct jt_kek_source){.file = path, .env = "HOME"}, ""), JT_ERR_ARGUMENT);
    assert_ok(load_file());
}

static void create_makes_a_key_once(void **state)
{
    (void)state;
    struct fixed_random fixed;
    struct jt_diag diag = JT_DIAG_INIT;
    const struct jt_kek_source source = {.file = path};
    JT_AUTO(kek) first = JT_KEK_INIT;
    JT_AUTO(kek) second = JT_KEK_INIT;
    struct stat st;
    assert_ok(jt_kekfile_create(path, fixed_random(&fixed, 100), &diag));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(count_files(), 1); /* nothing temporary is left */
    assert_ok(jt_kek_load(&source, &first, &diag));
    assert_ok(jt_kekfile_create(path, &fixed.random, &diag));
    assert_ok(jt_kek_load(&source, &second, &diag));
    assert_memory_equal(first.id, second.id, sizeof first.id);
    assert_int_equal(unlink(path), 0);
    assert_ok(jt_kekfile_create(path, &fixed.random, &diag));
    assert_ok(jt_kek_load(&source, &second, &diag));
    assert_memory_not_equal(first.id, second.id, sizeof first.id);
}

static void create_existing_file_left_alone(void **state)
{
    (void)state;
    struct fixed_random fixed;
    struct stat st;
    write_path("not a key", 0644);
    /* nothing is even drawn: the folder may be one that cannot be written */
    assert_ok(jt_kekfile_create(path, fixed_random(&fixed, 0), NULL));
    (void)fixed_random(&fixed, 100);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 9);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_ok(jt_kekfile_create(path, &fixed.random, NULL));
    assert_int_equal(stat(path, &st), -1); /* nothing was made behind the link */
    assert_int_equal(count_files(), 1);
}

static void create_without_randomness_makes_nothing(void **state)
{
    (void)state;
    struct fixed_random fixed;
    for (int draws = 0; draws < 2; draws++) {
        assert_err(jt_kekfile_create(path, fixed_random(&fixed, draws), NULL), JT_ERR_RANDOM);
        assert_int_equal(count_files(), 0);
    }
    assert_ok(jt_kekfile_create(path, fixed_random(&fixed, 2), NULL));
}

static void create_in_absent_folder_tells(void **state)
{
    (void)state;
    struct fixed_random fixed;
    struct jt_diag diag = JT_DIAG_INIT;
    char deep[80];
    (void)snprintf(deep, sizeof deep, "%s/absent/kek", folder);
    assert_err(jt_kekfile_create(deep, fixed_random(&fixed, 100), &diag), JT_ERR_KEK);
    assert_non_null(strstr(diag.text, deep));
    assert_ok(jt_kekfile_create(path, &fixed.random, &diag));
}

static void create_by_bare_name_in_working_folder(void **state)
{
    (void)state;
    struct fixed_random fixed;
    int before = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(folder), 0);
    assert_ok(jt_kekfile_create("bare", fixed_random(&fixed, 100), NULL));
    assert_int_equal(fchdir(before), 0);
    (void)close(before);
    assert_int_equal(count_files(), 1);
}

static void release_twice_harmless(void **state)
{
    (void)state;
    struct jt_kek kek = fixed_kek(1);
    jt_kek_release(&kek);
    assert_null(kek.wrap.p);
    jt_kek_release(&kek);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derive_known_bytes_gives_pinned_keys),
        in_folder(load_file_text_decides),
        in_folder(load_file_of_much_white_space_refused),
        in_folder(load_file_mode_decides),
        in_folder(load_file_of_other_owner_refused),
        in_folder(load_other_than_plain_file_refused),
        in_folder(load_credential_from_its_folder),
        in_folder(load_credential_by_a_path_refused),
        cmocka_unit_test(load_env_from_variable),
        in_folder(load_not_exactly_one_source_refused),
        in_folder(create_makes_a_key_once),
        in_folder(create_existing_file_left_alone),
        in_folder(create_without_randomness_makes_nothing),
        in_folder(create_in_absent_folder_tells),
        in_folder(create_by_bare_name_in_working_folder),
        cmocka_unit_test(release_twice_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
