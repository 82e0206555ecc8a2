/* convert.c - `darkspine convert IN OUT`: parameters from a checkpoint to safetensors, and back. Which way follows from the names:
 * a checkpoint ends in .h5, the other side in .safetensors. The network comes from the checkpoint, or from --net on the way in. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/version.h"
#include "nn/checkpoint.h"
#include "nn/net.h"
#include "nn/weights.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--keys", "MAP", "names of a reference implementation in the safetensors file: milesial (default: darkspine's own)" },
    { "--net", "NET.cfg", "the network that a safetensors IN is for" },
    { 0 }
};
static const usage how = { "convert", "IN OUT",
    "Converts a checkpoint (.h5) to .safetensors, or a .safetensors file to a checkpoint that `predict` reads. Of a run with an average of\n"
    "the weights, the average is taken. Strict: every tensor of the file is used and every parameter of the network is filled, or exit 2.\n"
    "Shapes in safetensors files are PyTorch's (out, in, height, width).",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE, 2, 2, 1 };

typedef struct converted { int tensors; int64_t parameters; } converted;

static int ends_in(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcmp(path + n - m, suffix);
}

static converted to_safetensors(const char *in, const char *out, const key_map *map)
{
    checkpoint *k = checkpoint_open(in);
    if (!k->net) die("%s: holds no network cfg", k->path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);
    converted c = { weights_write(out, p, map), params_count(p, PARAM) };
    params_free(p), net_free(t), checkpoint_close(k);
    return c;
}

static converted to_checkpoint(const char *in, const char *out, const key_map *map, const char *cfg, char *const *words, int nwords)
{
    net *t = net_load(cfg, (const char *const *)words, nwords);
    params *p = params_new(t->g, &device_cpu, 0);
    converted c = { weights_read(in, p, map), params_count(p, PARAM) };
    checkpoint k = { .net = net_text(t), .best_epoch = -1 };
    k.version = xprintf("%s %s", DARKSPINE_VERSION, version_commit());
    checkpoint_put_text(&k, "converted_from", in);
    checkpoint_write(out, &k, CHECKPOINT_WEIGHTS, p, NULL);
    checkpoint_clear(&k), params_free(p), net_free(t);
    return c;
}

int verb_convert(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *in = f->input[0], *out = f->input[1], *keys = flags_text(f, "--keys", NULL), *cfg = flags_text(f, "--net", NULL);
    const key_map *map = keys ? key_map_find(keys) : NULL;
    const int leaving = ends_in(in, ".h5") && ends_in(out, ".safetensors"), coming = ends_in(in, ".safetensors") && ends_in(out, ".h5");
    if (!leaving && !coming) die("convert: got %s and %s, wanted a .h5 and a .safetensors file", in, out);
    if (coming && !cfg) die_at("--net", "missing, wanted the cfg of the network that %s is for", in);
    if (leaving && cfg) die_at("--net", "got %s, but the checkpoint knows its network", cfg);
    if (leaving && f->nset) die("%s: wanted no settings: the checkpoint knows its network", f->set[0]);
    flags_may_write(f, out);
    converted c = leaving ? to_safetensors(in, out, map) : to_checkpoint(in, out, map, cfg, f->set, f->nset);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:i s:I s:o}", "tensors", c.tensors, "parameters", (json_int_t)c.parameters, "file", object_text(out)));
    else printf("%s: %d tensors, %" PRId64 " parameters\n", out, c.tensors, c.parameters);
    flags_free(f);
    return EXIT_OK;
}
