/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks against a daemon that runs (on_jetond.py starts it). Ends with what it saw answered:
 * "canaries N", for the caller to compare with what the daemon counted.
 */
#include "tests/attack/http/attacks.h"
#include "tests/attack/http/target.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

enum arg {
    PROGRAM,
    ADDRESS,
    GET,
    POST,
    POST_STATUS,
    MAX_BODY,
    METHOD,
    PATH,
    FIELDS,
    BODY,
    MARK,
    N_ARGS
};

static struct target daemon_target = {.get_status = 200};

static char canary[4096];

int main(int argc, char **argv)
{
    if (argc != N_ARGS) {
        (void)fprintf(stderr,
                      "usage: %s ADDRESS GET-PATH POST-PATH POST-STATUS MAX-BODY\n"
                      "       CANARY-METHOD CANARY-PATH CANARY-FIELDS CANARY-BODY CANARY-MARK\n"
                      "FIELDS: lines that end in CR LF; MARK: what stands once in the answer;\n"
                      "MAX-BODY 0: no body is read, and GET-PATH is answered as POST-PATH\n",
                      argv[PROGRAM]);
        return 1;
    }
    size_t body_n = strlen(argv[BODY]);
    int n = snprintf(
        canary, sizeof canary,
        "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
        argv[METHOD], argv[PATH], argv[FIELDS], body_n, argv[BODY]);
    if (n < 0 || (size_t)n >= sizeof canary) {
        return 1;
    }
    daemon_target.address = argv[ADDRESS];
    daemon_target.get = argv[GET];
    daemon_target.post = argv[POST];
    daemon_target.post_status = (int)strtol(argv[POST_STATUS], NULL, 10);
    daemon_target.max_body = strtoul(argv[MAX_BODY], NULL, 10);
    daemon_target.canary = jt_span_of(canary, (size_t)n);
    daemon_target.canary_method = argv[METHOD];
    daemon_target.canary_path = argv[PATH];
    daemon_target.canary_body = body_n;
    daemon_target.canary_mark = argv[MARK];
    if (daemon_target.max_body == 0) {
        daemon_target.unread = true;
        daemon_target.get_status = daemon_target.post_status;
    }
    target = &daemon_target;
    int failed = attacks_run("attack.http.jetond", NULL, NULL);
    (void)printf("canaries %zu\n", target_canaries);
    return failed;
}
