#!/bin/sh
# run.sh [ROUNDS]: the 31 M U-Net here and in PyTorch, interleaved, so that what else the machine does hits both alike. Every measurement
# is a process of its own. PEER_PYTHON: a Python with torch. Optional: THREADS (default: all cores), REPEATS within a round (default 3),
# PEER_MORE="bf16 compile" for PyTorch in bfloat16 and compiled as well.
set -eu
cd "$(dirname "$0")/../.."
: "${PEER_PYTHON:?set PEER_PYTHON to a Python interpreter with torch}"
rounds=${1:-3} threads=${THREADS:-$(nproc)} repeats=${REPEATS:-3} more=${PEER_MORE:-}
program=${DARKSPINE:-./darkspine} log=$(mktemp)
trap 'rm -f "$log"' EXIT

ours() {
    "$program" bench nets configs/nets/unet.cfg --pass "$1" --threads "$threads" --repeats "$repeats" --batch 2 --json |
        "$PEER_PYTHON" -c 'import json, sys
r = json.load(sys.stdin)["rows"][-1]
print(json.dumps({"name": "darkspine", "pass": sys.argv[1], "seconds": r["seconds"], "peak_rss": r.get("peak_rss")}))' "$1" >>"$log"
}
peer() {
    which=$1; shift
    "$PEER_PYTHON" tests/peers/unet_torch.py --pass "$which" --threads "$threads" --repeats "$repeats" "$@" >>"$log"
}

i=0
while [ "$i" -lt "$rounds" ]; do
    for which in inference training; do
        ours "$which"
        peer "$which"
        case " $more " in *" bf16 "*) peer "$which" --precision bf16;; esac
        case " $more " in *" compile "*) peer "$which" --compile;; esac
    done
    i=$((i + 1))
    echo "round $i of $rounds" >&2
done
"$PEER_PYTHON" tests/peers/summary.py <"$log"
