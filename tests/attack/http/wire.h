/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that sends bytes as they are, for tests of the HTTP server: no library would send what
 * these tests have to send. Every wait is bounded by WIRE_WAIT_S; a failure fails the test.
 */
#ifndef JT_TESTS_ATTACK_HTTP_WIRE_H
#define JT_TESTS_ATTACK_HTTP_WIRE_H

#include "common/base/span.h"

#define WIRE_WAIT_S 10

/* Connects to what jt_server_address tells; -1 when refused. */
int wire_try_connect(const char *address);
int wire_connect(const char *address);

/* Sends all of `bytes`, `piece` at a time (0: at once). The peer may have closed already: what it
 * answered before is for the reader to judge. */
void wire_send(int fd, struct jt_span bytes, size_t piece);

/* Reads to the end of the connection, closes it, and ends the text with NUL (also inside the count,
 * NULs may stand). */
size_t wire_read_all(int fd, char *text, size_t size);

/* Reads one answer, which must have a Content-Length or no body; its head and body as one text. */
void wire_read_answer(int fd, bool head_only, char *text, size_t size);

/* The status of the first answer in `text`; 0 when there is none. */
int wire_status(const char *text);

/* The answer after the one that `text` begins with; NULL when there is none. */
const char *wire_next(const char *text);

/* How many answers `text` holds. */
size_t wire_count(const char *text);

#endif
