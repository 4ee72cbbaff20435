/* A disk that fails on command, for a child process: LD_PRELOAD, databases only.
   The file named by CRASH_FAULTS is the switchboard, shared with the test: see shim.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

struct board {
    int skip;  /* this many syncs pass first */
    int eio;   /* then this many fail; -1: all */
    int full;  /* no file grows */
    int hits;  /* what was refused so far */
};
static volatile struct board *board;

__attribute__((constructor)) static void attach(void) {
    const char *path = getenv("CRASH_FAULTS");
    int fd = path ? open(path, O_RDWR) : -1;
    if (fd < 0) return;
    void *place = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (place != MAP_FAILED) board = place;
    close(fd);
}

static int database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strstr(path, ".db") && !strstr(path, "-shm");
}

static int refuse(int error) {
    __sync_fetch_and_add(&board->hits, 1);
    errno = error;
    return -1;
}

static int sync_fails(int fd) {
    if (!board || board->eio == 0 || !database(fd)) return 0;
    if (board->skip > 0) {
        board->skip--;
        return 0;
    }
    if (board->eio > 0) board->eio--;
    return 1;
}

static int grows(int fd, off_t end) {
    struct stat found;
    return board && board->full && database(fd) && fstat(fd, &found) == 0 && end > found.st_size;
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    return sync_fails(fd) ? refuse(EIO) : real(fd);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    return sync_fails(fd) ? refuse(EIO) : real(fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    return grows(fd, at + size) ? refuse(ENOSPC) : real(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return pwrite64(fd, bytes, size, at);
}
