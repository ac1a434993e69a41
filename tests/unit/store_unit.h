/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the store share: a folder for each test, a store in it with a fixed clock, and
 * readers that turn its content into one line.
 */
#ifndef JT_TESTS_UNIT_STORE_UNIT_H
#define JT_TESTS_UNIT_STORE_UNIT_H

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "issuer/store/store.h"
#include "tests/unit/store_other.h"
#include "tests/unit/unit.h"

static const struct store_other *other_store; /* NULL: SQLite */

/* --- a folder of its own for each test --- */

static char folder[64];
static char path[128]; /* of the database in it */
static char other[128];

static inline int make_folder(void **state)
{
    (void)state;
    /* in memory where there is such a place: what a power cut leaves cannot be tested here anyway
     */
    bool shm = access("/dev/shm", W_OK) == 0;
    (void)snprintf(folder, sizeof folder, "%s/test_store.XXXXXX", shm ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/j?%%#.db", folder); /* what a URI would mistake */
    (void)snprintf(other, sizeof other, "%s/other", folder);
    if (other_store != NULL) {
        other_store->make();
    }
    return 0;
}

/* Calls `fn` with the path of every file in the folder. */
static inline void each_file(void (*fn)(const char *name, void *ctx), void *ctx)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        struct stat st;
        if (stat(name, &st) == 0 && S_ISREG(st.st_mode)) {
            fn(name, ctx);
        }
    }
    assert_int_equal(closedir(dir), 0);
}

static inline void remove_one(const char *name, void *ctx)
{
    (void)ctx;
    assert_int_equal(unlink(name), 0);
}

static inline int remove_folder(void **state)
{
    (void)state;
    if (other_store != NULL) {
        other_store->remove();
    }
    assert_int_equal(chmod(folder, 0700), 0);
    each_file(remove_one, NULL);
    return rmdir(folder);
}

static inline const char *with(const char *suffix)
{
    static char name[160];
    (void)snprintf(name, sizeof name, "%s%s", path, suffix);
    return name;
}

static inline bool exists(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0;
}

static inline int64_t size_of(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 ? st.st_size : -1;
}

#define FILE_MAX (64 * 1024 * 1024)

static inline void read_whole(const char *name, struct jt_buf *out)
{
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    static uint8_t chunk[65536];
    for (ssize_t n = read(fd, chunk, sizeof chunk); n > 0; n = read(fd, chunk, sizeof chunk)) {
        assert_ok(jt_buf_put(out, jt_span_of(chunk, (size_t)n)));
    }
    assert_int_equal(close(fd), 0);
}

static inline void write_whole(const char *name, struct jt_span bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    assert_int_equal(close(fd), 0);
}

/* Names, sizes and bytes of all files of the folder, in its order. */
static inline void add_file(const char *name, void *ctx)
{
    struct jt_buf *all = ctx;
    assert_ok(jt_buf_printf(all, "%s %lld\n", name, (long long)size_of(name)));
    read_whole(name, all);
}

static inline void assert_folder_is(const struct jt_buf *before)
{
    JT_AUTO(buf) now = JT_BUF_INIT(FILE_MAX);
    each_file(add_file, &now);
    assert_int_equal(now.len, before->len);
    assert_memory_equal(now.p, before->p, now.len);
}

struct needle {
    struct jt_span bytes;
    size_t found;
};

static inline void count_needle(const char *name, void *ctx)
{
    struct needle *needle = ctx;
    JT_AUTO(buf) bytes = JT_BUF_INIT(FILE_MAX);
    read_whole(name, &bytes);
    needle->found +=
        memmem(jt_buf_str(&bytes), bytes.len, needle->bytes.p, needle->bytes.n) != NULL;
}

/* How many files of the folder hold `bytes`. */
static inline size_t files_with(struct jt_span bytes)
{
    struct needle needle = {bytes, 0};
    each_file(count_needle, &needle);
    return needle.found;
}

/* --- a store --- */

static inline int64_t fixed_wall_s(void *ctx)
{
    (void)ctx;
    return 1700000000;
}

/* The database file `name`, or the one of another kind, until the next call. */
static inline const struct jt_store_where *at(const char *name)
{
    static struct jt_store_where where;
    if (other_store != NULL) {
        return other_store->where();
    }
    where.sqlite_path = name;
    return &where;
}

