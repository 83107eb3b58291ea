#include "middleware/error_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/chars.h"
#include "http/target.h"
#include "middleware/answers.h"
#include "proxy/answering.h"
#include "proxy/saved_request.h"

namespace sluice::middleware {
namespace {

// Fields that would make the page something else than the page, or belong to the content that is not sent.
constexpr std::array<std::string_view, 10> kNotForPages = {"Range",
                                                           "If-Range",
                                                           "If-Match",
                                                           "If-None-Match",
                                                           "If-Modified-Since",
                                                           "If-Unmodified-Since",
                                                           "Content-Length",
                                                           "Content-Type",
                                                           "Content-Encoding",
                                                           "Transfer-Encoding"};

// As a query component: what is not unreserved becomes an escape, a blank '+'.
void append_escaped(std::string& to, std::string_view text) {
  for (char c : text) {
    if (http::chars::is(c, http::chars::kUnreserved)) {
      to += c;
    } else {
      to += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

}  // namespace

control::MadeMiddleware ErrorPages::make(const config::ErrorPages& settings,
                                         std::shared_ptr<const proxy::Handler> service) {
  if (service == nullptr) return control::MadeMiddleware::refused("errors needs a service that has the pages");
  auto made = std::make_shared<ErrorPages>();
  std::string error;
  if (!made->status_.parse(settings.status, error)) return control::MadeMiddleware::refused(std::move(error));
  for (const auto& [from, to] : settings.status_rewrites) {
    std::optional<proxy::StatusRange> range = proxy::StatusRange::parse(from);
    if (!range || !is_final_status(to)) {
      return control::MadeMiddleware::refused(fmt::format("statusRewrites cannot turn {} into {}", from, to));
    }
    made->rewrites_.emplace_back(*range, static_cast<std::uint16_t>(to));
  }
  std::stable_sort(made->rewrites_.begin(), made->rewrites_.end(), [](const auto& a, const auto& b) {
    return a.first.last - a.first.first < b.first.last - b.first.first;
  });
  made->service_ = std::move(service);
  if (!settings.query.empty()) made->query_ = settings.query.starts_with('/') ? settings.query : "/" + settings.query;
  made->request_fields_ = settings.error_request_headers;
  return control::MadeMiddleware::of(std::move(made));
}

std::uint16_t ErrorPages::rewritten(std::uint16_t status) const {
  for (const auto& [range, to] : rewrites_) {
    if (range.contains(status)) return to;
  }
  return status;
}

void ErrorPages::ask_for_page(http::Request& request, std::uint16_t original, std::uint16_t status) const {
  std::string query = query_.empty() ? "/" : query_;
  replace_all(query, "{status}", std::to_string(status));
  replace_all(query, "{originalStatus}", std::to_string(original));
  if (query.find("{url}") != std::string::npos) {
    std::string url;
    append_escaped(url, request.peer.tls ? "https://" : "http://");
    append_escaped(url, request.authority);
    append_escaped(url, request.target.path);
    if (request.target.has_query) append_escaped(url, "?");
    append_escaped(url, request.target.query);
    replace_all(query, "{url}", url);
  }
  request.method = http::Method::get;
  request.method_text = "GET";
  request.body = nullptr;
  request.upgrade = {};
  // A query that is no target is a mistake in the options; the page is then that of the root.
  http::Target target;
  if (http::read_target(request.arena.copy(query), http::TargetOptions(), request.arena, target) !=
      http::Reason::none) {
    target = http::Target{"/", "/", {}, false, "/"};
  }
  request.target = target;
  request.fields.remove_if([&](const http::Field& field) {
    auto is_field = [&](std::string_view name) { return iequals(name, field.name); };
    if (std::any_of(kNotForPages.begin(), kNotForPages.end(), is_field)) return true;
    return request_fields_ && std::none_of(request_fields_->begin(), request_fields_->end(), is_field);
  });
}

Task<Result<http::Response>> ErrorPages::handle(http::Request& request, const proxy::Handler& next) const {
  proxy::SavedRequest saved(request);
  Result<http::Response> response = co_await next.handle(request);
  if (!response || response->tunnel != nullptr || !status_.contains(response->status)) co_return response;
  std::uint16_t original = response->status;
  std::uint16_t status = rewritten(original);
  response->body.reset();
  saved.restore();
  ask_for_page(request, original, status);
  Result<http::Response> page = co_await service_->handle(request);
  saved.restore();  // the client's method decides how the page is sent
  if (!page && (page.error().origin == Origin::client || page.error().code == Code::cancelled)) co_return page;
  if (!page || proxy::failure_of(*page) != nullptr || page->tunnel != nullptr) {
    co_return plain_response(request, status);
  }
  page->status = status;
  co_return page;
}

const control::MiddlewareKind ErrorPages::kKind = {
    "errors", [](const config::Middleware& settings) { return settings.errors.has_value(); },
    [](const control::MiddlewareParts& parts) { return ErrorPages::make(*parts.settings.errors, parts.service); },
    [](const config::Middleware& settings) { return std::string_view(settings.errors->service); }};

}  // namespace sluice::middleware
