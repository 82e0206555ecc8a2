/* weights.c - key maps and the turning of layouts; the file format itself is in nn/safetensors.c. See weights.h. */
#include "nn/weights.h"
#include "base/die.h"
#include "nn/safetensors.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const key_rule milesial[] = {
    { "inc.double_conv.0.", "inc.conv1." },                     { "inc.double_conv.1.", "inc.conv1.norm." },
    { "inc.double_conv.3.", "inc.conv2." },                     { "inc.double_conv.4.", "inc.conv2.norm." },
    { "down#.maxpool_conv.1.double_conv.0.", "down#.conv1." },  { "down#.maxpool_conv.1.double_conv.1.", "down#.conv1.norm." },
    { "down#.maxpool_conv.1.double_conv.3.", "down#.conv2." },  { "down#.maxpool_conv.1.double_conv.4.", "down#.conv2.norm." },
    { "up#.conv.double_conv.0.", "up#.conv1." },                { "up#.conv.double_conv.1.", "up#.conv1.norm." },
    { "up#.conv.double_conv.3.", "up#.conv2." },                { "up#.conv.double_conv.4.", "up#.conv2.norm." },
    { "up#.up.", "up#.up." },                                   { "outc.conv.", "outc." },
    { NULL, NULL },
};

#define HYBRID "transformer.embeddings.hybrid_model."
static const key_rule transunet[] = {
    { HYBRID "root.conv.", "root." },                           { HYBRID "root.gn.", "root.norm." },
    { HYBRID "body.block#.unit#.conv#.", "block#.unit#.conv#." }, { HYBRID "body.block#.unit#.gn#.", "block#.unit#.conv#.norm." },
    { HYBRID "body.block#.unit#.downsample.", "block#.unit#.proj." }, { HYBRID "body.block#.unit#.gn_proj.", "block#.unit#.proj.norm." },
    { "transformer.embeddings.patch_embeddings.", "patch." },   { "transformer.embeddings.position_embeddings", "position.table" },
    { "transformer.encoder.layer.#.attention_norm.", "layer#.attention_norm.norm." },
    { "transformer.encoder.layer.#.ffn_norm.", "layer#.ffn_norm.norm." },
    { "transformer.encoder.layer.#.attn.", "layer#.attention." }, { "transformer.encoder.layer.#.ffn.fc#.", "layer#.fc#." },
    { "transformer.encoder.encoder_norm.", "encoder_norm.norm." },
    { "decoder.conv_more.0.", "conv_more." },                   { "decoder.conv_more.1.", "conv_more.norm." },
    { "decoder.blocks.#.conv#.0.", "dec#.conv#." },             { "decoder.blocks.#.conv#.1.", "dec#.conv#.norm." },
    { "segmentation_head.0.", "head." },                        { NULL, NULL },
};

#define RESNET(theirs, ours, norm_theirs) { theirs, ours }, { norm_theirs, ours "norm." }
#define BODY "backbone.body."
#define TORCHVISION_BODY \
    RESNET(BODY "conv1.", "stem.", BODY "bn1."), RESNET(BODY "layer#.#.conv#.", "layer#.#.conv#.", BODY "layer#.#.bn#."), \
    RESNET(BODY "layer#.#.downsample.0.", "layer#.#.proj.", BODY "layer#.#.downsample.1."), \
    { "rpn.head.cls_logits.", "rpn.objectness." },              { "rpn.head.bbox_pred.", "rpn.deltas." }, \
    { "roi_heads.box_head.fc#.", "fc#." },                      { "roi_heads.box_predictor.cls_score.", "detections.classes." }, \
    { "roi_heads.box_predictor.bbox_pred.", "detections.boxes." }, { "roi_heads.mask_predictor.conv5_mask.", "mask.up." }, \
    { "roi_heads.mask_predictor.mask_fcn_logits.", "masks.logits." }
