/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer process: hosts the local signer for the daemon that started it, which asks it over a
 * socket and a ring of shared memory. Once it has its key-encryption keys it closes itself in
 * (sandbox.h). A program that makes a signer of JT_SIGNER_PROCESS calls this first of all in main,
 * for the signer is the same program, started anew so that nothing of the daemon's memory is in it.
 * Thread rule: the only thread of a new process.
 */
#ifndef JT_KEYS_SIGNER_CHILD_H
#define JT_KEYS_SIGNER_CHILD_H

/* The only argument of a signer process, and the descriptor of its socket. */
#define JT_CHILD_ARGUMENT "--signer-of-the-daemon"
#define JT_CHILD_SOCKET   3

/* Is the signer, until the daemon closes the socket, and returns the exit status; -1 at once when
 * the arguments are not those of a signer process. */
int jt_child_main(int argc, char **argv);

#endif
