/* page.h - is an HTML report what it must be? Every element is closed in its turn, attributes are quoted, ids are unique and linked to, and
 * nothing in it would make a browser fetch or run anything. Strict on what our own writer may write, no parser of HTML at large. */
#ifndef TESTS_PAGE_H
#define TESTS_PAGE_H
#include "tests/test.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_DEEP = 64, PAGE_IDS = 512 };

typedef struct page_state { char open[PAGE_DEEP][24], id[PAGE_IDS][64], link[PAGE_IDS][64]; int deep, ids, links, images; } page_state;

static inline void page_attribute(page_state *s, const char *name, const char *value, size_t n)
{
    if (!strncmp(name, "on", 2) && strcmp(name, "on")) fail_msg("an event handler: %s", name);
    if (!strcmp(name, "src")) {
        if (strncmp(value, "data:image/png;base64,iVBORw0KGgo", 33)) fail_msg("src is no PNG in the file: %.40s", value);
        s->images++;
    }
    else if (n >= 3 && (memmem(value, n, "nan", 3) || memmem(value, n, "inf", 3)) && strchr("dxywht",
        *name) && !islower((unsigned char)name[1]))
        fail_msg("no number in %s: %.60s", name, value);
    if (!strcmp(name, "id")) {
        assert_true(s->ids < PAGE_IDS && n < 64);
        snprintf(s->id[s->ids], 64, "%.*s", (int)n, value);
        for (int i = 0; i < s->ids; i++) if (!strcmp(s->id[i], s->id[s->ids])) fail_msg("two elements with the id %s", s->id[i]);
        s->ids++;
    }
    if (!strcmp(name, "href")) {
        assert_true(s->links < PAGE_IDS && *value == '#');
        snprintf(s->link[s->links++], 64, "%.*s", (int)n - 1, value + 1);
    }
}

/* From after "<name" to after ">"; *closed: it ended in "/>". */
static inline const char *page_attributes(page_state *s, const char *p, int *closed)
{
    for (*closed = 0;;) {
        while (isspace((unsigned char)*p)) p++;
        if (*p == '>') return p + 1;
        if (p[0] == '/' && p[1] == '>') { *closed = 1; return p + 2; }
        char name[32];
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
        if (!n || n > 31) fail_msg("no attribute: %.40s", p);
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        p += n;
        if (p[0] != '=' || p[1] != '"') fail_msg("an attribute without quotes: %s%.40s", name, p);
        const char *value = p + 2, *end = strchr(value, '"');
        assert_non_null(end);
        if (memchr(value, '<', (size_t)(end - value))) fail_msg("a < in an attribute: %.60s", value);
        page_attribute(s, name, value, (size_t)(end - value));
        p = end + 1;
    }
}

static inline int page_is_void(const char *name) { return !strcmp(name, "meta") || !strcmp(name, "img"); }

/* Checks the file's text; returns how many pictures it holds. */
static inline int page_check(const char *text)
{
    static const char *const never[] = { "http:", "https:", "<script", "javascript", "url(", "@import", "<link", "<iframe", "<object",
        "<embed" };
    static const char head[] = "<!DOCTYPE html>\n";
    page_state *s = calloc(1, sizeof *s);
    if (strncmp(text, head, strlen(head))) fail_msg("it begins with '%.30s'", text);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        const char *at = strstr(text, never[i]);
        if (at) fail_msg("%s in the page: %.60s", never[i], at);
    }
    for (const char *p = text + strlen(head); (p = strchr(p, '<'));) {
        char name[24];
        int closing = p[1] == '/', closed;
        size_t n = strcspn(p + 1 + closing, " \n/>");
        if (!n || n > 23) fail_msg("no element: %.40s", p);
        snprintf(name, sizeof name, "%.*s", (int)n, p + 1 + closing);
        p = page_attributes(s, p + 1 + closing + n, &closed);
        if (closing) {
            if (!s->deep || strcmp(s->open[--s->deep], name)) fail_msg("</%s> closes <%s>: %.60s", name, s->open[s->deep], p);
        } else if (!closed && !page_is_void(name)) {
            assert_true(s->deep < PAGE_DEEP);
            snprintf(s->open[s->deep++], sizeof *s->open, "%s", name);
        }
        if (!strcmp(name, "style") && !closing) p = strstr(p, "</style>");
    }
    if (s->deep) fail_msg("<%s> is never closed", s->open[s->deep - 1]);
    for (int i = 0; i < s->links; i++) {
        int there = 0;
        for (int k = 0; k < s->ids; k++) there |= !strcmp(s->link[i], s->id[k]);
        if (!there) fail_msg("a link to #%s, which is not there", s->link[i]);
    }
    const int images = s->images;
    free(s);
    return images;
}
#endif
