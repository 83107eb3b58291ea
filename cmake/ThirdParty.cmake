# The packages the rooms are built on. All of them come from the distribution, except that llhttp may come from the
# generated C sources which scripts/deps unpacks under build/llhttp.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
# OpenSSL is linked into the program where the distribution has its archives: a handshake costs a few percent less than
# across shared libraries, and the image carries only what is called.
set(OPENSSL_USE_STATIC_LIBS ${SLUICE_STATIC_OPENSSL})
foreach(library OPENSSL_SSL_LIBRARY OPENSSL_CRYPTO_LIBRARY)
  # What an earlier configuration found may be of the other kind.
  if((SLUICE_STATIC_OPENSSL AND "${${library}}" MATCHES "[.]so") OR
     (NOT SLUICE_STATIC_OPENSSL AND "${${library}}" MATCHES "[.]a$"))
    unset(${library} CACHE)
  endif()
endforeach()
find_package(OpenSSL 3.0)
if(SLUICE_STATIC_OPENSSL AND OpenSSL_FOUND)
  # A shared libcurl keeps to the OpenSSL it was made for: nothing of this one is offered to it.
  add_link_options(-Wl,--exclude-libs,ALL)
elseif(NOT OpenSSL_FOUND)
  set(OPENSSL_USE_STATIC_LIBS OFF)
  find_package(OpenSSL 3.0 REQUIRED)
  message(STATUS "no archives of OpenSSL here: the shared one is used")
endif()
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)

# llhttp: releases before 9.3 accept inputs that let a request be smuggled past the proxy (docs/architecture.md), so
# an older one is refused, never worked around.
set(SLUICE_LLHTTP_MINIMUM 9.3.0)
set(SLUICE_LLHTTP_SOURCE ${CMAKE_SOURCE_DIR}/build/llhttp/usr/src/llhttp CACHE PATH "llhttp's generated C sources")
pkg_check_modules(llhttp_system QUIET IMPORTED_TARGET libllhttp>=${SLUICE_LLHTTP_MINIMUM})
if(llhttp_system_FOUND)
  add_library(llhttp ALIAS PkgConfig::llhttp_system)
else()
  find_path(llhttp_dir llhttp.h PATHS ${SLUICE_LLHTTP_SOURCE} ${SLUICE_LLHTTP_SOURCE}/include NO_DEFAULT_PATH)
  if(NOT llhttp_dir)
    message(FATAL_ERROR "llhttp >= ${SLUICE_LLHTTP_MINIMUM} not found: run scripts/deps, which unpacks Debian's "
                        "libllhttp-source under build/llhttp")
  endif()
  file(STRINGS ${llhttp_dir}/llhttp.h llhttp_version_lines REGEX "#define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" llhttp_version
                       "${llhttp_version_lines}")
  if(llhttp_version VERSION_LESS SLUICE_LLHTTP_MINIMUM)
    message(FATAL_ERROR "llhttp ${llhttp_version} in ${llhttp_dir} is older than ${SLUICE_LLHTTP_MINIMUM}: refused")
  endif()
  file(GLOB_RECURSE llhttp_sources ${SLUICE_LLHTTP_SOURCE}/*.c)
  add_library(llhttp STATIC ${llhttp_sources})
  set_target_properties(llhttp PROPERTIES UNITY_BUILD OFF)
  target_include_directories(llhttp SYSTEM PUBLIC ${llhttp_dir})
endif()
