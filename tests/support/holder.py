# SPDX-License-Identifier: Apache-2.0
"""Holds many connections in a process of its own, with as many descriptors as the hard limit allows:
holder.py HOST PORT N REQUEST PATIENCE_S. Each sends REQUEST (hexadecimal; "": stays silent) and
reads one answer, and waits no longer than PATIENCE_S for anything. Says `held N` (how many were
answered as they should be and are open), then waits for a line: `count` says `open N`, how many
still are; `again` sends the request on each once more, and says `held N` anew; the end of input
ends it."""

import resource
import select
import socket
import sys

SPARE = 32  # descriptors that are not connections
EXPECTED = b"HTTP/1.1 200 "
WINDOW = 500  # how many connections are asked at a time


def raise_limit(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n + SPARE:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, n + SPARE), hard))


def read_answer(sock):
    """Whether one whole answer came, and it is the expected one."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return False
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    length = [line.split(b":")[1] for line in head.split(b"\r\n")
              if line.lower().startswith(b"content-length:")]
    while len(body) < int(length[0]):
        part = sock.recv(65536)
        if not part:
            return False
        body += part
    return head.startswith(EXPECTED)


def ask_all(socks, request):
    """Those that were answered."""
    answered = []
    for at in range(0, len(socks), WINDOW):
        some = socks[at:at + WINDOW]
        for sock in some:
            try:
                sock.sendall(request)
            except OSError:
                pass  # the reader sees it
        for sock in some:
            try:
                if read_answer(sock):
                    answered.append(sock)
            except OSError:
                pass
    return answered


def is_open(poller, socks):
    """Those of which the other side has said nothing."""
    gone = {fd for fd, _ in poller.poll(0)}
    return [sock for sock in socks if sock.fileno() not in gone]


def connect(host, port, n, patience_s):
    socks = []
    for _ in range(n):
        try:
            socks.append(socket.create_connection((host, port), patience_s))
        except OSError:
            break
    return socks


def main():
    host, port, n, request = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    raise_limit(n)
    socks = connect(host, port, n, float(sys.argv[5]))
    if request:
        socks = ask_all(socks, bytes.fromhex(request))
    poller = select.poll()
    for sock in socks:
        poller.register(sock, select.POLLIN | select.POLLRDHUP)
    print("held", len(socks), flush=True)
    for line in sys.stdin:
        if line.strip() == "again":
            print("held", len(ask_all(is_open(poller, socks), bytes.fromhex(request))), flush=True)
        else:
            print("open", len(is_open(poller, socks)), flush=True)


if __name__ == "__main__":
    main()
