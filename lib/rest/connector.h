// connector.h: a server that only a program can reach: each connection is the input and output of one that is started
// for it. Docker's engines on other hosts are reached by `ssh`.
//
// Shared by all calls to the server, on any thread.
#pragma once

#include <mutex>
#include <string>
#include <utility>

namespace sluice::rest {

class Connector {
 public:
  // `name`: of the server, for the log. `command_line`: the program, looked for in PATH, and its arguments, between
  // single spaces; no shell will see it.
  Connector(std::string name, std::string command_line)
      : name_(std::move(name)), command_line_(std::move(command_line)) {}

  const std::string& name() const { return name_; }
  const std::string& command_line() const { return command_line_; }

  // Why the last connection failed, in the program's words; empty after an answer.
  std::string complaint() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return complaint_;
  }
  void complain(std::string words) {
    std::lock_guard<std::mutex> lock(mutex_);
    complaint_ = std::move(words);
  }

 private:
  const std::string name_;
  const std::string command_line_;
  mutable std::mutex mutex_;
  std::string complaint_;
};

}  // namespace sluice::rest
