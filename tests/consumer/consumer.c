/* SPDX-License-Identifier: Apache-2.0 */
/* An API that verifies: consumer JWKS-FILE TOKEN prints the subject, or why not (exit 2). */
#include <jeton/verifier.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_verifier *verifier = NULL;
    jeton_worker *worker = NULL;
    policy.issuer = "https://id.example.com";
    policy.audiences = (const char *const[]){"https://payment.example.com/api", NULL};
    policy.jwks_file = argc == 3 ? argv[1] : "";
    if (jeton_verifier_new(NULL, &policy, 1, &verifier) != JETON_OK ||
        jeton_worker_new(verifier, &worker) != JETON_OK) {
        fprintf(stderr, "%s\n", jeton_verifier_error(verifier));
        return 1;
    }
    jeton_status status = jeton_verify(worker, argv[2], strlen(argv[2]), NULL, &result);
    printf("%s %.*s\n", jeton_status_name(status), (int)result.subject.n,
           result.subject.n > 0 ? result.subject.p : "");
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
    return status == JETON_OK ? 0 : 2;
}
