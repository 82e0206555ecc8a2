/* version.h - which darkspine this is: what --version prints, what results and checkpoints record. The commit is given by the
 * Makefile as -DDARKSPINE_COMMIT="...", the kind of build as -DDARKSPINE_BUILD="..."; without them it says "unknown" and what the
 * compiler tells. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define DARKSPINE_VERSION "0.1.0"

const char *version_commit(void);        /* "1a2b3c4", or "unknown" */
const char *version_build(void);         /* "release", "double", "asan", "debug" */
const char *version_compiler(void);      /* "gcc 12.2.0" */
#endif
