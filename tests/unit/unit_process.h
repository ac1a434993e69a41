/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer process for tests: the test program is its own signer (jt_child_main first in main), its
 * key-encryption keys stand in files.
 */
#ifndef JT_TESTS_UNIT_UNIT_PROCESS_H
#define JT_TESTS_UNIT_UNIT_PROCESS_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/signer_child.h"
#include "tests/unit/unit_keys.h"

/* Writes a file of the key-encryption key of 32 bytes `fill` (fixed_kek) in the working folder. */
static inline void write_kek(const char *path, uint8_t fill)
{
    char text[65];
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", fill);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, 64), 64);
    assert_int_equal(close(fd), 0);
}

/* A signer process under fixed_kek(fill), to free. */
static inline struct jt_signer *process_signer(uint8_t fill)
{
    char path[] = "/tmp/jeton-kek-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    write_kek(path, fill);
    const struct jt_signer_conf conf = {.how = JT_SIGNER_PROCESS, .kek = {.file = path}};
    struct jt_signer *signer = NULL;
    struct jt_diag said = JT_DIAG_INIT;
    if (jt_signer_new(&conf, &jt_random_system, &signer, &said) != JT_OK) {
        fail_msg("%s", said.text);
    }
    assert_int_equal(unlink(path), 0); /* it was handed over; another start would want it */
    return signer;
}

/* The pid of the one child of this process. */
static inline int child_pid(void)
{
    int found = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    const struct dirent *task;
    while ((task = readdir(tasks)) != NULL) {
        char path[64];
        (void)snprintf(path, sizeof path, "/proc/self/task/%.20s/children", task->d_name);
        FILE *file = fopen(path, "r");
        int pid = 0;
        if (file != NULL && fscanf(file, "%d", &pid) == 1) {
            assert_int_equal(found, 0);
            found = pid;
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    (void)closedir(tasks);
    assert_int_not_equal(found, 0);
    return found;
}

#endif
