// fake_engine.h: a Docker engine for tests, on a unix socket: it has the containers the test gives it, sends the events
// the test wants, and misbehaves on request. Thread-safe: the test's thread talks to it while it serves.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "support/scripted_server.h"

namespace sluice::test {

class FakeEngine {
 public:
  FakeEngine()
      : server_([this](const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
          serve(request, connection);
        }) {}
  ~FakeEngine() {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    stalled_.clear();
    changed_.notify_all();
  }

  std::string endpoint() const { return server_.endpoint(); }

  struct Made {
    std::string ip = "10.0.0.2";
    std::map<std::string, std::string> labels;
    std::string state = "running";
    std::string health;
    int port = 80;
  };
  void put(const std::string& id, const Made& made) {
    std::lock_guard<std::mutex> lock(mutex_);
    containers_[id] = made;
  }
  void remove(const std::string& id) {
    std::lock_guard<std::mutex> lock(mutex_);
    containers_.erase(id);
  }
  void send_raw(const std::string& bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    events_ += bytes;
    changed_.notify_all();
  }
  void send(const std::string& action, const std::string& id, const std::string& attributes = "") {
    send_raw(event(action, id, attributes));
  }
  static std::string event(const std::string& action, const std::string& id, const std::string& attributes = "") {
    return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id + R"(","Attributes":{)" +
           attributes + "}}}\n";
  }

