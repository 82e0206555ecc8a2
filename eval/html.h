/* html.h - one self-contained HTML file: no script, no font, no picture from elsewhere, so that it opens from a disk, a mail or a printer
 * ten years from now as it does today. Light and dark follow the reader's system; figures are inline SVG in the page's own colours.
 *
 *     html_begin(f, "title");  html_section(f, "id", 1, "heading");  table_html(t, f);  ...  html_end(f);
 *
 * The trap: names of cases and files come from outside. Every text goes through html_text, which leaves no character standing that means
 * anything to a browser, or to whoever searches the file for addresses: `<script src=http://...>` comes out without <, =, : or /. */
#ifndef EVAL_HTML_H
#define EVAL_HTML_H
#include <stddef.h>
#include <stdio.h>

void html_begin(FILE *f, const char *title);
void html_end(FILE *f);
/* A heading that the table of contents (html_contents) links to; id: letters, digits and - only. number: from the second section of one id
 * on, "id-2". */
void html_section(FILE *f, const char *id, int number, const char *heading);
/* Links to n sections. */
void html_contents(FILE *f, const char *const *id, const char *const *heading, int n);

/* Text of any bytes, for content and for attributes in double quotes alike. */
void html_text(FILE *f, const char *text);
void html_paragraph(FILE *f, const char *class, const char *text);
/* Lines as they stand, in a font of fixed width. */
void html_lines(FILE *f, const char *text);

/* A picture as a data URI: PNG bytes; alt says what it shows to who cannot see it. caption NULL: none. */
void html_png(FILE *f, const void *bytes, size_t n, const char *alt, const char *caption);
/* The same of pixels: rgb (h, w, 3). */
void html_rgb(FILE *f, const unsigned char *rgb, long long h, long long w, const char *alt, const char *caption);
#endif
