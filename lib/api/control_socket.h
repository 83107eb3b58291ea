// control_socket.h: the unix socket through which commands ask the running process: mode 0600, HTTP/1.1, and the same
// server connections as an entry point has.
//
// Belongs to the control loop. The socket's file goes with the object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/control_service.h"
#include "async/fd_watch.h"
#include "async/scope.h"
#include "server/connections.h"
#include "server/entry_point_settings.h"
#include "server/h1_connection.h"

namespace sluice::api {

class ControlSocket final : private FdWatch, private server::Host, private server::PinnedSnapshot::Retire {
 public:
  // All must outlive the socket; see ControlService.
  ControlSocket(const control::LiveSource& source, observe::Metrics& metrics,
                control::CertificateDesk* certificates = nullptr);
  ~ControlSocket();

  // Makes the socket at `path` and the directory it is in. The file of a process that is gone is replaced, that of a
  // running one is not: Code::unavailable. Connections are accepted from `run` on.
  Status open(const std::string& path);
  const std::string& path() const { return path_; }

  // Serves until the scope it runs in is cancelled.
  Task<void> run();

 private:
  void on_ready(bool readable, bool writable) override;
  Ref<server::PinnedSnapshot> snapshot() override { return pinned_; }
  std::string_view date() override;
  void retire(std::shared_ptr<const server::Snapshot>) override {}

  std::string path_;
  int fd_ = -1;
  server::EntryPointSettings settings_;
  Ref<server::PinnedSnapshot> pinned_;
  server::Connections connections_;
  Scope* scope_ = nullptr;  // of the connections, while running
  std::string date_;
};

}  // namespace sluice::api
