#!/bin/sh
# run.sh [ROUNDS]: a network here and in its peers, interleaved, so that what else the machine does hits all alike. Every measurement is a
# process of its own. PEER_PYTHON: a Python with torch, and for PEERS of those names with onnx, onnxruntime, openvino. Optional:
#   NET=unet|unet-small|transunet|maskrcnn-r50  BATCH=2  HEIGHT=256  WIDTH=256 (the last two are known to torch alone)  THREADS (all cores)
#   REPEATS (3, within a round)  PASSES="inference training"
#   Of transunet: HEIGHT=224 WIDTH=224. Of maskrcnn-r50 (PEER_PYTHON with torchvision): BATCH=1 HEIGHT=800 WIDTH=1088  DETECTIONS=20, those found
#   PEERS   "torch torch-bf16 torch-compile torch-compile-bf16 onnxruntime openvino openvino-bf16" (default: torch)
#   OURS    "float32 bf16" (default: float32)
set -eu
cd "$(dirname "$0")/../.."
: "${PEER_PYTHON:?set PEER_PYTHON to a Python interpreter with torch}"
rounds=${1:-3} net=${NET:-unet} words= script=unet_torch.py
case "$net" in
maskrcnn-r50)
    batch=${BATCH:-1} height=${HEIGHT:-800} width=${WIDTH:-1088} words=detector.detections=${DETECTIONS:-20}
    script=maskrcnn_torch.py
    [ "$batch" = 1 ] || { echo "BATCH: got $batch, wanted 1 of $net" >&2; exit 2; };;
transunet) batch=${BATCH:-2} height=${HEIGHT:-224} width=${WIDTH:-224} script=transunet_torch.py;;
*) batch=${BATCH:-2} height=${HEIGHT:-256} width=${WIDTH:-256};;
esac
threads=${THREADS:-$(nproc)} repeats=${REPEATS:-3} passes=${PASSES:-inference training} peers=${PEERS:-torch} ours=${OURS:-float32}
program=${DARKSPINE:-./darkspine} log=$(mktemp)
trap 'rm -f "$log"' EXIT

us() {
    "$program" bench nets "configs/nets/$net.cfg" --pass "$1" --precision "$2" --threads "$threads" --repeats "$repeats" --batch "$batch" \
        "net.height=$height" "net.width=$width" $words --json | "$PEER_PYTHON" -c 'import json, sys
r = json.load(sys.stdin)["rows"][-1]
print(json.dumps({"name": "darkspine " + sys.argv[2], "pass": sys.argv[1], "seconds": r["seconds"], "peak_rss": r.get("peak_rss")}))' "$1" "$2" >>"$log"
}
peer() {
    file=$1; shift
    case "$net" in maskrcnn*) set -- --detections "${DETECTIONS:-20}" "$@";; *) set -- --net "$net" --batch "$batch" "$@";; esac
    "$PEER_PYTHON" "tests/peers/$file" --height "$height" --width "$width" --threads "$threads" \
        --repeats "$repeats" "$@" >>"$log"
}
one() {                                  # PEER PASS
    case "$1" in
    torch) peer "$script" --pass "$2";;
    torch-bf16) peer "$script" --pass "$2" --precision bf16;;
    torch-compile) peer "$script" --pass "$2" --compile;;
    torch-compile-bf16) peer "$script" --pass "$2" --compile --precision bf16;;
    onnxruntime|openvino) [ "$2" != inference ] || peer unet_onnx.py --by "$1";;
    openvino-bf16) [ "$2" != inference ] || peer unet_onnx.py --by openvino --precision bf16;;
    *) echo "PEERS: got $1, wanted torch, torch-bf16, torch-compile, torch-compile-bf16, onnxruntime, openvino or openvino-bf16" >&2; exit 2;;
    esac
}

i=0
while [ "$i" -lt "$rounds" ]; do
    for which in $passes; do
        for p in $ours; do us "$which" "$p"; done
        for p in $peers; do one "$p" "$which"; done
    done
    i=$((i + 1))
    echo "round $i of $rounds" >&2
done
echo "$net, batch $batch, $height x $width, $threads threads; $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
"$PEER_PYTHON" tests/peers/summary.py <"$log"
