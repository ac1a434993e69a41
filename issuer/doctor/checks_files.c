/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/base/buf.h"
#include "issuer/doctor/checks.h"

#include "common/base/base.h"

#define MIB          ((uint64_t)1024 * 1024)
#define DISK_FAIL    (16 * MIB)
#define DISK_WARN    (256 * MIB)
#define LOG_WARN     (64 * MIB) /* a write-ahead log that is emptied stays far below */
#define PRIVATE_MASK (S_IRWXG | S_IRWXO)

static enum jt_err check_database(const struct jt_checks *checks, bool is_file)
{
    struct jt_diag diag = JT_DIAG_INIT;
    (void)pthread_mutex_lock(&checks->issuer->write_lock);
    enum jt_err err = jt_store_check(checks->issuer->store, &diag);
    (void)pthread_mutex_unlock(&checks->issuer->write_lock);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (err != JT_OK) {
        return jt_checks_say(checks, "database", JT_CHECKS_FAIL,
                             is_file ? "stop jetond, put the database back from a backup, start it"
                                     : "look at the database server and the way to it; tokens are "
                                       "issued until keys.staleness is over",
                             "%s", jt_diag_text(&diag, err));
    }
    return jt_checks_say(checks, "database", JT_CHECKS_OK, NULL, "%s is whole",
                         jt_store_name(checks->issuer->store));
}

/* A database that went back has lost what was acknowledged: keys are written back, the rest is not. */
static enum jt_err check_history(const struct jt_checks *checks)
{
    unsigned long long n = atomic_load(&checks->issuer->rejoins);
    if (n == 0) {
        return jt_checks_say(checks, "database_history", JT_CHECKS_OK, NULL,
                             "the database has kept every commit that was seen here");
    }
    return jt_checks_say(checks, "database_history", JT_CHECKS_WARN,
                         "apply the model again, and delete again the clients that are back; "
                         "then restart jetond",
                         "the database has lost commits since the start, %llu times: a standby was "
                         "promoted, or a backup restored",
                         n);
}

/* Sealed keys and hashes of secrets are in all of them. */
static enum jt_err check_database_files(const struct jt_checks *checks, const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < JT_COUNT(suffixes); i++) {
        JT_AUTO(buf) name = JT_BUF_INIT(8192);
        JT_TRY(jt_buf_printf(&name, "%s%s", path, suffixes[i]));
        struct stat st;
        if (stat(jt_buf_str(&name), &st) != 0) {
            continue; /* the database check tells when it is the database itself */
        }
        if ((st.st_mode & PRIVATE_MASK) != 0) {
            return jt_checks_say(checks, "database_files", JT_CHECKS_FAIL,
                                 "take all rights on it from group and others (chmod go-rwx)",
                                 "%s has mode %04o", jt_buf_str(&name),
                                 (unsigned)st.st_mode & 07777u);
        }
        if (i == 1 && (uint64_t)st.st_size > LOG_WARN) {
            return jt_checks_say(checks, "database_files", JT_CHECKS_WARN,
                                 "look for a program that keeps the database open, then: "
                                 "systemctl restart jetond",
                                 "%s has grown to %llu MiB: it is not emptied", jt_buf_str(&name),
                                 (unsigned long long)((uint64_t)st.st_size / MIB));
        }
    }
    return jt_checks_say(checks, "database_files", JT_CHECKS_OK, NULL,
                         "only their owner may read %s and its log", path);
}

static enum jt_err check_disk(const struct jt_checks *checks, const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) {
        return JT_ERR_NOMEM;
    }
    const char *folder = dirname(copy);
    struct statvfs st;
    bool known = statvfs(folder, &st) == 0;
    uint64_t room = known ? (uint64_t)st.f_bavail * st.f_frsize : 0;
    enum jt_checks_status status = !known || room < DISK_WARN ? JT_CHECKS_WARN : JT_CHECKS_OK;
    status = known && room < DISK_FAIL ? JT_CHECKS_FAIL : status;
    enum jt_err err =
        known ? jt_checks_say(checks, "disk", status,
                              status == JT_CHECKS_OK ? NULL : "free space on that file system",
                              "%llu MiB are free at %s", (unsigned long long)(room / MIB), folder)
              : jt_checks_say(checks, "disk", status, "look at that file system",
                              "%s cannot be looked at: error %d", folder, errno);
    free(copy);
    return err;
}

static enum jt_err check_socket(const struct jt_checks *checks, const char *path, unsigned mode)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return jt_checks_say(checks, "admin_socket", JT_CHECKS_FAIL, "systemctl restart jetond",
                             "%s is not there any more, or no socket: nobody new can connect to it",
                             path);
    }
    unsigned has = (unsigned)st.st_mode & 07777u;
    if (has != mode) {
        JT_AUTO(buf) fix = JT_BUF_INIT(256);
        JT_TRY(jt_buf_printf(&fix, "chmod %04o the socket, or restart jetond", mode));
        return jt_checks_say(checks, "admin_socket",
                             (has & ~mode) != 0 ? JT_CHECKS_FAIL : JT_CHECKS_WARN, jt_buf_str(&fix),
                             "%s has mode %04o, and admin.mode says %04o", path, has, mode);
    }
    return jt_checks_say(checks, "admin_socket", JT_CHECKS_OK, NULL, "%s has mode %04o", path,
                         mode);
}

enum jt_err jt_checks_files(const struct jt_checks *checks)
{
    const struct jt_root *root = jt_issuer_enter(checks->worker);
    const struct jt_config *config = &root->settings->config;
    const char *path = jt_config_store(config).sqlite_path;
    enum jt_err err = check_database(checks, path != NULL);
    err = err == JT_OK ? check_history(checks) : err;
    if (path != NULL) {
        err = err == JT_OK ? check_database_files(checks, path) : err;
        err = err == JT_OK ? check_disk(checks, path) : err;
    }
    err = err == JT_OK ? check_socket(checks, config->admin_socket, jt_config_admin_mode(config))
                       : err;
    jt_issuer_exit(checks->worker);
    return err;
}
