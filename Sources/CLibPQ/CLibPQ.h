#pragma once
// Where pkg-config is not installed nothing names Debian's folder to the compiler.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif
// Swift's Glibc module leaves this one out; the client waits for answers with a limit kept by the kernel.
#include <sys/timerfd.h>
