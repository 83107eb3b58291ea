// What Route 53 and STS answer: it is read or refused, and what was read can be looked through.
#include "acme/dns/aws/xml.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace sluice::acme::dns::aws;

namespace {

std::size_t count(const XmlElement& element, int level) {
  if (level > 32 || element.name.empty()) std::abort();
  std::size_t all = 1;
  for (const XmlElement& child : element.children) {
    if (element.child(child.name) == nullptr) std::abort();
    all += count(child, level + 1);
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto root = parse_xml(text);
  if (root.ok() && count(*root, 1) > 50'000) std::abort();
  // What is escaped comes back as it was.
  std::string plain;
  for (char c : text) {
    if (c >= ' ' && c < 0x7f) plain += c;
  }
  auto wrapped = parse_xml("<a>" + xml_escaped(plain) + "</a>");
  if (!wrapped.ok() || wrapped->text != plain) std::abort();
  return 0;
}
