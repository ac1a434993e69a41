# SPDX-License-Identifier: Apache-2.0
"""That docs/statuses.md has every status as the library tells it, and that no number changes."""

import os
import re
import unittest

from support import ROOT, jeton

# Frozen: programs and dashboards know them. What is new goes in; nothing here ever changes.
FROZEN = {
    "ok": (0, 200), "malformed": (1, 401), "too_long": (2, 401), "crit_refused": (3, 401),
    "alg_refused": (4, 401), "typ_refused": (5, 401), "unknown_key": (6, 401),
    "bad_signature": (7, 401), "bad_claims": (8, 401), "wrong_issuer": (9, 401),
    "wrong_audience": (10, 401), "expired": (11, 401), "not_yet_valid": (12, 401),
    "too_old": (13, 401), "missing_claim": (14, 401), "missing_token": (15, 401),
    "insufficient_scope": (32, 403), "no_keys": (48, 503), "no_memory": (49, 503),
    "usage": (64, 500), "fetch_failed": (65, 500), "discovery_refused": (66, 500),
    "file_failed": (67, 500), "keys_refused": (68, 500), "internal": (69, 500),
}


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def sections():
    """{name: (number, HTTP status, text, the rest)} of the page."""
    found = {}
    for part in re.split(r"^## ", read("docs", "statuses.md"), flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        number, name, http_status = re.fullmatch(r"(\d+) (\w+), (\d+)", head).groups()
        text = re.search(r"^> (.*)$", rest, re.M).group(1)
        assert name not in found, name
        found[name] = (int(number), int(http_status), text, rest)
    return found


class Statuses(unittest.TestCase):
    maxDiff = None

    def test_header_has_the_frozen_numbers(self):
        header = read("verifier", "include", "jeton", "status.h")
        body = re.search(r"typedef enum jeton_status \{(.*?)\}", header, re.S).group(1)
        declared = {name.lower(): int(number)
                    for name, number in re.findall(r"JETON_(\w+) = (\d+)", body)}
        self.assertEqual(declared, {name: number for name, (number, _) in FROZEN.items()})

    def test_library_has_the_frozen_names_and_classes(self):
        found = {}
        for number in range(128):
            status = jeton.Status(number)
            if status.code != "internal" or number == 69:
                found[status.code] = (number, status.http_status)
        self.assertEqual(found, FROZEN)

    def test_page_tells_every_status_in_order_as_the_library_does(self):
        page = {name: (number, http_status, text)
                for name, (number, http_status, text, _) in sections().items()}
        library = {name: (*frozen, jeton.Status(frozen[0]).text)
                   for name, frozen in FROZEN.items()}
        self.assertEqual(page, library)
        self.assertEqual(list(page), list(FROZEN))

    def test_page_says_what_each_of_three_people_does(self):
        for name, (*_, rest) in sections().items():
            for who in ("Service", "API", "Operator"):
                self.assertRegex(rest, rf"(?m)^- {who}: \S", f"{name}: {who}")


if __name__ == "__main__":
    unittest.main()
