// certs_files.h: the parts of `sluice certs` that need no running instance: certificates out of acme.json into PEM
// files, and out of the stores of other clients into acme.json. They answer with an exit status, after words on
// standard error.
#pragma once

#include <string>
#include <vector>

namespace sluice::cmd {

// Into a directory per certificate with fullchain.pem and privkey.pem. Each is a link to the newest such pair, changed
// at once: nobody finds a key beside a certificate that is not its own. No `names`: all.
int export_certificates(const std::string& storage, const std::string& directory,
                        const std::vector<std::string>& names);

// From the directory of lego, certbot, Caddy or another that has certificates and keys as PEM files side by side, or
// the acme.json of Traefik 1. What the storage has and lives longer stays.
int import_certificates(const std::string& from, const std::string& storage, const std::string& resolver);

}  // namespace sluice::cmd
