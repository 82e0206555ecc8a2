# make            the program, ./darkspine
# make demo       everything from nothing: packages, build, films, training, evaluation, a table
# make test       packages, build, all tests
# make cuda       the CUDA plugin, ./libdarkspine-cuda.so, by nvcc on PATH or in CUDA_HOME; CCBIN=g++-12 names its host compiler.
#                 ARCHS="80 90": for these compute capabilities, and as PTX for later ones; ARCHS=all: 75 to 120, for a release
# make test-emu   every CUDA kernel on the CPU, in an emulator, against the CPU's kernels (`make test`: larger cases in one layout each)
# make test-gpu   the same on the GPU of this machine; make gpu-check: all that can be proved and measured there, into results/gpu
# make bundle     darkspine-gpu.tar.xz: program, plugin, tests and libraries in one folder, for a GPU machine without packages
# More: deps check-long check-torch check-coco mutants bench geometry fuzz install clean. Builds stand side by side in build/: cpu (release), double
# (gradient checks), asan (address and undefined-behaviour sanitizers), cuda and emu (the plugin). V=1 shows the commands.
# CUDA=auto (as given) builds the program alone and says whether the plugin could be built; CUDA=1 builds both; CUDA=0 is silent.

BUILD   ?= cpu
PREFIX  ?= /usr/local
prefix  ?= $(PREFIX)
DESTDIR ?=
B       := build/$(BUILD)
CC      := gcc
MARCH   ?= native
# Whole vectors, where the compiler would take halves on some processors that have them
WIDE    := $(shell $(CC) -mprefer-vector-width=512 -E -x c /dev/null >/dev/null 2>&1 && echo -mprefer-vector-width=512)
Q       := $(if $(V),,@)

CUDA    ?= auto
ARCHS   ?= 80
NVCC    := $(firstword $(if $(CUDA_HOME),$(wildcard $(CUDA_HOME)/bin/nvcc)) $(shell command -v nvcc))

# Recursive (=) on purpose: pkg-config may not be there until `make deps` has run.
PKG      = hdf5-serial libpng jansson cairo libcrypto zlib
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKG)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKG)))$(PKG_LIBS)
CPPFLAGS = -I. -D_GNU_SOURCE $(PKG_CFLAGS)
CFLAGS   = -std=gnu11 -g -fopenmp -fno-math-errno -Wall -Wextra -Werror $(MODE_$(BUILD))
LDLIBS   = $(PKG_LIBS) -ldnnl -lpthread -lm
MODE_cpu    = -O3 -march=$(MARCH) $(WIDE)
MODE_double = -O3 -march=$(MARCH) $(WIDE) -DREAL=double
MODE_asan   = -O1 -march=$(MARCH) -Wno-format-truncation -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# The plugin holds what it needs of the rest of the program, and shows two functions.
MODE_plugin = -DDARKSPINE_CUDA -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections
MODE_cuda   = -O3 -march=$(MARCH) $(WIDE) $(MODE_plugin)
MODE_emu    = $(MODE_asan) -fno-sanitize=object-size $(MODE_plugin)
MODE_fuzz   = -O1 -w -fopenmp=libgomp -fsanitize=fuzzer-no-link,address,undefined
MODE_v2 = -O3 -march=x86-64-v2 -fPIC
MODE_v3 = -O3 -march=x86-64-v3 -fPIC
MODE_v4 = -O3 -march=x86-64-v4 -mprefer-vector-width=512 -fPIC

