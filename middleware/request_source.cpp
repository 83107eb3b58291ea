#include "middleware/request_source.h"

#include <array>

#include "http/chars.h"
#include "middleware/keyed_hash.h"

namespace sluice::middleware {

std::optional<RequestSource> RequestSource::make(const std::optional<config::SourceCriterion>& settings, By standard,
                                                 std::string& error) {
  RequestSource made;
  made.by_ = standard;
  if (!settings) return made;
  int criteria = (settings->ip_strategy ? 1 : 0) + (settings->request_header_name.empty() ? 0 : 1) +
                 (settings->request_host ? 1 : 0);
  if (criteria > 1) {
    error = "sourceCriterion takes one of ipStrategy, requestHeaderName and requestHost, not several";
    return std::nullopt;
  }
  if (settings->request_host) {
    made.by_ = By::host;
  } else if (!settings->request_header_name.empty()) {
    made.field_ = settings->request_header_name;
    if (!http::is_token(made.field_)) {
      error = "the requestHeaderName is not the name of a header";
      return std::nullopt;
    }
  } else if (settings->ip_strategy) {
    made.by_ = By::address;
    std::optional<ClientAddress> address = ClientAddress::make(settings->ip_strategy, error);
    if (!address) return std::nullopt;
    made.address_ = std::move(*address);
  }
  return made;
}

std::uint64_t RequestSource::of(const http::Request& request) const {
  std::array<std::string_view, 2> pieces = {request.router, {}};
  std::optional<IpAddress> address;
  if (!field_.empty()) {
    pieces[1] = request.fields.get(field_).value_or("");
  } else if (by_ == By::host) {
    pieces[1] = request.host;
  } else {
    address = address_.find(request);
    if (address) pieces[1] = {reinterpret_cast<const char*>(address->bytes().data()), address->bytes().size()};
  }
  std::uint64_t number = keyed_hash(pieces);
  return number == 0 ? 1 : number;
}

std::string RequestSource::text_of(const http::Request& request) const {
  if (!field_.empty()) return std::string(request.fields.get(field_).value_or(""));
  if (by_ == By::host) return std::string(request.host);
  std::optional<IpAddress> address = address_.find(request);
  return address ? address->to_string() : std::string();
}

}  // namespace sluice::middleware
