/* The measuring end of the benchmark, in C so that its own cost is small and the same for every way that is measured.
 *
 *   driver backend            a TCP server on a free port of 127.0.0.1; prints the port; ends with its parent
 *   driver leash CMD...       runs CMD, which gets SIGTERM when the parent of this process dies
 *   driver MODE COUNT SECONDS PIDS -- CMD...
 *                             runs CMD with two pipes, as ssh runs a ProxyCommand, and measures what goes through;
 *                             PIDS are servers whose CPU time is counted, with commas between, or "-"
 *
 * The backend greets with one byte, then reads a request of nine: a mode and a 64-bit count.
 *
 *   'h' hello    nothing but the greeting: how long from spawn to the first byte
 *   'u' up       the backend counts until the end of the stream and answers with the count, so an upload is over
 *                only when its half-close has arrived and the answer to it has come back
 *   'd' down     the backend sends COUNT bytes and ends; over with the last byte, for nc shows its reader no end
 *   'e' echo     the backend sends back what it gets; COUNT round trips of one byte
 *
 * One line of JSON on stdout. Anything that is not as it should be is a message on stderr and a status other than 0.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 128 << 10, REQUEST = 9, MAX_PIDS = 16, PATIENCE_MS = 3000 };

static char block[BLOCK];
static pid_t child;

static void fail(const char *what)
{
    fprintf(stderr, "driver: %s\n", what);
    if (child > 0)
        kill(child, SIGKILL);
    exit(3);
}

static void too_late(int signal_number)
{
    static const char text[] = "driver: the deadline has passed\n";
    (void)signal_number;
    if (child > 0)
        kill(child, SIGKILL);
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(5);
    _exit(4);
}

static int write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t count = write(fd, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        data += count;
        size -= (size_t)count;
    }
    return 0;
}

static int read_all(int fd, char *data, size_t size)
{
    while (size) {
        ssize_t count = read(fd, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -1;
        data += count;
        size -= (size_t)count;
    }
    return 0;
}

/* the backend */

static void sink(int fd)
{
    uint64_t total = 0;
    ssize_t count;
    /* MSG_TRUNC discards without a copy: the far end shall cost as little as it can */
    while ((count = recv(fd, NULL, 1 << 20, MSG_TRUNC)) > 0)
        total += (uint64_t)count;
    if (count == 0 && write_all(fd, (const char *)&total, sizeof total) == 0)
        shutdown(fd, SHUT_WR);
}

static void source(int fd, uint64_t left)
{
    char rest[64];
    while (left) {
        ssize_t count = send(fd, block, left < BLOCK ? left : BLOCK, 0);
        if (count <= 0)
            return;
        left -= (uint64_t)count;
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, rest, sizeof rest) > 0)
        ;
}

static void echo(int fd)
{
    char data[32 << 10];
    ssize_t count;
    while ((count = read(fd, data, sizeof data)) > 0)
        if (write_all(fd, data, (size_t)count))
            return;
}

static void *answer(void *argument)
{
    int fd = (int)(intptr_t)argument, on = 1;
    char request[REQUEST];
    uint64_t count;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (write_all(fd, "!", 1) == 0 && read_all(fd, request, REQUEST) == 0) {
        memcpy(&count, request + 1, sizeof count);
        switch (request[0]) {
        case 'u': sink(fd); break;
        case 'd': source(fd, count); break;
        case 'e': echo(fd); break;
        default: break;
        }
    }
    close(fd);
    return NULL;
}

_Noreturn static void backend(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_attr_t attributes;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096))
        fail("cannot listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 << 10);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && pthread_create(&thread, &attributes, answer, (void *)(intptr_t)fd))
            close(fd);
    }
}

/* clocks */

static double seconds(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time))
        return 0;
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

/* CPU seconds of all threads of a process, to the nanosecond; 0 once it is gone */
static double cpu_of(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) ? 0 : seconds(clock);
}

static double cpu_of_all(const pid_t *pids, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += cpu_of(pids[i]);
    return sum;
}

static double busy(void)
{
    unsigned long long user, nice, system, idle, wait, irq, soft;
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return 0;
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &soft) != 7)
        user = nice = system = irq = soft = 0;
    fclose(file);
    return (double)(user + nice + system + irq + soft) / (double)sysconf(_SC_CLK_TCK);
}

static long peak_of(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "VmHWM: %ld", &kib);
    if (file)
        fclose(file);
    return kib;
}

/* the client */

