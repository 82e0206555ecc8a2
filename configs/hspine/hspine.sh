#!/bin/sh
# hspine.sh [FOLDER]: what taking implants out is worth, on phantoms whose truth is known. Two networks are trained on films without implants
# (about an hour and a half on two cores, into FOLDER/vqgan and FOLDER/unet; the same command goes on after an interruption); then films with
# implants are segmented as they are, repaired by both methods with masks that are found and, as rows of their own, with the true ones, and beside them the films without implants.
set -e
out=${1:-hspine} size="height=512 width=384" program=${DARKSPINE:-./darkspine} films=${FILMS:-60} train=${TRAIN:-600}
tools=${TOOLS:-build/cpu/tests/tools}
mkdir -p "$out"
# NAME CFG: a network trained on films without implants. One that was cut off goes on; one brought along as FOLDER/NAME/best.h5 alone is taken.
network() {
    resume=
    if [ -e "$out/$1/last.h5" ] || [ -e "$out/$1/last.prev.h5" ]; then resume=--resume
    elif [ -e "$out/$1/best.h5" ]; then return
    elif [ -e "$out/$1" ]; then resume=--force; fi       # cut off before there was anything to go on from
    if [ ! -e "$out/clean.h5" ]; then
        # shellcheck disable=SC2086
        "$program" synth "$out/clean.part.h5" region=lumbar n="$train" seed=901 $size implants=0 classes=hspine --force
        "$program" split "$out/clean.part.h5" --parts train=.93,val=.07
        mv "$out/clean.part.h5" "$out/clean.h5"
    fi
    "$program" train "$2" --out "$out/$1" data.store="$out/clean.h5" $resume
}
network vqgan configs/runs/vqgan-lumbar.cfg
network unet configs/runs/hspine-unet.cfg

# NAME FRACTURES SEED: pairs, what the network sees on them, and that again after each repair
experiment() {
    pairs=$out/$1.h5
    # shellcheck disable=SC2086
    "$program" synth "$pairs" region=lumbar n="$films" seed="$3" $size implants=1 pairs=1 fractures="$2" classes=hspine --force
    "$program" predict "$out/unet" "$pairs" --out "$out/$1-before" --force --quiet
    "$program" eval "$out/$1-before/predictions.h5" "$pairs" --region lumbar --out "$out/$1-before/eval" --force --quiet >"$out/$1-before.txt"
    for how in codes telea codes-given telea-given; do
        repaired=$out/$1-$how given=
        case $how in *-given) given="--mask truth";; esac
        # shellcheck disable=SC2086
        "$program" inpaint "$pairs" --weights "$out/vqgan" "method=${how%-given}" $given --out "$repaired" --force --json --quiet >"$repaired.json"
        "$program" predict "$out/unet" "$repaired/restored.h5" --out "$repaired/seen" --force --quiet
        "$program" eval "$repaired/seen/predictions.h5" "$pairs" --region lumbar --out "$repaired/eval" --force --quiet >"$repaired.txt"
        echo; echo "$1, $how: A repaired, B with implants"
        "$program" compare "$repaired/eval" "$out/$1-before/eval" --only _implants
    done
    echo; echo "$1, the ceiling: A with implants, B the same films without"
    "$program" compare "$out/$1-before/eval" "$out/$1-before/eval" --twins _implants
}

experiment pairs none 902
experiment screwed screwed 903

echo; echo "vertebrae fractured behind a screw: does the repaired film show them straight?"
"$program" measure "$out/screwed.h5" --region lumbar --json --quiet >"$out/screwed-truth.json"
"$program" measure "$out/screwed-before/predictions.h5" --region lumbar --json --quiet >"$out/screwed-before.json"
for how in codes telea codes-given telea-given; do
    "$program" measure "$out/screwed-$how/seen/predictions.h5" --region lumbar --json --quiet >"$out/screwed-$how-seen.json"
    printf '%-12s ' "$how"
    "$tools/straightened" "$out/screwed-truth.json" "$out/screwed-before.json" "$out/screwed-$how-seen.json"
done
