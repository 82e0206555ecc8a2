#!/bin/sh
# vqgan.sh [ROUNDS]: the VQ-GAN f16 at 256 x 256, batch 1, here and in PyTorch, interleaved: one reconstruction, and one full step of both
# objectives with the perceptual distance on VGG16 (random weights: they change no time). Every measurement is a process of its own.
# PEER_PYTHON: a Python with torch. Optional: THREADS (all cores)  REPEATS (3, within a round)  PASSES="inference training"
#   PRECISIONS="float32 bf16"
set -eu
cd "$(dirname "$0")/../.."
: "${PEER_PYTHON:?set PEER_PYTHON to a Python interpreter with torch}"
rounds=${1:-3} threads=${THREADS:-$(nproc)} repeats=${REPEATS:-3} passes=${PASSES:-inference training} precisions=${PRECISIONS:-float32 bf16}
program=${DARKSPINE:-./darkspine} work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$PEER_PYTHON" tests/peers/vqgan_torch.py --write-features "$work/vgg.safetensors"

us() {
    "$program" bench nets configs/nets/vqgan-f16.cfg --pass "$1" --precision "$2" --threads "$threads" --repeats "$repeats" --batch 1 \
        net.height=256 net.width=256 adversary.critic=configs/nets/patchgan.cfg adversary.features=configs/nets/vgg16-features.cfg \
        "adversary.features_weights=$work/vgg.safetensors" solver.optimiser=adam solver.beta1=0.5 solver.beta2=0.9 solver.decay=0 --json |
        "$PEER_PYTHON" -c 'import json, sys
r = json.load(sys.stdin)["rows"][-1]
print(json.dumps({"name": "darkspine " + sys.argv[2], "pass": sys.argv[1], "seconds": r["seconds"], "peak_rss": r.get("peak_rss")}))' "$1" "$2"
}

i=0
while [ "$i" -lt "$rounds" ]; do
    for which in $passes; do
        for precision in $precisions; do
            us "$which" "$precision"
            "$PEER_PYTHON" tests/peers/vqgan_torch.py --pass "$which" --precision "$precision" --threads "$threads" --repeats "$repeats"
        done
    done >>"$work/log"
    i=$((i + 1))
    echo "round $i of $rounds" >&2
done
echo "vqgan f16, batch 1, 256 x 256, $threads threads; $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
"$PEER_PYTHON" tests/peers/summary.py <"$work/log"
