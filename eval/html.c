/* html.c - see html.h. The style sheet is the whole look of a report: colours are variables, set once for light and once for dark, and set to
 * black on white for paper. The content policy in the head makes the browser itself refuse whatever is not in the file. */
#include "eval/html.h"
#include "base/die.h"
#include "base/utf8.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1c2024;--soft:#5b6570;--line:#d5dae0;--panel:#f5f7f9;--mark:#b3261e;--good:#1b7f4d;"
    "--s0:#0072b2;--s1:#d55e00;--s2:#00865f;--s3:#b04f8b;--s4:#2f8fc4;--s5:#a86f00;--s6:#555}\n"
    "@media (prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e4e8ec;--soft:#9aa5b1;--line:#353c44;--panel:#1d2226;--mark:#ff8a80;"
    "--good:#6fd6a1;--s0:#5ab4f0;--s1:#ff8f4a;--s2:#2fc99b;--s3:#e79bc9;--s4:#8fd0f5;--s5:#f0b944;--s6:#aaa}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .4rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.25rem;margin:2.4rem 0 .6rem;padding-top:.6rem;border-top:2px solid var(--line);overflow-wrap:anywhere}\n"
    "h3{font-size:1.05rem;margin:1.6rem 0 .4rem;overflow-wrap:anywhere}\n"
    "p{margin:.4rem 0;overflow-wrap:anywhere}\n"
    "a{color:var(--s0)}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0}\n"
    ".soft,.note{color:var(--soft)}.note{font-size:.85rem;margin:.15rem 0}\n"
    ".bad{color:var(--mark);font-weight:600}.good{color:var(--good)}\n"
    "figure{margin:1rem 0;min-width:0}figcaption{font-weight:600;margin-bottom:.35rem;overflow-wrap:anywhere}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:max-content;font-size:.9rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.28rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}\n"
    "th{font-weight:600;border-bottom:2px solid var(--line);vertical-align:bottom}\n"
    "td{max-width:22rem;overflow-wrap:break-word}\n"
    ".n{text-align:right;white-space:nowrap}\n"
    "tr.rule td{border-top:2px solid var(--line)}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,21rem),1fr));gap:1rem}\n"
    ".grid figure{margin:0}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.7rem;margin:1rem 0}\n"
    ".tile{background:var(--panel);border-radius:.5rem;padding:.6rem .8rem;overflow-wrap:anywhere}\n"
    ".tile b{display:block;font-size:1.45rem;line-height:1.25;font-variant-numeric:tabular-nums}\n"
    ".tile span{color:var(--soft);font-size:.85rem}\n"
    "img{display:block;max-width:100%;height:auto;background:#000;border-radius:.3rem}\n"
    ".film img{max-height:60rem}.film figcaption{font-weight:400;font-size:.85rem;margin-top:.3rem}\n"
    "pre{background:var(--panel);padding:.7rem .9rem;border-radius:.4rem;font-size:.85rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.6rem 0}\n"
    "svg{display:block;width:100%;max-width:34rem;height:auto;font:12.5px system-ui,'DejaVu Sans',sans-serif}\n"
    "svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:12px}svg .head{font-weight:600;font-size:13px}\n"
    "svg .axis{stroke:var(--soft);fill:none}svg .gridline{stroke:var(--line);fill:none}\n"
    "svg .rule{stroke:var(--ink);fill:none;stroke-width:1.4}svg .rule.dash{stroke-dasharray:6 4;stroke:var(--soft)}\n"
    "@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--soft:#444;--line:#ccc;--panel:#f2f2f2;--mark:#a00;--good:#060;"
    "--s0:#0072b2;--s1:#d55e00;--s2:#00865f;--s3:#b04f8b;--s4:#2f8fc4;--s5:#a86f00;--s6:#555}"
    "body{max-width:none;padding:0;font-size:10pt}nav{display:none}figure,tr,.tile{break-inside:avoid}"
    "figure.table{break-inside:auto}h2,h3,figcaption{break-after:avoid}.wide{overflow:visible}table{width:auto;font-size:8.5pt}th,td{padding:.15rem .4rem}"
    "thead{display:table-header-group}.film img{max-height:22cm}a{color:inherit;text-decoration:none}}\n";

void html_text(FILE *f, const char *text)
{
    char *clean = utf8_clean(text);
    for (const char *c = clean; *c; c++) {
        if (strchr("<>&\"'=:/`", *c)) fprintf(f, "&#%d;", *c);
        else fputc(*c, f);
    }
    free(clean);
}

void html_begin(FILE *f, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>", f);
    html_text(f, title);
    fprintf(f, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    html_text(f, title);
    fputs("</h1>\n", f);
}

void html_end(FILE *f) { fputs("</body>\n</html>\n", f); }

void html_section(FILE *f, const char *id, int number, const char *heading)
{
    fprintf(f, number > 1 ? "<h2 id=\"%s-%d\">" : "<h2 id=\"%s\">", id, number);
    html_text(f, heading);
    fputs("</h2>\n", f);
}

void html_contents(FILE *f, const char *const *id, const char *const *heading, int n)
{
    fputs("<nav aria-label=\"Contents\">", f);
    for (int i = 0; i < n; i++) fprintf(f, "<a href=\"#%s\">", id[i]), html_text(f, heading[i]), fputs("</a> ", f);
    fputs("</nav>\n", f);
}

void html_paragraph(FILE *f, const char *class, const char *text)
{
    fprintf(f, "<p class=\"%s\">", class);
    html_text(f, text);
    fputs("</p>\n", f);
}

/* utf8_clean would take the line ends too, so line by line. */
void html_lines(FILE *f, const char *text)
{
    fputs("<pre>", f);
    for (const char *end; *text; text = end + (*end == '\n')) {
        end = text + strcspn(text, "\n");
        char *line = xprintf("%.*s", (int)(end - text), text);
        html_text(f, line), fputc('\n', f);
        free(line);
    }
    fputs("</pre>\n", f);
}

static void base64(FILE *f, const unsigned char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const unsigned rest = n - i < 3 ? (unsigned)(n - i) : 3;
        const unsigned v = p[i] << 16 | (rest > 1 ? p[i + 1] << 8 : 0) | (rest > 2 ? p[i + 2] : 0);
        for (unsigned k = 0; k < 4; k++) fputc(k <= rest ? digit[v >> (18 - 6 * k) & 63] : '=', f);
    }
}

void html_png(FILE *f, const void *bytes, size_t n, const char *alt, const char *caption)
{
    fputs("<figure class=\"film\"><img alt=\"", f), html_text(f, alt), fputs("\" src=\"data:image/png;base64,", f);
    base64(f, bytes, n);
    fputs("\">", f);
    if (caption) fputs("<figcaption>", f), html_text(f, caption), fputs("</figcaption>", f);
    fputs("</figure>\n", f);
}

void html_rgb(FILE *f, const unsigned char *rgb, long long h, long long w, const char *alt, const char *caption)
{
    png_image m = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)w, .height = (png_uint_32)h, .format = PNG_FORMAT_RGB };
    png_alloc_size_t n = PNG_IMAGE_PNG_SIZE_MAX(m);
    void *bytes = xalloc(n);
    if (!png_image_write_to_memory(&m, bytes, &n, 0, rgb, 0, NULL)) die_machine("%s: no PNG could be made: %s", alt, m.message);
    html_png(f, bytes, n, alt, caption);
    free(bytes);
}
