/* SPDX-License-Identifier: Apache-2.0 */
/* make_token DIR writes DIR/jwks.json, and DIR/good and DIR/bad, two tokens of its key. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/token_maker.h"

static int write_file(const char *dir, const char *name, const char *text)
{
    FILE *file = fopen(token_maker_text("%s/%s", dir, name), "w");
    if (file == NULL) {
        perror(name);
        return 1;
    }
    int failed = fputs(text, file) < 0;
    return fclose(file) != 0 || failed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_token DIR\n");
        return 1;
    }
    const struct token_key *key = token_maker_key("ES256");
    const char *claims = token_maker_text(
        "{\"iss\":\"https://id.example.com\",\"aud\":\"https://payment.example.com/api\","
        "\"sub\":\"cart\",\"exp\":%lld}",
        (long long)time(NULL) + 3600);
    const char *header = "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}";
    const char *good = token_maker_sign(key, header, claims);
    int failed =
        write_file(argv[1], "jwks.json",
                   token_maker_jwks(token_maker_jwk(key, "\"kid\":\"k1\""), NULL)) ||
        write_file(argv[1], "good", good) ||
        write_file(argv[1], "bad", token_maker_sign(token_maker_key("ES256"), header, claims));
    token_maker_release();
    return failed;
}
