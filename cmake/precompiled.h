// precompiled.h: what nearly every file includes, read once per target instead of once per file. Only builds for tests
// use it (SLUICE_PRECOMPILE): the release build shows that every file includes what it needs.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
