#!/bin/sh
# tests/steps.sh [STEPS]: a small training of 10,000 steps, with validation, worst films, curves and checkpoints at every epoch; what it holds in
# memory (VmRSS) is read four times a second. From the second tenth to the last its median may not grow by more than 4 MiB (the drawing
# library keeps 3 of them from the first curves on; what drawing takes for a moment, in proportion to the log, medians leave out). Exit 1 else.
steps=${1:-10000} name=steps
. "$(dirname "$0")/scratch.sh"
make_films 250 .8 .2
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
wait $child || fail "the training failed"
child=
sort -n rss.txt >sorted.txt
median() { awk -v a="$1" -v b="$2" '$1 >= a && $1 < b { print $2 }' sorted.txt | sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }
early=$(median $((steps / 10)) $((steps / 5))) late=$(median $((steps * 9 / 10)) "$steps") most=$(sort -k 2 -n rss.txt | tail -n 1)
[ -n "$early" ] && [ -n "$late" ] || fail "too few readings: $(wc -l <rss.txt)"
echo "steps: $steps steps, $(wc -l <rss.txt) readings; median $early kB in the second tenth, $late kB in the last; most, while curves were" \
     "drawn, ${most#* } kB (step ${most% *})"
[ "$late" -le $((early + 4096)) ]
