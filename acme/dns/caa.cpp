#include "acme/dns/caa.h"

#include <algorithm>

#include "acme/dns/name.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

// RFC 8659 §4.1: flags, the length of the tag, the tag, the value; of the value what comes before parameters.
struct Property {
  std::string tag;
  std::string issuer;
};

Property property_of(const std::string& data) {
  constexpr std::size_t kHead = 2;
  if (data.size() < kHead) return {};
  const std::size_t tag = static_cast<unsigned char>(data[1]);
  if (data.size() < kHead + tag) return {};
  const std::string_view value = std::string_view(data).substr(kHead + tag);
  return {lowered(data.substr(kHead, tag)), lowered(trim(value.substr(0, value.find(';'))))};
}

// Of the issuers that `tag` names; false: it names none, not even nobody.
bool collect(const Message& reply, std::string_view tag, std::vector<std::string>& issuers) {
  bool any = false;
  for (const Record& record : reply.answers) {
    if (record.type != type::kCaa) continue;
    Property property = property_of(record.data);
    if (property.tag != tag) continue;
    any = true;
    if (!property.issuer.empty()) issuers.push_back(std::move(property.issuer));
  }
  return any;
}

}  // namespace

Task<std::string> caa_obstacle(Lookup& lookup, std::string name, std::vector<std::string> identities) {
  const bool wildcard = name.starts_with("*.");
  Result<std::string> at = canonical_name(wildcard ? name.substr(2) : name);
  std::string why;
  Result<std::vector<SocketAddress>> resolvers = co_await lookup.resolvers(why);
  if (!at || !resolvers) co_return std::string();
  // RFC 8659 §3: those of the nearest name that has any.
  for (std::string domain = *at; domain != "."; domain = parent_name(domain)) {
    Result<Message> reply = co_await lookup.ask(*resolvers, domain, type::kCaa, true, why);
    if (!reply) co_return std::string();
    const bool has_records = std::any_of(reply->answers.begin(), reply->answers.end(),
                                         [](const Record& record) { return record.type == type::kCaa; });
    if (!has_records) continue;
    std::vector<std::string> issuers;
    const bool limited = (wildcard && collect(*reply, "issuewild", issuers)) || collect(*reply, "issue", issuers);
    const bool named = std::any_of(issuers.begin(), issuers.end(), [&](const std::string& issuer) {
      return std::any_of(identities.begin(), identities.end(),
                         [&](const std::string& own) { return iequals(own, issuer); });
    });
    if (!limited || named) co_return std::string();
    std::string text = "the CAA records of " + without_dot(domain) + " let ";
    for (const std::string& issuer : issuers)
      text += (issuer == issuers.front() ? "only " : ", ") + printable(issuer, 100);
    co_return text + (issuers.empty() ? "nobody" : "") + " certify it";
  }
  co_return std::string();
}

}  // namespace sluice::acme::dns
