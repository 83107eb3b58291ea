// The provider `route53`: Amazon's API of 2013-04-01, in XML, signed. Variables begin with AWS_.
#include <algorithm>
#include <ctime>
#include <map>

#include "acme/dns/aws/credentials.h"
#include "acme/dns/aws/xml.h"
#include "acme/dns/name.h"
#include "acme/dns/providers.h"
#include "async/timer.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

constexpr std::string_view kVersion = "/2013-04-01";

// What can be tried again: Amazon takes five requests a second per account, and one change of a zone at a time.
bool is_throttled(const rest::Reply& reply) {
  return reply.status == 400 && (reply.body.find("<Code>Throttling</Code>") != std::string::npos ||
                                 reply.body.find("<Code>ThrottlingException</Code>") != std::string::npos ||
                                 reply.body.find("<Code>PriorRequestNotComplete</Code>") != std::string::npos);
}

// The value as a quoted string of a zone file, in pieces of 255 bytes.
std::string in_quotes(std::string_view value) {
  std::string out;
  do {
    out += out.empty() ? "\"" : " \"";
    out += value.substr(0, 255);
    out += '"';
    value.remove_prefix(std::min<std::size_t>(255, value.size()));
  } while (!value.empty());
  return out;
}

class Route53Provider final : public Provider {
 public:
  Route53Provider(rest::Client& client, Environment& variables)
      : credentials_(client, variables),
        hosted_zone_(variables.text({"AWS_HOSTED_ZONE_ID"})),
        private_zones_(variables.truth({"AWS_PRIVATE_ZONE"}, false)),
        wait_(variables.truth({"AWS_WAIT_FOR_RECORD_SETS_CHANGED"}, true)),
        ttl_(variables.number({"AWS_TTL"}, 10, 0)),
        most_tries_(variables.number({"AWS_MAX_RETRIES"}, 5, 1)) {
    timing_.timeout = variables.seconds({"AWS_PROPAGATION_TIMEOUT"}, 120s);
    timing_.interval = variables.seconds({"AWS_POLLING_INTERVAL"}, 4s);
    std::string region = variables.text({"AWS_REGION", "AWS_DEFAULT_REGION"});
    std::string host = "https://route53.amazonaws.com";
    if (region.starts_with("cn-")) {
      scope_.region = "cn-northwest-1";
      host = "https://route53.amazonaws.com.cn";
    } else if (region.starts_with("us-gov-")) {
      scope_.region = "us-gov-west-1";
      host = "https://route53.us-gov.amazonaws.com";
    }
    std::string endpoint = variables.text({"AWS_ENDPOINT_URL_ROUTE_53", "AWS_ENDPOINT_URL"}, host);
    Result<HttpApi> api = HttpApi::make(client, endpoint, 30s);
    if (api) {
      api_ = std::move(*api);
    } else {
      variables.problem("AWS_ENDPOINT_URL_ROUTE_53 is " + std::string(api.error().text));
    }
    if (hosted_zone_.starts_with("/hostedzone/")) hosted_zone_.erase(0, 12);
  }

  std::string_view name() const override { return "route53"; }
  PropagationTiming timing() const override { return timing_; }

  Task<Status> add(const Change& change, std::string& why) override {
    Result<std::string> zone = co_await zone_id(change, why);
    if (!zone) co_return zone.error();
    Result<Existing> existing = co_await existing_values(*zone, change.place.name, why);
    if (!existing) co_return existing.error();
    std::vector<std::string> values = std::move(existing->values);
    std::string mine = in_quotes(change.proof.value);
    if (std::find(values.begin(), values.end(), mine) == values.end()) values.push_back(std::move(mine));
    Result<std::string> id = co_await submit(*zone, batch("UPSERT", change.place.name, ttl_, values), why);
    if (!id) co_return id.error();
    change_ids_[change.proof.value] = std::move(*id);
    co_return Status();
  }

