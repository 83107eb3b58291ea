// second_opinion.h: what llhttp makes of a field section that our own tokenizer accepted. Debug builds ask it about
// every head they read, so the unit tests, the integration tests and the fuzz targets compare the two parsers all the
// time; release builds do not contain it. llhttp's leniencies are never switched on.
#pragma once

#include <span>

#include "http/body.h"
#include "http/h1/tokenizer.h"

namespace sluice::http::h1 {

// True when llhttp reads the same names and values in `buffer` from offset `from` on, and ends at the same byte.
bool llhttp_agrees(Bytes buffer, std::size_t from, std::span<const FieldTokenizer::Line> lines);

}  // namespace sluice::http::h1
