/* version.c - what the compiler and the Makefile know about this build; see version.h. */
#include "base/version.h"

#ifndef DARKSPINE_COMMIT
#define DARKSPINE_COMMIT "unknown"
#endif
#ifndef REAL
#define REAL float
#endif
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

const char *version_commit(void) { return *DARKSPINE_COMMIT ? DARKSPINE_COMMIT : "unknown"; }

const char *version_build(void)
{
#if defined(DARKSPINE_BUILD)
    return DARKSPINE_BUILD;
#elif defined(__SANITIZE_ADDRESS__)
    return "asan";
#elif !defined(__OPTIMIZE__)
    return "debug";
#else
    return sizeof(REAL) == sizeof(double) ? "double" : "release";
#endif
}

const char *version_compiler(void)
{
#if defined(__clang__)
    return "clang " TEXT_OF(__clang_major__) "." TEXT_OF(__clang_minor__) "." TEXT_OF(__clang_patchlevel__);
#else
    return "gcc " TEXT_OF(__GNUC__) "." TEXT_OF(__GNUC_MINOR__) "." TEXT_OF(__GNUC_PATCHLEVEL__);
#endif
}
