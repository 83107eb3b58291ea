// exposition.h: Prometheus' text format 0.0.4, piece by piece. Pure.
#pragma once

#include <string>
#include <string_view>

#include "observe/metrics.h"

namespace sluice::observe {

// name="value" pairs joined by commas, without braces. Values are made valid UTF-8, and \, " and line ends escaped.
std::string label_text(const Labels& labels);
// "# HELP" and "# TYPE"; `type` is counter, gauge or histogram.
void append_family(std::string& out, std::string_view name, std::string_view help, std::string_view type);
// `labels` as from label_text, may be empty.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                   double value);
void append_histogram(std::string& out, std::string_view name, std::string_view labels, const Histogram& histogram);

}  // namespace sluice::observe
