/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that are no objects of the access model. Nearly all have a closed list of members. */
#include "issuer/admin/openapi.h"

#include "common/base/base.h"

#define TEXT    "{\"type\":\"string\"}"
#define TRUTH   "{\"type\":\"boolean\"}"
#define TIME    "{\"type\":\"integer\",\"description\":\"seconds since 1970\"}"
#define NO_TIME "{\"type\":[\"integer\",\"null\"],\"description\":\"seconds since 1970\"}"
#define TEXTS   "{\"type\":\"array\",\"items\":" TEXT "}"
#define FORCE   "\"force\":{\"type\":\"boolean\",\"default\":false}"

#define OBJECT(required, properties)                                              \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required \
    "],\"properties\":{" properties "}}"

#define SECRET(more)                                                                  \
    "\"id\":" TEXT ",\"name\":" TEXT ",\"created_s\":" TIME ",\"expires_s\":" NO_TIME \
    ",\"last_used_s\":" NO_TIME more

#define ALGS "\"enum\":[\"ES256\",\"ES384\",\"ES512\",\"RS256\",\"PS256\",\"EdDSA\"]"

#define KEY                                                                                    \
    OBJECT("\"kid\",\"alg\",\"state\"",                                                        \
           "\"kid\":" TEXT ",\"alg\":{\"type\":\"string\"," ALGS "},"                          \
           "\"state\":{\"type\":\"string\",\"enum\":[\"next\",\"active\",\"retiring\","        \
           "\"dropped\",\"revoked\"]},\"published_at_s\":" NO_TIME ",\"sign_from_s\":" NO_TIME \
           ",\"sign_until_s\":" NO_TIME ",\"drop_at_s\":" NO_TIME ",\"revoked_at_s\":" NO_TIME)

#define LIST_OF(member, what)                                                               \
    OBJECT("\"" member "\"", "\"" member "\":{\"type\":\"array\",\"minItems\":1,\"items\":" \
                             "{\"type\":\"string\",\"description\":\"" what "\"}}")

const struct jt_openapi_schema jt_openapi_schemas[] = {
    {"problem",
     "{\"type\":\"object\",\"description\":\"RFC 9457\",\"required\":[\"code\",\"title\","
     "\"status\",\"detail\"],\"properties\":{\"code\":{\"type\":\"string\",\"description\":"
     "\"a stable name\"},\"title\":" TEXT ",\"status\":{\"type\":\"integer\"},\"detail\":"
     "{\"type\":\"string\",\"description\":\"what is wrong and how to mend it\"},\"member\":"
     "{\"type\":\"string\",\"description\":\"of the request, the one at fault\"}}}"},
    {"about", OBJECT("\"issuer\",\"version\",\"admin_resource\",\"scopes\"",
                     "\"issuer\":" TEXT ",\"version\":" TEXT ",\"admin_resource\":" TEXT
                     ",\"scopes\":" TEXTS)},
    {"document", "{\"type\":\"object\",\"description\":\"this document\"}"},
    {"grants", LIST_OF("grants", "IDENTIFIER#SCOPE, or IDENTIFIER alone")},
    {"roles", LIST_OF("roles", "the name of a role")},
    {"subscription", OBJECT("\"product\"", "\"product\":" TEXT)},
    {"secret_new",
     OBJECT("", "\"name\":{\"type\":[\"string\",\"null\"]},\"lifetime_s\":{\"type\":[\"integer\","
                "\"null\"],\"minimum\":1,\"description\":\"absent: it never expires\"}")},
    {"secret_made", OBJECT("\"id\",\"name\",\"created_s\",\"expires_s\"",
                           SECRET(",\"client_secret\":{\"type\":\"string\",\"description\":"
                                  "\"shown this once; absent when replayed\"}"))},
    {"keys", OBJECT("\"items\"", "\"items\":{\"type\":\"array\",\"items\":" KEY
                                 "},\"note\":{\"type\":\"string\",\"description\":"
                                 "\"what there is to know of the step\"}")},
    {"rotate", OBJECT("", "\"alg\":{\"type\":[\"string\",\"null\"],\"description\":"
                          "\"absent: all algorithms\"}," FORCE)},
    {"revoke", OBJECT("", FORCE)},
};
const size_t jt_openapi_n_schemas = JT_COUNT(jt_openapi_schemas);
