/* weights_test.c - safetensors in and out: layouts, key maps against the reference's own list of keys, and files that lie. */
#include "tests/test.h"
#include "base/file.h"
#include "nn/safetensors.h"
#include "nn/weights.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEYS = 118 };
typedef struct row { char ours[96], theirs[128]; shape s; } row;     /* s: the reference's shape, a 64th of the channels */

static int read_rows(row *out)
{
    char *text = file_read("tests/golden/unet_keys.tsv", 1 << 20, NULL), shape_words[64];
    int n = 0;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (*line == '#') continue;
        row *r = &out[n++];
        *r = (row){ .ours = "" };
        assert_true(n <= KEYS && sscanf(line, "%95s %127s %63s", r->ours, r->theirs, shape_words) == 3);
        for (char *rest, *d = strcmp(shape_words, "-") ? strtok_r(shape_words, "x", &rest) : NULL; d; d = strtok_r(NULL, "x", &rest)) {
            int64_t v = atoll(d);
            r->s.d[r->s.nd++] = v >= 64 ? v / 64 : v;
        }
    }
    free(text);
    return n;
}

static shape to_ours(const shape *s, layout l)
{
    if (l == LAYOUT_CONV) return SHAPE4(s->d[2], s->d[3], s->d[1], s->d[0]);
    if (l == LAYOUT_DECONV) return SHAPE4(s->d[0], s->d[2], s->d[3], s->d[1]);
    return *s;
}

/* The parameters of the reference U-Net at a 64th of its width; seed 0: zeros. */
static params *unet(graph **g, uint64_t seed)
{
    row *rows = xalloc_n(KEYS, sizeof *rows);
    int n = read_rows(rows);
    *g = graph_new();
    for (int i = 0; i < n; i++) {
        if (!strcmp(rows[i].ours, "-")) continue;
        layout l = rows[i].s.nd < 4 ? LAYOUT_PLAIN : strstr(rows[i].ours, ".up.") ? LAYOUT_DECONV : LAYOUT_CONV;
        tensor *t = graph_leaf(*g, rows[i].ours, to_ours(&rows[i].s, l), REAL_TYPE, strstr(rows[i].ours, "running") ? STATE : PARAM);
        t->layout = l, t->init = (init){ INIT_NORMAL, seed != 0 };
    }
    params *p = params_new(*g, &device_cpu, 0);
    params_init(p, seed);
    free(rows);
    return p;
}

static void the_map_is_the_references(void **state)
{
    (void)state;
    char text[160];
    row rows[KEYS];
    const key_map *map = key_map_find("milesial");
    assert_int_equal(read_rows(rows), KEYS);
    for (int i = 0; i < KEYS; i++) {
        if (!strcmp(rows[i].ours, "-")) continue;
        assert_string_equal(key_map_theirs(map, rows[i].ours, text), rows[i].theirs);
        assert_string_equal(key_map_ours(map, rows[i].theirs, text), rows[i].ours);
    }
    assert_null(key_map_theirs(map, "enc1.conv.weight", text));
    assert_null(key_map_ours(map, "up.up.weight", text));           /* # wants a number */
    assert_null(key_map_ours(map, "up12345678.up.weight", text));
    assert_string_equal(key_map_theirs(map, "up12.up.bias", text), "up12.up.bias");
    assert_string_equal(key_map_ours(NULL, "any.name", text), "any.name");
    dies(2, "--keys: got milesail, wanted milesial|transunet|torchvision|detectron2|taming|lpips (did you mean milesial?)", key_map_find("milesail"));
}

static void files_round_trip(void **state)
{
    char *path = path_join(*state, "net.safetensors");
    row rows[KEYS];
    assert_int_equal(read_rows(rows), KEYS);
    for (int k = 0; k < 2; k++) {
        graph *ga, *gb;
        const key_map *map = k ? key_map_find("milesial") : NULL;
        params *a = unet(&ga, 5), *b = unet(&gb, 0);
        assert_int_equal(weights_write(path, a, map), k ? KEYS : a->n);
        safetensors *f = safetensors_open(path);
        for (int i = 0; i < KEYS && k; i++) {                      /* exactly the reference's keys and shapes */
            int at = safetensors_find(f, rows[i].theirs);
            assert_true(at >= 0 && shape_same(&f->t[at].s, &rows[i].s));
            assert_int_equal(f->t[at].type, rows[i].s.nd ? REAL_TYPE : I64);
        }
        for (int i = 0; i < f->n; i++) assert_int_equal((f->data + f->t[i].at) % dtype_size(f->t[i].type), 0);
        assert_int_equal(f->n, k ? KEYS : a->n);
        safetensors_close(f);
        assert_int_equal(weights_read(path, b, map), k ? KEYS : a->n);
        assert_memory_equal(a->x, b->x, a->total * sizeof(real));
        params_free(a), params_free(b), graph_free(ga), graph_free(gb);
    }
    free(path);
}