static const key_rule torchvision[] = {
    TORCHVISION_BODY,
    { "backbone.fpn.inner_blocks.0.0.", "lateral2." },          { "backbone.fpn.layer_blocks.0.0.", "p2." },
    { "backbone.fpn.inner_blocks.1.0.", "lateral3." },          { "backbone.fpn.layer_blocks.1.0.", "p3." },
    { "backbone.fpn.inner_blocks.2.0.", "lateral4." },          { "backbone.fpn.layer_blocks.2.0.", "p4." },
    { "backbone.fpn.inner_blocks.3.0.", "lateral5." },          { "backbone.fpn.layer_blocks.3.0.", "p5." },
    { "rpn.head.conv.0.0.", "rpn.conv." },                      { "roi_heads.mask_head.#.0.", "mask#." },
    { NULL, NULL },
};
static const key_rule torchvision_old[] = {                     /* before 0.13, the published COCO_V1 file among them */
    TORCHVISION_BODY,
    { "backbone.fpn.inner_blocks.0.", "lateral2." },            { "backbone.fpn.layer_blocks.0.", "p2." },
    { "backbone.fpn.inner_blocks.1.", "lateral3." },            { "backbone.fpn.layer_blocks.1.", "p3." },
    { "backbone.fpn.inner_blocks.2.", "lateral4." },            { "backbone.fpn.layer_blocks.2.", "p4." },
    { "backbone.fpn.inner_blocks.3.", "lateral5." },            { "backbone.fpn.layer_blocks.3.", "p5." },
    { "rpn.head.conv.", "rpn.conv." },
    { "roi_heads.mask_head.mask_fcn1.", "mask0." },             { "roi_heads.mask_head.mask_fcn2.", "mask1." },
    { "roi_heads.mask_head.mask_fcn3.", "mask2." },             { "roi_heads.mask_head.mask_fcn4.", "mask3." },
    { NULL, NULL },
};
#define BOTTOM "backbone.bottom_up."
static const key_rule detectron2[] = {
    { BOTTOM "stem.conv1.", "stem." },
    { BOTTOM "res2.#.conv#.", "layer1.#.conv#." },              { BOTTOM "res2.#.shortcut.", "layer1.#.proj." },
    { BOTTOM "res3.#.conv#.", "layer2.#.conv#." },              { BOTTOM "res3.#.shortcut.", "layer2.#.proj." },
    { BOTTOM "res4.#.conv#.", "layer3.#.conv#." },              { BOTTOM "res4.#.shortcut.", "layer3.#.proj." },
    { BOTTOM "res5.#.conv#.", "layer4.#.conv#." },              { BOTTOM "res5.#.shortcut.", "layer4.#.proj." },
    { "backbone.fpn_lateral#.", "lateral#." },                  { "backbone.fpn_output#.", "p#." },
    { "proposal_generator.rpn_head.conv.", "rpn.conv." },
    { "proposal_generator.rpn_head.objectness_logits.", "rpn.objectness." }, { "proposal_generator.rpn_head.anchor_deltas.", "rpn.deltas." },
    { "roi_heads.box_head.fc1.", "fc6." },                      { "roi_heads.box_head.fc2.", "fc7." },
    { "roi_heads.box_predictor.cls_score.", "detections.classes." }, { "roi_heads.box_predictor.bbox_pred.", "detections.boxes." },
    { "roi_heads.mask_head.mask_fcn1.", "mask0." },             { "roi_heads.mask_head.mask_fcn2.", "mask1." },
    { "roi_heads.mask_head.mask_fcn3.", "mask2." },             { "roi_heads.mask_head.mask_fcn4.", "mask3." },
    { "roi_heads.mask_head.deconv.", "mask.up." },              { "roi_heads.mask_head.predictor.", "masks.logits." },
    { NULL, NULL },
};

static const key_map torchvision_before = { "torchvision", "", torchvision_old, "num_batches_tracked", NULL, NULL, 0 };

/* Both halves of a VQ-GAN have the same blocks, under down or up. */
#define TAMING_ATTENTION(at) \
    { at "norm.", at "norm.norm." }, { at "q.", at "attention.query." }, { at "k.", at "attention.key." }, { at "v.", at "attention.value." }, \
    { at "proj_out.", at "attention.out." }
#define TAMING_HALF(half, way, step) \
    { half ".conv_in.", half ".conv_in." }, { half ".conv_out.", half ".conv_out." }, { half ".norm_out.", half ".norm_out.norm." }, \
    { half "." way ".#.block.#.", half "." way ".#.block.#." }, { half "." way ".#.block.#.norm#.", half "." way ".#.block.#.norm#.norm." }, \
    { half ".mid.block_#.", half ".mid.block_#." }, { half ".mid.block_#.norm#.", half ".mid.block_#.norm#.norm." }, \
    { half "." way ".#." step ".conv.", half "." way ".#." step ".conv." }, \
    TAMING_ATTENTION(half "." way ".#.attn.#."), TAMING_ATTENTION(half ".mid.attn_#.")
