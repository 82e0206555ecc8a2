#!/bin/sh
# tests/kill.sh [KILLS [SEED]]: a small training is killed (SIGKILL) this often at random moments, 200 by default, and resumed each time. Nothing
# may be lost: after every kill the folder can be listed and resumed, and at the end weights, best weights and every loss in the log are
# the same bits as those of a training that nobody touched. Works in memory (/dev/shm) where there is one: a kill does not lose what
# the kernel holds, so a slow disk would only make it last longer. Exit 1 where anything differs.
kills=${1:-200} seed=${2:-1}
name=kill
. "$(dirname "$0")/scratch.sh"
# every kind of state: moments, an average of weights, plateau's memory, weights of the cases, averages of epochs
words="data.store=films.h5 data.sampling=hard data.workers=2 solver.epochs=$kills solver.batch=4 solver.optimiser=adam solver.lr=0.01
       solver.policy=plateau solver.swa=2 evaluate.every=3 evaluate.worst=1 augment.flip=0.5"
# shellcheck disable=SC2086
train() { exec "$program" train net.cfg --threads 1 --quiet $words "$@"; }

make_films 16 .75 .25
began=$(date +%s)
(train --out whole) >/dev/null || fail "the undisturbed training failed"
alone=$(($(date +%s) - began))

# The killed run against the undisturbed one.
same() {
    for f in last best swa; do
        for d in whole run; do "$program" convert $d/$f.h5 $d.$f.safetensors --force >/dev/null || fail "$d/$f.h5 cannot be converted"; done
        cmp -s whole.$f.safetensors run.$f.safetensors || fail "after $done kills $f.h5 holds other weights"
    done
    for d in whole run; do sed 's/"\(time\|seconds\|images_per_second\|waiting_for_data\)":[^,}]*//g' $d/log.jsonl >$d.log; done
    cmp -s whole.log run.log || fail "after $done kills the logs differ"
    left=$(find run -name '*.tmp*' | wc -l)
    [ "$left" -eq 0 ] || fail "$left temporary files are left"
    rounds=$((rounds + 1))
}

# Moments in seconds: half of them within the first tenth of a second (start and resume), the others up to two seconds.
awk -v n="$kills" -v seed="$seed" 'BEGIN { srand(seed); for (i = 0; i < 20 * n; i++) printf "%.3f\n", rand() < 0.5 ? 0.1 * rand() : 0.1 + 1.9 * rand() }' >moments
done=0 resumed=0 rounds=0
while [ $done -lt "$kills" ] && read -r moment; do
    if [ -f run/last.h5 ] || [ -f run/last.prev.h5 ]; then again=--resume; else again=--force; fi
    (train --out run $again) >out.txt 2>err.txt &
    child=$!
    sleep "$moment"
    kill -9 "$child" 2>/dev/null
    wait "$child" 2>/dev/null
    status=$?
    child=
    [ $status -eq 137 ] || [ $status -eq 0 ] || fail "after $done kills the training ended with status $status: $(cat err.txt)"
    if [ $status -eq 0 ]; then same; rm -rf run; continue; fi
    done=$((done + 1))
    if [ $again = --resume ]; then resumed=$((resumed + 1)); fi
    if [ -f run/log.jsonl ]; then "$program" runs run --json >runs.json 2>err.txt || fail "after $done kills: $(cat err.txt)"; fi
done <moments
if [ -f run/last.h5 ] || [ -f run/last.prev.h5 ]; then again=--resume; else again=--force; fi
(train --out run $again) >/dev/null || fail "the last resume failed"
same
echo "kill: $done kills, $resumed of them in a resumed run; $rounds trainings came to their end: same weights (last, best, swa) and same" \
     "$(wc -l <run.log) log lines as the undisturbed one; undisturbed $alone s, all $(($(date +%s) - began)) s"
