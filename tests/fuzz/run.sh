#!/bin/sh
# tests/fuzz/run.sh SECONDS PROGRAM...: each fuzzer in turn; cfg starts from the networks and the bad cfgs of the tree, others from the
# files in the folder of their name beside this one, where there is one. A crash, a hang of 25 s or 2 GiB of memory fails. die() leaves memory
# to the exit by design: leaks are not looked for, and a fuzzer starts afresh, with what it has learnt, every SLICE seconds.
SLICE=10
seconds=$1
shift
export ASAN_OPTIONS=detect_leaks=0
passed=0 failed=0
for f in "$@"; do
    name=$(basename "$f" _fuzz)
    corpus=$(mktemp -d)
    if [ "$name" = cfg ]; then cp configs/nets/*.cfg tests/bad/*.cfg "$corpus"
    elif [ -d "tests/fuzz/$name" ]; then cp "tests/fuzz/$name"/* "$corpus"
    fi
    left=$seconds runs=0
    while [ "$left" -gt 0 ]; do
        "$f" -max_total_time=$((left < SLICE ? left : SLICE)) -detect_leaks=0 -rss_limit_mb=2048 -timeout=25 -artifact_prefix="$corpus.crash-" \
            "$corpus" >"$corpus.log" 2>&1 || break
        runs=$((runs + $(sed -n 's/.*Done \([0-9]*\) runs.*/\1/p' "$corpus.log" | tail -n 1))) left=$((left - SLICE))
    done
    if [ "$left" -le 0 ]; then
        passed=$((passed + 1))
        echo "$name: $runs runs in $seconds s, no crash"
    else
        failed=$((failed + 1))
        echo "$name: FAILED"
        tail -n 40 "$corpus.log"
    fi
    rm -rf "$corpus" "$corpus.log" "$corpus".crash-*
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