static void layouts_are_turned(void **state)
{
    enum { H = 2, W = 3, I = 4, O = 5 };
    char *path = path_join(*state, "net.safetensors");
    graph *g = graph_new();
    graph_leaf(g, "conv", SHAPE4(H, W, I, O), REAL_TYPE, PARAM)->layout = LAYOUT_CONV;
    graph_leaf(g, "deconv", SHAPE4(I, H, W, O), REAL_TYPE, PARAM)->layout = LAYOUT_DECONV;
    graph_leaf(g, "plain", SHAPE4(H, W, I, O), REAL_TYPE, PARAM);
    params *p = params_new(g, &device_cpu, 0);
    for (size_t i = 0; i < p->total; i++) p->x[i] = (real)i;
    weights_write(path, p, NULL);
    safetensors *f = safetensors_open(path);
    real conv[H * W * I * O], deconv[H * W * I * O], plain[H * W * I * O];
    const int c = safetensors_find(f, "conv"), d = safetensors_find(f, "deconv");
    safetensors_get(f, c, conv), safetensors_get(f, d, deconv), safetensors_get(f, safetensors_find(f, "plain"), plain);
    assert_true(shape_same(&f->t[c].s, &SHAPE4(O, I, H, W)) && shape_same(&f->t[d].s, &SHAPE4(I, O, H, W)));
    for (int h = 0; h < H; h++) for (int w = 0; w < W; w++) for (int i = 0; i < I; i++) for (int o = 0; o < O; o++) {
        assert_true(conv[((o * I + i) * H + h) * W + w] == p->x[p->p[0].at + (size_t)(((h * W + w) * I + i) * O + o)]);
        assert_true(deconv[((i * O + o) * H + h) * W + w] == p->x[p->p[1].at + (size_t)(((i * H + h) * W + w) * O + o)]);
    }
    assert_memory_equal(plain, p->x + p->p[2].at, sizeof plain);
    safetensors_close(f), params_free(p), graph_free(g), free(path);
}

/* A file with this header and n bytes of data, the length field as given or right (-1). */
static void forge(const char *path, const char *header, long long length, size_t n, const void *data)
{
    size_t len = strlen(header);
    char *bytes = xalloc(8 + len + n);
    for (int i = 0; i < 8; i++) bytes[i] = (char)((unsigned long long)(length < 0 ? (long long)len : length) >> 8 * i);
    memcpy(bytes + 8, header, len);
    if (data) memcpy(bytes + 8 + len, data, n);
    file_write(path, bytes, 8 + len + n);
    free(bytes);
}

#define T(dt, sh, from, to) "{\"dtype\":\"" dt "\",\"shape\":[" sh "],\"data_offsets\":[" from "," to "]}"

