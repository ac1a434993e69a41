/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts. What was ever released is never edited: a change of the schema is a row at the end.
 * SQLite and PostgreSQL run the same: TEXT, BIGINT, and BLOB, which PostgreSQL is given as a domain
 * over BYTEA. Identifiers and documents are bytes: TEXT of PostgreSQL could not hold a NUL, and its
 * order depends on a collation where BYTEA and BLOB sort by bytes.
 */
#include "issuer/store/migrate.h"

#include "common/base/base.h"

static const struct jt_migration list[] = {
    {1,
     "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);"

     /* doc NULL: deleted at `version`, kept so that others learn of it */
     "CREATE TABLE objects (kind BIGINT NOT NULL, id BLOB NOT NULL, doc BLOB,"
     " version BIGINT NOT NULL, PRIMARY KEY (kind, id));"
     "CREATE INDEX objects_version ON objects (version);"

     /* blob NULL: the private half is erased; times 0: not yet */
     "CREATE TABLE keys (kid TEXT NOT NULL PRIMARY KEY, alg TEXT NOT NULL,"
     " public_jwk TEXT NOT NULL, mac BLOB NOT NULL, blob BLOB,"
     " published_at_s BIGINT NOT NULL, sign_from_s BIGINT NOT NULL, sign_until_s BIGINT NOT NULL,"
     " drop_at_s BIGINT NOT NULL, dropped_at_s BIGINT NOT NULL, revoked_at_s BIGINT NOT NULL,"
     " longest_s BIGINT NOT NULL);"

     "CREATE TABLE sealed (name TEXT NOT NULL PRIMARY KEY, mac BLOB NOT NULL, blob BLOB NOT NULL);"

     "CREATE TABLE audit (seq BIGINT NOT NULL PRIMARY KEY, at_s BIGINT NOT NULL,"
     " actor TEXT NOT NULL, action TEXT NOT NULL, object BLOB NOT NULL, detail BLOB NOT NULL);"

     "INSERT INTO meta (name, value) VALUES ('version', 0)"},

    {2,
     /* no part of any version: when a secret was last used changes nothing */
     "CREATE TABLE uses (client BLOB NOT NULL, secret BLOB NOT NULL, used_s BIGINT NOT NULL,"
     " PRIMARY KEY (client, secret));"

     /* what the first request under an idempotency key was answered */
     "CREATE TABLE replies (actor BLOB NOT NULL, key BLOB NOT NULL, at_s BIGINT NOT NULL,"
     " request BLOB NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (actor, key));"
     "CREATE INDEX replies_at_s ON replies (at_s)"},

    /* tells two histories apart that count the same versions */
    {3, "CREATE TABLE commits (version BIGINT NOT NULL PRIMARY KEY, mark BIGINT NOT NULL)"},
};

const struct jt_migrations jt_migrate_all = {list, JT_COUNT(list)};
