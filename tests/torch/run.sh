#!/bin/sh
# make check-torch: every element of every U-Net gradient against PyTorch, and Mask R-CNN's detections, losses and lengths of gradients
# against torchvision, in the double build (strict) and the float build. `run.sh unet`, `run.sh maskrcnn`: that network alone.
# The interpreter is $TORCH_PYTHON, or Debian's python3 where it has torch; what it lacks is skipped, and counted so.
python=${TORCH_PYTHON:-/usr/bin/python3}
passed=0 failed=0 skipped=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
counted() {                   # COMMAND...
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
has() {                       # MODULES PACKAGE
    "$python" -c "import numpy, $1" 2>/dev/null && return
    echo "no $1 for $python: apt-get install $2, or set TORCH_PYTHON"
    skipped=$((skipped + 1))
    return 1
}

unet() {                      # build net kind height width tag bound
    build/$1/tests/tools/unet_gradients "configs/nets/$2.cfg" "$4" "$5" "$6" "$work/g" 0 >/dev/null &&
        "$python" tests/torch/unet.py "$3" "$4" "$5" "$6" "$work/g" "$7"
}
# In float32 a ReLU input within rounding of zero may change sign, which moves the gradients before it by a share of themselves: at
# 37 x 45 that happens, so the bound there is wide. The double build is the strict check.
unets() {
    for size in "32 32 a32" "37 45 b37x45"; do
        counted unet double unet convT $size 1e-9
        counted unet double unet-bilinear bilinear $size 1e-9
    done
    counted unet cpu unet convT 32 32 a32 1e-3
    counted unet cpu unet-bilinear bilinear 32 32 a32 6e-2
    counted unet cpu unet convT 37 45 b37x45 5e-2
    counted unet cpu unet-bilinear bilinear 37 45 b37x45 2e-1
}

detect() { "$python" tests/torch/maskrcnn.py detect "build/$1/tests/tools/detector_oracle" "$2" "$3" "$work" "$4" "$5" "$6"; }
losses() { "$python" tests/torch/maskrcnn.py losses "build/$1/tests/tools/detector_oracle" "$work" "$2"; }
# Three films of other shapes, one of them larger than the network sees it; in float32 at the size of the published network, too.
maskrcnn() {
    for size in "100 150 128 192" "240 97 96 224" "333 250 160 256"; do
        set -- $size
        counted detect double "$1" "$2" strict "$3" "$4"
        counted detect cpu "$1" "$2" float32 "$3" "$4"
    done
    counted detect cpu 480 640 float32 800 1333
    counted losses double strict
    counted losses cpu float32
}

which=${1:-all}
if [ "$which" != maskrcnn ] && has torch python3-torch; then unets; fi
if [ "$which" != unet ] && has "torch, torchvision" python3-torchvision; then maskrcnn; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
