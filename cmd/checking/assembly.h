// assembly.h: the configuration that a material gives, built as `run` builds it: the same loaders, label decoder, merge
// and snapshot builder. Nothing is opened, and nobody is asked.
#pragma once

#include <atomic>
#include <memory>

#include "cmd/checking/material.h"
#include "control/entry_points.h"
#include "control/registry.h"
#include "control/snapshot_builder.h"

namespace sluice::cmd::checking {

struct Assembly {
  config::Static configuration;
  bool static_known = false;  // else the entry points are those the routers name
  control::EntryPoints entry_points;
  control::Fragments fragments;
  control::Build build;
  config::Report report;  // of everything: reading, building, and what objects say together

  // What the build depends on.
  std::atomic<bool> terminating{false};
  control::Registry registry;
  std::unique_ptr<control::SnapshotBuilder> builder;
};

std::unique_ptr<Assembly> assemble(Material& material, control::MiddlewareKinds kinds);

}  // namespace sluice::cmd::checking
