// child_process.h: programs that we start: hooks of users, `ssh`.
//
// A program runs without a shell, with our environment and what is added to it, in a process group of its own. Of our
// descriptors it has only the three it is given.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice {

// What a program reads and writes; -1: nothing, /dev/null. They stay their owner's.
struct ProgramStreams {
  int input = -1;
  int output = -1;
  int errors = -1;
};

// `command`: the program, looked for in PATH when it has no slash, and its arguments. `variables`: "NAME=value",
// instead of ours of that name. Blocks until it runs, about a millisecond. Errors: not_found or another of starting it
// (`sys`). Whoever starts a program ends it.
Result<pid_t> start_program(std::vector<std::string> command, const ProgramStreams& streams,
                            std::vector<std::string> variables = {});
// Kills it, if it still runs, with all it started, and reaps it; blocks until that is done, about a millisecond.
// Returns what it exited with; 128 + the signal that ended it.
int end_program(pid_t program);
// Whether PATH has a program of this name.
bool is_program(std::string_view name);

struct ProgramEnd {
  int status = 0;      // as of end_program
  std::string output;  // of both its outputs, the first 64 KiB
};

// Runs a program to its end without holding up the loop: its exit and its output are descriptors the loop watches. It
// is killed when it takes too long or its caller is cancelled. Errors: those of start_program, timed_out, or what the
// scope was cancelled with.
Task<Result<ProgramEnd>> run_program(std::vector<std::string> command, Duration timeout,
                                     std::vector<std::string> variables = {});

}  // namespace sluice
