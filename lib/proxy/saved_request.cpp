#include "proxy/saved_request.h"

#include <memory>

namespace sluice::proxy {

SavedRequest::SavedRequest(http::Request& request)
    : request_(request),
      method_(request.method),
      method_text_(request.method_text),
      authority_(request.authority),
      host_(request.host),
      target_(request.target),
      body_(request.body),
      upgrade_(request.upgrade),
      append_forwarded_for_(request.append_forwarded_for),
      service_(request.service),
      server_(request.server),
      fields_(request.arena.array<http::Field>(request.fields.size())),
      count_(request.fields.size()) {
  std::uninitialized_copy(request.fields.begin(), request.fields.end(), fields_);
}

void SavedRequest::restore() const {
  request_.method = method_;
  request_.method_text = method_text_;
  request_.authority = authority_;
  request_.host = host_;
  request_.target = target_;
  request_.body = body_;
  request_.upgrade = upgrade_;
  request_.append_forwarded_for = append_forwarded_for_;
  request_.service = service_;
  request_.server = server_;
  request_.fields.clear();
  for (std::size_t i = 0; i < count_; ++i) request_.fields.add(fields_[i]);
}

}  // namespace sluice::proxy
