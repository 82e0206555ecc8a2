#!/bin/sh
# gpu-check [FOLDER]: proves the CUDA code on the GPU of this machine and measures it; run in the bundle (`make bundle`) or by `make gpu-check`.
# What was found is written to FOLDER/<card>.md (results/gpu): each part with its verdict and its output. Without a GPU: one line and status
# 4. Status 1: a part failed. TRAIN_SECONDS: how long the last training takes (120).
here=$(cd "$(dirname "$0")" && pwd)
# Words, and so relative: the folder may have blanks in its name
if [ -x "$here/run" ]; then cd "$here" && program="./run darkspine" test="./run device_test" plugin=bin/libdarkspine-cuda.so
else cd "$here/../.." && program=./darkspine test=build/cpu/tests/device_test plugin=libdarkspine-cuda.so; fi
[ -e /dev/nvidiactl ] || [ -e /dev/dxg ] || { echo "gpu-check: no NVIDIA driver on this machine (/dev/nvidiactl is missing)" >&2; exit 4; }
export DARKSPINE_CUDA_PLUGIN="${DARKSPINE_CUDA_PLUGIN:-$plugin}"
case $DARKSPINE_CUDA_PLUGIN in /*) ;; *) DARKSPINE_CUDA_PLUGIN=$PWD/$DARKSPINE_CUDA_PLUGIN ;; esac
out=${1:-results/gpu}
found=$($program doctor 2>&1 | sed -n 's/^GPU  *//p')
case $found in cuda:*) ;; *) echo "gpu-check: no GPU to check: ${found#none: }" >&2; exit 4 ;; esac

work=$(mktemp -d "${TMPDIR:-/tmp}/darkspine-gpu-XXXXXX") || exit 4
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" || exit 4
card=$(echo "$found" | sed 's/.*(\(.*\)).*/\1/' | tr -c 'A-Za-z0-9\n' '-' | sed 's/--*/-/g; s/-$//')
page=$out/$card.md failed=0

# part TITLE COMMAND...: its verdict and the end of what it printed
part() {
    title=$1 began=$(date +%s)
    shift
    echo "gpu-check: $title" >&2
    "$@" >"$work/log" 2>&1
    status=$?
    if [ "$status" -eq 0 ]; then verdict=passed; else verdict="FAILED (status $status)" failed=1; fi
    { printf '\n## %s: %s, %d s\n\n```\n' "$title" "$verdict" $(($(date +%s) - began)); grep -v '^\[ *\(RUN\|OK\) *\]' "$work/log" | tail -n 40; echo '```'; } >>"$page"
}
skip() { printf '\n## %s: not done: %s\n' "$1" "$2" >>"$page"; echo "gpu-check: $1: not done: $2" >&2; }

{ echo "# $found"; echo; echo "$(date -u +%F), by gpu-check."; echo; echo '```'; $program doctor; echo '```'; } >"$page" 2>&1

part "Ops against the CPU, with the libraries" $test
part "Ops against the CPU, own kernels" env DARKSPINE_CUDNN=none $test conv deconv linear attention training
if command -v compute-sanitizer >/dev/null 2>&1; then
    for tool in memcheck racecheck; do
        part "compute-sanitizer $tool" env DARKSPINE_CUDNN=none compute-sanitizer --tool "$tool" --error-exitcode 9 --target-processes all \
            $test conv linear batch_norm softmax dice proposals anchor_targets roi_targets mask_targets
    done
else skip "compute-sanitizer" "it is not installed"; fi

films="$work/films.h5" data="data.store=$work/films.h5"
$program synth "$films" region=stack n=24 height=256 width=256 --quiet >/dev/null && $program split "$films" --quiet >/dev/null || exit 4

# Two runs of the same, and one that launches its kernels one by one: the same losses, printed to the last digit
same_twice() {
    for k in 1 2 0; do
        $program train configs/nets/unet-small.cfg --device cuda --out "$work/same$k" --quiet "$data" solver.epochs=2 solver.batch=4 evaluate.log_steps=1 net.graph=$((k > 0)) || return 1
        grep '"kind":"\(step\|epoch\)"' "$work/same$k/log.jsonl" | sed 's/,"\(seconds\|time\)".*//' >"$work/same$k.txt"
    done
    [ -s "$work/same1.txt" ] && cmp "$work/same1.txt" "$work/same2.txt" && cmp "$work/same1.txt" "$work/same0.txt" && echo "$(wc -l <"$work/same1.txt") lines alike"
}
part "Determinism: two runs, with and without a graph, the same numbers" same_twice

# Images a second of the last epoch's steps, and the mean share of all time, checkpoints included, in which the card computes, after ten seconds
graph_or_not() {
    $program synth "$work/many.h5" region=stack n=400 height=256 width=256 --quiet && $program split "$work/many.h5" --quiet || return 1
    for g in 1 0; do
        { sleep 10; exec nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits -lms 500; } >"$work/busy$g" 2>/dev/null &
        watcher=$!
        $program train configs/nets/unet-small.cfg --device cuda --out "$work/graph$g" --quiet data.store="$work/many.h5" solver.epochs=100000 solver.batch=4 \
            evaluate.every=100000 data.workers=8 net.graph=$g --max-time 0:0:30
        status=$?
        kill $watcher
        [ $status -eq 0 ] || [ $status -eq 75 ] || return 1
        printf 'net.graph=%s: ' $g
        grep '"kind":"epoch"' "$work/graph$g/log.jsonl" | tail -n 1 | sed 's/.*"images_per_second":\([0-9.]*\),"waiting_for_data":\([0-9.e-]*\).*/\1 images a second, \2 of the time waiting for data/'
        awk '{ sum += $1 } END { if (NR) printf "    the card computes %.0f %% of the time\n", sum / NR }' "$work/busy$g"
    done
}
part "Training with and without a graph" graph_or_not
part "Whole networks at full size, U-Net and TransUNet" $program bench nets configs/nets/unet.cfg configs/nets/transunet.cfg --device cuda --repeats 3
part "The same with bf16" $program bench nets configs/nets/unet.cfg --device cuda --repeats 3 --precision bf16
part "The same by our own kernels" $program bench nets configs/nets/unet.cfg --device cuda --repeats 3 net.conv=own
if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    for flags in "" "--precision bf16" "--precision bf16 --compile"; do
        for pass in inference training; do
            # shellcheck disable=SC2086
            part "PyTorch $pass $flags" python3 tests/peers/unet_torch.py --device cuda --net unet --batch 2 --height 256 --width 256 --repeats 3 --pass $pass $flags
        done
    done
else skip "PyTorch beside it" "no PyTorch with CUDA here"; fi
part "Training on phantoms for ${TRAIN_SECONDS:-120} s" sh -c "$program train configs/nets/unet-small.cfg --device cuda --out '$work/run' $data \
    solver.epochs=1000 solver.batch=4 --max-time 0:0:${TRAIN_SECONDS:-120}; s=\$?; [ \$s -eq 0 ] || [ \$s -eq 75 ]"
echo "gpu-check: $page"
exit $failed
