#!/bin/sh
# make check-coco: average precision and recall of random instances against pycocotools, boxes and masks, to 1e-6. The interpreter is
# $COCO_PYTHON, or python3 where it has pycocotools; without, the comparison is skipped, and counted so.
python=${COCO_PYTHON:-python3}
if ! "$python" -c 'import pycocotools.cocoeval, numpy' 2>/dev/null; then
    echo "no pycocotools for $python: pip install pycocotools in a virtual environment, and set COCO_PYTHON to its python"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# seed, images, objects of an image, side in pixels, classes: small films with many ties, more than 100 detections of a class, all sizes of
# objects, one image, one class
for c in "1 40 6 96 4" "2 25 8 128 3" "3 4 160 200 1" "4 60 5 512 5" "5 1 10 128 2" "6 120 4 64 1" "7 30 12 300 8" "8 350 3 80 3"; do
    # shellcheck disable=SC2086
    if "$python" tests/coco/cases.py "$work" $c && "$python" tests/coco/compare.py ./darkspine "$work"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
