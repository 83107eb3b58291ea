#include "cmd/certs_files.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

#include "acme/acme_json.h"
#include "acme/certificate.h"
#include "acme/plan.h"
#include "acme/safe_file.h"
#include "base/encoding.h"
#include "base/text.h"
#include "cmd/control_options.h"

namespace sluice::cmd {
namespace {

namespace fs = std::filesystem;

using acme::StoredCertificate;
// By their names: of two for the same the later one counts, and of one that is there twice the longer chain.
using Found = std::map<std::string, std::pair<acme::Leaf, StoredCertificate>>;

constexpr std::uintmax_t kLargestFile = 256 * 1024;

int fail(const std::string& path, const std::string& why) {
  std::fprintf(stderr, "sluice certs: %s: %s\n", path.c_str(), why.c_str());
  return kUnreachable;
}

std::string message(const Error& error) { return std::generic_category().message(error.sys); }

// Nothing, with `exit_status`: after a message.
std::optional<acme::ReadStore> read(const std::string& storage, int& exit_status) {
  Result<std::string> text = acme::read_file(storage);
  if (!text) {
    exit_status = fail(storage, message(text.error()));
    return std::nullopt;
  }
  acme::ReadStore store = acme::read_store(*text);
  if (store.error.empty()) return store;
  exit_status = fail(storage, "it cannot be understood: " + store.error);
  return std::nullopt;
}

Status write_pair(const StoredCertificate& one, const fs::path& directory, const std::string& folder) {
  std::error_code error;
  const std::string hidden = ".." + folder + '.' + random_hex(8);
  fs::create_directories(directory / hidden, error);
  for (const auto& [file, content] : {std::pair("fullchain.pem", &one.certificate), {"privkey.pem", &one.key}}) {
    const std::string path = (directory / hidden / file).string();
    Status done = acme::replace_file(path, *content, path + ".backup");
    if (!done) return done;
  }
  const fs::path place = directory / folder;
  fs::path old = fs::read_symlink(place, error);
  if (error && fs::is_directory(place, error)) {
    // As it was written before there were links.
    old = ".." + folder + ".old";
    fs::rename(place, directory / old, error);
  }
  const fs::path link = directory / (hidden + ".link");
  fs::create_directory_symlink(hidden, link, error);
  fs::rename(link, place, error);
  if (error) return Error{Code::unavailable, Origin::self, true, error.value(), "the link cannot be made"};
  if (!old.empty() && !old.has_parent_path()) fs::remove_all(directory / old, error);
  return Status();
}

void take(Found& found, acme::Leaf leaf, StoredCertificate certificate) {
  if (leaf.names.empty() || leaf.not_after <= std::time(nullptr)) return;
  certificate.main = leaf.names.front();
  certificate.sans.assign(leaf.names.begin() + 1, leaf.names.end());
  std::string key = acme::key_of(leaf.names);
  auto known = found.find(key);
  const bool better = known == found.end() || leaf.not_after > known->second.first.not_after ||
                      (leaf.serial == known->second.first.serial &&
                       certificate.certificate.size() > known->second.second.certificate.size());
  if (better) found.insert_or_assign(std::move(key), std::pair(std::move(leaf), std::move(certificate)));
}

// All pairs of a certificate and its key among the files of one directory.
void take_pairs(Found& found, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    std::optional<acme::Leaf> leaf = acme::read_leaf(text);
    if (!leaf) continue;
    for (const std::string& other : texts) {
      std::optional<acme::PrivateKey> key = acme::PrivateKey::from_pem(other);
      const std::string chain = acme::clean_chain(text);
      if (!key || !acme::check_chain(chain, *key, leaf->names, std::time(nullptr)).empty()) continue;
      take(found, *leaf, {{}, {}, chain, key->pem()});
      break;
    }
  }
}

void look_through(Found& found, const fs::path& directory) {
  std::error_code error;
  std::map<fs::path, std::vector<std::string>> texts;  // by directory
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (!at->is_regular_file(gone) || at->file_size(gone) > kLargestFile) continue;
    Result<std::string> text = acme::read_file(at->path().string());
    if (text && text->find("-----BEGIN ") != std::string::npos) {
      texts[at->path().parent_path()].push_back(*std::move(text));
    }
  }
  for (const auto& [of, list] : texts) take_pairs(found, list);
}

}  // namespace

int export_certificates(const std::string& storage, const std::string& directory,
                        const std::vector<std::string>& names) {
  int exit_status = 0;
  std::optional<acme::ReadStore> store = read(storage, exit_status);
  if (!store) return exit_status;
  int written = 0;
  std::map<std::string, bool> kinds;  // by folder: the first one there has an RSA key
  for (const auto& [resolver, data] : store->resolvers) {
    for (const StoredCertificate& one : data.certificates) {
      const bool wanted = names.empty() || std::find(names.begin(), names.end(), one.main) != names.end();
      std::string folder = one.main;
      std::replace(folder.begin(), folder.end(), '*', '_');
      if (!wanted || folder.empty() || folder.find('/') != std::string::npos || folder.starts_with('.')) continue;
      // Two for the same names with different kinds of keys are a pair.
      const std::optional<acme::Leaf> leaf = acme::read_leaf(one.certificate);
      const bool rsa = leaf && leaf->rsa;
      if (kinds.emplace(folder, rsa).first->second != rsa) folder += rsa ? ".rsa" : ".ec";
      Status done = write_pair(one, directory, folder);
      if (!done) return fail((fs::path(directory) / folder).string(), message(done.error()));
      print((fs::path(directory) / folder).string() + '\n');
      ++written;
    }
  }
  if (written > 0) return 0;
  std::fprintf(stderr, "sluice certs: there is no such certificate in %s\n", storage.c_str());
  return 1;
}

int import_certificates(const std::string& from, const std::string& storage, const std::string& resolver) {
  int exit_status = 0;
  std::error_code error;
  std::optional<acme::ReadStore> store = acme::ReadStore();
  if (fs::exists(storage, error)) store = read(storage, exit_status);
  if (!store) return exit_status;
  Found found;
  if (fs::is_directory(from, error)) {
    look_through(found, from);
  } else {
    Result<std::string> text = acme::read_file(from);
    if (!text) return fail(from, message(text.error()));
    // Traefik 1 has at the top what later ones have for each resolver.
    const acme::ReadStore one = acme::read_store(R"({"one":)" + *text + '}');
    if (!one.error.empty()) return fail(from, "it cannot be understood: " + one.error);
    for (const StoredCertificate& certificate : one.resolvers.at("one").certificates) {
      take_pairs(found, {certificate.certificate, certificate.key});
    }
  }
  std::vector<StoredCertificate>& stored = store->resolvers[resolver].certificates;
  int taken = 0;
  for (auto& [key, pair] : found) {
    auto same = std::find_if(stored.begin(), stored.end(), [&, names = key](const StoredCertificate& one) {
      std::optional<acme::Leaf> leaf = acme::read_leaf(one.certificate);
      return leaf && acme::key_of(leaf->names) == names;
    });
    if (same != stored.end() && acme::read_leaf(same->certificate)->not_after >= pair.first.not_after) continue;
    if (same != stored.end()) stored.erase(same);
    print(key + '\n');
    stored.push_back(std::move(pair.second));
    ++taken;
  }
  if (taken == 0) {
    std::fprintf(stderr, "sluice certs: there is nothing in %s that %s has not\n", from.c_str(), storage.c_str());
    return 1;
  }
  Status done = acme::replace_file(storage, acme::write_store(store->resolvers), storage + ".backup");
  return done ? 0 : fail(storage, message(done.error()));
}

}  // namespace sluice::cmd
