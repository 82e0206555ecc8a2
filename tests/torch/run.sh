#!/bin/sh
# make check-torch: every element of every U-Net gradient against PyTorch, in the double build (strict) and the float build.
# The interpreter is $TORCH_PYTHON, or Debian's python3 where it has torch; without PyTorch the comparison is skipped, and counted so.
python=${TORCH_PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
    echo "no PyTorch for $python: apt-get install python3-torch, or set TORCH_PYTHON"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
check() {   # build net kind height width tag bound
    if build/$1/tests/tools/unet_gradients "configs/nets/$2.cfg" "$4" "$5" "$6" "$work/g" 0 >/dev/null &&
        "$python" tests/torch/unet.py "$3" "$4" "$5" "$6" "$work/g" "$7"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}
# In float32 a ReLU input within rounding of zero may change sign, which moves the gradients before it by a share of themselves: at
# 37 x 45 that happens, so the bound there is wide. The double build is the strict check.
for size in "32 32 a32" "37 45 b37x45"; do
    check double unet convT $size 1e-9
    check double unet-bilinear bilinear $size 1e-9
done
check cpu unet convT 32 32 a32 1e-3
check cpu unet-bilinear bilinear 32 32 a32 6e-2
check cpu unet convT 37 45 b37x45 5e-2
check cpu unet-bilinear bilinear 37 45 b37x45 2e-1
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