static void lying_headers_are_refused(void **state)
{
    static const struct { const char *header; long long length; size_t data; const char *words; } lies[] = {
        { "", -1, 0, "wanted a JSON object" },
        { "[]", -1, 0, "wanted a JSON object" },
        { " {}", -1, 0, "wanted a JSON object" },
        { "{", -1, 0, "header: " },
        { "{} x", -1, 0, "header: " },
        { "{}", 3, 0, "got a header of 3 bytes in a file of 10" },
        { "{}", 0x7FFFFFFFFFFFFFFF, 0, "got a header of 9223372036854775807 bytes" },
        { "{}", -1, 1, "got 1 bytes of data, wanted 0" },
        { "{\"a\":1}", -1, 0, "a: wanted dtype, shape and data_offsets" },
        { "{\"a\":{}}", -1, 0, "a: wanted dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", -1, 4, "no more" },
        { "{\"a\":" T("F32", "1", "0", "4") ",\"a\":" T("F32", "1", "4", "8") "}", -1, 8, "duplicate object key" },
        { "{\"a\":" T("F8_E4M3", "4", "0", "4") "}", -1, 4, "a: dtype: got F8_E4M3, wanted F32, F64" },
        { "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "a: dtype: got no text" },
        { "{\"a\":" T("F32", "1,1,1,1,1", "0", "4") "}", -1, 4, "got 5 axes, wanted at most 4" },
        { "{\"a\":" T("F32", "-1", "0", "4") "}", -1, 4, "shape: wanted a list" },
        { "{\"a\":" T("F32", "1.0", "0", "4") "}", -1, 4, "shape: wanted a list" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", -1, 4, "shape: wanted a list" },
        { "{\"a\":" T("F32", "4611686018427387904,4", "0", "4") "}", -1, 4, "shape: too large" },
        { "{\"a\":" T("F32", "2147483648,2147483648,4,4", "0", "0") "}", -1, 0, "shape: too large" },
        { "{\"a\":" T("F32", "2", "0", "4") "}", -1, 4, "a: got 4 bytes, wanted 8" },
        { "{\"a\":" T("F32", "1", "4", "0") "}", -1, 4, "rising offsets" },
        { "{\"a\":" T("F32", "1", "-4", "0") "}", -1, 4, "rising offsets" },
        { "{\"a\":" T("F32", "2", "0", "8") "}", -1, 4, "offsets up to 4" },
        { "{\"a\":" T("F32", "1", "0", "4") ",\"b\":" T("F32", "1", "0", "4") "}", -1, 4, "tensors overlap" },
        { "{\"a\":" T("F32", "1", "0", "4") ",\"b\":" T("F32", "1", "8", "12") "}", -1, 12, "a hole" },
        { "{\"a\":" T("F32", "1", "4", "8") "}", -1, 8, "a hole" },
        { "{\"a\":" T("F32", "1", "0", "4") "}", -1, 8, "got 8 bytes of data, wanted 4" },
        { "{\"__metadata__\":{\"a\":1}}", -1, 0, "__metadata__: a: wanted a text" },
        { "{\"__metadata__\":[]}", -1, 0, "__metadata__: wanted texts" },
    };
    char *path = path_join(*state, "lie.safetensors");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        forge(path, lies[i].header, lies[i].length, lies[i].data, NULL);
        dies(2, lies[i].words, safetensors_open(path));
    }
    file_write(path, "1234567", 7);
    dies(2, "got 7 bytes", safetensors_open(path));
    dies(2, "No such file", safetensors_open("none.safetensors"));
    dies(2, "wanted a file", safetensors_open(*state));
    forge(path, "{\"__metadata__\":{\"format\":\"pt\"},\"a\":" T("F32", "", "0", "4") ",\"b\":" T("F64", "0", "4", "4") "}   ", -1, 4, NULL);
    safetensors *f = safetensors_open(path);                       /* a scalar, an empty tensor, metadata and padding are right */
    assert_int_equal(f->n, 2);
    safetensors_close(f), free(path);
}

static void narrow_types_are_read_exactly(void **state)
{
    static const struct { const char *type; uint16_t bits; double value; } halves[] = {
        { "F16", 0x3C00, 1 }, { "F16", 0xC000, -2 }, { "F16", 0x7BFF, 65504 }, { "F16", 0x0400, 0x1p-14 }, { "F16", 0x0001, 0x1p-24 },
        { "F16", 0x83FF, -1023 * 0x1p-24 }, { "F16", 0x7C00, INFINITY }, { "F16", 0xFC00, -INFINITY }, { "F16", 0x3555, 0.333251953125 },
        { "BF16", 0x3F80, 1 }, { "BF16", 0xC049, -3.140625 }, { "BF16", 0x0001, 0x1p-133 }, { "BF16", 0x7F80, INFINITY },
    };
    char *path = path_join(*state, "half.safetensors");
    real x;
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        char *header = xprintf("{\"a\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,2]}}", halves[i].type);
        forge(path, header, -1, 2, &halves[i].bits);
        safetensors *f = safetensors_open(path);
        safetensors_get(f, 0, &x);
        assert_true(x == (real)halves[i].value);
        safetensors_close(f), free(header);
    }
    const double wide = 0.1;
    forge(path, "{\"a\":" T("F64", "1", "0", "8") "}", -1, 8, &wide);
    safetensors *f = safetensors_open(path);
    safetensors_get(f, 0, &x);
    assert_true(x == (real)0.1);
    assert_int_equal(truncate(path, 60), 0);
    dies(2, "wanted", safetensors_get(f, 0, &x));                  /* the file shrank after it was opened */
    safetensors_close(f), free(path);
}

static params *small(graph **g)
{
    *g = graph_new();
    graph_leaf(*g, "outc.weight", SHAPE4(1, 1, 2, 3), REAL_TYPE, PARAM)->layout = LAYOUT_CONV;
    graph_leaf(*g, "inc.conv1.norm.running_var", SHAPE1(2), REAL_TYPE, STATE);
    return params_new(*g, &device_cpu, 0);
}

