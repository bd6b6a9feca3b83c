# make run    builds everything and serves on http://127.0.0.1:8080     make test   runs every test (T=word: those that match)
# make help   lists the rest. Each first installs the Debian packages it lacks; `make deps` does only that.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SECONDARY:
.DELETE_ON_ERROR:

CC = gcc
CXX = g++
BUILD = build
LISTEN = 127.0.0.1:8080
DATA = data
PREFIX = /usr/local
T =

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
OPTIMISE = -O3
SANITIZE =
CFLAGS = -std=gnu17 -D_GNU_SOURCE -g $(OPTIMISE) $(SANITIZE) -fstack-protector-strong -fno-math-errno -fno-trapping-math -ffp-contract=off -pthread -I. -isystem $(BUILD) $(WARN)
LDFLAGS = $(SANITIZE) -pthread
ENGINE_LIBS = -lcjson -lprotobuf-c -ljpeg -lpng -lz -lsnappy -lzstd -lcivetweb -lseccomp -ldl -lm
WEB_LIBS = -lcivetweb -lsqlite3 -lcjson -lsodium -lutf8proc -larchive -lm

# Debian packages, by what needs them. A program that is there already, whoever installed it, is left alone.
BUILD_PACKAGES = gcc libc6-dev libcivetweb-dev libsqlite3-dev libcjson-dev libopenblas-dev libsodium-dev zlib1g-dev \
    libarchive-dev libsnappy-dev libzstd-dev libbrotli-dev libseccomp-dev libutf8proc-dev libjpeg62-turbo-dev libpng-dev libprotobuf-c-dev protobuf-c-compiler $(if $(shell command -v npm),,nodejs npm)
TEST_PACKAGES = g++ libcmocka-dev clang libclang-rt-14-dev chromium python3-xgboost libopenmpi-dev openmpi-bin fasttext python3-gensim python3-pil
BENCH_PACKAGES = nginx-light wrk chromium gcc python3-xgboost python3-sklearn python3-pandas liblinear-tools python3-torch python3-numpy python3-pil fasttext python3-gensim python3-scipy
LINT_PACKAGES = clang-format clang-tidy cppcheck

