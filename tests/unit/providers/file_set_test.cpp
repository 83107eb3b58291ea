#include "providers/file/file_set.h"

#include <sys/stat.h>
#include <unistd.h>

#include "providers/file/document.h"
#include "providers/file/listing.h"
#include "support/catch.h"
#include "unit/providers/file_place.h"

using namespace sluice;
using namespace sluice::providers::file;
using test::Place;
using test::router;

namespace {

FileSet directory(const Place& place) {
  config::FileProvider options;
  options.directory = place.path();
  return FileSet(options);
}

FileSet single(const std::string& path) {
  config::FileProvider options;
  options.filename = path;
  return FileSet(options);
}

FileSet::Loaded load(FileSet& files, FileSet::Empty empty = FileSet::Empty::hold) {
  return files.load(FileSet::Reading::changes, empty);
}

std::string names(const FileSet::Loaded& loaded) {
  std::string all;
  for (const auto& [name, object] : loaded.configuration.http.routers) all += (all.empty() ? "" : " ") + name;
  return all;
}

bool reports(const FileSet::Loaded& loaded, std::string_view code) {
  return std::any_of(loaded.report.begin(), loaded.report.end(),
                     [&](const config::Problem& problem) { return problem.code == code; });
}

}  // namespace

TEST_CASE("all TOML, YAML and JSON files below a directory are read, and no others") {
  Place place;
  place.make("sub/deeper");
  place.make(".hidden");
  place.write("a.yml", router("a"));
  place.write("b.YAML", router("b"));
  place.write("c.toml", "[http.routers.c]\nrule = \"Host(`c.example`)\"\nservice = \"c\"\n");
  place.write("sub/deeper/d.yaml", router("d"));
  place.write("e.json", R"json({"http":{"routers":{"e":{"rule":"Host(`e`)","service":"e"}}}})json");
  for (const char* other : {"acme.json", "e.yml~", ".f.yml", ".f.yml.swp", "4913", "readme.md", ".hidden/g.yml"}) {
    place.write(other, router("wrong"));
  }
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "a b c d e");
  CHECK(loaded.report.empty());
  CHECK(loaded.configuration.http.routers.at("c").rule == "Host(`c.example`)");
}

TEST_CASE("files are read in alphabetical order, directories among them") {
  Place place;
  place.make("b");
  place.write("c.yml", "");
  place.write("a.yml", "");
  place.write("b/z.yml", "");
  CHECK(list_files(place.path()).paths ==
        std::vector<std::string>{place / "a.yml", place / "b/z.yml", place / "c.yml"});
}

TEST_CASE("of one name in two files the first is used, and the report names both") {
  Place place;
  place.write("1.yml", "http: {routers: {web: {rule: Host(`first.example`), service: s}}}");
  place.write("2.yml", "http: {routers: {web: {rule: Host(`second.example`), service: s}}}");
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(loaded.configuration.http.routers.at("web").rule == "Host(`first.example`)");
  REQUIRE(loaded.report.size() == 1);
  CHECK(loaded.report[0].what.find("http.routers.web") != std::string::npos);
  CHECK(loaded.report[0].what.find(place / "1.yml") != std::string::npos);
  CHECK(loaded.report[0].source.where == place / "2.yml");
  CHECK(loaded.report[0].severity == config::Severity::warning);
  config::FileProvider options;
  options.directory = place.path();
  options.strict = true;
  FileSet strict(options);
  CHECK(load(strict).report.at(0).severity == config::Severity::error);
}

TEST_CASE("a file that breaks keeps its last good content, the others go live") {
  Place place;
  place.write("a.yml", router("a"));
  place.write("b.yml", router("b"));
  FileSet files = directory(place);
  CHECK(names(load(files)) == "a b");
  place.write("a.yml", "http:\n  routers: [unclosed\n");
  place.write("b.yml", router("c"));
  FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "a c");
  REQUIRE(config::has_errors(loaded.report));
  CHECK(loaded.report[0].source.where == place / "a.yml");
  CHECK(loaded.report[0].source.line > 0);
  CHECK(loaded.report[0].effect.find("last good") != std::string::npos);
  // The problem stays in the report as long as the file is as it is.
  CHECK(config::has_errors(load(files).report));
  place.write("a.yml", router("d"));
  loaded = load(files);
  CHECK(names(loaded) == "c d");
  CHECK(loaded.report.empty());
}