static const key_rule taming[] = {
    TAMING_HALF("encoder", "down", "downsample"), TAMING_HALF("decoder", "up", "upsample"),
    { "quantize.", "quantize." }, { "quant_conv.", "quant_conv." }, { "post_quant_conv.", "post_quant_conv." },
    { "loss.discriminator.main.0.", "discriminator.main.0." }, { "loss.discriminator.main.2.", "discriminator.main.2." },
    { "loss.discriminator.main.3.", "discriminator.main.2.norm." }, { "loss.discriminator.main.5.", "discriminator.main.5." },
    { "loss.discriminator.main.6.", "discriminator.main.5.norm." }, { "loss.discriminator.main.8.", "discriminator.main.8." },
    { "loss.discriminator.main.9.", "discriminator.main.8.norm." }, { "loss.discriminator.main.11.", "discriminator.main.11." },
    { "loss.perceptual_loss.net.slice#.#.", "perceptual.slice#.#." }, { "loss.perceptual_loss.lin#.model.1.", "perceptual.lin#." },
    { NULL, NULL },
};

static const key_rule lpips[] = {
    { "net.slice#.#.", "perceptual.slice#.#." }, { "lin#.model.1.", "perceptual.lin#." }, { NULL, NULL },
};

const key_map key_maps[] = {
    { "milesial", "U-Net of milesial/Pytorch-UNet", milesial, "num_batches_tracked", "mask_values", NULL, 0 },
    { "transunet", "TransUNet of Beckschen/TransUNet (R50-ViT-B/16)", transunet, "num_batches_tracked", NULL, NULL, 0 },
    { "torchvision", "Mask R-CNN of torchvision (maskrcnn_resnet50_fpn)", torchvision, "num_batches_tracked", NULL, &torchvision_before, 0 },
    { "detectron2", "Mask R-CNN of Detectron2 (mask_rcnn_R_50_FPN)", detectron2, NULL, NULL, NULL, 1 },
    { "taming", "VQ-GAN of CompVis/taming-transformers", taming, "num_batches_tracked", "loss.", NULL, 0 },
    { "lpips", "perceptual distance by VGG16 of CompVis/taming-transformers", lpips, NULL, "scaling_layer.", NULL, 0 },
    { .name = NULL },
};

const key_map *key_map_find(const char *name)
{
    const char *names[16];
    char all[256] = "";
    int n = 0;
    for (const key_map *m = key_maps; m->name; m++) {
        if (!strcmp(m->name, name)) return m;
        names[n++] = m->name;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", n > 1 ? "|" : "", m->name);
    }
    die_at("--keys", "got %s, wanted %s%s", name, all, die_nearest(name, names, n));
}

/* Does name begin with the pattern? Returns the length of what fits (0: it does not); number[i] gets what the i-th # stands for. */
enum { MAX_NUMBERS = 4, MAX_DIGITS = 8 };
static size_t fits(const char *pattern, const char *name, char number[MAX_NUMBERS][MAX_DIGITS])
{
    const char *s = name;
    for (int n = 0; *pattern; pattern++) {
        if (*pattern != '#') {
            if (*pattern != *s++) return 0;
            continue;
        }
        size_t digits = strspn(s, "0123456789");
        if (!digits || digits >= MAX_DIGITS || n == MAX_NUMBERS) return 0;
        memcpy(number[n], s, digits), number[n++][digits] = 0;
        s += digits;
    }
    return (size_t)(s - name);
}

static char *rename_by(const key_map *map, int to_theirs, const char *name, char text[160])
{
    char number[MAX_NUMBERS][MAX_DIGITS], best_number[MAX_NUMBERS][MAX_DIGITS] = { "" };
    const char *best = NULL;
    size_t longest = 0, at = 0;
    for (const key_rule *r = map->rule; r->theirs; r++) {
        size_t len = fits(to_theirs ? r->ours : r->theirs, name, number);
        if (len > longest) longest = len, best = to_theirs ? r->theirs : r->ours, memcpy(best_number, number, sizeof number);
    }
    if (!best) return NULL;
    for (int n = 0; *best && at < 150; best++) {
        if (*best == '#') at += (size_t)snprintf(text + at, 160 - at, "%s", best_number[n++]);
        else text[at++] = *best, text[at] = 0;
    }
    if (at + strlen(name + longest) >= 160) return NULL;
    strcpy(text + at, name + longest);
    return text;
}

char *key_map_theirs(const key_map *map, const char *ours, char text[160])
{
    if (map) return rename_by(map, 1, ours, text);
    snprintf(text, 160, "%s", ours);
    return text;
}

char *key_map_ours(const key_map *map, const char *theirs, char text[160])
{
    if (map) return rename_by(map, 0, theirs, text);
    snprintf(text, 160, "%s", theirs);
    return text;
}

/* ---- layouts: axis i of ours is axis order[i] of theirs ---- */

