/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/newfile.h"

#include <errno.h>
#include <sys/file.h>

#include "tests/unit/store_unit.h"

#include "common/base/base.h"

static void write_part(const struct jt_newfile *file, const char *text)
{
    assert_int_equal(pwrite(file->fd, text, strlen(text), 0), strlen(text));
}

static void assert_content(const char *name, const char *text)
{
    JT_AUTO(buf) content = JT_BUF_INIT(1000);
    read_whole(name, &content);
    assert_string_equal(jt_buf_str(&content), text);
}

/* Makes the file with `text` in it. */
static enum jt_err make(const char *text, bool replace, struct jt_diag *diag)
{
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    JT_TRY(jt_newfile_begin(&file, path, replace, diag));
    write_part(&file, text);
    return jt_newfile_publish(&file, diag);
}

static void publish_makes_a_private_file_and_leaves_nothing_beside(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct stat st;
    mode_t mask = umask(0);
    enum jt_err err = make("whole", false, &diag);
    (void)umask(mask);
    assert_ok(err);
    assert_content(path, "whole");
    assert_false(exists(with(".part")));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void release_before_publish_leaves_nothing(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_newfile file = JT_NEWFILE_INIT;
    assert_ok(jt_newfile_begin(&file, path, false, &diag));
    write_part(&file, "half");
    assert_false(exists(path));
    assert_true(exists(with(".part")));
    jt_newfile_release(&file);
    jt_newfile_release(&file);
    assert_false(exists(path) || exists(with(".part")));
}

static void file_that_is_there_gives_way_only_when_told(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    write_whole(path, JT_SPAN("old"));
    assert_err(make("new", false, &diag), JT_ERR_EXISTS);
    assert_non_null(strstr(diag.text, "exists already"));
    assert_content(path, "old");
    assert_ok(make("new", true, &diag));
    assert_content(path, "new");
}

static void file_that_appears_meanwhile_stays(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    assert_ok(jt_newfile_begin(&file, path, false, &diag));
    write_part(&file, "new");
    write_whole(path, JT_SPAN("another's"));
    assert_err(jt_newfile_publish(&file, &diag), JT_ERR_EXISTS);
    assert_content(path, "another's");
    assert_int_equal(unlink(path), 0);
    assert_ok(jt_newfile_publish(&file, &diag));
    assert_content(path, "new");
}

static void what_is_no_file_never_gives_way(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_int_equal(symlink(other, path), 0);
    assert_err(make("x", true, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "is not a file"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_err(make("x", true, &diag), JT_ERR_STORE);
    assert_int_equal(rmdir(path), 0);
    assert_ok(make("x", true, &diag));
}

static void part_of_another_who_is_at_it_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    assert_ok(jt_newfile_begin(&file, path, false, &diag));
    assert_err(make("second", false, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "is being written"));
    write_part(&file, "first");
    assert_ok(jt_newfile_publish(&file, &diag));
    assert_content(path, "first");
}

static void part_left_by_a_killed_one_taken_over(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct stat st;
    write_whole(with(".part"), JT_SPAN("longer than what comes"));
    assert_int_equal(chmod(with(".part"), 0644), 0);
    assert_ok(make("new", false, &diag));
    assert_content(path, "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* Whoever made it could still write to it. */
static void part_of_another_user_not_taken_over(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct stat theirs, st;
    write_whole(with(".part"), JT_SPAN("theirs"));
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    assert_int_equal(chown(with(".part"), 12345, 0), 0);
    int held = open(with(".part"), O_RDONLY | O_CLOEXEC); /* so that its number stays taken */
    assert_int_equal(fstat(held, &theirs), 0);
    assert_ok(make("ours", false, &diag));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
    assert_int_not_equal(st.st_ino, theirs.st_ino);
    assert_content(path, "ours");
    assert_int_equal(close(held), 0);
}

/* Killed between the two names of a file system that renames by linking. */
static void part_that_is_published_already_is_not_touched(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    write_whole(other, JT_SPAN("published"));
    assert_int_equal(link(other, with(".part")), 0);
    assert_ok(make("new", false, &diag));
    assert_content(other, "published");
    assert_content(path, "new");
}

static void part_that_is_a_link_not_followed(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    write_whole(other, JT_SPAN("precious"));
    assert_int_equal(symlink(other, with(".part")), 0);
    assert_err(make("new", false, &diag), JT_ERR_STORE);
    assert_content(other, "precious");
    assert_int_equal(unlink(other), 0);
    assert_err(make("new", false, &diag), JT_ERR_STORE);
    assert_false(exists(other)); /* nothing was made behind the link */
    assert_int_equal(unlink(with(".part")), 0);
    assert_ok(make("new", false, &diag));
}

static void part_taken_away_is_not_published(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    assert_ok(jt_newfile_begin(&file, path, false, &diag));
    assert_int_equal(unlink(with(".part")), 0);
    write_whole(with(".part"), JT_SPAN("another's half"));
    assert_err(jt_newfile_publish(&file, &diag), JT_ERR_STORE);
    assert_false(exists(path));
}

static void folder_that_is_not_there_or_too_long_a_path_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_AUTO(newfile) file = JT_NEWFILE_INIT;
    char name[PATH_MAX + 10];
    (void)snprintf(name, sizeof name, "%s/none/x", folder);
    assert_err(jt_newfile_begin(&file, name, false, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, strerror(ENOENT)));
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_err(jt_newfile_begin(&file, name, false, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "too long a path"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(publish_makes_a_private_file_and_leaves_nothing_beside),
        store_test(release_before_publish_leaves_nothing),
        store_test(file_that_is_there_gives_way_only_when_told),
        store_test(file_that_appears_meanwhile_stays),
        store_test(what_is_no_file_never_gives_way),
        store_test(part_of_another_who_is_at_it_refused),
        store_test(part_left_by_a_killed_one_taken_over),
        store_test(part_of_another_user_not_taken_over),
        store_test(part_that_is_published_already_is_not_touched),
        store_test(part_that_is_a_link_not_followed),
        store_test(part_taken_away_is_not_published),
        store_test(folder_that_is_not_there_or_too_long_a_path_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
