/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_pick.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "issuer/cli/cli_output.h"

#include "common/base/base.h"

#define DIGITS_MAX 9

/* The item of `array` whose number begins `path`; the rest of the path to `*out_rest`. */
static json_t *find_item(const json_t *array, const char *path, const char **out_rest)
{
    size_t n = strspn(path, "0123456789");
    if (n == 0 || n > DIGITS_MAX || (path[n] != 0 && path[n] != '.')) {
        return NULL;
    }
    size_t index = 0;
    for (size_t i = 0; i < n; i++) {
        index = index * 10 + (size_t)(path[i] - '0');
    }
    *out_rest = path + n;
    return json_array_get(array, index);
}

/* The member of `object` with the longest name that begins `path` and ends at a dot or its end. */
static json_t *find_member(json_t *object, const char *path, const char **out_rest)
{
    const char *name;
    json_t *value, *found = NULL;
    size_t longest = 0;
    json_object_foreach(object, name, value)
    {
        size_t n = strlen(name);
        bool begins = strncmp(path, name, n) == 0 && (path[n] == 0 || path[n] == '.');
        if (begins && (found == NULL || n > longest)) {
            found = value;
            longest = n;
        }
    }
    *out_rest = path + longest;
    return found;
}

json_t *jt_cli_pick_find(const char *path, json_t *value)
{
    for (;;) {
        const char *rest = path;
        value = json_is_array(value)    ? find_item(value, path, &rest)
                : json_is_object(value) ? find_member(value, path, &rest)
                                        : NULL;
        if (value == NULL || *rest == 0) {
            return value;
        }
        path = rest + 1; /* past the dot */
    }
}

enum jt_err jt_cli_pick_print(const char *path, json_t *value, struct jt_diag *diag)
{
    const json_t *found = jt_cli_pick_find(path, value);
    if (found == NULL) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                            "there is no member '%s' here; -o json shows those there are", path);
    }
    struct jt_span text = jt_json_value(found);
    if (json_is_string(found) && isatty(STDOUT_FILENO)) {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        jt_cli_pen_text(&pen, text);
    } else if (json_is_string(found)) {
        (void)fwrite(text.p, 1, text.n, stdout); /* main asks ferror() at the end; so below */
    } else {
        size_t flags = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
        (void)json_dumpf(found, stdout, flags | JSON_COMPACT | JSON_ENCODE_ANY);
    }
    (void)fputc('\n', stdout);
    return JT_OK;
}