static const struct jt_clock fixed_clock = {fixed_wall_s, fixed_wall_s, NULL};

static inline struct jt_store *open_store(void)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_store_open(at(path), &fixed_clock, &store, &diag);
    if (err != JT_OK) {
        print_error("%s\n", diag.text);
    }
    assert_ok(err);
    return store;
}

static inline void begin(struct jt_store *store)
{
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_store_begin(store, &diag));
}

static inline void commit(struct jt_store *store)
{
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_store_commit(store, &diag));
}

static inline int64_t version(struct jt_store *store)
{
    int64_t v = -1;
    assert_ok(jt_store_version(store, &v));
    return v;
}

static inline void put(struct jt_store *store, enum jt_store_kind kind, const char *id,
                       const char *doc)
{
    assert_ok(jt_store_put(store, kind, jt_span_str(id), jt_span_str(doc)));
}

/* Objects as one line: "kind:id=doc@version " each, deletions as "kind:id-@version ". */
static inline enum jt_err list_object(void *ctx, const struct jt_store_object *o)
{
    return jt_buf_printf(ctx, "%d:%.*s%s%.*s@%d ", (int)o->kind, (int)o->id.n,
                         (const char *)o->id.p, o->doc.n == 0 ? "-" : "=", (int)o->doc.n,
                         o->doc.n == 0 ? "" : (const char *)o->doc.p, (int)o->version);
}

static inline void assert_objects(struct jt_store *store, int64_t since, const char *expected)
{
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    assert_ok(jt_store_objects(store, since, list_object, &out));
    assert_string_equal(jt_buf_str(&out), expected);
}

static inline void put_one_and_close(void)
{
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    commit(store);
    jt_store_close(store);
}

/* --- keys --- */

static const uint8_t mac[32] = {1, 2, 0, 4};

static inline struct jt_store_key make_key(const char *kid, struct jt_span blob,
                                           int64_t published_at_s)
{
    return (struct jt_store_key){.kid = jt_span_str(kid),
                                 .alg = JT_SPAN("ES256"),
                                 .public_jwk = JT_SPAN("{\"kty\":\"EC\"}"),
                                 .mac = jt_span_of(mac, sizeof mac),
                                 .blob = blob,
                                 .published_at_s = published_at_s,
                                 .sign_from_s = INT64_MAX,
                                 .sign_until_s = 3,
                                 .drop_at_s = 4,
                                 .dropped_at_s = 5,
                                 .revoked_at_s = 6,
                                 .longest_s = 7};
}

static inline enum jt_err list_key(void *ctx, const struct jt_store_key *k)
{
    assert_span(k->alg, "ES256");
    assert_span(k->public_jwk, "{\"kty\":\"EC\"}");
    assert_true(jt_span_eq(k->mac, jt_span_of(mac, sizeof mac)));
    assert_true(k->sign_from_s == INT64_MAX && k->sign_until_s == 3 && k->drop_at_s == 4);
    assert_true(k->dropped_at_s == 5 && k->revoked_at_s == 6 && k->longest_s == 7);
    return jt_buf_printf(ctx, "%.*s:%zu@%d ", (int)k->kid.n, (const char *)k->kid.p, k->blob.n,
                         (int)k->published_at_s);
}

static inline void assert_keys(struct jt_store *store, const char *expected)
{
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    assert_ok(jt_store_keys(store, list_key, &out));
    assert_string_equal(jt_buf_str(&out), expected);
}

/* --- tables --- */

/* Read as an operator would, past store.h. */
static inline int add_column(void *ctx, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++) {
        assert_ok(jt_buf_printf(ctx, "%s|", values[i] == NULL ? "NULL" : values[i]));
    }
    return 0;
}

/* Runs statements as another program would; `out` (or NULL) gets what they give. */
static inline void run_beside(const char *sql, struct jt_buf *out)
{
    sqlite3 *db = NULL;
    if (other_store != NULL) {
        other_store->run(sql, out);
        return;
    }
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 5000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, out == NULL ? NULL : add_column, out, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static inline void assert_query(const char *sql, const char *expected)
{
    JT_AUTO(buf) out = JT_BUF_INIT(10000);
    run_beside(sql, &out);
    assert_string_equal(jt_buf_str(&out), expected);
}

#define store_test(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
