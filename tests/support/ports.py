# SPDX-License-Identifier: Apache-2.0
"""A port that nobody else takes before the program does that it is meant for."""

import os
import socket

FIRST = 12000  # above what daemons are usually given


def _below_ephemeral():
    """One past the last port that the kernel does not give away by itself, to whoever connects or
    binds port 0: those would be taken by another test in between."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as bounds:
        return int(bounds.read().split()[0])


def _candidates():
    """Each once, from where other processes are unlikely to begin."""
    last = max(_below_ephemeral(), FIRST + 1000)
    begin = os.getpid() * 97 % (last - FIRST)
    for i in range(last - FIRST):
        yield FIRST + (begin + i) % (last - FIRST)


_ports = _candidates()


def free_port():
    """A port of 127.0.0.1 that is free, and another one at each call."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