static void spawn(char **command, int *to, int *from)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        fail("no pipes");
    child = vfork();
    if (child < 0)
        fail("no process");
    if (!child) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execvp(command[0], command);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
}

static void upload(int *to, int from, uint64_t count)
{
    uint64_t arrived;
    for (uint64_t left = count; left;) {
        size_t size = left < BLOCK ? (size_t)left : BLOCK;
        if (write_all(*to, block, size))
            fail("the client stopped reading");
        left -= size;
    }
    close(*to);
    *to = -1;
    if (read_all(from, (char *)&arrived, sizeof arrived))
        fail("no answer came after the half-close");
    if (arrived != count)
        fail("the backend got another number of bytes");
}

static void download(int from, uint64_t count)
{
    while (count) {
        ssize_t got = read(from, block, count < BLOCK ? (size_t)count : BLOCK);
        if (got <= 0)
            fail("the stream ended early");
        count -= (uint64_t)got;
    }
}

static int longer(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void round_trips(int to, int from, double *times, uint64_t count)
{
    char byte = 'x';
    for (uint64_t i = 0; i < count; i++) {
        double start = now();
        if (write_all(to, &byte, 1) || read_all(from, &byte, 1))
            fail("the echo ended");
        times[i] = (now() - start) * 1e6;
    }
    qsort(times, count, sizeof *times, longer);
}

/* True if the client left by itself, as it should once both directions have ended. */
static int leave(struct rusage *usage)
{
    int status;
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (wait4(child, &status, WNOHANG, usage) == child)
            return 1;
        usleep(1000);
    }
    kill(child, SIGKILL);
    wait4(child, &status, 0, usage);
    return 0;
}

static int drive(char mode, uint64_t count, unsigned deadline, const pid_t *pids, int pid_count, char **command)
{
    char request[REQUEST] = {mode}, greeting;
    struct rusage usage;
    double started, first, began, took, machine, servers, before, *times = NULL;
    long peak;
    int to, from, left;

    if (mode == 'e' && !(times = calloc(count, sizeof *times)))
        fail("no memory");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, too_late);
    alarm(deadline);
    started = now();
    spawn(command, &to, &from);
    if (read_all(from, &greeting, 1) || greeting != '!')
        fail("no greeting came");
    first = now() - started;

    memcpy(request + 1, &count, sizeof count);
    before = cpu_of(child);
    servers = cpu_of_all(pids, pid_count);
    machine = busy();
    began = now();
    if (write_all(to, request, REQUEST))
        fail("the client stopped reading");
    switch (mode) {
    case 'u': upload(&to, from, count); break;
    case 'd': download(from, count); break;
    case 'e': round_trips(to, from, times, count); break;
    default: break;
    }
    took = now() - began;
    machine = busy() - machine;
    servers = cpu_of_all(pids, pid_count) - servers;
    peak = peak_of(child);
    if (to >= 0)
        close(to);
    left = leave(&usage);
    close(from);
    /* a client that was gone before its status was read leaves the kernel's record, at least what was here before exec */
    if (!peak)
        peak = usage.ru_maxrss;
    printf("{\"first_byte_ms\": %.3f, \"seconds\": %.6f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"client_cpu\": %.6f, "
           "\"server_cpu\": %.6f, \"machine_cpu\": %.3f, \"peak_kib\": %ld, \"left\": %s}\n",
           first * 1e3, took, times ? times[count / 2] : 0, times ? times[count * 99 / 100] : 0,
           (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6 - before,
           servers, machine, peak, left ? "true" : "false");
    return 0;
}

static int leash(char **command)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    execvp(command[0], command);
    fail("cannot run the command");
    return 1;
}

int main(int argc, char **argv)
{
    pid_t pids[MAX_PIDS];
    int pid_count = 0;
    if (argc == 2 && !strcmp(argv[1], "backend"))
        backend();
    if (argc > 2 && !strcmp(argv[1], "leash"))
        return leash(argv + 2);
    if (argc < 7 || strcmp(argv[5], "--"))
        fail("usage: driver backend | leash CMD... | hello|up|down|echo COUNT SECONDS PIDS -- CMD...");
    for (char *text = strtok(argv[4], ","); text && pid_count < MAX_PIDS; text = strtok(NULL, ","))
        if (atoi(text) > 0)
            pids[pid_count++] = atoi(text);
    return drive(argv[1][0], strtoull(argv[2], NULL, 10), (unsigned)atoi(argv[3]), pids, pid_count, argv + 6);
}
