#!/bin/sh
# tests/mutants.sh [PATTERN]: applies each edit of tests/mutants.txt (those whose line contains PATTERN) to a copy of the tree, builds
# the one test program it names in the double build, cpu:PROGRAM in the float one, and demands that it turns red. emu:PROGRAM:WORD:WORD
# is the float build of PROGRAM, called with these words, on the emulated CUDA plugin (both without sanitizers). An edit that changes
# nothing or does not compile proves nothing and counts as a failure too. Exit 1 if any survived.
cd "$(dirname "$0")/.." || exit 1
copy=$(mktemp -d "${TMPDIR:-/tmp}/darkspine-mutants-XXXXXX") || exit 1
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM
log=$copy/mutant.log killed=0 survived=0
tar -c --exclude=./build --exclude=./results/reproduce --exclude=./.git . | tar -x -C "$copy" || exit 1

kind() { case $1 in cpu:* | emu:*) echo cpu ;; *) echo double ;; esac; }
binary() { p=${1#???:}; echo "build/$(kind "$1")/tests/${p%%:*}"; }
# A program that calls the command line: the edit must be in that, too.
calls() { p=${1#???:}; grep -qE '"tests/(cli|measure_rig)\.h"' "$copy/tests/$(basename "${p%%:*}").c"; }
words() { case $1 in emu:*:*) echo "${1#emu:*:}" | tr : ' ' ;; esac; }
# -O1 for speed; an edit may leave a variable unused, which is no reason not to try it
make_one() { m=$1 f=$2; shift 2; make -C "$copy" --no-print-directory -j2 "BUILD=$m" "MODE_$m=-O1 -march=native $f -Wno-error" MODE_asan= "$@" >"$log" 2>&1; }
build() {
    case $1 in emu:*) make_one emu '$(MODE_plugin)' build/emu/libdarkspine-cuda.so build/emu/libfake_cudnn.so || return 1 ;; esac
    if calls "$1"; then make_one cpu "" build/cpu/darkspine || return 1; fi
    case $(kind "$1") in cpu) make_one cpu "" "$(binary "$1")" ;; *) make_one double -DREAL=double "$(binary "$1")" ;; esac
}
# shellcheck disable=SC2046
passes() { (cd "$copy" && if calls "$1"; then export DARKSPINE=build/cpu/darkspine; fi && OMP_NUM_THREADS=2 timeout 120 "$(binary "$1")" $(words "$1") >"$log" 2>&1 </dev/null); }

edits() { grep -v '^#' tests/mutants.txt | grep -F -e "${1:-|}"; }
[ -n "$(edits "$1")" ] || { echo "no mutants"; exit 1; }
for t in $(edits "$1" | sed 's/.* | //' | sort -u); do
    build "$t" || { tail -n 20 "$log"; echo "mutants: $t does not build without any edit"; exit 1; }
    passes "$t" || { tail -n 20 "$log"; echo "mutants: $t is red without any edit"; exit 1; }
done

edits "$1" >"$copy/mutants.list"
while IFS= read -r line; do
    file=${line%% | *} rest=${line#* | }
    edit=${rest% | *} program=${rest##* | }
    cp "$copy/$file" "$copy/mutant.keep"
    sed -i "$edit" "$copy/$file"
    if cmp -s "$copy/$file" "$copy/mutant.keep"; then verdict="CHANGES NOTHING"
    elif ! build "$program"; then verdict="DOES NOT BUILD"
    elif passes "$program"; then verdict=SURVIVED
    else verdict=killed; fi
    cp "$copy/mutant.keep" "$copy/$file"
    if [ "$verdict" = killed ]; then killed=$((killed + 1)); else survived=$((survived + 1)); fi
    printf '%-16s %s\n' "$verdict" "$line"
done <"$copy/mutants.list"
echo "mutants: $killed killed, $survived not"
[ "$survived" -eq 0 ]