static const int order[][4] = {
    [LAYOUT_PLAIN] = { 0, 1, 2, 3 }, [LAYOUT_CONV] = { 2, 3, 1, 0 }, [LAYOUT_DECONV] = { 0, 2, 3, 1 }, [LAYOUT_FLAT] = { 0, 2, 1 },
};

/* The axes that are turned: outputs, pixels and channels of a connected layer, whose last two are one axis in files on both sides */
static shape our_axes(const param *q)
{
    return q->layout == LAYOUT_FLAT ? (shape){ 3, { q->s.d[0], q->pixels, q->s.d[1] / q->pixels } } : q->s;
}

static const int *order_of(const param *q) { return order[q->s.nd == 4 || q->layout == LAYOUT_FLAT ? q->layout : LAYOUT_PLAIN]; }

static shape their_axes(const param *q)
{
    const shape ours = our_axes(q);
    shape s = { .nd = ours.nd };
    for (int i = 0; i < s.nd; i++) s.d[order_of(q)[i]] = ours.d[i];
    return s;
}

static shape their_shape(const param *q) { return q->layout == LAYOUT_FLAT ? q->s : their_axes(q); }

/* Copies q->count numbers from one order to the other; to_theirs says which way. */
static void turn(const param *q, const real *from, real *to, int to_theirs)
{
    const shape theirs = their_axes(q), ours = our_axes(q);
    const int *o = order_of(q);
    size_t step[4] = { 1, 1, 1, 1 }, at[4] = { 0 };                /* step[i]: elements of theirs to the next along our axis i */
    for (int i = 0; i < ours.nd; i++) for (int j = o[i] + 1; j < ours.nd; j++) step[i] *= (size_t)theirs.d[j];
    for (size_t mine = 0; mine < q->count; mine++) {
        size_t other = 0;
        for (int i = 0; i < ours.nd; i++) other += at[i] * step[i];
        if (to_theirs) to[other] = from[mine];
        else to[mine] = from[other];
        for (int i = ours.nd - 1; i >= 0 && ++at[i] == (size_t)ours.d[i]; i--) at[i] = 0;
    }
}

/* "inc.double_conv.1.running_var" -> "inc.double_conv.1.num_batches_tracked"; 0 where there is no counter beside it. */
static int counter_of(const key_map *map, const char *theirs, char text[160])
{
    const char *dot = strrchr(theirs, '.');
    if (!map || !map->counter || !dot || strcmp(dot, ".running_var")) return 0;
    return snprintf(text, 160, "%.*s.%s", (int)(dot - theirs), theirs, map->counter) < 160;
}

/* Norms whose statistics are not to change count no batches. */
static int counts(const params *p, const param *q)
{
    const char *dot = strrchr(q->name, '.');
    char weight[120];
    snprintf(weight, sizeof weight, "%.*s.weight", dot ? (int)(dot - q->name) : 0, q->name);
    const param *w = params_find(p, weight);
    return !w || w->role == PARAM;
}

int weights_write(const char *path, const params *p, const key_map *map)
{
    char name[160], counter[160];
    safetensors_writer *w = safetensors_begin(path);
    for (int i = 0; i < p->n; i++) {
        if (!key_map_theirs(map, p->p[i].name, name)) die("%s: no %s name for the parameter %s", path, map->name, p->p[i].name);
        if (counter_of(map, name, counter) && counts(p, &p->p[i])) safetensors_declare(w, counter, I64, (shape){ 0 });
    }
    for (int i = 0; i < p->n; i++) safetensors_declare(w, key_map_theirs(map, p->p[i].name, name), REAL_TYPE, their_shape(&p->p[i]));
    const int64_t zero = 0;
    int n = 0;
    for (int i = 0; i < p->n; i++)
        if (counter_of(map, key_map_theirs(map, p->p[i].name, name), counter) && counts(p, &p->p[i])) safetensors_put(w, n++, &zero);
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        real *mine = xalloc_n(q->count, sizeof *mine), *theirs = xalloc_n(q->count, sizeof *theirs);
        p->dev->get(p->dev, mine, p->x + q->at, q->count * sizeof *mine);
        turn(q, mine, theirs, 1);
        safetensors_put(w, n++, theirs);
        free(mine), free(theirs);
    }
    safetensors_commit(w);
    return n;
}

/* May this entry stand in the file without being read? */
static int is_ignored(const key_map *map, const char *name)
{
    if (!map || !map->ignored) return 0;
    const size_t n = strlen(map->ignored);
    return map->ignored[n - 1] == '.' ? !strncmp(name, map->ignored, n) : !strcmp(name, map->ignored);
}

