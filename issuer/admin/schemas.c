/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies that are no objects of the access model. Nearly all have a closed list of members. */
#include "issuer/admin/openapi.h"

#include "common/base/base.h"

#define TEXT    "{\"type\":\"string\"}"
#define TRUTH   "{\"type\":\"boolean\"}"
#define TIME    "{\"type\":\"integer\",\"description\":\"seconds since 1970\"}"
#define NO_TIME "{\"type\":[\"integer\",\"null\"],\"description\":\"seconds since 1970\"}"
#define NO_TEXT "{\"type\":[\"string\",\"null\"]}"
#define TEXTS   "{\"type\":\"array\",\"items\":" TEXT "}"
#define FORCE   "\"force\":{\"type\":\"boolean\",\"default\":false}"

#define OBJECT(required, properties)                                              \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required \
    "],\"properties\":{" properties "}}"

#define SECRET(more)                                                                  \
    "\"id\":" TEXT ",\"name\":" TEXT ",\"created_s\":" TIME ",\"expires_s\":" NO_TIME \
    ",\"last_used_s\":" NO_TIME more

#define ALGS "\"enum\":[\"ES256\",\"ES384\",\"ES512\",\"RS256\",\"PS256\",\"EdDSA\"]"

#define MAYBE_COUNT "{\"type\":[\"integer\",\"null\"],\"minimum\":0"

#define KEY                                                                                        \
    OBJECT("\"kid\",\"alg\",\"state\"",                                                            \
           "\"kid\":" TEXT ",\"alg\":{\"type\":\"string\"," ALGS "},"                              \
           "\"state\":{\"type\":\"string\",\"enum\":[\"next\",\"active\",\"retiring\","            \
           "\"dropped\",\"revoked\"]},\"published_at_s\":" NO_TIME ",\"sign_from_s\":" NO_TIME     \
           ",\"sign_until_s\":" NO_TIME ",\"drop_at_s\":" NO_TIME ",\"dropped_at_s\":" NO_TIME     \
           ",\"revoked_at_s\":" NO_TIME ",\"longest_s\":{\"type\":\"integer\",\"description\":"    \
           "\"the longest lifetime that it may sign\"},\"witness\":{\"type\":\"string\",\"enum\":" \
           "[\"libjwt\",\"openssl\"],\"description\":\"who judged it before it was published\"},"  \
           "\"unexpired_tokens\":" MAYBE_COUNT                                                     \
           ",\"description\":\"at most so many, signed by this "                                   \
           "issuer; null: not known\"}")

#define ALGORITHM                                                                              \
    OBJECT("\"alg\",\"named\",\"active\",\"next\",\"next_signs_s\",\"period_s\",\"jitter_s\"," \
           "\"lead_s\",\"tail_s\"",                                                            \
           "\"alg\":{\"type\":\"string\"," ALGS                                                \
           "},\"named\":{\"type\":\"boolean\",\"description\":"                                \
           "\"by keys.algorithms\"},\"active\":" NO_TEXT ",\"next\":" NO_TEXT                  \
           ",\"next_signs_s\":" NO_TIME                                                        \
           ",\"period_s\":{\"type\":\"integer\"},\"jitter_s\":{\"type\":\"integer\","          \
           "\"description\":\"of the active key; in next_signs_s\"},\"lead_s\":{\"type\":"     \
           "\"integer\"},\"tail_s\":{\"type\":\"integer\",\"description\":\"how long the "     \
           "active key stays in the set after it stopped\"}")

#define LIST_OF(member, what)                                                               \
    OBJECT("\"" member "\"", "\"" member "\":{\"type\":\"array\",\"minItems\":1,\"items\":" \
                             "{\"type\":\"string\",\"description\":\"" what "\"}}")

#define M(name, schema)    "\"" name "\":" schema ","
#define LAST(name, schema) "\"" name "\":" schema
#define LIST(item)         "{\"type\":\"array\",\"items\":" item "}"
#define ANY_OBJECT         "{\"type\":[\"object\",\"null\"]}"
#define ONE_OF(values)     "{\"enum\":[" values "]}"

#define EACH(schema) LIST("{\"$ref\":\"#/components/schemas/" schema "\"}")

/* What stands against a scope or a resource. */
#define REASON                    \
    M("resource", TEXT)           \
    M("why", TEXT)                \
    M("nearest", TEXT)            \
    M("given_by", EACH("source")) \
    LAST("hint", TEXT)

#define EXPLAINED_ALWAYS                                                                 \
    "\"client\",\"decision\",\"status\",\"resources\",\"chosen\",\"refused_resources\"," \
    "\"dropped\",\"header\",\"claims\",\"scopes\",\"fix\""

#define EXPLAINED_ANSWER                             \
    M("client", ANY_OBJECT)                          \
    M("nearest", TEXT)                               \
    M("decision", ONE_OF("\"granted\",\"refused\"")) \
    M("status", "{\"type\":\"integer\"}")            \
    M("error", TEXT)                                 \
    M("error_description", TEXT)

#define EXPLAINED_RESOURCES                                                 \
    M("resources", TEXTS)                                                   \
    M("chosen", ONE_OF("\"asked\",\"default\",\"by_scope\",\"only\",null")) \
    M("refused_resources", EACH("resource_refused"))                        \
    M("holds", TEXTS)

#define EXPLAINED_TOKEN                 \
    M("scopes", EACH("scope_given"))    \
    M("dropped", EACH("scope_dropped")) \
    M("header", ANY_OBJECT)             \
    M("claims", ANY_OBJECT)             \
    LAST("fix", TEXTS)