  Task<Status> remove(const Change& change, std::string& why) override {
    change_ids_.erase(change.proof.value);
    Result<std::string> zone = co_await zone_id(change, why);
    if (!zone) co_return zone.error();
    Result<Existing> existing = co_await existing_values(*zone, change.place.name, why);
    if (!existing) co_return existing.error();
    std::vector<std::string> others = existing->values;
    std::erase(others, in_quotes(change.proof.value));
    if (others.size() == existing->values.size()) co_return Status();
    // A record set is removed only by naming all of it.
    std::string changes = others.empty() ? batch("DELETE", change.place.name, existing->ttl, existing->values)
                                         : batch("UPSERT", change.place.name, existing->ttl, others);
    Result<std::string> id = co_await submit(*zone, std::move(changes), why);
    if (!id) co_return id.error();
    co_return Status();
  }

  // Amazon says INSYNC once all of its name servers have the change.
  Task<Status> settled(const Change& change, std::string& why) override {
    auto found = change_ids_.find(change.proof.value);
    if (!wait_ || found == change_ids_.end()) co_return Status();
    const std::string path = std::string(kVersion) + "/change/" + percent_encoded(found->second);
    change_ids_.erase(found);
    Loop& loop = Loop::current();
    Deadline deadline = loop.read_clock() + timing_.timeout;
    for (;;) {
      aws::Request request;
      request.path = path;
      Result<aws::XmlElement> answer = co_await call(std::move(request), why);
      if (!answer) co_return answer.error();
      if (answer->at("ChangeInfo/Status") == "INSYNC") co_return Status();
      if (loop.read_clock() + timing_.interval > deadline) break;
      Status slept = co_await sleep_for(timing_.interval);
      if (!slept) co_return slept.error();
    }
    why = "Route 53 did not bring the change to its name servers within " + format_duration(timing_.timeout);
    co_return Error::of(Code::timed_out, "the change is not in sync", Origin::upstream);
  }

 private:
  struct Existing {
    std::vector<std::string> values;  // as the API writes them, quoted
    std::int64_t ttl = 0;
  };

