#!/bin/sh
# tests/steps.sh [STEPS]: a small training of 10,000 steps, with validation, worst films, curves and checkpoints at every epoch; what it holds in
# memory (VmRSS) is read four times a second. Between a tenth of the way and the end it may not grow by more than 1 MiB. Exit 1 where it does.
steps=${1:-10000} program=$PWD/darkspine
case ${DARKSPINE:-} in /*) program=$DARKSPINE ;; esac
[ -d /dev/shm ] && TMPDIR=${TMPDIR:-/dev/shm}
work=$(mktemp -d "${TMPDIR:-/tmp}/darkspine-steps-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
cat >net.cfg <<'NET'
[net]
batch=1
height=32
width=32
channels=1
classes=2
[convolutional]
filters=8
size=3
pad=1
batch_normalize=1
activation=relu
[convolutional]
filters=2
size=1
NET
"$program" synth films.h5 region=stack n=250 seed=3 height=64 width=64 --quiet >/dev/null || exit 1
"$program" split films.h5 --parts train=.8,val=.2 >/dev/null || exit 1
# 200 films, batch 2: 100 steps an epoch
"$program" train net.cfg --out run --threads 1 --quiet data.store=films.h5 solver.batch=2 solver.epochs=$((steps / 100)) \
    solver.lr=0.01 evaluate.every=5 data.sampling=hard >/dev/null &
child=$!
while kill -0 $child 2>/dev/null; do
    rss=$(awk '/^VmRSS/ { print $2 }' /proc/$child/status 2>/dev/null)
    step=$(tail -n 3 run/log.jsonl 2>/dev/null | sed -n 's/.*"step":\([0-9]*\).*/\1/p' | tail -n 1)
    if [ -n "$rss" ] && [ -n "$step" ]; then echo "$step $rss"; fi
    sleep 0.25
done >rss.txt
wait $child || { echo "steps: the training failed"; exit 1; }
awk -v steps="$steps" '
    $1 >= steps / 10 && !early { early = $2; at = $1 }
    $1 >= steps / 10 { n++; if ($2 > most) { most = $2; where = $1 } last = $2 }
    END {
        if (n < 10) { print "steps: only " n " readings"; exit 1 }
        printf "steps: %d steps, %d readings; %d kB at step %d, at most %d kB (step %d), %d kB at the end\n", steps, n, early, at, most, where, last
        exit most > early + 1024
    }' rss.txt
