#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# node.sh TEST.MJS FOLDER-OF-THE-PROGRAMS: runs it, or says why not and exits 77.
if ! command -v node >/dev/null; then
    echo 'skipped: node is not installed; ./test installs it'
    exit 77
fi
exec node "$@"
