/* csv.h - a table from a CSV file: commas, one header line, "quoted" fields with doubled quotes, CRLF or LF, an optional BOM.
 * Every row must have as many fields as the header; what is malformed dies 2 with file:line. */
#ifndef DATASETS_CSV_H
#define DATASETS_CSV_H

typedef struct csv {
    int ncols, nrows;
    char **name;                 /* (ncols) of the header */
    char **cell;                 /* (nrows, ncols) */
    int *line;                   /* (nrows) line in the file, for messages */
    char *text;                  /* what all of them point into */
} csv;

csv  csv_read(const char *path);
void csv_free(csv *t);
int  csv_column(const csv *t, const char *name);                            /* -1: no such column */
static inline const char *csv_cell(const csv *t, int row, int column) { return t->cell[row * t->ncols + column]; }
#endif