#define W "\"outc.conv.weight\":" T("F32", "3,2,1,1", "0", "24")
#define V ",\"inc.double_conv.1.running_var\":" T("F32", "2", "24", "32")
#define N(dt, end) ",\"inc.double_conv.1.num_batches_tracked\":" T(dt, "", "32", end)

static void reading_is_strict(void **state)
{
    static const struct { const char *header; size_t data; const char *words; } bad[] = {
        { "{" W "}", 24, "1 of 2 parameters are not in the file (milesial names), the first is inc.double_conv.1.running_var" },
        { "{\"outc.conv.weights\":" T("F32", "3,2,1,1", "0", "24") "}", 24,
          "2 of 2 parameters are not in the file (milesial names), the first is outc.conv.weight (did you mean outc.conv.weights?)" },
        { "{" W V ",\"outc.conv.bias\":" T("F32", "1", "32", "36") "}", 36, "1 tensor that the network has not, the first is outc.conv.bias" },
        { "{" W V ",\"x.num_batches_tracked\":" T("I64", "", "32", "40") "}", 40, "the first is x.num_batches_tracked" },
        { "{" W V N("F32", "36") "}", 36, "wanted one I64 number" },
        { "{\"outc.conv.weight\":" T("F32", "2,3,1,1", "0", "24") V "}", 32, "outc.conv.weight: got 2x3x1x1, wanted 3x2x1x1" },
        { "{\"outc.conv.weight\":" T("I64", "3,2,1,1", "0", "48")
          ",\"inc.double_conv.1.running_var\":" T("F32", "2", "48", "56") "}", 56, "got I64, wanted F32" },
    };
    char *path = path_join(*state, "net.safetensors");
    const key_map *map = key_map_find("milesial");
    graph *g;
    params *p = small(&g);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        forge(path, bad[i].header, -1, bad[i].data, NULL);
        dies(2, bad[i].words, weights_read(path, p, map));
    }
    forge(path, "{" W V N("I64", "40") ",\"mask_values\":" T("I64", "2", "40", "56") "}", -1, 56, NULL);
    assert_int_equal(weights_read(path, p, map), 4);
    params_free(p), graph_free(g), free(path);
}

/* What a map says may stand beside the network's tensors may, and nothing else */
static void a_map_may_leave_a_folder_unread(void **state)
{
    char *path = path_join(*state, "net.safetensors");
    const real one[1] = { 1 };
    graph *g = graph_new();
    graph_leaf(g, "encoder.conv_in.bias", SHAPE1(1), REAL_TYPE, PARAM);
    params *p = params_new(g, &device_cpu, 0);
    for (int lost = 0; lost < 2; lost++) {
        safetensors_writer *w = safetensors_begin(path);
        safetensors_declare(w, "encoder.conv_in.bias", REAL_TYPE, SHAPE1(1));
        safetensors_declare(w, lost ? "lossy.logvar" : "loss.logvar", REAL_TYPE, SHAPE1(1));
        safetensors_put(w, 0, one), safetensors_put(w, 1, one), safetensors_commit(w);
        if (lost) dies(2, "has 1 tensor that the network has not, the first is lossy.logvar", weights_read(path, p, key_map_find("taming")));
        else assert_int_equal(weights_read(path, p, key_map_find("taming")), 2);
    }
    params_free(p), graph_free(g), free(path);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    char *path = path_join(*state, "net.safetensors");
    size_t n, m;
    graph *g;
    params *p = small(&g);
    weights_write(path, p, NULL);
    char *before = file_read(path, 1 << 20, &n), *after;
    for (rlim_t room = 1; room < n; room += 60) {
        fflush(NULL);
        pid_t child = fork();
        if (!child) {
            signal(SIGXFSZ, SIG_IGN);
            close(2);
            setrlimit(RLIMIT_FSIZE, &(struct rlimit){ room, room });
            p->x[0] = 3;
            weights_write(path, p, NULL);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_MACHINE);
        after = file_read(path, 1 << 20, &m);
        assert_true(n == m && !memcmp(before, after, n));
        free(after);
    }
    params_free(p), graph_free(g), free(before), free(path);
}

static int folder_new(void **state) { return (*state = test_scratch()) == NULL; }
static int folder_remove(void **state) { test_scratch_remove(*state); return 0; }
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_new, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_is_the_references), IN_FOLDER(files_round_trip), IN_FOLDER(layouts_are_turned),
        IN_FOLDER(lying_headers_are_refused), IN_FOLDER(narrow_types_are_read_exactly), IN_FOLDER(reading_is_strict),
        IN_FOLDER(a_map_may_leave_a_folder_unread),
        IN_FOLDER(a_full_disk_leaves_the_old_file),
    };
    return RUN_TESTS(tests);
}