TEST_CASE("a file that was never good does not hold up the others") {
  Place place;
  place.write("a.yml", std::string("\x00\x01\xFF binary", 10));
  place.write("b.yml", "- a\n- list\n");
  place.write("c.toml", "[http\n");
  place.write("d.yml", router("d"));
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "d");
  CHECK(loaded.report.size() >= 3);
}

TEST_CASE("a broken object is left out alone") {
  Place place;
  place.write("a.yml",
              "http:\n  routers:\n    good: {rule: Host(`a.example`), service: s}\n"
              "    bad: {rule: Host(`b.example`), service: s, priority: high}\n");
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "good");
  CHECK(config::has_errors(loaded.report));
}

TEST_CASE("an empty file is held for a moment and then believed") {
  Place place;
  place.write("a.yml", router("a"));
  FileSet files = directory(place);
  load(files);
  place.write("a.yml", " \n");
  FileSet::Loaded loaded = load(files);
  CHECK(loaded.held);
  CHECK(names(loaded) == "a");
  loaded = load(files, FileSet::Empty::accept);
  CHECK_FALSE(loaded.held);
  CHECK(names(loaded).empty());
  CHECK(reports(loaded, "SLU-F005"));
  CHECK_FALSE(load(files).held);  // it was empty before
}

TEST_CASE("a new file that is still empty is held too") {
  Place place;
  place.write("a.yml", router("a"));
  FileSet files = directory(place);
  load(files);
  place.write("b.yml", "");
  FileSet::Loaded loaded = load(files);
  CHECK(loaded.held);
  CHECK(loaded.report.empty());
  place.write("b.yml", router("b"));
  loaded = load(files);
  CHECK_FALSE(loaded.held);
  CHECK(names(loaded) == "a b");
}

TEST_CASE("a removed file of a directory is gone; a directory that is gone keeps its files") {
  Place place;
  place.make("conf");
  place.write("conf/a.yml", router("a"));
  place.write("conf/b.yml", router("b"));
  config::FileProvider options;
  options.directory = place / "conf";
  FileSet files(options);
  CHECK(names(load(files)) == "a b");
  place.remove("conf/a.yml");
  CHECK(names(load(files)) == "b");
  place.rename("conf", "away");
  FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "b");
  CHECK(reports(loaded, "SLU-F001"));
  place.rename("away", "conf");
  CHECK(load(files).report.empty());
}

TEST_CASE("a single file that is gone keeps what it said") {
  Place place;
  FileSet files = single(place / "a.yml");
  FileSet::Loaded loaded = load(files);
  CHECK(names(loaded).empty());
  CHECK(reports(loaded, "SLU-F001"));
  place.write("a.yml", router("a"));
  loaded = load(files);
  CHECK(names(loaded) == "a");
  CHECK(loaded.report.empty());
  place.remove("a.yml");
  loaded = load(files);
  CHECK(names(loaded) == "a");
  CHECK(reports(loaded, "SLU-F001"));
}

TEST_CASE("what is not a readable regular file is reported and does not block") {
  Place place;
  REQUIRE(mkfifo((place / "a.yml").c_str(), 0600) == 0);
  place.make("b.yml");
  place.link("/dev/zero", "c.yml");
  place.link("nowhere", "d.yml");
  place.link("loop.yml", "loop.yml");
  place.link(".", "round");
  place.write("e.yml", router("e"));
  place.write("secret.yml", router("f"));
  std::filesystem::permissions(place / "secret.yml", std::filesystem::perms::none);
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == (geteuid() == 0 ? "e f" : "e"));  // root reads everything
  CHECK(loaded.report.size() == (geteuid() == 0 ? 4 : 5));
}

TEST_CASE("a huge file is refused and keeps its last good content") {
  Place place;
  place.write("a.yml", router("a"));
  FileSet files = directory(place);
  load(files);
  std::filesystem::resize_file(place / "a.yml", kMaxFileSize + 1);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "a");
  CHECK(reports(loaded, "SLU-F004"));
}

TEST_CASE("directories that nest too deeply are reported") {
  Place place;
  std::string deep = "d";
  for (int i = 0; i < 20; ++i) deep += "/d";
  place.make(deep);
  place.write(deep + "/a.yml", router("a"));
  place.write("b.yml", router("b"));
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(names(loaded) == "b");
  CHECK(reports(loaded, "SLU-F004"));
}

