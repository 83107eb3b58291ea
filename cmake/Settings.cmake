# Language level, warnings and hardening for our own targets. Everything here hangs on the interface target
# `sluice_settings`, so third-party code keeps its own flags.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

include(CMakeDependentOption)
option(SLUICE_TESTS "Build the tests" ON)
option(SLUICE_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
option(SLUICE_PRECOMPILE "Precompile the headers that nearly every file includes" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers for everything we compile: address,undefined or thread")
cmake_dependent_option(SLUICE_STATIC_OPENSSL "Link OpenSSL into the program" ON
                       [[CMAKE_BUILD_TYPE STREQUAL "Release"]] OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(sluice_settings INTERFACE)
target_compile_options(sluice_settings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
target_include_directories(sluice_settings INTERFACE ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR})
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(sluice_settings INTERFACE -fstack-protector-strong -fcf-protection=return)
  target_compile_definitions(sluice_settings INTERFACE _FORTIFY_SOURCE=2)
  # What nothing refers to stays out of the program.
  target_compile_options(sluice_settings INTERFACE -ffunction-sections -fdata-sections)
  add_link_options(-pie -Wl,-z,relro,-z,now -Wl,--gc-sections)
  if(MOLD)
    # Templates make many functions that are the same; nobody compares their addresses.
    add_link_options(-Wl,--icf=all)
    # Relative relocations in their short form. The first releases of mold forgot to say that glibc has to know it.
    execute_process(COMMAND ${MOLD} --version OUTPUT_VARIABLE mold_version)
    if(mold_version MATCHES "^mold ([0-9.]+)" AND CMAKE_MATCH_1 VERSION_GREATER_EQUAL 2)
      add_link_options(-Wl,-z,pack-relative-relocs)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Optimising, g++ 12 sees overlapping copies in every `"x" + std::string` (its bug 105651).
    target_compile_options(sluice_settings INTERFACE -Wno-restrict)
  endif()
else()
  target_compile_definitions(sluice_settings INTERFACE SLUICE_DEBUG=1 _GLIBCXX_ASSERTIONS)
endif()
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "undefined")
    # The vptr check asks the system with a pipe whether it may read an object, and calls every object invalid once
    # descriptors run out, which is what some tests are about.
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot assemble the `function` check's prologue in a coroutine ("difference across sections").
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=function>)
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside inlined library code and coroutine frames that cannot be uninitialised.
  target_compile_options(sluice_settings INTERFACE -Wno-maybe-uninitialized)
endif()
if(CMAKE_UNITY_BUILD)
  # In a batch, a coroutine's frame of a type without linkage is not in the main file, which is no mistake.
  target_compile_options(sluice_settings INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(SLUICE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