  static std::string batch(std::string_view action, std::string_view name, std::int64_t ttl,
                           const std::vector<std::string>& values) {
    std::string records;
    for (const std::string& value : values) {
      records += "<ResourceRecord><Value>" + aws::xml_escaped(value) + "</Value></ResourceRecord>";
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
           "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
           "<ChangeBatch><Comment>ACME</Comment><Changes><Change><Action>" +
           std::string(action) + "</Action><ResourceRecordSet><Name>" + aws::xml_escaped(name) +
           "</Name><Type>TXT</Type><TTL>" + std::to_string(ttl) + "</TTL><ResourceRecords>" + records +
           "</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>";
  }

  // Signs, sends, and tries again when Amazon asks for patience.
  Task<Result<aws::XmlElement>> call(aws::Request request, std::string& why) {
    request.host = api_.host();
    request.path = api_.prefix() + request.path;
    if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/xml");
    const std::string query = aws::query_text(request);
    const std::string path = request.path.substr(api_.prefix().size()) + (query.empty() ? "" : "?" + query);
    const std::string what = request.method + " " + api_.origin() + request.path;
    Duration pause = 400ms;
    for (std::int64_t tries = 1;; ++tries) {
      Result<aws::Credentials> credentials = co_await credentials_.get(why);
      if (!credentials) co_return credentials.error();
      std::vector<rest::Header> headers = aws::signed_headers(request, *credentials, scope_, std::time(nullptr));
      Result<rest::Reply> reply = co_await api_.send(request.method, path, std::move(headers), request.body, why);
      if (!reply) co_return reply.error();
      if (is_success(*reply)) {
        Result<aws::XmlElement> parsed = aws::parse_xml(reply->body);
        if (!parsed) why = what + " was answered with something that is no XML";
        co_return std::move(parsed);
      }
      if (!is_throttled(*reply) || tries >= most_tries_) co_return failure_of(*reply, what, why);
      Status slept = co_await sleep_for(pause);
      if (!slept) co_return slept.error();
      pause = std::min<Duration>(pause * 2, 30s);
    }
  }

  Task<Result<std::string>> zone_id(const Change& change, std::string& why) {
    if (!hosted_zone_.empty()) co_return hosted_zone_;
    const std::string& zone = change.place.zone;
    if (zone.empty()) {
      why = "the zone of " + change.place.name + " was not found: " + change.place.trouble;
      co_return Error::of(Code::unavailable, "no zone", Origin::upstream);
    }
    aws::Request request;
    request.path = std::string(kVersion) + "/hostedzonesbyname";
    request.query.emplace_back("dnsname", without_dot(zone));
    Result<aws::XmlElement> answer = co_await call(std::move(request), why);
    if (!answer) co_return answer.error();
    const aws::XmlElement* zones = answer->child("HostedZones");
    for (const aws::XmlElement& listed : zones != nullptr ? zones->children : std::vector<aws::XmlElement>()) {
      bool is_private = listed.at("Config/PrivateZone") == "true";
      if (listed.at("Name") != zone || is_private != private_zones_) continue;
      std::string id(listed.at("Id"));
      if (id.starts_with("/hostedzone/")) id.erase(0, 12);
      co_return id;
    }
    why = "the account has no " + std::string(private_zones_ ? "private" : "public") + " hosted zone " + zone;
    co_return Error::of(Code::unavailable, "no zone", Origin::upstream);
  }

  Task<Result<Existing>> existing_values(std::string zone, std::string name, std::string& why) {
    aws::Request request;
    request.path = std::string(kVersion) + "/hostedzone/" + percent_encoded(zone) + "/rrset";
    request.query.emplace_back("name", name);
    request.query.emplace_back("type", "TXT");
    request.query.emplace_back("maxitems", "1");
    Result<aws::XmlElement> answer = co_await call(std::move(request), why);
    if (!answer) co_return answer.error();
    Existing existing;
    existing.ttl = ttl_;
    const aws::XmlElement* sets = answer->child("ResourceRecordSets");
    if (sets == nullptr || sets->children.empty()) co_return std::move(existing);
    // The list begins at the name, or at what follows it when it is not there.
    const aws::XmlElement& set = sets->children.front();
    const aws::XmlElement* records = set.child("ResourceRecords");
    if (set.at("Name") != name || set.at("Type") != "TXT" || records == nullptr) co_return std::move(existing);
    existing.ttl = parse_i64(set.at("TTL")).value_or(ttl_);
    for (const aws::XmlElement& record : records->children) existing.values.emplace_back(record.at("Value"));
    co_return std::move(existing);
  }

  // The id of the change.
  Task<Result<std::string>> submit(std::string zone, std::string changes, std::string& why) {
    aws::Request request;
    request.method = "POST";
    request.path = std::string(kVersion) + "/hostedzone/" + percent_encoded(zone) + "/rrset";
    request.body = std::move(changes);
    Result<aws::XmlElement> answer = co_await call(std::move(request), why);
    if (!answer) co_return answer.error();
    std::string id(answer->at("ChangeInfo/Id"));
    if (id.starts_with("/change/")) id.erase(0, 8);
    co_return id;
  }

  HttpApi api_;
  aws::CredentialSource credentials_;
  aws::SigningScope scope_{"us-east-1", "route53"};
  std::string hosted_zone_;
  bool private_zones_;
  bool wait_;
  std::int64_t ttl_;
  std::int64_t most_tries_;
  PropagationTiming timing_;
  std::map<std::string, std::string> change_ids_;  // by value, from `add` to `settled`
};

}  // namespace

std::unique_ptr<Provider> make_route53(ProviderParts parts) {
  return std::make_unique<Route53Provider>(parts.client, parts.variables);
}

}  // namespace sluice::acme::dns
