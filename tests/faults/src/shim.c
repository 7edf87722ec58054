// Loaded into the tested program by LD_PRELOAD: it lets the program take another file for its own one, and lets the clock
// of the system jump at the call of a number.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long calls;

// The name of the file that the program takes for its own one is in FAULTS_PROGRAM.
ssize_t readlink(const char *path, char *buffer, size_t size) {
    const char *own = getenv("FAULTS_PROGRAM");
    if (own == NULL || strcmp(path, "/proc/self/exe") != 0)
        return syscall(SYS_readlinkat, AT_FDCWD, path, buffer, size);
    size_t length = strlen(own) < size ? strlen(own) : size;
    memcpy(buffer, own, length);
    return (ssize_t)length;
}

// FAULTS_JUMP is the number of seconds, FAULTS_AFTER the number of calls before it.
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock != CLOCK_REALTIME)
        return result;
    long call = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    const char *jump = getenv("FAULTS_JUMP"), *after = getenv("FAULTS_AFTER");
    if (jump != NULL && after != NULL && call >= atol(after))
        now->tv_sec += atol(jump);
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *into) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (into != NULL)
        *into = precise.tv_sec;
    return precise.tv_sec;
}

// The number of times that the clock was asked goes to the file FAULTS_COUNT.
__attribute__((destructor)) static void count(void) {
    const char *path = getenv("FAULTS_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file == NULL)
        return;
    fprintf(file, "%ld", calls);
    fclose(file);
}