static int ends_in(const char *name, const char *last)
{
    const char *dot = strrchr(name, '.');
    return last && dot && !strcmp(dot + 1, last);
}

/* What the file has and nobody wants: counters are checked and passed over. */
static void check_no_others(const safetensors *f, const params *p, const key_map *map, const char *used)
{
    char ours[160];
    const char *first = NULL, **names = xalloc_n((size_t)p->n + 1, sizeof *names);
    int left = 0;
    for (int i = 0; i < p->n; i++) names[i] = p->p[i].name;
    for (int i = 0; i < f->n; i++) {
        const safetensor *t = &f->t[i];
        if (used[i] || is_ignored(map, t->name)) continue;
        if (map && ends_in(t->name, map->counter) && key_map_ours(map, t->name, ours)) {
            if (t->type != I64 || shape_volume(&t->s) != 1) die("%s: %s: wanted one I64 number", f->path, t->name);
            continue;
        }
        if (!left++) first = t->name;
    }
    if (left) {
        const char *like = first && key_map_ours(map, first, ours) ? ours : first;
        die("%s: the file has %d tensor%s that the network has not, the first is %s%s", f->path, left, left > 1 ? "s" : "", first,
            die_nearest(like, names, p->n));
    }
    free(names);
}

static _Noreturn void missing(const safetensors *f, const params *p, const key_map *map, const char *first, int count)
{
    const char **names = xalloc_n((size_t)f->n + 1, sizeof *names);
    for (int i = 0; i < f->n; i++) names[i] = f->t[i].name;
    die("%s: %d of %d parameters are not in the file%s%s%s, the first is %s%s", f->path, count, p->n, map ? " (" : "", map ? map->name : "",
        map ? " names)" : "", first, die_nearest(first, names, f->n));
}

/* How many parameters stand in the file under the names of this map */
static int found_by(const safetensors *f, const params *p, const key_map *map)
{
    char name[160];
    int n = 0;
    for (int i = 0; i < p->n; i++) n += key_map_theirs(map, p->p[i].name, name) && safetensors_find(f, name) >= 0;
    return n;
}

static int is_statistic(const char *name) { return ends_in(name, "running_mean") || ends_in(name, "running_var"); }

/* May this parameter be missing? Where the map allows files without statistics of norms, and this one has none at all. */
static int may_lack(const safetensors *f, const key_map *map, const char *theirs)
{
    if (!map || !map->no_statistics || !is_statistic(theirs)) return 0;
    for (int i = 0; i < f->n; i++) if (is_statistic(f->t[i].name)) return 0;
    return 1;
}

int weights_read(const char *path, params *p, const key_map *map)
{
    safetensors *f = safetensors_open(path);
    char name[160], first[160] = "", a[64], b[64], *used = xalloc((size_t)f->n + 1);
    int *from = xalloc_n((size_t)p->n + 1, sizeof *from), lost = 0;
    if (map && map->older && found_by(f, p, map->older) > found_by(f, p, map)) map = map->older;
    for (int i = 0; i < p->n; i++) {
        if (!key_map_theirs(map, p->p[i].name, name)) die("%s: no %s name for the parameter %s", path, map->name, p->p[i].name);
        from[i] = safetensors_find(f, name);
        if (from[i] < 0 && !may_lack(f, map, name) && !lost++) strcpy(first, name);
        if (from[i] >= 0) used[from[i]] = 1;
    }
    if (lost) missing(f, p, map, first, lost);
    check_no_others(f, p, map, used);
    for (int i = 0; i < p->n; i++) {
        if (from[i] < 0) continue;
        const safetensor *t = &f->t[from[i]];
        const shape want = their_shape(&p->p[i]);
        if (!shape_same(&t->s, &want)) die("%s: %s: got %s, wanted %s", path, t->name, shape_text(&t->s, a), shape_text(&want, b));
        if (t->type == I64) die("%s: %s: got I64, wanted F32, F64, F16 or BF16", path, t->name);
    }
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        real *theirs = xalloc_n(q->count, sizeof *theirs), *mine = xalloc_n(q->count, sizeof *mine);
        if (from[i] >= 0) safetensors_get(f, from[i], theirs), turn(q, theirs, mine, 0);
        else for (size_t j = 0; j < q->count; j++) mine[j] = (real)q->init.value;      /* mean 0, variance 1 */
        p->dev->put(p->dev, p->x + q->at, mine, q->count * sizeof *mine);
        free(theirs), free(mine);
    }
    int n = f->n;
    free(used), free(from), safetensors_close(f);
    return n;
}
