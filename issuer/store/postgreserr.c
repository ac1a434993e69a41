/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgreserr.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/base.h"

#define NO_MEMORY "53200"

/* By the code, or by its class of two characters. */
static const struct {
    const char *code, *sentence;
} rows[] = {
    {"55P03", "another program holds its lock; end that program and try again"},
    {"25006", "takes no changes: it is a standby or read-only; name the primary"},
    {"25P03", "the transaction took too long without a word and was ended; try again"},
    {"42501", "the user lacks a right; make it the owner of a database of its own (createdb -O)"},
    {"42P07", "has tables of another application; give jetond a database or a schema of its own"},
    {"42710", "has types of another application; give jetond a database or a schema of its own"},
    {"3F000", "has no schema to work in; mend the search_path of the user"},
    {"42P01", "lacks a table; restore it from a backup"},
    {"42703", "lacks a column; restore it from a backup"},
    {"42", "its tables are not jetond's; restore it from a backup"},
    {"53100", "its disk is full; free some space and try again"},
    {"53", "the server lacks room for this; see its log"},
    {"57014", "it was cancelled there, or took longer than 5 minutes; look at the server's load"},
    {"57P", "the server is stopping or starting; it is tried again"},
    {"40", "it met another change; try again"},
    {"58", "reading or writing it failed; check the server's disk"},
    {"XX", "is damaged; see the server's log, and restore it from a backup"},
    {"", "the server refused this; see its log"},
};

/* What libpq says ends in a newline, and may have several lines: one, cut. */
static const char *one_line(const char *message, char *out, size_t size)
{
    size_t n = 0;
    for (const char *c = message == NULL ? "" : message; *c != 0 && n + 1 < size; c++) {
        bool space = (unsigned char)*c <= ' ';
        if (space && (n == 0 || out[n - 1] == ' ')) {
            continue;
        }
        out[n] = *c;
        if (space) {
            out[n] = ' ';
        }
        n++;
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    out[n] = 0;
    return out;
}

enum jt_err jt_postgreserr(const PGresult *result, const char *name, struct jt_diag *diag)
{
    if (result == NULL) {
        return JT_ERR_NOMEM;
    }
    char line[160];
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    code = code == NULL ? "" : code;
    if (strcmp(code, NO_MEMORY) == 0) {
        return JT_ERR_NOMEM;
    }
    size_t i = 0;
    while (strncmp(code, rows[i].code, strlen(rows[i].code)) != 0) {
        i++; /* the last fits any */
    }
    return jt_diag_fail(diag, JT_ERR_STORE, "%s: %s (%s%s%s)", name, rows[i].sentence, code,
                        code[0] == 0 ? "" : ": ", one_line(message, line, sizeof line));
}

enum jt_err jt_postgreserr_connect(const char *message, const char *name, struct jt_diag *diag)
{
    char line[256];
    return jt_diag_fail(diag, JT_ERR_STORE, "%s: cannot be reached: %s", name,
                        one_line(message, line, sizeof line));
}

enum jt_err jt_postgreserr_lost(const char *message, const char *name, struct jt_diag *diag)
{
    char line[160];
    return jt_diag_fail(diag, JT_ERR_STORE, "%s: the connection was lost (%s); try again", name,
                        one_line(message, line, sizeof line));
}
