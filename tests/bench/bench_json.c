/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_json [--rounds N] [--only NAME]: microseconds of CPU for reading a claims set of the usual
 * size into the flat index, beside our reader into jansson's values and jansson's own; and what the
 * worst texts of 16 KiB take the index. All in the same run, in turns; the medians are told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json/json.h"
#include "common/json/json_index.h"

#include "common/base/base.h"

#define ROUNDS     61
#define MAX_ROUNDS 999
#define MAX_TEXT   16384
#define MAX_VALUES 1024
#define ROUND_NS   3000000

static const char usual[] =
    "{\"iss\":\"https://id.example.com\",\"sub\":\"cart\",\"client_id\":\"cart\","
    "\"aud\":\"https://payment.example.com/api\",\"iat\":1700000000,\"nbf\":1700000000,"
    "\"exp\":1700000600,\"jti\":\"Zm9vYmFyYmF6cXV4MDEyMw\",\"scope\":\"payments:read "
    "payments:write refunds:read\",\"kind\":[\"service\",\"internal\"],"
    "\"ver\":1,\"act\":{\"sub\":\"gateway\"}}";

static struct jt_json_index_entry entries[MAX_VALUES];
static uint8_t arena[MAX_TEXT];

static void must(int ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_json: %s failed\n", what);
        exit(1);
    }
}

static void run_index(struct jt_span text)
{
    struct jt_json_index index = {entries, MAX_VALUES, arena, sizeof arena, 0};
    must(jt_json_index_read(&index, text) != JT_ERR_LIMIT, "index");
}

static void run_load(struct jt_span text)
{
    json_t *json = NULL;
    must(jt_json_load(text, JT_JSON_DEPTH, &json) == JT_OK, "load");
    json_decref(json);
}

static void run_jansson(struct jt_span text)
{
    json_t *json = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    must(json != NULL, "json_loadb");
    json_decref(json);
}

/* Texts of 16 KiB that cost the most. What they repeat is told apart by a number in it. */
static char members[MAX_TEXT], collisions[MAX_TEXT], elements[MAX_TEXT], escapes[MAX_TEXT];

static void fill(char *out, const char *open, const char *head, const char *tail, const char *close)
{
    size_t n = (size_t)snprintf(out, MAX_TEXT, "%s", open);
    for (unsigned i = 0; i < 1000 && n + 64 < MAX_TEXT; i++) {
        n += (size_t)snprintf(out + n, MAX_TEXT - n, "%s%s%04u%s", i == 0 ? "" : ",", head,
                              i * 7919 % 10000, tail);
    }
    (void)snprintf(out + n, MAX_TEXT - n, "%s", close); /* room was left */
}

static struct {
    const char *name;
    void (*run)(struct jt_span);
    const char *text;
    size_t calls;
    double us[MAX_ROUNDS];
} rows[] = {
    {"index", run_index, usual, 0, {0}},
    {"jt_json_load", run_load, usual, 0, {0}},
    {"json_loadb", run_jansson, usual, 0, {0}},
    {"index, 1000 members", run_index, members, 0, {0}},
    {"index, names that collide", run_index, collisions, 0, {0}},
    {"index, 1000 elements", run_index, elements, 0, {0}},
    {"index, escapes", run_index, escapes, 0, {0}},
};

static double cpu_ns(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "clock");
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_calls(size_t row, size_t calls)
{
    struct jt_span text = jt_span_str(rows[row].text);
    double from = cpu_ns();
    for (size_t i = 0; i < calls; i++) {
        rows[row].run(text);
    }
    return cpu_ns() - from;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    size_t n_rounds = ROUNDS;
    const char *only = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0) {
            n_rounds = (size_t)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--only") == 0) {
            only = argv[i + 1];
        }
    }
    must(n_rounds > 0 && n_rounds <= MAX_ROUNDS, "--rounds 1 to 999");
    fill(members, "{", "\"m", "\":1", "}");
    fill(collisions, "{", "\"aaaaaaaa", "bbbbbbbb\":1", "}");
    fill(elements, "{\"a\":[", "1", "", "]}");
    fill(escapes, "{\"a\":[", "\"\\n\\u00e9\\ud83d\\ude00\\t", "\"", "]}");
    for (size_t round = 0; round < n_rounds; round++) {
        for (size_t i = 0; i < JT_COUNT(rows); i++) {
            if (only != NULL && strcmp(only, rows[i].name) != 0) {
                continue;
            }
            if (rows[i].calls == 0) {
                rows[i].calls = (size_t)(ROUND_NS / (time_calls(i, 100) / 100)) + 1;
            }
            rows[i].us[round] = time_calls(i, rows[i].calls) / (double)rows[i].calls / 1e3;
        }
    }
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        qsort(rows[i].us, n_rounds, sizeof rows[i].us[0], by_value);
        (void)printf("%-26s %6zu bytes %9.3f us\n", rows[i].name, strlen(rows[i].text),
                     rows[i].us[n_rounds / 2]);
    }
    return 0;
}
