#pragma once
#include <libpq-fe.h>
// Swift's Glibc module leaves this one out; the client waits for answers with a limit kept by the kernel.
#include <sys/timerfd.h>
