/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte that means something to a parser, put in at every place of whole requests, and every
 * byte of them left out: the answers that are due are told by the strict parser (strict.h), which
 * reads the same stream.
 */
#ifndef JT_TESTS_ATTACK_HTTP_SWEEP_H
#define JT_TESTS_ATTACK_HTTP_SWEEP_H

void sweep_inserts_each_byte_everywhere(void **state);
void sweep_leaves_each_byte_out(void **state);

#endif