  // The version of the engine, and what it does with paths that begin so (without the version).
  void set_version(const std::string& version) {
    std::lock_guard<std::mutex> lock(mutex_);
    version_ = version;
  }
  void set_podman() {
    std::lock_guard<std::mutex> lock(mutex_);
    podman_ = true;
  }
  void forbid(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex_);
    forbidden_.insert(path);
  }
  void stall(const std::string& path) {
    std::lock_guard<std::mutex> lock(mutex_);
    stalled_.insert(path);
  }
  void go_on() {
    std::lock_guard<std::mutex> lock(mutex_);
    stalled_.clear();
    changed_.notify_all();
  }
  void set_broken(bool broken) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      broken_ = broken;
    }
    if (broken) cut();
  }
  // Just before the next list is answered, this event goes out and the list does not have its container.
  void start_during_next_list(const std::string& id) {
    std::lock_guard<std::mutex> lock(mutex_);
    started_during_list_ = id;
  }
  // Ends all connections. What was stalled is not answered first.
  void cut() {
    std::lock_guard<std::mutex> lock(mutex_);
    ++generation_;
    events_.clear();
    server_.cut_connections();
    changed_.notify_all();
  }

  // "GET /v1.41/containers/json?all=1", in the order they came.
  std::vector<std::string> requests() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }
  int count(const std::string& part) const {
    int found = 0;
    for (const std::string& request : requests()) found += request.find(part) != std::string::npos ? 1 : 0;
    return found;
  }
  // Whether the socket takes so many bytes of events within ten seconds, on the caller's thread.
  bool wait_until_sent(std::size_t bytes) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return sent_ >= bytes; });
  }
  // Waits until the event stream is read.
  int streams() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return streams_;
  }

 private:
  using Request = ScriptedServer::Request;
  using Connection = ScriptedServer::Connection;

  static std::string quoted(const std::map<std::string, std::string>& labels) {
    std::string text = "{";
    for (const auto& [key, value] : labels)
      text += (text.size() > 1 ? "," : "") + ("\"" + key + "\":\"" + value + "\"");
    return text + "}";
  }
  static std::string networks(const Made& made) {
    return R"({"Networks":{"bridge":{"IPAddress":")" + (made.state == "running" ? made.ip : "") + "\"}}}";
  }
  static std::string listed(const std::string& id, const Made& made) {
    std::string status = made.health.empty() ? "Up" : "Up (" + made.health + ")";
    return R"({"Id":")" + id + R"(","Names":["/)" + id + R"("],"Labels":)" + quoted(made.labels) + R"(,"State":")" +
           made.state + R"(","Status":")" + status + R"(","HostConfig":{"NetworkMode":"default"},"NetworkSettings":)" +
           networks(made) + R"(,"Ports":[{"PrivatePort":)" + std::to_string(made.port) + R"(,"Type":"tcp"}]})";
  }
  static std::string inspected(const std::string& id, const Made& made) {
    std::string health = made.health.empty() ? "" : R"(,"Health":{"Status":")" + made.health + "\"}";
    std::string settings = networks(made);
    settings.pop_back();
    return R"({"Id":")" + id + R"(","Name":"/)" + id + R"(","State":{"Status":")" + made.state + "\"" + health +
           R"(},"Config":{"Env":["SECRET=1"],"Labels":)" + quoted(made.labels) + R"(,"ExposedPorts":{")" +
           std::to_string(made.port) + R"(/tcp":{}}},"HostConfig":{"NetworkMode":"default"},"NetworkSettings":)" +
           settings + R"(,"Ports":{}}})";
  }

  std::string api_header() const {
    return "Api-Version: " + version_ + "\r\n" + (podman_ ? "Libpod-Api-Version: 5.4.2\r\n" : "");
  }

  void serve(const Request& request, Connection& connection) {
    std::unique_lock<std::mutex> lock(mutex_);
    requests_.push_back(request.method + " " + request.path);
    if (broken_) return connection.close();
    std::string path = request.path;
    std::string spoken;
    if (path.starts_with("/v1.")) {
      std::size_t slash = path.find('/', 1);
      spoken = path.substr(2, slash - 2);
      path.erase(0, slash);
    }
    int generation = generation_;
    changed_.wait(lock, [&] { return stopping_ || generation != generation_ || !is_stalled(path); });
    if (stopping_) return connection.close();
    for (const std::string& forbidden : forbidden_) {
      if ((request.method + " " + request.path).starts_with(forbidden) || path.starts_with(forbidden)) {
        return connection.reply(403, "Forbidden");
      }
    }
    if (!spoken.empty() && std::stoi(spoken.substr(2)) > std::stoi(version_.substr(2))) {
      return connection.reply(400,
                              R"({"message":"client version )" + spoken +
                                  " is too new. Maximum supported API version is " + version_ + "\"}",
                              api_header());
    }
    if (path == "/_ping") {
      if (request.method == "HEAD") {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + api_header() + "\r\n");
      } else {
        connection.reply(200, "OK", api_header());
      }
      return;
    }
    if (path == "/version") return connection.reply(200, R"({"ApiVersion":")" + version_ + "\"}", api_header());
    if (path.starts_with("/events")) return stream(connection, lock);
    if (path.starts_with("/containers/json")) return list(connection, path);
    for (const auto& [id, made] : containers_) {
      if (path == "/containers/" + id + "/json") return connection.reply(200, inspected(id, made), api_header());
    }
    connection.reply(404, R"({"message":"No such container"})", api_header());
  }

  bool is_stalled(const std::string& path) const {
    for (const std::string& stalled : stalled_) {
      if (path.starts_with(stalled)) return true;
    }
    return false;
  }

  void list(Connection& connection, const std::string& path) {
    std::string body = "[";
    const bool filtered = path.find("filters=") != std::string::npos;
    for (const auto& [id, made] : containers_) {
      if (id == started_during_list_ || (filtered && path.find("%22" + id + "%22") == std::string::npos)) continue;
      body += (body.size() > 1 ? "," : "") + listed(id, made);
    }
    if (!started_during_list_.empty()) {
      events_ += event("start", started_during_list_);
      started_during_list_.clear();
      changed_.notify_all();
    }
    connection.reply(200, body + "]", api_header());
  }

  void stream(Connection& connection, std::unique_lock<std::mutex>& lock) {
    int generation = generation_;
    connection.begin_stream();
    ++streams_;
    while (!stopping_ && generation == generation_) {
      if (events_.empty()) {
        changed_.wait(lock);
        continue;
      }
      std::string bytes = std::exchange(events_, {});
      lock.unlock();
      connection.chunk(bytes);
      lock.lock();
      sent_ += bytes.size();
      changed_.notify_all();
    }
    connection.close();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Made> containers_;
  std::string events_;
  std::string version_ = "1.41";
  std::set<std::string> forbidden_;
  std::set<std::string> stalled_;
  std::string started_during_list_;
  bool podman_ = false;
  bool broken_ = false;
  bool stopping_ = false;
  int generation_ = 0;
  int streams_ = 0;
  std::size_t sent_ = 0;  // bytes of events that the socket has taken
  std::vector<std::string> requests_;
  ScriptedServer server_;  // last: its threads use everything above
};

}  // namespace sluice::test