#define EXPLAIN_ASK                                                                \
    M("client", "{\"type\":\"string\",\"description\":\"its client_id or name\"}") \
    M("resource", "{\"type\":[\"string\",\"array\",\"null\"],\"items\":" TEXT "}") \
    LAST("scope", "{\"type\":[\"string\",\"null\"],\"description\":\"separated by spaces\"}")
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define CHANGE                                                                                   \
    OBJECT(                                                                                      \
        "\"kind\",\"name\",\"action\",\"members\"",                                              \
        "\"kind\":" TEXT ",\"name\":" TEXT ",\"action\":{\"type\":\"string\",\"enum\":"          \
        "[\"create\",\"update\",\"delete\"]},\"members\":{\"type\":\"array\",\"items\":" OBJECT( \
            "\"member\",\"from\",\"to\"", "\"member\":" TEXT ",\"from\":{},\"to\":{}") "}")

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
    {"keys",
     OBJECT("\"items\",\"algorithms\",\"now_s\",\"pause_until_s\"",
            M("items", EACH("key")) M("algorithms", EACH("algorithm_kept")) M("now_s", TIME) M(
                "pause_until_s",
                "{\"type\":[\"integer\",\"null\"],\"description\":\"after a jump of "
                "the clock automatic steps wait until then\"}")
                LAST("note", "{\"type\":\"string\",\"description\":\"what there is to know of the "
                             "step\"}"))},
    {"key", KEY},
    {"algorithm_kept", ALGORITHM},
    {"algorithm", OBJECT("\"alg\"", "\"alg\":{\"type\":\"string\"," ALGS "}")},
    {"nothing", OBJECT("", "")},
    {"reach", OBJECT("\"etag\",\"set_since_s\",\"started_s\",\"now_s\",\"windows\"",
                     M("etag", TEXT) M("set_since_s", TIME) M("started_s", TIME) M("now_s", TIME)
                         LAST("windows", EACH("reach_window")))},
    {"reach_window",
     OBJECT("\"window_s\",\"fetches\",\"newest\",\"held\",\"share\"",
            M("window_s", "{\"type\":[\"integer\",\"null\"],\"description\":\"back from now; null: "
                          "since the set changed\"}") M("fetches", COUNT) M("newest", COUNT)
                M("held", COUNT) LAST("share", "{\"type\":[\"number\",\"null\"]}"))},
    {"rotate", OBJECT("", "\"alg\":{\"type\":[\"string\",\"null\"],\"description\":"
                          "\"absent: all algorithms\"}," FORCE)},
    {"revoke", OBJECT("", FORCE)},
    {"kek",
     OBJECT("\"items\",\"untrusted\",\"step\"", M("items", EACH("kek_key")) M("untrusted", COUNT)
                                                    M("moved", COUNT) LAST("step", TEXT))},
    {"kek_key", OBJECT("\"role\",\"id\",\"source\",\"keys\",\"secrets\"",
                       M("role", ONE_OF("\"now\",\"next\",\"not_given\"")) M("id", TEXT)
                           M("source", "{\"type\":[\"string\",\"null\"]}") M("keys", COUNT)
                               LAST("secrets", COUNT))},
    {"explain_ask", OBJECT("\"client\"", EXPLAIN_ASK)},
    {"explanation", OBJECT(EXPLAINED_ALWAYS, EXPLAINED_ANSWER EXPLAINED_RESOURCES EXPLAINED_TOKEN)},
    {"source", /* where a right comes from, or would */
     OBJECT("",
            M("grant", ONE_OF("true")) M("role", TEXT) M("product", TEXT) LAST("status", TEXT))},
    {"scope_given", OBJECT("\"scope\",\"resource\",\"via\"",
                           M("scope", TEXT) M("resource", TEXT) LAST("via", EACH("source")))},
    {"scope_dropped", OBJECT("\"scope\",\"why\",\"hint\"", M("scope", TEXT) REASON)},
    {"resource_refused", OBJECT("\"resource\",\"why\",\"hint\"", REASON)},
    {"who_can_page", OBJECT("\"items\"", M("items", EACH("who_can")) LAST("next", TEXT))},
    {"who_can",
     OBJECT("\"client_id\",\"name\",\"enabled\",\"via\"",
            M("client_id", TEXT) M("name", TEXT) M("enabled", TRUTH) LAST("via", EACH("source")))},
    {"checks", OBJECT("\"checks\"", LAST("checks", EACH("check")))},
    {"check", OBJECT("\"check\",\"status\",\"detail\"",
                     M("check", TEXT) M("status", ONE_OF("\"ok\",\"warn\",\"fail\""))
                         M("detail", TEXT) LAST("fix", TEXT))},
    {"apply_report",
     OBJECT("\"dry_run\",\"created\",\"updated\",\"deleted\",\"unchanged\",\"changes\",\"more\"",
            "\"dry_run\":" TRUTH ",\"created\":" COUNT ",\"updated\":" COUNT ",\"deleted\":" COUNT
            ",\"unchanged\":" COUNT
            ",\"changes\":{\"type\":\"array\",\"maxItems\":1000,\"items\":" CHANGE
            "},\"more\":{\"type\":\"integer\",\"minimum\":0,\"description\":"
            "\"changes beyond those listed\"}")},
};
const size_t jt_openapi_n_schemas = JT_COUNT(jt_openapi_schemas);
