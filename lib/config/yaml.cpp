#include "config/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "config/problem_codes.h"

namespace sluice::config {
namespace {

constexpr int kMaxDepth = 64;
// What aliases and merges may copy in one file, so that a few lines cannot expand to gigabytes.
constexpr std::size_t kMaxCopiedNodes = 200'000;
constexpr std::size_t kMaxCopiedBytes = 16 << 20;

struct Position {
  int line = 0;
  int column = 0;
};

Position position(const yaml_mark_t& mark) {
  return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

// One event of libyaml, released when it goes out of scope.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { clear(); }

  bool next(yaml_parser_t& parser) {
    clear();
    filled_ = yaml_parser_parse(&parser, &event_) == 1;
    return filled_;
  }
  const yaml_event_t& operator*() const { return event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  void clear() {
    if (filled_) yaml_event_delete(&event_);
    filled_ = false;
  }
  yaml_event_t event_{};
  bool filled_ = false;
};

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

bool is_null_text(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

bool is_boolean_text(std::string_view text) {
  return text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" || text == "FALSE";
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?, and the names of infinity and not-a-number.
bool is_real_text(std::string_view text) {
  static constexpr std::string_view kNames[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                                "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};
  if (std::find(std::begin(kNames), std::end(kNames), text) != std::end(kNames)) return true;
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::size_t digits = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && is_digit(text[i]); ++i) ++digits;
  }
  if (digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t first = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    if (i == first) return false;
  }
  return i == text.size();
}

ScalarKind kind_of_plain(std::string_view text) {
  if (is_boolean_text(text)) return ScalarKind::boolean;
  if (parse_yaml_integer(text)) return ScalarKind::integer;
  if (is_real_text(text)) return ScalarKind::real;
  return ScalarKind::text;
}

class Composer {
 public:
  Composer(std::string_view text, std::string_view file_name, Report& report)
      : text_(text), report_(report), where_(std::make_shared<const std::string>(file_name)) {
    SLUICE_CHECK(yaml_parser_initialize(&parser_) == 1);
    // libyaml wants a pointer even to nothing.
    const char* input = text.empty() ? "" : text.data();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(input), text.size());
  }
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;
  ~Composer() { yaml_parser_delete(&parser_); }

  std::optional<Node> document() {
    Event event;
    if (!next(event) || !next(event)) return std::nullopt;
    if (event->type == YAML_STREAM_END_EVENT) return Node().at(where_);
    Node root;
    if (!next(event) || !compose(*event, 0, root)) return std::nullopt;
    if (!next(event) || !next(event)) return std::nullopt;
    if (event->type == YAML_DOCUMENT_START_EVENT) {
      report_.push_back({Severity::warning, std::string(code::kSyntax), "the file has more than one YAML document",
                         source(event->start_mark), "only the first document is read",
                         "put everything into one document, or use one file for each"});
    }
    return root;
  }

 private:
  struct Anchor {
    Node node;
    std::size_t nodes = 0;
    std::size_t bytes = 0;
    bool complete = false;  // false while its own content is being read
  };

  bool next(Event& event) {
    if (event.next(parser_)) return true;
    std::string what = parser_.problem == nullptr ? "not YAML" : parser_.problem;
    if (parser_.context != nullptr) what += std::string(" ") + parser_.context;
    const yaml_mark_t& mark = parser_.problem_mark;
    std::string fix = "check the indentation and the quotes near this position";
    if (indented_by_tab(mark.line)) {
      fix = "indent with spaces, not tabs";
    } else if (what.find("cannot start any token") != std::string::npos) {
      fix = "quote values that begin with a special character such as @, ` or %";
    } else if (what.find("mapping values are not allowed") != std::string::npos) {
      fix = "quote values that contain \": \", and check the indentation of this line and the one before";
    }
    return fail(code::kSyntax, what, mark, std::move(fix));
  }

  bool indented_by_tab(std::size_t line) const {
    std::string_view rest = text_;
    for (; line > 0 && !rest.empty(); --line) rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    const std::size_t first = rest.find_first_not_of(' ');
    return first != std::string_view::npos && rest[first] == '\t';
  }

  bool fail(std::string_view code, std::string what, const yaml_mark_t& mark, std::string fix) {
    report_.push_back({Severity::error, std::string(code), std::move(what), source(mark), "nothing of the file is used",
                       std::move(fix)});
    return false;
  }

  Source source(const yaml_mark_t& mark) const {
    const Position at = position(mark);
    return {*where_, at.line, at.column};
  }

  // Fills `node` from `event` and the events that belong to it.
  bool compose(const yaml_event_t& event, int depth, Node& node) {
    if (depth > kMaxDepth) {
      return fail(code::kSyntax, "nested deeper than 64 levels", event.start_mark, "flatten the structure");
    }
    switch (event.type) {
      case YAML_ALIAS_EVENT: return compose_alias(event, node);
      case YAML_SCALAR_EVENT: return compose_scalar(event, node);
      case YAML_SEQUENCE_START_EVENT:
      case YAML_MAPPING_START_EVENT: return compose_collection(event, depth, node);
      default: return fail(code::kSyntax, "a value is missing", event.start_mark, "write a value");
    }
  }

  bool compose_alias(const yaml_event_t& event, Node& node) {
    const std::string_view name = text_of(event.data.alias.anchor);
    const auto found = anchors_.find(std::string(name));
    if (found == anchors_.end()) {
      return fail(code::kSyntax, "unknown anchor \"" + std::string(name) + '"', event.start_mark,
                  "define the anchor with &" + std::string(name) + " above this line");
    }
    const Anchor& anchor = found->second;
    if (!anchor.complete) {
      return fail(code::kSyntax, "anchor \"" + std::string(name) + "\" contains itself", event.start_mark,
                  "an alias cannot stand inside the value it names");
    }
    if (!spend(anchor.nodes, anchor.bytes, event.start_mark)) return false;
    node = anchor.node;
    count(anchor.nodes, anchor.bytes);
    return true;
  }

  bool spend(std::size_t nodes, std::size_t bytes, const yaml_mark_t& mark) {
    copied_nodes_ += nodes;
    copied_bytes_ += bytes;
    if (copied_nodes_ <= kMaxCopiedNodes && copied_bytes_ <= kMaxCopiedBytes) return true;
    return fail(code::kSyntax, "aliases expand to too much", mark,
                "repeat less: aliases may copy 200,000 values a file");
  }

  bool compose_scalar(const yaml_event_t& event, Node& node) {
    const auto& scalar = event.data.scalar;
    std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string_view tag = text_of(scalar.tag);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    const std::size_t bytes = text.size();

    if (tag == "tag:yaml.org,2002:binary") {
      return fail(code::kSyntax, "the tag !!binary is not supported", event.start_mark, "write the text itself");
    }
    if (tag == YAML_NULL_TAG || (tag.empty() && plain && is_null_text(text))) {
      node = Node();
    } else if (tag == YAML_STR_TAG || (tag.empty() && !plain)) {
      node = Node::scalar(std::move(text));
    } else {
      const ScalarKind kind = kind_of_plain(text);
      node = Node::scalar(std::move(text), kind);
    }
    place(event.start_mark, node);
    count(1, bytes);
    if (scalar.anchor != nullptr) remember(text_of(scalar.anchor), node, 1, bytes);
    return true;
  }

  bool compose_collection(const yaml_event_t& event, int depth, Node& node) {
    const bool is_map = event.type == YAML_MAPPING_START_EVENT;
    const std::string anchor(text_of(is_map ? event.data.mapping_start.anchor : event.data.sequence_start.anchor));
    if (!anchor.empty()) anchors_[anchor] = Anchor{};
    const std::size_t nodes_before = nodes_;
    const std::size_t bytes_before = bytes_;

    node = is_map ? Node::map() : Node::list();
    place(event.start_mark, node);
    count(1, 0);
    if (!(is_map ? compose_entries(depth, node) : compose_items(depth, node))) return false;
    if (!anchor.empty()) remember(anchor, node, nodes_ - nodes_before, bytes_ - bytes_before);
    return true;
  }

  bool compose_items(int depth, Node& list) {
    Event event;
    while (next(event)) {
      if (event->type == YAML_SEQUENCE_END_EVENT) return true;
      if (!compose(*event, depth + 1, list.add(Node()))) return false;
    }
    return false;
  }

  bool compose_entries(int depth, Node& map) {
    std::unordered_map<std::string, int> lines;  // of the keys so far
    std::vector<Node> merges;
    Event event;
    while (next(event)) {
      if (event->type == YAML_MAPPING_END_EVENT) {
        return std::all_of(merges.begin(), merges.end(),
                           [&](const Node& from) { return merge(from, lines, map, (*event).start_mark); });
      }
      Node key_node;
      const yaml_mark_t key_mark = event->start_mark;
      const bool merge_key = event->type == YAML_SCALAR_EVENT && is_merge_key(event->data.scalar);
      if (!compose(*event, depth + 1, key_node)) return false;
      if (key_node.is_list() || key_node.is_map()) {
        return fail(code::kSyntax, "a list or a map cannot be a name", key_mark, "write a name before the colon");
      }
      std::string key = key_node.is_null() ? "null" : key_node.text();

      Node value;
      if (!next(event) || !compose(*event, depth + 1, value)) return false;
      if (merge_key) {
        if (!collect_merges(value, merges, event->start_mark)) return false;
        continue;
      }
      const auto [earlier, is_new] = lines.emplace(key, position(key_mark).line);
      if (!is_new) {
        return fail(code::kDuplicate,
                    '"' + key + "\" is written twice, first in line " + std::to_string(earlier->second), key_mark,
                    "remove one of the two, or join what they hold");
      }
      const Position key_at = position(key_mark);
      map.add(std::move(key), std::move(value), key_at.line, key_at.column);
    }
    return false;
  }

  template <class Scalar>
  static bool is_merge_key(const Scalar& scalar) {
    const std::string_view tag = text_of(scalar.tag);
    return std::string_view(reinterpret_cast<const char*>(scalar.value), scalar.length) == "<<" &&
           (tag == "tag:yaml.org,2002:merge" || (tag.empty() && scalar.style == YAML_PLAIN_SCALAR_STYLE));
  }

  bool collect_merges(Node& value, std::vector<Node>& merges, const yaml_mark_t& mark) {
    if (value.is_map()) {
      merges.push_back(std::move(value));
      return true;
    }
    const bool maps_only = value.is_list() && std::all_of(value.children().begin(), value.children().end(),
                                                          [](const Node::Entry& item) { return item.node.is_map(); });
    if (!maps_only) {
      return fail(code::kSyntax, "\"<<\" merges a map or a list of maps", mark, "write `<<: *anchor` of a map");
    }
    for (Node::Entry& item : value.children()) merges.push_back(std::move(item.node));
    return true;
  }

  // What the map itself says wins over merged entries, and earlier merges win over later ones.
  bool merge(const Node& from, std::unordered_map<std::string, int>& lines, Node& into, const yaml_mark_t& mark) {
    for (const Node::Entry& entry : from.children()) {
      if (!lines.emplace(entry.key, entry.node.line()).second) continue;
      if (!spend(1, entry.key.size(), mark)) return false;
      into.add(entry.key, entry.node, entry.line, entry.column);
    }
    return true;
  }

  void place(const yaml_mark_t& mark, Node& node) const {
    const Position at = position(mark);
    node.at(where_, at.line, at.column);
  }

  void count(std::size_t nodes, std::size_t bytes) {
    nodes_ += nodes;
    bytes_ += bytes;
  }

  void remember(std::string_view anchor, const Node& node, std::size_t nodes, std::size_t bytes) {
    anchors_[std::string(anchor)] = Anchor{node, nodes, bytes, true};
  }

  const std::string_view text_;
  Report& report_;
  SourceName where_;
  yaml_parser_t parser_{};
  std::unordered_map<std::string, Anchor> anchors_;
  std::size_t nodes_ = 0;  // composed so far, copies included
  std::size_t bytes_ = 0;
  std::size_t copied_nodes_ = 0;
  std::size_t copied_bytes_ = 0;
};

}  // namespace

std::optional<Node> parse_yaml(std::string_view text, std::string_view file_name, Report& report) {
  return Composer(text, file_name, report).document();
}

std::optional<std::int64_t> parse_yaml_integer(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  unsigned base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = to_lower(text[1]);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  if (text.empty() || text.front() == '_' || text.back() == '_') return std::nullopt;

  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  const std::uint64_t limit = negative ? kLargest + 1 : kLargest;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c == '_') continue;
    const int digit = hex_digit(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
    if (value > (limit - static_cast<unsigned>(digit)) / base) return std::nullopt;
    value = value * base + static_cast<unsigned>(digit);
  }
  return static_cast<std::int64_t>(negative ? ~value + 1 : value);
}

}  // namespace sluice::config
