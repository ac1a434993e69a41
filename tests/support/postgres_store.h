/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests of tests/unit/store_unit.h over PostgreSQL: one server for the program, a database for
 * each test. A program that takes it is registered twice; the second time the environment says
 * JETON_TEST_STORE=postgres.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_SUPPORT_POSTGRES_STORE_H
#define JT_TESTS_SUPPORT_POSTGRES_STORE_H

#include "tests/support/postgres_cluster.h"
#include "tests/unit/store_other.h"

extern struct jt_postgres_cluster jt_postgres_store_cluster;

/* The name of the database of the test that runs. */
#define JT_POSTGRES_STORE_DATABASE "test"

/* Starts the server when the environment says so, and gives how to use it; NULL: it does not. Ends
 * the program with 77 where there is no server. */
const struct store_other *jt_postgres_store_asked(void);
/* The same, unasked. */
const struct store_other *jt_postgres_store(void);
/* Stops it; harmless when it does not run. */
void jt_postgres_store_end(void);

#endif
