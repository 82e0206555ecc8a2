/* utf8.h - text that came from outside (class names, file names), made safe to print and measured in columns. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* A fresh copy in valid UTF-8 without control characters: each bad byte and each control character becomes U+FFFD. free() it. */
char *utf8_clean(const char *s);

/* Columns of a terminal that s takes: 0 for combining marks, 2 for East Asian wide characters, else 1. s is clean. */
int utf8_width(const char *s);
#endif