TEST_CASE("of more files than anybody writes the first are read, and that is reported once") {
  Place place;
  for (std::size_t i = 0; i < kMaxFiles + 2; ++i) place.write(std::to_string(100'000 + i) + ".yml", "");
  const Listing listing = list_files(place.path());
  CHECK(listing.found);
  CHECK(listing.paths.size() == kMaxFiles);
  REQUIRE(listing.report.size() == 1);
  CHECK(listing.report[0].code == "SLU-F004");
  CHECK(listing.paths.front() == place / "100000.yml");
}

TEST_CASE("keys of the root that begin with x- are for anchors") {
  const Document document = read_document(
      "x-servers: &servers [{url: 'http://127.0.0.1:1'}]\nhttp:\n  services:\n    s: {loadBalancer: {servers: "
      "*servers}}\n",
      "x.yml");
  REQUIRE(document.configuration);
  CHECK(document.configuration->http.services.at("s").load_balancer->servers.at(0).url == "http://127.0.0.1:1");
  CHECK(document.report.empty());
  CHECK(read_document("x_servers: 1\n", "x.yml").report.size() == 1);
  CHECK(read_document("http: {x-servers: 1}\n", "x.yml").report.size() == 1);
}

TEST_CASE("certificates of all files add up") {
  Place place;
  place.write("a.yml", "tls: {certificates: [{certFile: a.crt, keyFile: a.key}]}");
  place.write("b.yml",
              "tls: {certificates: [{certFile: b.crt, keyFile: b.key}], options: {strict: {sniStrict: true}}}");
  FileSet files = directory(place);
  const FileSet::Loaded loaded = load(files);
  CHECK(loaded.configuration.tls.certificates.size() == 2);
  CHECK(loaded.configuration.tls.options.at("strict").sni_strict);
}

TEST_CASE("a document is rendered when it holds a template") {
  setenv("SLUICE_TEST_DOMAIN", "env.example", 1);
  const Document document = read_document(
      "http:\n  routers:\n{{ range $i, $name := list \"a\" \"b\" }}"
      "    {{ $name }}: {rule: 'Host(`{{ $name }}.{{ env \"SLUICE_TEST_DOMAIN\" }}`)', service: s, priority: {{ add $i "
      "1 }}}\n"
      "{{ end }}",
      "x.yml");
  REQUIRE(document.configuration);
  CHECK(document.report.empty());
  CHECK(document.configuration->http.routers.at("a").rule == "Host(`a.env.example`)");
  CHECK(document.configuration->http.routers.at("b").priority == 2);
}

TEST_CASE("split in a file is Go's: text first, and a list") {
  const Document document =
      read_document("http: {routers: {r: {service: s, rule: 'Host(`{{ index (split \"a,b\" \",\") 1 }}`)'}}}", "x.yml");
  REQUIRE(document.configuration);
  CHECK(document.configuration->http.routers.at("r").rule == "Host(`b`)");
}

TEST_CASE("a template that is wrong or fails is reported with its place in the file") {
  Document document = read_document("http:\n  # {{ if }}\n", "x.yml");
  CHECK_FALSE(document.configuration);
  REQUIRE(document.report.size() == 1);
  CHECK(document.report[0].source == config::Source{"x.yml", 2, 11});
  document = read_document("http:\n\n{{ fail \"no\" }}", "x.yml");
  CHECK_FALSE(document.configuration);
  CHECK(document.report[0].source.line == 3);
}

TEST_CASE("problems behind a template say that their lines are those of the rendered text") {
  const Document document = read_document("{{ \"a: [\" }}", "x.yml");
  CHECK_FALSE(document.configuration);
  REQUIRE(document.report.size() == 1);
  CHECK(document.report[0].source.where == "x.yml (rendered)");
}

TEST_CASE("what a template took from the environment is in no report") {
  setenv("SLUICE_TEST_SECRET", "hunter2", 1);
  for (const char* text :
       {"{{ index (list 1) (env \"SLUICE_TEST_SECRET\") }}",
        "{{ regexMatch (env \"SLUICE_TEST_SECRET\" | printf \"(%s\") \"x\" }}",
        "{{ b64dec (env \"SLUICE_TEST_SECRET\") }}", "{{ add1 2 | upper (env \"SLUICE_TEST_SECRET\") }}"}) {
    const Document document = read_document(text, "x.yml");
    CHECK_FALSE(document.configuration);
    REQUIRE(document.report.size() == 1);
    CHECK(config::to_line(document.report[0]).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a byte order mark is no part of the text") {
  CHECK(read_document("\xEF\xBB\xBFhttp: {}\n", "x.yml").report.empty());
}
