/* io_uring where it is not allowed: named, so that the operator, or `auto`, takes plain sockets. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/dataplane/source/bed.h"

/* In a child: every io_uring_setup answers `error`; the sentence of open comes back by a pipe. */
static int open_forbidden(int error, char *says, size_t room)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct sock_filter code[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {MR_COUNT_OF(code), code};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
            _exit(100);
        struct mr_clock clock;
        mr_clock_open_virtual(&clock, 0);
        struct mr_stream_config c = small;
        c.clock = &clock;
        struct mr_source source = {0};
        struct mr_err err = {""};
        int status = mr_source_uring_ops.open(&source, malloc(mr_source_uring_ops.bytes(&c)), &c, &err);
        ssize_t n = write(pipes[1], err.text, strlen(err.text));
        _exit(n > 0 ? -status : 101);
    }
    close(pipes[1]);
    ssize_t n = read(pipes[0], says, room - 1);
    says[n > 0 ? n : 0] = 0;
    close(pipes[0]);
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -255;
}

static void forbidden_io_uring_is_named_with_the_way_out(void **state)
{
    (void)state;
    static const struct {
        int error;
        const char *says;
    } cases[] = {
        {ENOSYS, "source uring: this kernel, or a seccomp filter, has no io_uring: set `source: socket`"},
        {EPERM,
         "source uring: io_uring is forbidden to this process (a container's seccomp filter?): set `source: socket`"},
        {EINVAL,
         "source uring: this kernel's io_uring is older than 6.1 and lacks what is needed: set `source: socket`"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        char says[512];
        assert_int_equal(open_forbidden(cases[i].error, says, sizeof says), MR_E_UNSUPPORTED);
        if (cases[i].error == EPERM && strstr(says, "io_uring_disabled"))
            continue; /* this host forbids it by sysctl as well, and that is named first */
        assert_string_equal(says, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbidden_io_uring_is_named_with_the_way_out),
    };
    return MR_TEST_MAIN(tests);
}
