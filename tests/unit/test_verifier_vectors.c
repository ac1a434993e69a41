/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed examples of RFC 7515 and RFC 8037, by the public API. Their payloads are no access
 * tokens, so that the signature stood shows in what is found wrong after it.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <string.h>

static const char *const any_type[] = {"", NULL};

/* Opens a desk for issuer "joe" at the time of the RFC. */
static void open_for(struct desk *desk, const char *jwks)
{
    struct jeton_policy policy = desk_policy();
    policy.issuer = "joe";
    policy.types = any_type;
    desk_open(desk, &policy, jwks);
    desk->now_s = 1300819379;
}

static void refuse_each_changed_character(struct desk *desk, const char *token)
{
    char *bad = strdup(token);
    char *signature = strrchr(bad, '.') + 1;
    for (size_t i = 0; i + 1 < strlen(signature); i++) { /* the last has spare bits */
        char was = signature[i];
        signature[i] = was == 'A' ? 'B' : 'A';
        assert_status(desk_judge(desk, bad), JETON_BAD_SIGNATURE);
        signature[i] = was;
    }
    free(bad);
}

/* RFC 7515 appendix A: {"iss":"joe","exp":1300819380,"http://example.com/is_root":true} */
#define JOE                                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

static void judge_joe(const char *jwks, const char *token)
{
    struct desk desk;
    open_for(&desk, jwks);
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result),
                  JETON_WRONG_AUDIENCE);
    assert_int_equal(result.failures, JETON_FAIL_AUDIENCE);
    assert_int_equal(result.expires_s, 1300819380);
    desk.now_s = 1300819380;
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result),
                  JETON_WRONG_AUDIENCE);
    assert_int_equal(result.failures, JETON_FAIL_AUDIENCE | JETON_FAIL_EXPIRED);
    refuse_each_changed_character(&desk, token);
    desk_close(&desk);
}

static void rfc7515_a2_rs256_verifies(void **state)
{
    (void)state;
    judge_joe("{\"keys\":[{\"kty\":\"RSA\",\"n\":"
              "\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJ"
              "PMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LO"
              "L-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv"
              "b3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW"
              "9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}]}",
              "eyJhbGciOiJSUzI1NiJ9." JOE
              ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
              "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
              "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
              "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
              "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
              "p0igcN_IoypGlUPQGe77Rw");
}

static void rfc7515_a3_es256_verifies(void **state)
{
    (void)state;
    judge_joe("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
              "eyJhbGciOiJFUzI1NiJ9." JOE
              ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6"
              "NU1Q");
}

static void rfc7515_a4_es512_verifies(void **state)
{
    (void)state;
    struct desk desk; /* the payload is the word Payload */
    open_for(&desk,
             "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-521\","
             "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4"
             "qUxcWceqwQGk\","
             "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9u"
             "bmf63e3kyMj2\"}]}");
    const char *token = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi7"
                        "0cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX"
                        "3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    assert_status(desk_judge(&desk, token), JETON_BAD_CLAIMS);
    refuse_each_changed_character(&desk, token);
    desk_close(&desk);
}

static void rfc8037_a4_eddsa_verifies(void **state)
{
    (void)state;
    struct desk desk; /* the payload is the text Example of Ed25519 signing */
    open_for(&desk, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}");
    const char *token =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PG"
        "cvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_status(desk_judge(&desk, token), JETON_BAD_CLAIMS);
    refuse_each_changed_character(&desk, token);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc7515_a2_rs256_verifies),
        cmocka_unit_test(rfc7515_a3_es256_verifies),
        cmocka_unit_test(rfc7515_a4_es512_verifies),
        cmocka_unit_test(rfc8037_a4_eddsa_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
