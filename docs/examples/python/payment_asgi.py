# SPDX-License-Identifier: Apache-2.0
"""An API that takes payments, as an ASGI application behind libjeton:

    export JETON_ISSUER=http://127.0.0.1:8080 JETON_AUDIENCE=https://payment.example.com/api
    uvicorn payment_asgi:app            # or hypercorn, daphne: any ASGI server

Verifying does no I/O, so it is called in the event loop. jeton.py is in share/jeton/python of the
installed libjeton, in verifier/python of the tree: PYTHONPATH names the folder."""

import json
import os

import jeton


async def pay(scope, receive, send):
    """Only requests with a good token come here."""
    if scope["type"] != "http":
        return
    token = scope["jeton.token"]
    body = json.dumps({"client": token.client_id, "scopes": sorted(token.scopes)}).encode()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


verifier = jeton.Verifier(jeton.Policy(issuer=os.environ["JETON_ISSUER"],
                                       audiences=[os.environ["JETON_AUDIENCE"]]))
app = jeton.ASGIMiddleware(pay, verifier, all_of=["payments:write"])
