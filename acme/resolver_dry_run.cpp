// resolver_dry_run.cpp: a certificate of a Resolver, obtained where it counts for nobody, and thrown away.
#include <algorithm>

#include "acme/resolver.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr Duration kTryTime = 1min;  // for the proof of a name, while somebody waits for the end

// Nobody goes on with its order after a crash.
struct NoNotes final : OrderNotes {
  Task<Step> note(OpenOrder) override { co_return Done{}; }
};

// Where a CA lets try.
std::string staging_of(const std::string& directory) {
  constexpr std::string_view kReal = "https://acme-v02.api.letsencrypt.org/";
  return directory.starts_with(kReal) ? "https://acme-staging-v02.api.letsencrypt.org/directory" : "";
}

}  // namespace

Task<config::Node> Resolver::dry_run(std::string wanted, std::string directory) {
  config::Node answer = config::Node::map();
  answer.add("name", control::text_node(printable(wanted, 300)));
  answer.add("resolver", control::text_node(name()));
  std::string why = trouble_;
  auto planned =
      std::find_if(plan_.planned.begin(), plan_.planned.end(), [&](const Planned& one) { return is_for(one, wanted); });
  if (why.empty() && planned == plan_.planned.end()) why = "no certificate is for this name";
  if (why.empty() && directory.empty()) {
    directory = staging_of(settings_.cas.front().ca.directory_url);
    if (directory.empty()) why = "it is not known where this CA lets try: name a directory with --ca";
  }
  const bool real = std::any_of(settings_.cas.begin(), settings_.cas.end(),
                                [&](const CaChoice& one) { return one.ca.directory_url == directory; });
  if (why.empty() && real) why = "that is a CA of the resolver, where it would count: name another directory with --ca";
  if (why.empty() && std::any_of(planned->names.begin(), planned->names.end(), [&](const std::string& one) {
        return dry_names_.contains(one) || std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
                 return is_for(job.second->planned, one);
               });
      })) {
    why = "an order for it is under way: try again when that has ended";
  }
  if (why.empty()) {
    const Planned what = *planned;
    dry_names_.insert(what.names.begin(), what.names.end());
    why = co_await try_elsewhere(what, std::move(directory), answer);
    for (const std::string& one : what.names) dry_names_.erase(one);
    changed_.notify_all();
  }
  answer.add("verdict", control::text_node(why.empty() ? "obtained, and thrown away" : "failed"));
  if (!why.empty()) answer.add("problem", control::text_node(why));
  co_return answer;
}

// Empty: it works; else what does not.
Task<std::string> Resolver::try_elsewhere(Planned planned, std::string directory, config::Node& answer) {
  const CaChoice& like = settings_.cas.front();
  CaSettings settings = like.ca;
  settings.directory_url = std::move(directory);
  answer.add("ca", control::text_node(settings.directory_url));
  Ca ca;
  ca.client = std::make_unique<CaClient>(http_, std::move(settings));
  ca.form.email = like.account.email;
  Outcome<Account> account = co_await account_of(ca);
  if (!account) co_return account.failure().text();
  std::string key = planned.key();
  Job job(*this, std::move(key), std::move(planned));
  IssuanceForm form = form_of(job, ca);
  form.authorization_timeout = kTryTime;
  NoNotes notes;
  Issuance issuance(*ca.client, *account, *challenger_, notes, records_, std::move(form));
  Outcome<Issued> issued = co_await issuance.run(std::nullopt);
  answer.add("order", control::text_node(issuance.order_url()));
  if (!issued) {
    if (!issued.failure().document.empty()) answer.add("document", control::text_node(issued.failure().document));
    co_return issued.failure().text();
  }
  if (std::optional<Leaf> leaf = read_leaf(issued->chain)) {
    answer.add("issuer", control::text_node(printable(leaf->issuer, 200)));
    answer.add("notAfter", control::number_node(leaf->not_after));
  }
  log::info("a certificate was obtained to try, and thrown away", {{"resolver", name()}, {"names", job.key}});
  co_return std::string();
}

}  // namespace sluice::acme
