/* file_test.c - files are whole or absent, also when a signal ends the program. */
#include "tests/test.h"
#include "base/file.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

/* A child begins `old` anew, and further files, says so, and waits for a signal. */
static pid_t writer(const char *old, int files, int ignored)
{
    int told[2];
    char one;
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        if (ignored) signal(ignored, SIG_IGN);
        file_clean_on_signals();
        for (int i = 0; i < files; i++) {
            char *name = xprintf("%s%d", old, i);
            FILE *f = file_begin(i ? name : old);
            fputs("new", f), fflush(f);
        }
        if (write(told[1], "x", 1) != 1) _exit(9);
        for (;;) pause();
    }
    assert_int_equal(read(told[0], &one, 1), 1);
    close(told[0]), close(told[1]);
    return child;
}

static int files_in(const char *path)
{
    int n;
    char **name = file_list(path, NULL, &n);
    for (int i = 0; i < n; i++) free(name[i]);
    free(name);
    return n;
}

static void signals_leave_nothing_behind(void **state)
{
    (void)state;
    static const int number[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
    char *old = path_join(folder, "old");
    for (int i = 0; i < 5; i++) {
        int status;
        file_write(old, "old", 3);
        pid_t child = writer(old, 5, 0);
        assert_int_equal(files_in(folder), 6);
        assert_int_equal(kill(child, number[i]), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == number[i]);
        assert_int_equal(files_in(folder), 1);
        char *text = file_read(old, 100, NULL);
        assert_string_equal(text, "old"), free(text);
    }
    free(old);
}

static void what_is_ignored_stays_ignored(void **state)
{
    (void)state;
    char *old = path_join(folder, "old");
    pid_t child = writer(old, 1, SIGHUP);
    int status;
    assert_int_equal(kill(child, SIGHUP), 0);
    usleep(100000);
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);         /* it lives */
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    free(old);
}

/* A name that has been published or discarded is no longer the handler's: files of that name written later by others stay. */
static void published_names_are_let_go(void **state)
{
    (void)state;
    char *a = path_join(folder, "a");
    for (int i = 0; i < 40; i++) {               /* more than are held at once: each is let go */
        char *temp = xdup(file_temp(a));
        file_write(temp, "x", 1);
        if (i % 2) file_publish(a);
        else file_discard(a);
        file_write(temp, "theirs", 6);
        file_clean();
        assert_true(file_exists(temp));
        unlink(temp), free(temp);
    }
    char *last = xdup(file_temp(a));
    file_write(last, "x", 1), file_clean();
    assert_false(file_exists(last));
    file_discard(a), free(last), free(a);
}

static int setup(void **state) { (void)state; folder = test_scratch(); return 0; }
static int teardown(void **state) { (void)state; test_scratch_remove(folder); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(signals_leave_nothing_behind), cmocka_unit_test(what_is_ignored_stays_ignored),
        cmocka_unit_test(published_names_are_let_go) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, setup, teardown);
}
