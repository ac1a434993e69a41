/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/folder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void check_folder_missing_refused_made_accepted(void **state)
{
    char dir[] = "/tmp/jeton-unit-XXXXXX", folder[64], path[80];
    struct jt_diag diag = JT_DIAG_INIT;
    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(folder, sizeof folder, "%s/run", dir);
    (void)snprintf(path, sizeof path, "%s/admin.sock", folder);
    assert_int_equal(jt_folder_check(path, &diag), JT_ERR_IO);
    assert_non_null(strstr(diag.text, folder));
    assert_non_null(strstr(diag.text, "make it"));
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(jt_folder_check(path, &diag), JT_OK);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void check_paths_without_a_folder_mean_here_or_root(void **state)
{
    (void)state;
    assert_int_equal(jt_folder_check("/tmp/x", NULL), JT_OK);
    assert_int_equal(jt_folder_check("x", NULL), access(".", W_OK | X_OK) == 0 ? JT_OK : JT_ERR_IO);
    assert_int_equal(jt_folder_check("/x", NULL),
                     access("/", W_OK | X_OK) == 0 ? JT_OK : JT_ERR_IO);
}

static void check_file_in_the_place_of_a_folder_refused(void **state)
{
    struct jt_diag diag = JT_DIAG_INIT;
    (void)state;
    assert_int_equal(jt_folder_check("/dev/null/x", &diag), JT_ERR_IO);
    assert_non_null(strstr(diag.text, "/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_folder_missing_refused_made_accepted),
        cmocka_unit_test(check_paths_without_a_folder_mean_here_or_root),
        cmocka_unit_test(check_file_in_the_place_of_a_folder_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
