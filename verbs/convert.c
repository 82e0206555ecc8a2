/* convert.c - `darkspine convert IN OUT`: parameters from a checkpoint to safetensors, and back, and from a vision transformer's .npz.
 * Which way follows from the names: a checkpoint ends in .h5. The network comes from the checkpoint, or from --net on the way in. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/version.h"
#include "nn/checkpoint.h"
#include "nn/net.h"
#include "nn/vit.h"
#include "nn/weights.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--keys", "MAP", "names of a reference implementation in the other file: milesial, transunet, torchvision, detectron2, taming, lpips; vit for .npz\n"
      "                          (default: darkspine's own)" },
    { "--net", "NET.cfg", "the network that a .safetensors or .npz IN is for" },
    { 0 }
};
static const usage how = { "convert", "IN OUT",
    "Converts a checkpoint (.h5) to .safetensors, or a .safetensors file to a checkpoint that `predict` reads. Of a run with an average of\n"
    "the weights, the average is taken. A .npz of a vision transformer (--keys vit) fills the encoder of a TransUNet; the rest of it starts\n"
    "at random (--seed). Strict: every tensor of the file is used and every parameter of the network is filled, or exit 2.\n"
    "Shapes in safetensors files are PyTorch's (out, in, height, width).",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_SEED, 2, 2, 1 };

typedef struct converted { int tensors; int64_t parameters, kept; } converted;     /* kept: at their random start */

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
    converted c = { weights_write(out, p, map), params_count(p, PARAM), 0 };
    params_free(p), net_free(t), checkpoint_close(k);
    return c;
}

static converted read_npz(const char *in, params *p, uint64_t seed)
{
    params_init(p, seed);
    const vit_read r = vit_weights_read(in, p);
    if (r.summed) warn("%s: the stem sees three colours, the network one: its weights are summed", in);
    return (converted){ r.arrays, r.filled, r.kept };
}

/* map NULL and a .npz: a vision transformer's */
static converted to_checkpoint(const char *in, const char *out, const key_map *map, const flags *f)
{
    net *t = net_load(flags_text(f, "--net", NULL), (const char *const *)f->set, f->nset);
    params *p = params_new(t->g, &device_cpu, 0);
    converted c = ends_in(in, ".npz") ? read_npz(in, p, (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX))
                                      : (converted){ weights_read(in, p, map), params_count(p, PARAM), 0 };
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
    const int npz = ends_in(in, ".npz"), leaving = ends_in(in, ".h5") && ends_in(out, ".safetensors");
    const int coming = (npz || ends_in(in, ".safetensors")) && ends_in(out, ".h5");
    if (!leaving && !coming) die("convert: got %s and %s, wanted a .h5 and a .safetensors file, or a .npz and a .h5", in, out);
    if (npz != (keys && !strcmp(keys, "vit")))
        die_at("--keys", "got %s for %s, wanted vit for a .npz file and only there", keys ? keys : "none", in);
    const key_map *map = keys && !npz ? key_map_find(keys) : NULL;
    if (coming && !cfg) die_at("--net", "missing, wanted the cfg of the network that %s is for", in);
    if (leaving && cfg) die_at("--net", "got %s, but the checkpoint knows its network", cfg);
    if (leaving && f->nset) die("%s: wanted no settings: the checkpoint knows its network", f->set[0]);
    flags_may_write(f, out);
    converted c = leaving ? to_safetensors(in, out, map) : to_checkpoint(in, out, map, f);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:i s:I s:I s:o}", "tensors", c.tensors, "parameters", (json_int_t)c.parameters, "at_start",
                               (json_int_t)c.kept, "file", object_text(out)));
    else {
        printf("%s: %d tensors, %" PRId64 " parameters\n", out, c.tensors, c.parameters);
        if (c.kept) printf("%" PRId64 " parameters that the file has not (decoder, head) stand at their random start\n", c.kept);
    }
    flags_free(f);
    return EXIT_OK;
}
