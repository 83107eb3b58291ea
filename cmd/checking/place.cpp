#include "cmd/checking/place.h"

#include <algorithm>

#include "base/text.h"
#include "cmd/checking/pieces.h"
#include "config/load_static.h"
#include "config/problem_codes.h"
#include "config/toml.h"
#include "config/yaml.h"
#include "control/cross_checks.h"
#include "control/problems.h"
#include "providers/docker/problem_codes.h"
#include "providers/file/listing.h"

namespace sluice::cmd::checking {
namespace {

using config::Node;
using config::Problem;

// These name the option they are about as their source; the others name the object it belongs to.
bool is_exact(std::string_view code) {
  if (code == config::code::kInconsistent) return false;
  return code.starts_with("SLU-C") || code.starts_with("SLU-F") || code.starts_with("SLU-K");
}

// The option a problem of an object is always about.
std::string_view option_of(std::string_view code) {
  if (code == control::code::kRule || code == control::code::kRuleWarning || code == control::code::kNeedsTls ||
      code == control::code::kHiddenRouter || code == providers::docker::code::kNoRule) {
    return "rule";
  }
  if (code == control::code::kPriority) return "priority";
  if (code == control::code::kPasswordHash) return "users";
  return {};
}

// The first entry of each position: of its key, with and without the column, or of an item of a list.
void index_entries(const Node& node, std::map<std::pair<int, int>, const Node::Entry*>& entries) {
  for (const Node::Entry& entry : node.children()) {
    if (entry.line > 0) {
      entries.try_emplace({entry.line, entry.column}, &entry);
      entries.try_emplace({entry.line, 0}, &entry);
    } else {
      entries.try_emplace({entry.node.line(), entry.node.column()}, &entry);
    }
    index_entries(entry.node, entries);
  }
}

template <class Add>
void flatten(const Node& node, const std::string& name, Mark at, const Add& add) {
  if (node.is_scalar()) add(name, node.text(), at, Mark{node.line(), node.column()});
  for (const Node::Entry& entry : node.children()) {
    bool keyed = entry.line > 0;
    flatten(entry.node, keyed ? entry.key : name, keyed ? Mark{entry.line, entry.column} : at, add);
  }
}

std::string first_segments(std::string_view key, int count) {
  std::size_t end = 0;
  for (int i = 0; i < count && end != std::string_view::npos; ++i) end = key.find('.', end + (i > 0 ? 1 : 0));
  return lowered(key.substr(0, end)) + '.';
}

std::string_view quoted_part(std::string_view what) {
  std::size_t begin = what.find('"');
  if (begin == std::string_view::npos) return {};
  std::size_t end = what.find('"', begin + 1);
  return what.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
}

std::size_t byte_of(std::string_view line, int column) {
  std::size_t at = 0;
  for (int i = 1; i < column && at < line.size(); ++i) {
    do ++at;
    while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80);
  }
  return at;
}

int column_of(std::string_view line, std::size_t byte) {
  return 1 + static_cast<int>(std::count_if(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(byte),
                                            [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Locator::Locator(const Material& material) : material_(material) {
  for (const ComposeFile& file : material.compose_files) {
    for (const ComposeService& service : file.services) owners_.emplace(owner_of(service), std::pair(&file, &service));
  }
}

Locator::~Locator() = default;

Place Locator::locate(const Problem& problem) {
  const std::string& where = problem.source.where;
  if (problem.source.line > 0) return in_file(problem);
  if (where.starts_with("container ")) {
    constexpr std::string_view kLabel = " label ";
    std::size_t label = where.find(kLabel);
    std::string key = label == std::string::npos ? std::string() : where.substr(label + kLabel.size());
    return in_container(problem, where.substr(0, label), key);
  }
  if (where.starts_with("flag --")) return in_flag(problem, where.substr(7));
  if (where.empty()) return in_static(problem);
  Place place;
  (where.find_first_of("./") == std::string::npos || where.find(' ') != std::string::npos ? place.name : place.file) =
      where;
  if (auto host = material_.host_paths.find(place.file); host != material_.host_paths.end()) place.file = host->second;
  return place;
}

Place Locator::in_container(const Problem& problem, const std::string& owner, const std::string& key) {
  Place place;
  place.container = owner.substr(std::string_view("container ").size());
  place.label = key;
  auto found = owners_.find(owner);
  if (found == owners_.end()) {
    for (const auto& container : material_.engine_containers) {
      auto label = container.labels.find(key);
      if (container.name != place.container || label == container.labels.end()) continue;
      place.excerpt = key + '=' + label->second;
      point(place, 0, problem, label->second);
    }
    return place;
  }
  const auto& [file, service] = found->second;
  Mark mark = service->at;
  std::string value;
  const ComposeLabel* exact = nullptr;
  std::vector<Option> options;
  const std::string object = first_segments(key, 4);
  for (const ComposeLabel& label : service->labels) {
    if (label.key == key) exact = &label;
    if (!key.empty() && istarts_with(label.key, object)) {
      options.push_back(Option{label.key.substr(object.size()), label.value, label.at, label.value_at});
    }
  }
  if (exact != nullptr) mark = exact->at;
  if (const Option* option = is_exact(problem.code) ? nullptr : meant(options, problem)) {
    mark = option->value_at;
    value = option->value;
    for (const ComposeLabel& label : service->labels) {
      if (label.at.line == option->at.line && label.value == option->value) place.label = label.key;
    }
  } else if (exact != nullptr && is_exact(problem.code) && is_about_value(problem.what, exact->value)) {
    mark = exact->value_at;
    value = exact->value;
  }
  Place spot = at(file->path, mark, problem, value);
  spot.container = std::move(place.container);
  spot.label = std::move(place.label);
  return spot;
}

// Without a source: "providers.docker.constraints: …" of the static configuration.
Place Locator::in_static(const Problem& problem) {
  const std::string path = problem.what.substr(0, problem.what.find_first_of(": "));
  if (path.find('.') == std::string::npos) return {};
  if (material_.loaded.source == config::StaticSource::flags) return in_flag(problem, path);
  std::string file = material_.loaded.file;
  if (auto host = material_.host_paths.find(file); host != material_.host_paths.end()) file = host->second;
  const Node* node = file.empty() ? nullptr : tree_of(file);
  const Node::Entry* last = nullptr;
  for (std::string_view word : split(path, '.')) {
    const Node* map = last != nullptr ? &last->node : node;
    const Node::Entry* next = nullptr;
    for (std::size_t i = 0; map != nullptr && i < map->children().size(); ++i) {
      if (iequals(map->children()[i].key, word)) next = &map->children()[i];
    }
    if (next == nullptr) break;
    last = next;
  }
  Place place;
  place.file = file;
  if (last == nullptr) return place;
  if (!last->node.is_scalar()) return at(file, Mark{last->line, last->column}, problem, {});
  return at(file, Mark{last->node.line(), last->node.column()}, problem, last->node.text());
}

Place Locator::in_flag(const Problem& problem, const std::string& flag) {
  if (!is_exact(problem.code)) {
    // The flag is the first of an object: the one that is meant may be another.
    const std::string object = first_segments(flag, 2);
    std::vector<Option> options;
    for (const ComposeWord& word : material_.static_words) {
      std::string_view text = word.text;
      while (text.starts_with('-')) text.remove_prefix(1);
      std::size_t equals = text.find('=');
      if (equals == std::string_view::npos || !istarts_with(text, object)) continue;
      options.push_back(
          Option{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)), word.at, word.at});
    }
    const Option* option = meant(options, problem);
    if (option != nullptr && !material_.static_words_file.empty()) {
      return at(material_.static_words_file, option->value_at, problem, option->value);
    }
  }
  for (const ComposeWord& word : material_.static_words) {
    std::string_view text = word.text;
    while (text.starts_with('-')) text.remove_prefix(1);
    if (!istarts_with(text, flag) || (text.size() > flag.size() && text[flag.size()] != '=')) continue;
    if (!material_.static_words_file.empty()) return at(material_.static_words_file, word.at, problem, word.text);
    Place place;
    place.name = "flag --" + flag;
    place.excerpt = word.text;
    point(place, 0, problem, {});
    return place;
  }
  Place place;
  place.name = "flag --" + flag;
  return place;
}

Place Locator::in_file(const Problem& problem) {
  std::string file = problem.source.where;
  if (auto host = material_.host_paths.find(file); host != material_.host_paths.end()) file = host->second;
  const Mark source{problem.source.line, problem.source.column};
  if (!is_exact(problem.code)) {
    if (const Node::Entry* entry = entry_at(file, source)) {
      std::vector<Option> options;
      flatten(entry->node, entry->key, Mark{entry->line, entry->column},
              [&](const std::string& name, const std::string& value, Mark name_at, Mark value_at) {
                options.push_back(Option{name, value, name_at, value_at});
              });
      if (const Option* option = meant(options, problem)) return at(file, option->value_at, problem, option->value);
    }
  }
  return at(file, source, problem, {});
}

Place Locator::at(const std::string& file, Mark mark, const Problem& problem, std::string_view value) {
  Place place;
  place.file = file;
  place.line = mark.line;
  place.column = mark.column;
  const std::vector<std::string>* lines = lines_of(file);
  if (lines == nullptr || mark.line < 1 || static_cast<std::size_t>(mark.line) > lines->size()) return place;
  place.excerpt = (*lines)[static_cast<std::size_t>(mark.line) - 1];
  point(place, byte_of(place.excerpt, mark.column), problem, value);
  place.column = column_of(place.excerpt, place.caret);
  return place;
}

void Locator::point(Place& place, std::size_t start, const Problem& problem, std::string_view value) const {
  Piece piece = piece_of(place.excerpt, start, problem.what, value);
  place.caret = piece.at;
  place.width = piece.size;
}

const Locator::Option* Locator::meant(const std::vector<Option>& options, const Problem& problem) const {
  if (std::string_view name = option_of(problem.code); !name.empty()) {
    std::string_view user = quoted_part(problem.what);
    for (const Option& option : options) {
      std::string_view own = std::string_view(option.name).substr(option.name.rfind('.') + 1);
      bool of_user = name != "users" || option.value.find(user) != std::string::npos;
      if (iequals(own, name) && of_user) return &option;
    }
    return nullptr;
  }
  // The longest value the problem quotes; of equal ones, that of the option named like what is missing.
  const Option* best = nullptr;
  std::size_t best_score = 0;
  for (const Option& option : options) {
    for (const std::string& value : split_list(option.value)) {
      if (!mentions(problem.what, value)) continue;
      std::size_t kind = problem.what.find(' ');
      bool named = istarts_with(option.name, problem.what.substr(0, kind));
      std::size_t score = value.size() * 2 + (named ? 1 : 0);
      if (score > best_score) {
        best = &option;
        best_score = score;
      }
    }
  }
  if (best != nullptr) return best;
  for (const Option& option : options) {
    if (mentions(problem.what, option.name)) return &option;
  }
  return nullptr;
}

const std::vector<std::string>* Locator::lines_of(const std::string& file) {
  auto [found, fresh] = lines_.try_emplace(file);
  if (fresh) {
    int error = 0;
    if (std::optional<std::string> text = config::system_files().read(file, error)) {
      found->second.emplace();
      for (std::string_view line : split(*text, '\n')) {
        if (line.ends_with('\r')) line.remove_suffix(1);
        found->second->emplace_back(line);
      }
    }
  }
  return found->second ? &*found->second : nullptr;
}

const Node::Entry* Locator::entry_at(const std::string& file, Mark mark) {
  auto [index, fresh] = entries_.try_emplace(file);
  if (fresh) {
    if (const Node* tree = tree_of(file)) index_entries(*tree, index->second);
  }
  auto found = index->second.find({mark.line, mark.column});
  return found == index->second.end() ? nullptr : found->second;
}

const Node* Locator::tree_of(const std::string& file) {
  auto [found, fresh] = trees_.try_emplace(file);
  if (fresh) {
    int error = 0;
    config::Report unused;
    if (std::optional<std::string> text = config::system_files().read(file, error)) {
      found->second = providers::file::is_toml(file) ? config::parse_toml(*text, file, unused)
                                                     : config::parse_yaml(*text, file, unused);
    }
  }
  return found->second ? &*found->second : nullptr;
}

}  // namespace sluice::cmd::checking
