#include "acme/dns/aws/credentials.h"

#include <ctime>
#include <fstream>
#include <iterator>

#include "acme/dns/aws/xml.h"
#include "acme/json_value.h"
#include "base/text.h"

namespace sluice::acme::dns::aws {
namespace {

constexpr std::int64_t kRenewBefore = 300;  // seconds
constexpr std::int64_t kKeepWithoutEnd = 900;
constexpr Duration kServiceTimeout = 5s;

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// Unix time of "2026-01-31T12:00:00Z"; a short while from now when it is no such text.
std::int64_t end_of(std::string_view text) {
  std::tm parts{};
  std::string copy(text);
  if (strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::time(nullptr) + kKeepWithoutEnd;
  return timegm(&parts);
}

Error none(std::string& why, std::string text) {
  why = std::move(text);
  return Error::of(Code::security, "no AWS credentials");
}

}  // namespace

std::optional<Credentials> parse_shared_file(std::string_view text, std::string_view profile) {
  Credentials found;
  bool mine = false;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (line.starts_with('[') && line.ends_with(']')) {
      mine = trim(line.substr(1, line.size() - 2)) == profile;
      continue;
    }
    std::size_t equals = line.find('=');
    if (!mine || equals == std::string_view::npos || line.starts_with('#') || line.starts_with(';')) continue;
    std::string_view name = trim(line.substr(0, equals));
    std::string_view value = trim(line.substr(equals + 1));
    if (name == "aws_access_key_id") found.access_key = value;
    if (name == "aws_secret_access_key") found.secret_key = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  if (found.access_key.empty() || found.secret_key.empty()) return std::nullopt;
  return found;
}

CredentialSource::CredentialSource(rest::Client& client, Environment& variables) : client_(client) {
  written_.access_key = variables.text({"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"});
  written_.secret_key = variables.text({"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"});
  written_.session_token = variables.text({"AWS_SESSION_TOKEN"});
  if (written_.access_key.empty() != written_.secret_key.empty()) {
    variables.problem("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together");
  }
  std::string home = variables.text({"HOME"});
  shared_file_ = variables.text({"AWS_SHARED_CREDENTIALS_FILE"}, home + "/.aws/credentials");
  profile_ = variables.text({"AWS_PROFILE"}, "default");
  std::string relative = variables.text({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
  container_uri_ =
      relative.empty() ? variables.text({"AWS_CONTAINER_CREDENTIALS_FULL_URI"}) : "http://169.254.170.2" + relative;
  container_token_file_ = variables.text({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"});
  if (container_token_file_.empty()) container_token_ = variables.text({"AWS_CONTAINER_AUTHORIZATION_TOKEN"});
  machine_endpoint_ = variables.text({"AWS_EC2_METADATA_SERVICE_ENDPOINT"}, "http://169.254.169.254");
  machine_disabled_ = variables.truth({"AWS_EC2_METADATA_DISABLED"}, false);
  web_token_file_ = variables.text({"AWS_WEB_IDENTITY_TOKEN_FILE"});
  web_role_ = variables.text({"AWS_ROLE_ARN"});
  session_name_ = variables.text({"AWS_ROLE_SESSION_NAME"}, "sluice");
  role_ = variables.text({"AWS_ASSUME_ROLE_ARN"});
  external_id_ = variables.text({"AWS_EXTERNAL_ID"});
  region_ = variables.text({"AWS_REGION", "AWS_DEFAULT_REGION"}, "us-east-1");
  std::string suffix = region_.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  sts_endpoint_ = variables.text({"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}, "https://sts." + region_ + suffix);
}

Task<Result<Credentials>> CredentialSource::get(std::string& why) {
  if (kept_ && kept_->ends - kRenewBefore > std::time(nullptr)) co_return kept_->credentials;
  Result<Temporary> found = co_await own(why);
  if (!found) co_return found.error();
  if (!role_.empty()) {
    Result<Temporary> of_the_role = co_await of_role(found->credentials, why);
    if (!of_the_role) co_return of_the_role.error();
    *found = std::move(*of_the_role);
  }
  kept_ = std::move(*found);
  co_return kept_->credentials;
}

Task<Result<CredentialSource::Temporary>> CredentialSource::own(std::string& why) {
  std::int64_t short_while = std::time(nullptr) + kKeepWithoutEnd;
  if (!written_.access_key.empty()) co_return Temporary{written_, short_while};
  if (!web_token_file_.empty() && !web_role_.empty()) {
    Result<Temporary> found = co_await of_web_identity(why);
    co_return std::move(found);
  }
  Result<Credentials> shared = from_shared_file(why);
  if (shared) co_return Temporary{std::move(*shared), short_while};
  if (!container_uri_.empty()) {
    Result<Temporary> found = co_await of_container(why);
    co_return std::move(found);
  }
  if (machine_disabled_) {
    co_return none(why, "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and " +
                            shared_file_ + " has no profile " + profile_);
  }
  Result<Temporary> found = co_await of_machine(why);
  if (!found && found.error().code != Code::cancelled) {
    co_return none(why, "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, " + shared_file_ +
                            " has no profile " + profile_ + ", and there is no instance role (" + why + ")");
  }
  co_return std::move(found);
}

Result<Credentials> CredentialSource::from_shared_file(std::string& why) const {
  std::optional<Credentials> found = parse_shared_file(file_text(shared_file_), profile_);
  if (found) return *found;
  return none(why, shared_file_ + " has no profile " + profile_);
}

namespace {

// What the services of containers and machines answer: one JSON object.
Result<Credentials> service_credentials(const rest::Reply& reply, std::string_view what, std::int64_t& ends,
                                        std::string& why) {
  if (!is_success(reply)) return failure_of(reply, what, why);
  nlohmann::json parsed = nlohmann::json::parse(reply.body, nullptr, false);
  Credentials found{acme::text_of(parsed, "AccessKeyId"), acme::text_of(parsed, "SecretAccessKey"),
                    acme::text_of(parsed, "Token")};
  if (found.access_key.empty() || found.secret_key.empty()) {
    return none(why, std::string(what) + " was answered without keys");
  }
  ends = end_of(acme::text_of(parsed, "Expiration"));
  return found;
}

}  // namespace

Task<Result<CredentialSource::Temporary>> CredentialSource::of_container(std::string& why) {
  Result<HttpApi> api = HttpApi::make(client_, container_uri_, kServiceTimeout);
  if (!api) co_return none(why, "the credentials URI of the container is " + std::string(api.error().text));
  api->go_direct();
  std::string token = container_token_file_.empty() ? container_token_ : file_text(container_token_file_);
  std::vector<rest::Header> headers;
  if (!trim(token).empty()) headers.emplace_back("Authorization", std::string(trim(token)));
  // The whole path is the API's prefix.
  Result<rest::Reply> reply = co_await api->send("GET", std::string(), std::move(headers), std::string(), why);
  if (!reply) co_return reply.error();
  Temporary found;
  Result<Credentials> keys = service_credentials(*reply, container_uri_, found.ends, why);
  if (!keys) co_return keys.error();
  found.credentials = std::move(*keys);
  co_return std::move(found);
}

Task<Result<CredentialSource::Temporary>> CredentialSource::of_machine(std::string& why) {
  Result<HttpApi> api = HttpApi::make(client_, machine_endpoint_, kServiceTimeout);
  if (!api) co_return none(why, "AWS_EC2_METADATA_SERVICE_ENDPOINT is " + std::string(api.error().text));
  api->go_direct();
  std::vector<rest::Header> wish;
  wish.emplace_back("X-aws-ec2-metadata-token-ttl-seconds", "300");
  Result<rest::Reply> token = co_await api->send("PUT", "/latest/api/token", std::move(wish), std::string(), why);
  if (!token) co_return token.error();
  if (!is_success(*token)) co_return failure_of(*token, "the token of " + machine_endpoint_, why);
  std::vector<rest::Header> headers;
  headers.emplace_back("X-aws-ec2-metadata-token", std::string(trim(token->body)));
  const std::string roles = "/latest/meta-data/iam/security-credentials/";
  Result<rest::Reply> role = co_await api->send("GET", roles, headers, std::string(), why);
  if (!role) co_return role.error();
  if (!is_success(*role)) co_return failure_of(*role, "the role of " + machine_endpoint_, why);
  std::string name(trim(role->body.substr(0, role->body.find('\n'))));
  Result<rest::Reply> reply = co_await api->send("GET", roles + percent_encoded(name), headers, std::string(), why);
  if (!reply) co_return reply.error();
  Temporary found;
  Result<Credentials> keys = service_credentials(*reply, machine_endpoint_, found.ends, why);
  if (!keys) co_return keys.error();
  found.credentials = std::move(*keys);
  co_return std::move(found);
}

Task<Result<CredentialSource::Temporary>> CredentialSource::from_sts(Request request, std::string& why) {
  Result<HttpApi> api = HttpApi::make(client_, sts_endpoint_, 30s);
  if (!api) co_return none(why, "AWS_ENDPOINT_URL_STS is " + std::string(api.error().text));
  std::string path = "/?" + query_text(request);
  Result<rest::Reply> reply =
      co_await api->send(request.method, std::move(path), std::move(request.headers), std::string(), why);
  if (!reply) co_return reply.error();
  if (!is_success(*reply)) co_return failure_of(*reply, "the role at " + sts_endpoint_, why);
  Result<XmlElement> root = parse_xml(reply->body);
  Temporary found;
  for (std::string_view result : {"AssumeRoleResult", "AssumeRoleWithWebIdentityResult"}) {
    const XmlElement* element = root ? root->child(result) : nullptr;
    if (element == nullptr) continue;
    found.credentials.access_key = element->at("Credentials/AccessKeyId");
    found.credentials.secret_key = element->at("Credentials/SecretAccessKey");
    found.credentials.session_token = element->at("Credentials/SessionToken");
    found.ends = end_of(element->at("Credentials/Expiration"));
  }
  if (found.credentials.access_key.empty()) co_return none(why, sts_endpoint_ + " gave no keys for the role");
  co_return std::move(found);
}

Task<Result<CredentialSource::Temporary>> CredentialSource::of_web_identity(std::string& why) {
  Request request;
  request.query.emplace_back("Action", "AssumeRoleWithWebIdentity");
  request.query.emplace_back("Version", "2011-06-15");
  request.query.emplace_back("RoleArn", web_role_);
  request.query.emplace_back("RoleSessionName", session_name_);
  request.query.emplace_back("WebIdentityToken", std::string(trim(file_text(web_token_file_))));
  Result<Temporary> found = co_await from_sts(std::move(request), why);
  co_return std::move(found);
}

Task<Result<CredentialSource::Temporary>> CredentialSource::of_role(Credentials own, std::string& why) {
  Request request;
  request.host = sts_endpoint_.substr(sts_endpoint_.find("://") + 3);
  request.query.emplace_back("Action", "AssumeRole");
  request.query.emplace_back("Version", "2011-06-15");
  request.query.emplace_back("RoleArn", role_);
  request.query.emplace_back("RoleSessionName", session_name_);
  if (!external_id_.empty()) request.query.emplace_back("ExternalId", external_id_);
  SigningScope scope{region_, "sts"};
  request.headers = signed_headers(request, own, scope, std::time(nullptr));
  Result<Temporary> found = co_await from_sts(std::move(request), why);
  co_return std::move(found);
}

}  // namespace sluice::acme::dns::aws
