/* cfg_test.c - the cfg language: what it reads, what it refuses. Every file in tests/bad/ is one mistake; its first line, without
 * "# ", is part of the one line the program must die with. */
#include "tests/test.h"
#include "base/file.h"
#include "nn/net.h"

static void every_mistake_is_named(void **state)
{
    (void)state;
    int n;
    char **names = file_list("tests/bad", "|.cfg|", &n);
    assert_true(n >= 40);
    for (int i = 0; i < n; i++) {
        char *path = path_join("tests/bad", names[i]), *text = file_read(path, 1 << 20, NULL);
        char *want = text + 2;
        want[strcspn(want, "\n")] = 0;
        die_trap t;
        die_trap_push(&t);
        if (!setjmp(t.jump)) {
            net_load(path, NULL, 0);
            die_trap_pop(&t);
            fail_msg("%s was accepted", path);
        }
        if (!strstr(t.text, want)) fail_msg("%s: died with\n    %s\nwanted\n    %s", path, t.text, want);
        assert_int_equal(t.status, EXIT_INPUT);
        free(path), free(text), free(names[i]);
    }
    free(names);
}

static void grammar(void **state)
{
    (void)state;
    cfg *c = cfg_parse("# a comment\n  [net]  ; another\nheight = 12 # rows\nwidth=7\r\n\n"
                       "[repeat]\ntimes=2\n[convolutional]\nname=c%d\n[end]\n", "g.cfg");
    assert_int_equal(c->n, 3);
    assert_string_equal(cfg_get(&c->s[0], "height"), "12");
    assert_string_equal(cfg_get(&c->s[0], "width"), "7");
    assert_string_equal(cfg_get(&c->s[1], "name"), "c1");
    assert_string_equal(cfg_get(&c->s[2], "name"), "c2");
    assert_string_equal(c->s[2].at, "g.cfg:8");
    assert_null(cfg_get(&c->s[0], "channels"));
    char *text = cfg_text(c);
    cfg *again = cfg_parse(text, "again.cfg");
    char *same = cfg_text(again);
    assert_string_equal(text, same);
    free(text), free(same), cfg_free(c), cfg_free(again);
}

static const char two[] = "[net]\nheight=8\nwidth=8\n[convolutional]\nname=a.b\nfilters=3\n[convolutional]\nfilters=2\n";

static void overrides(void **state)
{
    (void)state;
    net *t = net_parse(two, "two.cfg", (const char *const[]){ "net.height=6", "a.b.filters=5" }, 2);
    assert_int_equal(t->output->s.d[1], 6);
    assert_int_equal(tensor_channels(t->layer[0].out), 5);
    char *text = net_text(t);
    net *same = net_parse(text, "resolved", NULL, 0);
    assert_int_equal(tensor_channels(same->layer[0].out), 5);
    free(text), net_free(t), net_free(same);
    dies(EXIT_INPUT, "wanted section.key=value", net_parse(two, "two.cfg", (const char *const[]){ "height=6" }, 1));
    dies(EXIT_INPUT, "has several [convolutional] sections", net_parse(two, "two.cfg", (const char *const[]){ "convolutional.size=3" }, 1));
    dies(EXIT_INPUT, "has no section or name nte (did you mean net?)", net_parse(two, "two.cfg", (const char *const[]){ "nte.height=6" }, 1));
    dies(EXIT_INPUT, "command line: net.heigth: unknown key (did you mean height?)",
         net_parse(two, "two.cfg", (const char *const[]){ "net.heigth=6" }, 1));
    dies(EXIT_INPUT, "command line: net.height: got -1, wanted 1 to 16384", net_parse(two, "two.cfg", (const char *const[]){ "net.height=-1" }, 1));
}

static void shared_parameters(void **state)
{
    (void)state;
    net *t = net_parse("[net]\nheight=8\nwidth=8\nclasses=1\n[convolutional]\nname=a\n[convolutional]\nname=b\nshare=a\n", "share.cfg", NULL, 0);
    params *p = params_new(t->g, &device_cpu, 1);
    assert_int_equal(params_count(p, PARAM), 2);
    params_free(p), net_free(t);
}

static void parameters_start_as_said(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/unet-small.cfg", NULL, 0);
    params *p = params_new(t->g, &device_cpu, 1), *q = params_new(t->g, &device_cpu, 1);
    params_init(p, 3), params_init(q, 3);
    assert_memory_equal(p->x, q->x, p->total * sizeof(real));
    params_init(q, 4);
    assert_memory_not_equal(p->x, q->x, p->total * sizeof(real));
    const param *w = params_find(p, "inc.conv2.weight");       /* 3 x 3 x 16 inputs: U(-1/12, 1/12) */
    double largest = 0, sum = 0;
    for (size_t i = 0; i < w->count; i++) largest = fmax(largest, fabs((double)p->x[w->at + i])), sum += (double)p->x[w->at + i];
    assert_true(largest <= 1.0 / 12 && largest > 0.99 / 12);
    near(sum / (double)w->count, 0, 0.005);
    const param *v = params_find(p, "inc.conv2.norm.running_var");
    assert_true(v->role == STATE && p->x[v->at] == 1);
    params_free(p), params_free(q), net_free(t);
}

static void layer_is(const net *t, const char *name, const char *op, const char *size)
{
    char got[64];
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->layer[i].name, name)) {
            assert_string_equal(t->layer[i].out->from->op->name, op);
            assert_string_equal(shape_text(&t->layer[i].out->s, got), size);
            return;
        }
    fail_msg("no layer %s", name);
}

/* a classifier: windows or the whole map, all of a map or one pixel into a connected layer, norms of either kind */
static void classifier_layers(void **state)
{
    (void)state;
    net *t = net_parse("[net]\nbatch=2\nheight=8\nwidth=6\nclasses=3\n[convolutional]\nfilters=4\n[groupnorm]\ngroups=2\nactivation=swish\n"
                       "[avgpool]\nname=half\nsize=2\n[upsample]\nname=odd\nmode=bicubic\nheight=5\nwidth=3\n[layernorm]\nname=ln\n"
                       "[connected]\nname=fc\noutput=7\nbatch_normalize=1\nactivation=relu\n[avgpool]\nname=global\nfrom=ln\n"
                       "[connected]\nname=head\n[upsample]\nheight=8\nwidth=6\n", "classifier.cfg", NULL, 0);
    layer_is(t, "half", "avgpool", "2x4x3x4");
    layer_is(t, "odd", "upsample", "2x5x3x4");
    layer_is(t, "ln", "layer_norm", "2x5x3x4");
    layer_is(t, "fc", "batch_norm", "2x1x1x7");
    layer_is(t, "global", "reduce", "2x1x1x4");
    layer_is(t, "head", "linear", "2x1x1x3");
    const shape fc = { 2, { 7, 60 } }, head = { 2, { 3, 4 } };
    assert_true(shape_same(&graph_find(t->g, "fc.weight")->s, &fc) && shape_same(&graph_find(t->g, "head.weight")->s, &head));
    assert_null(graph_find(t->g, "fc.bias"));
    assert_non_null(graph_find(t->g, "head.bias"));
    net_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mistake_is_named), cmocka_unit_test(grammar), cmocka_unit_test(overrides), cmocka_unit_test(shared_parameters),
        cmocka_unit_test(parameters_start_as_said), cmocka_unit_test(classifier_layers),
    };
    return RUN_TESTS(tests);
}
