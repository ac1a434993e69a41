/* SPDX-License-Identifier: Apache-2.0 */
/* example_verify ISSUER AUDIENCE <TOKEN: says whose token it is, or why it is refused. */
#include <jeton/verifier.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char token[16385] = "";
    struct jeton_options options = JETON_INIT(jeton_options);
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_verifier *verifier = NULL; /* one per program; it keeps the issuer's keys fresh */
    jeton_worker *worker = NULL;     /* one per thread */
    if (argc != 3 || scanf("%16384s", token) != 1) {
        return 1;
    }
    options.wait_ms = 5000; /* for the first keys, at start only */
    policy.issuer = argv[1];
    policy.audiences = (const char *const[]){argv[2], NULL};
    jeton_status status = jeton_verifier_new(&options, &policy, 1, &verifier);
    if (status == JETON_OK && (status = jeton_worker_new(verifier, &worker)) == JETON_OK) {
        status = jeton_verify(worker, token, strlen(token), NULL, &result); /* no I/O in here */
    }
    if (status == JETON_OK) {
        printf("%.*s may call\n", (int)result.client_id.n, result.client_id.p);
    } else {
        printf("%s: %s\n", jeton_status_name(status), jeton_status_text(status));
    }
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
    return status == JETON_OK ? 0 : 2;
}
