/* SPDX-License-Identifier: Apache-2.0 */
/* What jt_store_check finds in a database, and that it finds nothing once that is mended. */
#include "tests/unit/store_unit.h"

#include "common/base/base.h"

#define PAGE 4096

static void fill(struct jt_store *store)
{
    begin(store);
    for (int i = 0; i < 400; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "role%d", i);
        put(store, JT_STORE_ROLE, id, "{\"name\":\"of some length, so that there are pages\"}");
    }
    commit(store);
}

static void assert_found(struct jt_store *store, const char *part)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_store_check(store, &diag);
    if (part == NULL) {
        assert_ok(err);
        return;
    }
    assert_err(err, JT_ERR_STORE);
    if (strstr(diag.text, part) == NULL) {
        fail_msg("%s", diag.text);
    }
}

static void check_moved_database_told(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    fill(store);
    assert_found(store, NULL);
    assert_int_equal(rename(path, other), 0);
    assert_found(store, "not the file that is open any more");
    assert_int_equal(rename(other, path), 0);
    assert_found(store, NULL);
    jt_store_close(store);
}

/* Exchanges the bytes of a page with those in `page`. */
static void exchange(long number, uint8_t page[PAGE])
{
    uint8_t was[PAGE];
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, number * PAGE, SEEK_SET), 0);
    assert_int_equal(fread(was, 1, PAGE, file), PAGE);
    assert_int_equal(fseek(file, number * PAGE, SEEK_SET), 0);
    assert_int_equal(fwrite(page, 1, PAGE, file), PAGE);
    assert_int_equal(fclose(file), 0);
    memcpy(page, was, PAGE);
}

static void check_damaged_page_told(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    fill(store);
    jt_store_close(store); /* all is in the database, nothing in the log */
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 12L * PAGE);
    uint8_t page[PAGE];
    memset(page, 0x5A, sizeof page);
    exchange(st.st_size / PAGE - 2, page);
    store = open_store();
    assert_found(store, path);
    jt_store_close(store);
    exchange(st.st_size / PAGE - 2, page);
    store = open_store();
    assert_found(store, NULL);
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(check_moved_database_told, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(check_damaged_page_told, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
