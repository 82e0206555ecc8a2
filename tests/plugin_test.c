/* plugin_test.c - what device_cuda says where there is no GPU to open; that it opens one is device_test.c's. */
#include "tests/test.h"
#include "nn/device.h"
#include <unistd.h>

static void refused(const char *plugin, const char *says)
{
    char why[256] = "";
    if (plugin) setenv("DARKSPINE_CUDA_PLUGIN", plugin, 1);
    else unsetenv("DARKSPINE_CUDA_PLUGIN");
    assert_null(device_cuda(0, why));
    if (!strstr(why, says)) fail_msg("said '%s', wanted '%s' in it", why, says);
}

static void no_file(void **state) { (void)state; refused("/nowhere/plugin.so", "/nowhere/plugin.so"); }
static void no_plugin(void **state) { (void)state; refused("libm.so.6", DEVICE_OPEN); }
static void not_named(void **state)
{
    (void)state;
    refused(NULL, access("/dev/nvidiactl", F_OK) ? "no NVIDIA driver" : "beside the program");       /* tests stand in a folder of their own */
}

int main(void)
{
    const struct CMUnitTest t[] = { cmocka_unit_test(no_file), cmocka_unit_test(no_plugin), cmocka_unit_test(not_named) };
    return RUN_TESTS(t);
}
