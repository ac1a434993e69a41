/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/peer.h"

#include <microhttpd.h>

#include "common/base/base.h"

struct each {
    const char *name;
    enum jt_forwarded how;
    struct jt_forwarded_list list;
};

static enum MHD_Result add_line(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n,
                                const char *value, size_t value_n)
{
    (void)kind; /* only header lines are asked for */
    struct each *each = cls;
    if (value != NULL && jt_span_eq_nocase(jt_span_of(name, name_n), jt_span_str(each->name))) {
        jt_forwarded_add(&each->list, each->how, jt_span_of(value, value_n));
    }
    return MHD_YES;
}

struct jt_span jt_peer_text(const struct jt_server_conf *conf, struct MHD_Connection *connection,
                            char out[JT_PEERS_TEXT])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct jt_peers_address peer = jt_peers_address_of(info->client_addr);
    if (conf->forwarded != JT_FORWARDED_OFF &&
        jt_peers_contains(conf->trusted, info->client_addr)) {
        struct each each = {.name =
                                conf->forwarded == JT_FORWARDED_X ? "X-Forwarded-For" : "Forwarded",
                            .how = conf->forwarded};
        (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_line,
                                          &each); /* a count */
        peer = jt_forwarded_client(&each.list, conf->trusted, &peer);
    }
    return jt_peers_write(&peer, out);
}

struct jt_span jt_request_peer(const struct jt_request *request, char out[JT_REQUEST_PEER])
{
    return request->server == NULL ? JT_SPAN_NONE
                                   : jt_peer_text(request->server, request->connection, out);
}
