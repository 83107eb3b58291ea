// child_process.h: runs a program to its end without holding up the loop: its exit and its output are descriptors the
// loop watches.
//
// The program runs without a shell, with our environment and what is added to it, in a process group of its own that is
// killed when it takes too long or its caller is cancelled. It is always reaped before the call returns.
#pragma once

#include <string>
#include <vector>

#include "async/task.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::acme::dns {

struct ProgramEnd {
  int status = 0;      // what it exited with; 128 + the signal that ended it
  std::string output;  // of both its outputs, the first 64 KiB
};

// `command`: the program, looked for in PATH when it has no slash, and its arguments. Errors: not_found or another of
// starting it (`sys`), timed_out, or what the scope was cancelled with. `variables`: "NAME=value", instead of ours of
// that name.
Task<Result<ProgramEnd>> run_program(std::vector<std::string> command, Duration timeout,
                                     std::vector<std::string> variables = {});

}  // namespace sluice::acme::dns
