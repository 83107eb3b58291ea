// problem_codes.h: the stable codes of problems of the file provider. A code never changes its meaning.
#pragma once

#include <string_view>

namespace sluice::providers::file::code {

inline constexpr std::string_view kUnreadable = "SLU-F001";    // a file or directory that cannot be read
inline constexpr std::string_view kTemplate = "SLU-F002";      // the template in a file is wrong or fails
inline constexpr std::string_view kDuplicate = "SLU-F003";     // one name defined in two files
inline constexpr std::string_view kTooMuch = "SLU-F004";       // a file too large, a directory too deep or too full
inline constexpr std::string_view kEmpty = "SLU-F005";         // a file without content
inline constexpr std::string_view kMountedAlone = "SLU-F006";  // a single file bind-mounted into the container
inline constexpr std::string_view kOptions = "SLU-F007";       // neither or both of filename and directory

}  // namespace sluice::providers::file::code