FOLDERS := base kernels nn nn/ops nn/layers geometry synth datasets train eval verbs
DNN_CUDA := $(wildcard kernels/dnn_cuda*.c)
SOURCES := $(filter-out $(DNN_CUDA) $(if $(filter double,$(BUILD)),kernels/dnn_cpu.c),$(wildcard $(addsuffix /*.c,$(FOLDERS))))
# Compiled once more, for maps in bf16 (kernels/kernel.h)
TWICE   := $(addprefix kernels/,activation.c avgpool.c map.c norm.c norm_fixed.c pool.c resample.c softmax.c taps.c) \
           $(addprefix nn/ops/,norm.c pointwise.c spatial.c)
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(TWICE:%.c=$(B)/%.bf16.o)
VERBS   := $(filter $(B)/verbs/%,$(OBJECTS))
TESTS   := $(filter-out %/device_test %/device_fault_test,$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*_test.c)))
TOOLS   := $(filter-out %/cudnn_api,$(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/tools/*.c)))
HELPERS := $(patsubst tests/%.c,$(B)/tests/%.o,$(filter-out %_test.c,$(wildcard tests/*.c)))
FUZZ    := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
COMMIT  := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

all: darkspine $(if $(filter 1,$(CUDA)),cuda) cuda-$(CUDA)

cuda-0 cuda-1:
cuda-auto:
	@echo 'CUDA: $(if $(NVCC),nvcc at $(NVCC); `make cuda` builds the plugin,no nvcc on PATH or in CUDA_HOME, CPU only)'

darkspine: $(B)/darkspine
	@cp -f $< $@.tmp && mv -f $@.tmp $@

$(B)/darkspine: $(B)/darkspine.o $(B)/libdarkspine.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/libdarkspine.a: $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo '  $(BUILD)  $<'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/%.bf16.o: %.c $(B)/flags
	@mkdir -p $(@D)
	@echo '  $(BUILD)  $< for bf16'
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DMAPS_BF16 -MMD -MP -c -o $@ $<

# Numbers of geometry/ may not depend on whether the processor has fused multiply-add, nor may it decide which box a detector chooses.
$(B)/geometry/%.o: CFLAGS += -ffp-contract=off
$(B)/kernels/detect_%.o: CFLAGS += -ffp-contract=off
$(B)/nn/detector_paint.o: CFLAGS += -ffp-contract=off
$(B)/eval/instances.o: CFLAGS += -ffp-contract=off
$(B)/tests/detect_test.o: CFLAGS += -ffp-contract=off
build/cuda/kernels/detect_%.cu.o: CU_cuda += -fmad=false
build/emu/kernels/detect_%.cu.o: CU_emu += -ffp-contract=off

# What objects are compiled with: another MARCH or ARCHS makes them anew. (:= because a target may have a mode of its own.)
EVERY_ARCH = 75 80 86 89 90 100 120
ARCH_LIST  = $(if $(filter all,$(ARCHS)),$(EVERY_ARCH),$(ARCHS))
ARCH_FLAGS = $(foreach a,$(ARCH_LIST),-gencode arch=compute_$a,code=sm_$a) -gencode arch=compute_$(lastword $(ARCH_LIST)),code=compute_$(lastword $(ARCH_LIST))
COMPILED_WITH := $(strip $(MODE_$(BUILD)) $(if $(filter cuda,$(BUILD)),$(NVCC) $(CCBIN) $(ARCH_FLAGS)))
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILED_WITH)' | cmp -s - $@ || echo '$(COMPILED_WITH)' > $@

# The commit is part of one object only, rebuilt when it changes.
$(B)/base/version.o: CPPFLAGS += -DDARKSPINE_COMMIT='"$(COMMIT)"' -DDARKSPINE_BUILD='"$(BUILD)"'
$(B)/base/version.o: $(B)/commit
$(B)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' > $@

$(B)/tests/%_test: $(B)/tests/%_test.o $(HELPERS) $(B)/libdarkspine.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(B)/tests/tools/%: $(B)/tests/tools/%.o $(HELPERS) $(B)/libdarkspine.a
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# ---- the CUDA plugin: build/cuda by nvcc; build/emu, the same files by g++ with the emulator, under AddressSanitizer

PLUGIN_CU   := $(wildcard kernels/*.cu) $(wildcard nn/*.cu) $(if $(filter emu,$(BUILD)),$(filter-out %_test.cc,$(wildcard tests/cuda_emu/*.cc)))
PLUGIN_C    := nn/ops.c nn/backend.c $(wildcard nn/ops/*.c) $(DNN_CUDA)
PLUGIN_REST := $(filter-out kernels/dnn_cpu.c $(PLUGIN_C),$(filter base/% kernels/% nn/%,$(SOURCES)))

CU_cuda    = $(NVCC) $(if $(CCBIN),-ccbin $(CCBIN)) -std=c++17 -O3 $(ARCH_FLAGS) -Xcompiler -fPIC,-fvisibility=hidden,-Wall,-Wextra -Werror all-warnings
CU_emu     = g++ -std=gnu++17 -g -Wall -Wextra -Werror -Wno-unknown-pragmas $(MODE_emu) -fsanitize-sections=emu_shared
LINK_cuda  = $(NVCC) $(if $(CCBIN),-ccbin $(CCBIN)) -shared -cudart static $(ARCH_FLAGS) -Xcompiler -fopenmp -Xlinker $(subst $(space),$(comma),$(PLUGIN_LINK))
LINK_emu   = g++ -shared -fopenmp $(MODE_asan) $(addprefix -Wl$(comma),$(PLUGIN_LINK))
PLUGIN_LINK = -soname=libdarkspine-cuda.so --no-undefined -Bsymbolic --gc-sections --exclude-libs=ALL
comma := ,
space := $(subst ,, )

$(B)/%.cu.o: %.cu $(B)/flags
	@mkdir -p $(@D)
	@echo '  $(BUILD)  $<'
	$(Q)$(CU_$(BUILD)) -I. -MMD -MP -MF $(@:.o=.d) $(if $(filter emu,$(BUILD)),-x c++,-x cu) -c -o $@ $<

$(B)/%.cc.o: %.cc $(B)/flags
	@mkdir -p $(@D)
	@echo '  $(BUILD)  $<'
	$(Q)$(CU_emu) -I. -MMD -MP -c -o $@ $<

# What stands here for a few functions (scratch sizes, memory) drags CPU kernels along that the linker drops again; AddressSanitizer's
# list of globals would hold on to them.
build/emu/libplugin.a: MODE_emu = -O1 -march=$(MARCH) $(MODE_plugin)
$(B)/libplugin.a: $(PLUGIN_REST:%.c=$(B)/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(B)/libdarkspine-cuda.so: $(PLUGIN_C:%.c=$(B)/%.o) $(PLUGIN_CU:%=$(B)/%.o) $(B)/libplugin.a
	$(Q)$(LINK_$(BUILD)) -o $@ $^ -lpthread -lm

build/emu/kernels/dnn_cuda_load.o: CPPFLAGS += -DCUDA_EMULATED

# What stands for cuDNN and cuBLASLt in tests. It reaches the emulated memory by the plugin's own functions.
build/emu/libfake_cudnn.so: $(patsubst %,build/emu/%.o,$(wildcard tests/fake_cudnn*.cc)) build/emu/libdarkspine-cuda.so
	$(Q)$(LINK_emu) -o $@ $^ -Wl,-rpath,'$$ORIGIN'

# Holds kernels/dnn_cuda_api.h to the real headers, where they stand beside nvcc
API_CHECK = $(if $(wildcard $(CUDA_INCLUDE)/cudnn.h),build/cuda/tests/tools/cudnn_api.o)
CUDA_INCLUDE = $(dir $(NVCC))../include
build/cuda/tests/tools/cudnn_api.o: CFLAGS += -isystem $(CUDA_INCLUDE) -Wno-deprecated-declarations

build/emu/cuda_emu_test: $(addprefix build/emu/,$(addsuffix .o,tests/cuda_emu/cuda_emu_test.cu $(wildcard tests/cuda_emu/*.cc)))
	$(Q)g++ $(MODE_asan) -o $@ $^

# ---- what a user calls

# make on all cores, unless it was called with -j and shares those out itself
BUILDER = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

cuda:
	@test -n '$(NVCC)' || { echo 'CUDA: no nvcc on PATH or in CUDA_HOME'; exit 2; }
	@echo "CUDA: nvcc $$($(NVCC) --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p') at $(NVCC), for sm_$(subst $(space), sm_,$(strip $(ARCH_LIST)))"
	@$(BUILDER) $(API_CHECK) build/cuda/libdarkspine-cuda.so BUILD=cuda
	@cp -f build/cuda/libdarkspine-cuda.so libdarkspine-cuda.so.tmp && mv -f libdarkspine-cuda.so.tmp libdarkspine-cuda.so

deps:
	@sh tests/deps.sh

demo: deps
	@$(BUILDER) darkspine
	@sh configs/demo/demo.sh

# The double build holds the gradient checks and the strict model fixtures; the asan build everything else that is quick, and with it the
# CUDA kernels: device_test opens the plugin of build/emu, whose sanitizers the program must share.
test: EMU_CASES = brief:
test: deps
	@$(BUILDER) darkspine
	@$(BUILDER) tests BUILD=cpu
	@$(BUILDER) tests BUILD=double
	@$(BUILDER) $(EMU_BUILT) BUILD=emu
	@$(BUILDER) tests build/asan/darkspine BUILD=asan
	@sh tests/run $(EMU_RUNS) $(patsubst $(B)/%,build/cpu/%,$(TESTS)) $(patsubst $(B)/%,build/double/%,$(DOUBLE_TESTS)) $(filter-out %/device_test %/device_fault_test,$(patsubst $(B)/%,build/asan/%,$(ASAN_TESTS)))

DOUBLE_TESTS = $(addprefix $(B)/tests/,op_test op_rules_test golden_ops_test golden_loss_test golden_detect_test detect_test rows_test vq_test \
                 unet_test transunet_test maskrcnn_test vqgan_test optim_test schedule_test fold_test)
ASAN_TESTS   = $(filter-out %/unet_test %/transunet_test %/maskrcnn_test %/vqgan_test %/schedule_test %/winograd_test %/conv_bf16_test \
                 $(ASAN_LONG),$(TESTS)) $(B)/tests/device_test $(B)/tests/device_fault_test
# Whole runs, slow under the sanitizers: in check-long
ASAN_LONG    = $(addprefix $(B)/tests/,maskrcnn_run_test transunet_run_test reproduce_test)
EMU_RUNS     = build/asan/tests/device_test:$(EMU_CASES)1/2 build/asan/tests/device_test:$(EMU_CASES)2/2 \
               build/asan/tests/device_test:fake:conv:deconv:linear:library:training:replay build/asan/tests/device_fault_test \
               build/emu/cuda_emu_test
EMU_BUILT    = build/emu/cuda_emu_test build/emu/libdarkspine-cuda.so build/emu/libfake_cudnn.so

test-emu:
	@$(BUILDER) $(EMU_BUILT) BUILD=emu
	@$(BUILDER) build/asan/tests/device_test build/asan/tests/device_fault_test build/asan/darkspine BUILD=asan
	@sh tests/run $(EMU_RUNS)

test-gpu: cuda
	@$(BUILDER) build/cpu/tests/device_test BUILD=cpu
	DARKSPINE_CUDA_PLUGIN=build/cuda/libdarkspine-cuda.so build/cpu/tests/device_test

# What proves the CUDA code on a GPU, here or, from the bundle, on a machine without packages; without a GPU one line, status 4
gpu-check:
	@test -e /dev/nvidiactl || { echo 'gpu-check: no NVIDIA driver on this machine (/dev/nvidiactl is missing)' >&2; exit 4; }
	@$(MAKE) --no-print-directory cuda
	@$(BUILDER) darkspine build/cpu/tests/device_test
	@sh tests/gpu/check.sh

# BUNDLE=cpu: for processors like this one; v3, as given: for all with AVX2
BUNDLE ?= v3
bundle: deps
	@$(BUILDER) build/$(BUNDLE)/darkspine build/$(BUNDLE)/tests/device_test BUILD=$(BUNDLE)
	@$(MAKE) --no-print-directory cuda $(if $(filter v3,$(BUNDLE)),MARCH=x86-64-v3)
	@sh tests/gpu/bundle.sh darkspine-gpu.tar.xz build/$(BUNDLE)/darkspine libdarkspine-cuda.so build/$(BUNDLE)/tests/device_test

tests: $(if $(filter double,$(BUILD)),$(DOUBLE_TESTS),$(if $(filter asan,$(BUILD)),$(ASAN_TESTS),$(TESTS) $(TOOLS)))

check-long: deps
	@$(BUILDER) fuzz
	@sh tests/fuzz/run.sh 60 $(FUZZ)
	@$(BUILDER) darkspine
	@sh tests/kill.sh 200
	@sh tests/steps.sh 10000
	@$(BUILDER) build/cpu/tests/adversary_test BUILD=cpu
	@build/cpu/tests/adversary_test 2000
	@$(MAKE) --no-print-directory test-emu
	@$(BUILDER) $(patsubst $(B)/%,build/asan/%,$(ASAN_LONG)) build/asan/darkspine BUILD=asan
	@sh tests/run $(patsubst $(B)/%,build/asan/%,$(ASAN_LONG))
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory check-torch check-coco

check-coco: darkspine
	@sh tests/coco/run.sh

check-torch: deps
	@$(BUILDER) $(addprefix build/cpu/tests/tools/,unet_gradients detector_oracle) BUILD=cpu
	@$(BUILDER) $(addprefix build/double/tests/tools/,unet_gradients detector_oracle) BUILD=double
	@sh tests/torch/run.sh

mutants: deps
	@sh tests/mutants.sh

bench: darkspine
	./darkspine bench nets

# The geometry library alone: it needs a C compiler and libm, and geometry/geometry.h is its manual. Only what that header declares is
# visible, in the shared library by -fvisibility, in the static one by making the rest local.
G           := build/geometry
GEO_OBJECTS := $(patsubst geometry/%.c,$(G)/%.o,$(wildcard geometry/*.c))
GEO_VERSION  = $(shell awk '/define GEO_VERSION_M/ { v = v s $$3; s = "." } END { print v }' geometry/geometry.h)
GEO_CFLAGS  := -std=gnu11 -O3 -g -fPIC -fvisibility=hidden -ffp-contract=off -Wall -Wextra -Werror -I.

geometry: $(G)/libdarkspine-geometry.a $(G)/libdarkspine-geometry.so $(G)/darkspine-geometry.pc

$(G)/%.o: geometry/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(GEO_CFLAGS) -MMD -MP -c -o $@ $<

$(G)/libdarkspine-geometry.a: $(GEO_OBJECTS)
	$(Q)$(CC) -r -nostdlib -o $(G)/all.o $^
	$(Q)objcopy --localize-hidden $(G)/all.o
	@rm -f $@
	@ar rcs $@ $(G)/all.o

$(G)/libdarkspine-geometry.so: $(GEO_OBJECTS)
	$(Q)$(CC) -shared -Wl,--no-undefined -Wl,-soname,libdarkspine-geometry.so.$(firstword $(subst ., ,$(GEO_VERSION))) -o $@ $^ -lm

$(G)/darkspine-geometry.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(prefix)' 'Name: darkspine-geometry' 'Description: From masks of vertebrae to clinical parameters' \
	    'Version: $(GEO_VERSION)' 'Cflags: -I$${prefix}/include/darkspine' 'Libs: -L$${prefix}/lib -ldarkspine-geometry' 'Libs.private: -lm' > $@

install-geometry: geometry
	install -Dm644 geometry/geometry.h $(DESTDIR)$(prefix)/include/darkspine/geometry.h
	install -Dm644 $(G)/libdarkspine-geometry.a $(DESTDIR)$(prefix)/lib/libdarkspine-geometry.a
	install -Dm755 $(G)/libdarkspine-geometry.so $(DESTDIR)$(prefix)/lib/libdarkspine-geometry.so.$(GEO_VERSION)
	ln -sf libdarkspine-geometry.so.$(GEO_VERSION) $(DESTDIR)$(prefix)/lib/libdarkspine-geometry.so.$(firstword $(subst ., ,$(GEO_VERSION)))
	ln -sf libdarkspine-geometry.so.$(firstword $(subst ., ,$(GEO_VERSION))) $(DESTDIR)$(prefix)/lib/libdarkspine-geometry.so
	install -Dm644 $(G)/darkspine-geometry.pc $(DESTDIR)$(prefix)/lib/pkgconfig/darkspine-geometry.pc

# A build of its own, by clang, whose libFuzzer they need
fuzz:
	@$(BUILDER) $(FUZZ) BUILD=fuzz CC=clang
build/fuzz/%_fuzz: build/fuzz/tests/fuzz/%_fuzz.o build/fuzz/libdarkspine.a
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

# PORTABLE=1: the library once per x86-64 level, in glibc-hwcaps folders, so that the dynamic loader picks the right one.
install: install-geometry
ifeq ($(PORTABLE),1)
	@for v in v2 v3 v4; do $(BUILDER) build/$$v/libdarkspine.so BUILD=$$v || exit 1; done
	@$(BUILDER) build/v2/darkspine-shared BUILD=v2
	install -D build/v2/darkspine-shared $(DESTDIR)$(prefix)/bin/darkspine
	install -D build/v2/libdarkspine.so $(DESTDIR)$(prefix)/lib/darkspine/libdarkspine.so
	install -D build/v3/libdarkspine.so $(DESTDIR)$(prefix)/lib/darkspine/glibc-hwcaps/x86-64-v3/libdarkspine.so
	install -D build/v4/libdarkspine.so $(DESTDIR)$(prefix)/lib/darkspine/glibc-hwcaps/x86-64-v4/libdarkspine.so
else
	@$(BUILDER) darkspine
	install -D darkspine $(DESTDIR)$(prefix)/bin/darkspine
endif
	$(if $(wildcard libdarkspine-cuda.so),install -D libdarkspine-cuda.so $(DESTDIR)$(prefix)/lib/darkspine/libdarkspine-cuda.so)
	find configs classes results/published $(wildcard results/reproduce/*.csv) -type f -exec install -Dm644 {} $(DESTDIR)$(prefix)/share/darkspine/{} \;

$(B)/libdarkspine.so: $(filter-out $(VERBS),$(OBJECTS))
	$(Q)$(CC) $(CFLAGS) -shared -Wl,--no-undefined -o $@ $^ $(LDLIBS)

$(B)/darkspine-shared: $(B)/darkspine.o $(VERBS) $(B)/libdarkspine.so
	$(Q)$(CC) $(CFLAGS) -o $@ $(B)/darkspine.o $(VERBS) -L$(B) -ldarkspine -Wl,-rpath,'$$ORIGIN/../lib/darkspine' $(LDLIBS)

clean:
	rm -rf build darkspine libdarkspine-cuda.so

-include $(wildcard $(G)/*.d $(B)/*.d $(B)/*/*.d $(B)/*/*/*.d)
.PHONY: all cuda cuda-0 cuda-1 cuda-auto test-emu test-gpu gpu-check bundle deps demo test tests check-long check-torch check-coco mutants bench geometry install-geometry fuzz install clean FORCE
.SECONDARY:
