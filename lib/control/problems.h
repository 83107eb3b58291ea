// problems.h: what can be wrong with a configuration that was read well: references to nothing, rules that do not
// parse, objects this version does not serve. One function per problem, so that each is worded once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace sluice::control {

namespace code {
inline constexpr std::string_view kUnknownReference = "SLU-B001";   // a name that nothing defines
inline constexpr std::string_view kRule = "SLU-B002";               // a rule that cannot be used
inline constexpr std::string_view kUnknownEntryPoint = "SLU-B003";  // a router names an entry point that is not there
inline constexpr std::string_view kNoEntryPoint = "SLU-B004";       // a router is left without any entry point
inline constexpr std::string_view kServer = "SLU-B005";             // a server that cannot be used
inline constexpr std::string_view kServiceType = "SLU-B006";  // a service of no type, of two, or of one not served
inline constexpr std::string_view kMiddleware = "SLU-B007";   // a middleware that cannot be built
inline constexpr std::string_view kHealthCheck = "SLU-B020";  // a health check that cannot be made
inline constexpr std::string_view kCycle = "SLU-B008";        // objects that refer to each other in a circle
inline constexpr std::string_view kPriority = "SLU-B009";     // a priority in the reserved band
inline constexpr std::string_view kTlsRouter = "SLU-B010";    // a router whose TLS settings do not fit
inline constexpr std::string_view kAddress = "SLU-B012";      // an address that cannot be read or used
inline constexpr std::string_view kRuleWarning = "SLU-B011";  // part of a rule can never match as meant
inline constexpr std::string_view kTlsOptions = "SLU-B013";   // TLS options that cannot be used
inline constexpr std::string_view kCertificate = "SLU-B014";  // a certificate that cannot be served
inline constexpr std::string_view kDelegation = "SLU-B025";   // challenges handed to nobody, or to two
inline constexpr std::string_view kUnknownTlsOptions = "SLU-X006";  // tls.options that nothing defines
inline constexpr std::string_view kNeedsTls = "SLU-X008";           // a TCP rule that only a TLS handshake can meet
inline constexpr std::string_view kWrongTransport = "SLU-X009";     // a router on an entry point of another transport
}  // namespace code

config::Problem problem(std::string_view code, std::string what, const config::Source& source, std::string effect,
                        std::string fix, config::Severity severity = config::Severity::error);

// `kind` is "service" or "middleware"; `known` are all qualified names of that kind.
config::Problem unknown_reference(std::string_view kind, const std::string& name, const std::vector<std::string>& known,
                                  const config::Source& source, std::string effect);

}  // namespace sluice::control
