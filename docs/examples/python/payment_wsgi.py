# SPDX-License-Identifier: Apache-2.0
"""An API that takes payments, as a WSGI application behind libjeton:

    export JETON_ISSUER=http://127.0.0.1:8080 JETON_AUDIENCE=https://payment.example.com/api
    python3 payment_wsgi.py 8000        # by the standard library
    gunicorn -w 2 payment_wsgi:app      # by a server for production

jeton.py is in share/jeton/python of the installed libjeton, in verifier/python of the tree:
PYTHONPATH names the folder."""

import json
import os
import sys
from wsgiref.simple_server import make_server

import jeton


def pay(environ, start_response):
    """Only requests with a good token come here."""
    token = environ["jeton.token"]
    if environ["REQUEST_METHOD"] == "POST" and "payments:write" not in token.scopes:
        start_response("403 Forbidden", [("Content-Type", "application/json")])
        return [b'{"error":"insufficient_scope"}']
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"client": token.client_id, "scopes": sorted(token.scopes)}).encode()]


verifier = jeton.Verifier(jeton.Policy(issuer=os.environ["JETON_ISSUER"],
                                       audiences=[os.environ["JETON_AUDIENCE"]]))
app = jeton.WSGIMiddleware(pay, verifier, any_of=["payments:read", "payments:write"])

if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8000, app) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
