// xml.h: the small part of XML that AWS answers are written in: elements and text. Pure.
//
// Attributes are read over; a document type is refused, so there are no entities but the five of XML itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::acme::dns::aws {

struct XmlElement {
  std::string name;
  std::string text;  // all of its own text, entities replaced
  std::vector<XmlElement> children;

  // The first child of that name; null when there is none.
  const XmlElement* child(std::string_view name) const;
  // The text below a path such as "ChangeInfo/Id"; empty when there is no such element.
  std::string_view at(std::string_view path) const;
};

// The root element. At most 32 levels and 50,000 elements. Error: invalid.
Result<XmlElement> parse_xml(std::string_view text);

// For text inside of an element.
std::string xml_escaped(std::string_view text);

}  // namespace sluice::acme::dns::aws
