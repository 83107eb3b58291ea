// certs.cpp: `sluice certs`: asks the running instance about the certificates of its resolvers; `export` and `import`
// are with their storage itself, so that no key crosses a socket.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/text.h"
#include "base/time.h"
#include "cmd/certs_files.h"
#include "cmd/commands.h"
#include "cmd/control_options.h"

namespace sluice::cmd {
namespace {

constexpr const char* kUsage =
    "usage: sluice certs list|show NAME|test NAME|renew NAME [-o text|json] [--control PATH]\n"
    "       sluice certs retry|pause|resume [NAME]\n"
    "       sluice certs dry-run NAME [--ca URL]\n"
    "       sluice certs revoke NAME [--reason NUMBER]\n"
    "       sluice certs account roll-key|close RESOLVER\n"
    "       sluice certs export DIRECTORY [NAME...] [--storage FILE]\n"
    "       sluice certs import DIRECTORY|FILE RESOLVER [--storage FILE]\n";

int usage() {
  std::fputs(kUsage, stderr);
  return 2;
}

// What waits for a CA may take as long as the CA.
constexpr Duration kPatience = 3min;

nlohmann::json ask(const ControlOptions& options, const std::string& path, const std::string& method,
                   int& exit_status) {
  const ControlReply reply =
      ask_instance(options.control, path, method, method == "POST" ? kPatience : kControlTimeout);
  exit_status = reply.status == 400 ? 2 : reply.status == 404 || reply.status == 409 ? 1 : kUnreachable;
  return answer_of(reply, "certs");
}

// "in 59d", "in 3h", "2m ago".
std::string when(std::int64_t at) {
  const std::int64_t distance = at - std::time(nullptr);
  const std::int64_t seconds = std::max<std::int64_t>(distance < 0 ? -distance : distance, 0);
  const std::string amount = seconds >= 2 * 86400  ? fmt::format("{}d", seconds / 86400)
                             : seconds >= 2 * 3600 ? fmt::format("{}h", seconds / 3600)
                             : seconds >= 120      ? fmt::format("{}m", seconds / 60)
                                                   : fmt::format("{}s", seconds);
  return distance < 0 ? amount + " ago" : "in " + amount;
}

std::string list_text(const nlohmann::json& list) {
  std::string text = fmt::format("{:<32} {:<16} {:<12} {:<10} {}\n", "NAME", "STATE", "RESOLVER", "EXPIRES", "NEXT");
  for (const nlohmann::json& one : list) {
    const std::int64_t ends = one.value("notAfter", std::int64_t{0});
    const std::int64_t next = one.value("nextAttempt", std::int64_t{0});
    const std::string more = one["names"].size() > 1 ? fmt::format(" +{}", one["names"].size() - 1) : "";
    std::string last = one.value("problem", "");
    if (last.empty() && one.contains("blockedBy")) last = one.value("blockedBy", "");
    if (last.empty() && one.contains("doing")) last = one.value("doing", "");
    const bool waits = one.value("state", "") == "waiting" || (next == 0 && one.contains("because"));
    if (last.empty() && waits) last = one.value("because", "");
    text += fmt::format("{:<32} {:<16} {:<12} {:<10} {}{}\n", printable(one.value("name", "")) + more,
                        one.value("state", ""), one.value("resolver", ""), ends == 0 ? "-" : when(ends),
                        next == 0 ? "-" : when(next), last.empty() ? "" : "  " + printable(last, 100));
  }
  return text;
}

std::string show_text(const nlohmann::json& one) {
  std::string text;
  for (const auto& [name, value] : one.items()) {
    std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    const bool is_time = name == "notAfter" || name == "notBefore" || name == "nextAttempt" || name == "lastAttempt" ||
                         name == "suggestedFrom" || name == "suggestedUntil";
    if (is_time && value.is_number_integer()) {
      const auto at = value.get<std::int64_t>();
      shown = http_date(at) + " (" + when(at) + ")";
    } else if (value.is_array()) {
      shown.clear();
      for (const nlohmann::json& part : value) shown += (shown.empty() ? "" : ", ") + part.get<std::string>();
    }
    text += fmt::format("{:<15} {}\n", name, printable(shown));
  }
  return text;
}

bool is_about(const nlohmann::json& one, const std::string& name) {
  const nlohmann::json& names = one["names"];
  return std::find(names.begin(), names.end(), name) != names.end();
}

int show(const ControlOptions& options, bool all) {
  int exit_status = 0;
  nlohmann::json answer = ask(options, "/certs", "GET", exit_status);
  if (answer.is_discarded()) return exit_status;
  if (!all) {
    nlohmann::json found = nlohmann::json::array();
    for (const nlohmann::json& one : answer) {
      if (is_about(one, lowered(options.words[1]))) found.push_back(one);
    }
    if (found.empty()) {
      std::fprintf(stderr, "sluice certs: no certificate is for %s\n", printable(options.words[1]).c_str());
      return 1;
    }
    answer = std::move(found);
  }
  if (options.output == "json") {
    print(answer.dump(2) + '\n');
  } else if (all) {
    print(list_text(answer));
  } else {
    for (const nlohmann::json& one : answer) print(show_text(one) + '\n');
  }
  return 0;
}

int test(const ControlOptions& options) {
  int exit_status = 0;
  const nlohmann::json answer = ask(options, "/certs/test?name=" + escaped(options.words[1]), "GET", exit_status);
  if (answer.is_discarded()) return exit_status;
  print(options.output == "json" ? answer.dump(2) + '\n' : show_text(answer));
  return answer.value("verdict", "") == "reaches us" ? 0 : 1;
}

int dry_run(const ControlOptions& options) {
  int exit_status = 0;
  std::string path = "/certs/dry-run?name=" + escaped(options.words[1]);
  if (const std::string& ca = options.more.at("--ca"); !ca.empty()) path += "&ca=" + escaped(ca);
  const nlohmann::json answer = ask(options, path, "POST", exit_status);
  if (answer.is_discarded()) return exit_status;
  print(options.output == "json" ? answer.dump(2) + '\n' : show_text(answer));
  return answer.contains("problem") ? 1 : 0;
}

int tell(const ControlOptions& options, const std::string& path) {
  int exit_status = 0;
  const nlohmann::json answer = ask(options, path, "POST", exit_status);
  if (answer.is_discarded()) return exit_status;
  print(answer.value("message", "") + '\n');
  return 0;
}

}  // namespace

int certs(const std::vector<std::string>& arguments) {
  ControlOptions options;
  options.more = {{"--reason", "0"}, {"--storage", "acme.json"}, {"--ca", ""}};
  if (!read_options(arguments, options) || options.words.empty()) return usage();
  const std::string& what = options.words.front();
  const std::size_t count = options.words.size();
  if (what == "list" && count == 1) return show(options, true);
  if (what == "show" && count == 2) return show(options, false);
  if (what == "test" && count == 2) return test(options);
  if (what == "renew" && count == 2) return tell(options, "/certs/renew?name=" + escaped(options.words[1]));
  if ((what == "retry" || what == "pause" || what == "resume") && count <= 2) {
    return tell(options, "/certs/" + what + "?name=" + (count == 2 ? escaped(options.words[1]) : ""));
  }
  if (what == "dry-run" && count == 2) return dry_run(options);
  if (what == "revoke" && count == 2) {
    return tell(options,
                "/certs/revoke?name=" + escaped(options.words[1]) + "&reason=" + escaped(options.more["--reason"]));
  }
  if (what == "account" && count == 3) {
    return tell(options,
                "/certs/account?resolver=" + escaped(options.words[2]) + "&change=" + escaped(options.words[1]));
  }
  const std::string& storage = options.more["--storage"];
  if (what == "export" && count >= 2) {
    return export_certificates(storage, options.words[1], {options.words.begin() + 2, options.words.end()});
  }
  if (what == "import" && count == 3) return import_certificates(options.words[1], storage, options.words[2]);
  return usage();
}

}  // namespace sluice::cmd
