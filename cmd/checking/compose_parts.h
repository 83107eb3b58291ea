// compose_parts.h: the parts of a compose service in their several notations: ports, networks, mounts, commands. Pure.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/checking/compose_file.h"

namespace sluice::cmd::checking {

// As compose normalises the name of a directory: lower case letters, digits, _ and -.
std::string project_name(std::string_view text);

// The engine's names of the networks a service joins; the project's default one when it names none.
std::vector<std::string> network_names(const config::Node& file, const config::Node& service,
                                       const std::string& project);

// `expose` and the container's side of `ports`, sorted and once each.
std::vector<providers::docker::Port> ports_of(const config::Node& service);

std::map<std::string, std::string> environment_of(const config::Node& service);

// Mounts of files and directories of the host.
std::vector<ComposeMount> mounts_of(const config::Node& service, const std::filesystem::path& directory);

// A command written as one text, in words; quotes group.
std::vector<std::string> shell_words(std::string_view text);

// "traefik:v3", "registry/sluice", whatever the tag.
bool is_router_image(std::string_view image);
bool has_router_flags(const ComposeService& service);

}  // namespace sluice::cmd::checking