BASE = $(filter-out engine/base/embed.c,$(wildcard engine/base/*.c))
ENGINE = $(filter-out engine/main.c,$(wildcard engine/*.c engine/format/*.c engine/data/*.c engine/tensor/*.c engine/nn/*.c engine/algo/*.c engine/algo/*/*.c))
WEB = $(filter-out web/main.c,$(wildcard web/*.c web/handlers/*.c web/store/*.c web/study/*.c web/lab/*.c))
TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/engine/test_*.c tests/web/test_*.c))
MESSAGES = $(patsubst %.proto,$(BUILD)/%.pb-c.o,$(wildcard engine/format/*.proto))
FUZZERS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
SOURCES = $(wildcard $(foreach end,c h,engine/*.$(end) engine/*/*.$(end) engine/*/*/*.$(end) web/*.$(end) web/*/*.$(end) tests/*/*.$(end)))

STATIC = $(shell find static -type f)
CONTENT = $(wildcard content/notes/*.txt content/experiments/*.json content/pretrained/*.base)
VENDOR = vendor/preact.js=node_modules/preact/dist/preact.module.js \
    vendor/hooks.js=node_modules/preact/hooks/dist/hooks.module.js \
    vendor/htm.js=node_modules/htm/dist/htm.module.js vendor/htm-preact.js=node_modules/htm/preact/index.module.js \
    vendor/uplot.js=node_modules/uplot/dist/uPlot.esm.js vendor/uplot.css=node_modules/uplot/dist/uPlot.min.css

# The GPU backend, where there is a CUDA compiler: a plugin that the engine loads when it is asked for.
NVCC = $(firstword $(wildcard $(shell command -v nvcc) /usr/local/cuda/bin/nvcc))
CUDA = $(patsubst %.cu,$(BUILD)/%.o,$(wildcard engine/cuda/*.cu))
GPUS = $(foreach sm,75 80 90,-gencode arch=compute_$(sm),code=sm_$(sm)) -gencode arch=compute_90,code=compute_90
# Ranks on several machines, where there is MPI: a plugin too.
MPICC = $(shell command -v mpicc)
PLUGINS = $(if $(SANITIZE),,$(if $(NVCC),$(BUILD)/flashlab-cuda.so)) $(if $(MPICC),$(BUILD)/flashlab-mpi.so)

.PHONY: all pretrained deps run test test-programs fuzz-programs fuzz lint format bench install clean help
all: $(BUILD)/flashlab $(BUILD)/flashlab-engine $(PLUGINS) ## build both programs

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: deps ## build what is missing and serve (LISTEN=127.0.0.1:8080 DATA=data)
	@$(MAKE) -s all
	@exec $(BUILD)/flashlab serve --listen $(LISTEN) --data $(DATA)

test: test-deps ## run every test, or with T=word those whose name holds the word
	@tests/run $(T)

bench: bench-deps all ## measure, beside the peers, and print a table (B=word: one of them)
	@tests/bench/run $(B)

install: all ## copy the two programs to PREFIX/bin
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/flashlab $(BUILD)/flashlab-engine $(PLUGINS)

lint: deps $(BUILD)/.lint-packages $(MESSAGES:.o=.h) ## clang-tidy, cppcheck and the formatting
	@clang-format --dry-run --Werror $(SOURCES)
	@echo $(filter-out tests/% engine/base/embed.c engine/mpi/%,$(filter %.c,$(SOURCES))) | xargs -n 1 -P 2 sh -c 'clang-tidy --quiet $$0 -- -std=gnu17 -D_GNU_SOURCE -I. -isystem $(BUILD) 2>/dev/null'
	@cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem -I. engine web

# The bases that Object Detection begins with: trained on shapes that its demo does not show. One thread, one seed.
PRETRAINED = $(foreach width,8 16,vgg-16-width$(width) resnet-50-width$(width))
pretrained: $(PRETRAINED:%=pretrained-%) ## train the bases that Object Detection begins with anew
pretrained-%: $(BUILD)/flashlab-engine $(BUILD)/pack-base
	@rm -rf $(BUILD)/pretrained/$* && mkdir -p $(BUILD)/pretrained
	$(BUILD)/flashlab-engine train --algorithm object-detection --generate shapes40:n=600,classes=4,other=1,high=20 \
	    --set base_network=$(word 1,$(subst -width, ,$*)) --set width=$(word 2,$(subst -width, ,$*)) --set image_shape=40 \
	    --set num_classes=4 --set num_training_samples=600 --set use_pretrained_model=0 --set optimizer=adam --set epochs=30 \
	    --set learning_rate=0.003 --set lr_scheduler_step="20, 26" --set mini_batch_size=16 \
	    --seed 1 --threads 1 --device cpu --model $(BUILD)/pretrained/$* | tail -n 1
	$(BUILD)/pack-base $(BUILD)/pretrained/$* content/pretrained/$*.base

format: $(BUILD)/.lint-packages ## lay out the C sources
	@clang-format -i $(SOURCES)

clean: ## remove what was built
	rm -rf build node_modules

# --- packages --------------------------------------------------------------------------------------------------------
# $(call install-packages,LIST): installs what dpkg does not know as installed; prints it; without root or sudo, says how.
define install-packages
	@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}\n' $$p 2>/dev/null | grep -q '^install ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    set -- $$missing; echo "Debian packages to install: $$*"; \
	    if [ "$$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then sudo=sudo; \
	    else echo "Run this once as root, then again what you ran:  apt-get update && apt-get install -y --no-install-recommends $$*" >&2; exit 1; fi; \
	    $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$* >/dev/null || \
	    { echo "Could not install them. Run as root:  apt-get update && apt-get install -y --no-install-recommends $$*" >&2; exit 1; }; \
	fi
	@mkdir -p $(@D) && touch $@
endef

deps: $(BUILD)/.build-packages node_modules/.package-lock.json ## install what building needs
test-deps: deps $(BUILD)/.test-packages
bench-deps: deps $(BUILD)/.bench-packages
.PHONY: test-deps bench-deps
$(BUILD)/.build-packages: Makefile
	$(call install-packages,$(BUILD_PACKAGES))
$(BUILD)/.test-packages: Makefile
	$(call install-packages,$(TEST_PACKAGES))
$(BUILD)/.bench-packages: Makefile
	$(call install-packages,$(BENCH_PACKAGES))
$(BUILD)/.lint-packages: Makefile
	$(call install-packages,$(LINT_PACKAGES))
node_modules/.package-lock.json: package-lock.json | $(BUILD)/.build-packages
	npm ci --silent
	@touch $@

# --- programs --------------------------------------------------------------------------------------------------------
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.gen.o: $(BUILD)/%.gen.c
	$(CC) -I. -O0 -c -o $@ $<

# Generated code: its warnings are not ours, hence -isystem above.
$(BUILD)/%.pb-c.c $(BUILD)/%.pb-c.h: %.proto
	@mkdir -p $(@D)
	protoc-c --c_out=$(BUILD) $<
$(BUILD)/%.pb-c.o: $(BUILD)/%.pb-c.c
	$(CC) -I$(BUILD) -O2 -g $(SANITIZE) -c -o $@ $<
$(BUILD)/engine/format/record.o $(BUILD)/tests/engine/test_record.o: $(BUILD)/engine/format/record.pb-c.h

# ar adds without removing, so an archive is made anew.
$(BUILD)/libbase.a: $(BASE:%.c=$(BUILD)/%.o)
$(BUILD)/libengine.a: $(ENGINE:%.c=$(BUILD)/%.o) $(MESSAGES)
$(BUILD)/libweb.a: $(WEB:%.c=$(BUILD)/%.o)
$(BUILD)/%.a:
	@mkdir -p $(@D) && rm -f $@
	ar rcs $@ $^

$(BUILD)/embed: engine/base/embed.c
	@mkdir -p $(@D)
	$(CC) $(filter-out $(SANITIZE),$(CFLAGS)) -o $@ $< -lbrotlienc -lsodium -lz
$(BUILD)/static.gen.c: $(STATIC) $(BUILD)/embed node_modules/.package-lock.json
	$(BUILD)/embed asset_static $@ $(foreach f,$(STATIC),$(f:static/%=%)=$(f)) $(VENDOR)
$(BUILD)/content.gen.c: $(CONTENT) $(BUILD)/embed
	$(BUILD)/embed asset_content $@ $(foreach f,$(CONTENT),$(f:content/%=%)=$(f))

$(BUILD)/flashlab: $(BUILD)/web/main.o $(BUILD)/libweb.a $(BUILD)/libbase.a $(BUILD)/static.gen.o $(BUILD)/content.gen.o
	$(CC) -o $@ $^ $(LDFLAGS) $(WEB_LIBS)
# What the plugins call.
EXPORTS = $(foreach name,error_set tape_backend tape_grad tape_grad_beta tape_learning tape_scratch tensor_count tensor_dense tensor_rows tensor_width,-Wl,--undefined=$(name) -Wl,--export-dynamic-symbol=$(name))
$(BUILD)/flashlab-engine: $(BUILD)/engine/main.o $(BUILD)/libengine.a $(BUILD)/libbase.a $(BUILD)/content.gen.o
	$(CC) $(EXPORTS) -o $@ $^ $(LDFLAGS) $(ENGINE_LIBS)

$(BUILD)/pack-base: $(BUILD)/engine/pack/pack_base.o $(BUILD)/libengine.a $(BUILD)/libbase.a $(BUILD)/content.gen.o
	$(CC) $(EXPORTS) -o $@ $^ $(LDFLAGS) $(ENGINE_LIBS)

$(BUILD)/engine/cuda/%.o: engine/cuda/%.cu $(wildcard engine/cuda/*.h) engine/gpu.h engine/tensor/tape.h engine/tensor/backend.h engine/tensor/likelihood.h
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -O3 $(GPUS) --threads 2 -I. -Xcompiler -fPIC,-Wall,-Wextra -c -o $@ $<
$(BUILD)/flashlab-cuda.so: $(CUDA)
	$(NVCC) -shared -o $@ $^ -lcublas -Xlinker -rpath,$(dir $(NVCC))../lib64

# The tensor backend once more, for the processor: see tests/cuda/cuda_runtime.h.
CUDA_HOST = $(patsubst %,$(BUILD)/tests/cuda/%.o,cuda_host $(basename $(notdir $(wildcard engine/cuda/device.cu engine/cuda/words.cu engine/cuda/tensor*.cu))))
CUDA_HOST_FLAGS = -x c++ -std=c++17 -g $(OPTIMISE) $(SANITIZE) -DCUDA_THREADS=64 -DCUDA_LANES=4 -DCUDA_PIECE=64 -Itests/cuda -I. -Wall -Wextra -Werror -Wno-unused-function -Wno-clobbered -Wno-unknown-pragmas
$(BUILD)/tests/cuda/%.o: engine/cuda/%.cu
	@mkdir -p $(@D)
	$(CXX) $(CUDA_HOST_FLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/tests/cuda/%.o: tests/cuda/%.cc
	@mkdir -p $(@D)
	$(CXX) $(CUDA_HOST_FLAGS) -MMD -MP -c -o $@ $<
CUDA_TESTS = $(addprefix $(BUILD)/tests/engine/,test_cuda test_cuda_runs test_cuda_words)
$(CUDA_TESTS): $(CUDA_HOST)
$(CUDA_TESTS): ENGINE_LIBS += -lstdc++

# Has its own copies of what it needs of the engine. mpi.h is not as pedantic as we are.
$(BUILD)/flashlab-mpi.so: engine/mpi/plugin.c engine/comm.c engine/base/clock.c engine/base/error.c engine/comm_way.h engine/comm.h
	@mkdir -p $(@D)
	OMPI_CC=$(CC) $(MPICC) $(filter-out -Wpedantic,$(CFLAGS)) -fPIC -fvisibility=hidden -shared -o $@ $(filter %.c,$^) $(LDFLAGS)

# --- tests: tests/run builds them, with sanitizers, by calling these with its own BUILD -------------------------------
$(BUILD)/tests/engine/%: $(BUILD)/tests/engine/%.o $(BUILD)/libengine.a $(BUILD)/libbase.a $(BUILD)/content.gen.o
	$(CC) $(EXPORTS) -o $@ $^ $(LDFLAGS) -lcmocka $(ENGINE_LIBS)
# These count allocations, and refuse them (tests/engine/allocations.h).
$(BUILD)/tests/engine/test_tape $(BUILD)/tests/engine/test_network $(BUILD)/tests/engine/test_classifier: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
$(BUILD)/tests/web/%: $(BUILD)/tests/web/%.o $(BUILD)/libweb.a $(BUILD)/libbase.a $(BUILD)/static.gen.o $(BUILD)/content.gen.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka $(WEB_LIBS)
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libweb.a $(BUILD)/libengine.a $(BUILD)/libbase.a $(BUILD)/static.gen.o $(BUILD)/content.gen.o
	$(CC) -o $@ $^ $(LDFLAGS) -fsanitize=fuzzer $(WEB_LIBS) $(ENGINE_LIBS)
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libengine.a $(BUILD)/libbase.a $(BUILD)/content.gen.o
	$(CC) -o $@ $^ $(LDFLAGS) $(ENGINE_LIBS)
test-programs: $(TESTS)
fuzz-programs: $(FUZZERS)
fuzz: test-deps ## run the fuzzers for long (SECONDS_EACH=600)
	@FUZZ_SECONDS=$(or $(SECONDS_EACH),600) tests/run fuzz_

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
