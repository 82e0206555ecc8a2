/* share.h - where the files lie that the program brings along: class tables, networks, normal ranges. */
#ifndef BASE_SHARE_H
#define BASE_SHARE_H

/* "configs/ranges.csv" -> its path, fresh: beside the program (the source tree), two folders above it (build/cpu/darkspine), or in
 * ../share/darkspine (installed). NULL: not found. */
char *share_path(const char *name);
#endif
