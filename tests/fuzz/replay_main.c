/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a corpus where libFuzzer is not at hand: every file of the folders named, and every
 * prefix of it, goes through LLVMFuzzerTestOneInput. A property that does not hold aborts.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

#define MAX_FILE     (1 << 20)
#define MAX_PREFIXED 2048 /* the prefixes of longer files would take minutes */

/* A block of exactly `n` bytes, so that a sanitizer sees one byte read too far. */
static void run(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, n);
    (void)LLVMFuzzerTestOneInput(copy, n); /* always 0 */
    free(copy);
}

static bool replay_file(const char *path)
{
    static uint8_t bytes[MAX_FILE];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    size_t n = fread(bytes, 1, sizeof bytes, file);
    bool whole = ferror(file) == 0 && n < sizeof bytes;
    (void)fclose(file); /* only read */
    if (!whole) {
        (void)fprintf(stderr, "%s: not read, or longer than %d bytes\n", path, MAX_FILE);
        return false;
    }
    run(bytes, n);
    for (size_t i = 0; n <= MAX_PREFIXED && i < n; i++) {
        run(bytes, i);
    }
    return true;
}

/* How many files were replayed; -1 when one could not be read. */
static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return -1;
    }
    int count = 0;
    for (const struct dirent *e = readdir(dir); e != NULL && count >= 0; e = readdir(dir)) {
        char path[4096 + 256];
        if (e->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name); /* cut: fopen fails */
        count = replay_file(path) ? count + 1 : -1;
    }
    (void)closedir(dir); /* only read */
    return count;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count <= 0) {
            (void)fprintf(stderr, "%s: no corpus\n", argv[i]);
            return 1;
        }
        (void)printf("%s: %d files\n", argv[i], count);
    }
    return argc > 1 ? 0 : 1;
}
