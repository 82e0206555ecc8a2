/* version.c - what the library says about itself; see geometry.h. */
#include "geometry/geometry.h"

#define TEXT(x) #x
#define VERSION(major, minor) TEXT(major) "." TEXT(minor)

const char *geo_version(void) { return VERSION(GEO_VERSION_MAJOR, GEO_VERSION_MINOR); }

const char *geo_status_text(int status)
{
    static const char *const text[] = { "ok", "nothing there", "an argument that makes no sense", "out of memory", "degenerate" };
    return status <= 0 && status > -5 ? text[-status] : "unknown status";
}
