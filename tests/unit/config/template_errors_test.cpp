#include <string>

#include "config/template/template.h"
#include "support/catch.h"

using namespace sluice::config::templates;

namespace {

struct Case {
  const char* text;
  int line;
  int column;
  const char* what;
};

constexpr Case kCases[] = {
    {"{{ .Nope }}", 1, 4, "there is no .Nope; known are .ContainerName, .Labels, .Name"},
    {R"({{ and 1 0 2 }} {{ or 0 "" "x" }} {{ not 1 }} {{ and }})", 1, 50, "and wants at least 1 argument, got 0"},
    {R"({{ eq 1 "a" }})", 1, 4, "eq: incompatible types for comparison: int and string"},
    {"{{ eq 1 1.0 }}", 1, 4, "eq: incompatible types for comparison: int and float64"},
    {R"({{ lt 1 "a" }})", 1, 4, "lt: int and string have no order"},
    {"{{ index (list 1) 5 }}", 1, 4, "index: index out of range: 5"},
    {"{{ upper 1 }}", 1, 4, "upper: wrong type for argument 1; expected string; got int"},
    {"{{ upper }}", 1, 4, "upper wants 1 argument, got 0"},
    {R"({{ upper "a" "b" }})", 1, 4, "upper wants 1 argument, got 2"},
    {"{{ nofunc 1 }}", 1, 4, R"(function "nofunc" is not defined)"},
    {"{{ $undefined }}", 1, 4, "undefined variable $undefined"},
    {"{{ if }}", 1, 7, "missing value for if"},
    {"{{ if true }}", 1, 1, "{{if}} without {{end}}"},
    {"{{ end }}", 1, 1, "unexpected {{end}}"},
    {"{{ else }}", 1, 1, "unexpected {{else}}"},
    {R"({{ "a" | "b" }})", 1, 10, "non executable command in pipeline stage 2"},
    {R"({{ "unclosed }})", 1, 4, "unterminated quoted text"},
    {"{{ unclosed", 1, 4, R"(function "unclosed" is not defined)"},
    {"{{ /* bad */ }}", 1, 4, "unexpected character / in an action"},
    {"{{/* unclosed", 1, 1, "unclosed comment"},
    {"{{ (1 }}", 1, 7, "unclosed left parenthesis"},
    {"{{ 1) }}", 1, 5, "unexpected right parenthesis"},
    {"{{ nil }}", 1, 4, "nil is not a command"},
    {"{{ nil | print }}", 1, 4, "nil is not a command"},
    {"{{ . | nosuch }}", 1, 8, R"(function "nosuch" is not defined)"},
    {R"({{ "a" "b" }})", 1, 4, "this is not a function and cannot take arguments"},
    {R"({{ .Name "b" }})", 1, 4, "this is not a function and cannot take arguments"},
    {"{{ range $a, $b, $c := list }}{{ end }}", 1, 14, "too many variables in range"},
    {R"({{ template "nope" }})", 1, 1, R"(template "nope" is not defined)"},
    {"{{ break }}", 1, 1, "{{break}} outside {{range}}"},
    {R"({{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }})", 1, 27, R"(template "x" is defined twice)"},
    {"{{ 1a }}", 1, 4, "1a is not a number"},
    {"{{ 99999999999999999999 }}", 1, 4, "99999999999999999999 is not a number"},
    {"{{ 'ab' }}", 1, 4, "single quotes hold exactly one character"},
    {R"({{ "a\q" }})", 1, 7, "unknown escape sequence"},
    {"{{ .Name.Foo }}", 1, 4, "cannot take field Foo of string"},
    {R"({{ "abc".Foo }})", 1, 9, "unexpected .Foo in a constant"},
    {"{{ $ | len }}", 1, 8, "len: struct has no length"},
    {"{{ len 5 }}", 1, 4, "len: int has no length"},
    {R"({{ range "abc" }}{{ . }}{{ end }})", 1, 1, "range cannot go over string"},
    {"{{ range nil }}x{{ else }}e{{ end }}", 1, 10, "nil is not a command"},
    {"{{ $x := list 1 2 }}{{ range $i, $x = $x }}{{ $i }}{{ end }}", 1, 30, "undefined variable $i"},
    {"{{ eq (list 1) (list 1) }}", 1, 4, "eq: lists and maps cannot be compared"},
    {"{{- range until 3 }}", 1, 1, "{{range}} without {{end}}"},
    {"{{- end }}", 1, 1, "unexpected {{end}}"},
    {R"({{ fail "boom" }})", 1, 4, "fail: boom"},
    {R"({{ repeat -1 "a" }})", 1, 4, "repeat: wants a count that is not negative"},
    {R"({{ substr 5 2 "hello" }})", 1, 4, "substr: bounds out of range"},
    {"{{ div 1 0 }}", 1, 4, "div: division by zero"},
    {"{{ trunc 2 5 }}", 1, 4, "trunc: wrong type for argument 2; expected string; got int"},
    {R"({{ ternary "a" "b" 1 }})", 1, 4, "ternary: wrong type for argument 3; expected bool; got int"},
    {"{{ index nil 1 }}", 1, 4, "index: index of a value that does not exist"},
    {R"({{ index (list 1) "a" }})", 1, 4, "index: cannot index with string"},
    {"{{ with .Nope }}{{ end }}", 1, 9, "there is no .Nope; known are .ContainerName, .Labels, .Name"},
    {"{{ if $x := 5 }}{{ $x }}{{ end }}{{ $x }}", 1, 37, "undefined variable $x"},
    {"{{if true}}a{{else}}b{{else}}c{{end}}", 1, 22, "a second {{else}}"},
    {R"({{range 2}}{{define "z"}}{{end}}{{end}})", 1, 12, "{{define}} inside another block"},
    {R"({{template "a" 1 2}})", 1, 1, R"(template "a" is not defined)"},
    {R"({{block "q"}}{{end}})", 1, 12, "missing value for block"},
};

TemplateError error_of(std::string_view text, const Value& data = {}, Dialect dialect = Dialect::rule) {
  TemplateError error;
  if (const std::optional<Template> parsed = Template::parse(text, dialect, error)) {
    CHECK_FALSE(parsed->render(data, error).has_value());
  }
  return error;
}

// Rendered without error, however large.
std::string rendered(std::string_view text, const Value& data = {}, Dialect dialect = Dialect::rule) {
  TemplateError error;
  const std::optional<Template> parsed = Template::parse(text, dialect, error);
  if (!parsed) return "does not parse: " + error.what;
  return parsed->render(data, error).value_or("fails: " + error.what);
}

std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("what Go refuses is refused, with its place") {
  const Value data = Value::record({{"Name", "web.app_1"},
                                    {"ContainerName", "proj-web.app-1"},
                                    {"Labels", Value::texts({{"a.b", "x"}, {"host", "h.example"}})}});
  for (const Case& one : kCases) {
    INFO(one.text);
    const TemplateError error = error_of(one.text, data);
    CHECK(error.what == one.what);
    CHECK(error.line == one.line);
    CHECK(error.column == one.column);
  }
}

TEST_CASE("a place in a later line counts from that line") {
  const TemplateError error = error_of("a\n\n  {{ \"x\" }}{{ nope }}\n");
  CHECK(error.line == 3);
  CHECK(error.column == 15);
}

TEST_CASE("a misspelt function is told the nearest one") {
  CHECK(error_of("{{ normalise .Name }}").what == "function \"normalise\" is not defined; did you mean \"normalize\"?");
  CHECK(error_of("{{ trimprefix .Name }}").what.ends_with("did you mean \"trimPrefix\"?"));
  CHECK(error_of("{{ getHostByName \"x\" }}").what == "function \"getHostByName\" is not defined");
}

TEST_CASE("split differs between rules and files, as in Traefik") {
  CHECK(rendered("{{ (split \",\" \"a,b\")._1 }}") == "b");
  CHECK(rendered("{{ index (split \"a,b\" \",\") 1 }}", {}, Dialect::file) == "b");
}

TEST_CASE("dates are written in Go's layouts") {
  setenv("TZ", "UTC", 1);
  CHECK(rendered(
            "{{ date \"2006-01-02T15:04:05Z07:00 Mon Jan _2 3:04PM Monday January 06 1 2 002 -0700 MST\" 86400 }}") ==
        "1970-01-02T00:00:00Z Fri Jan  2 12:00AM Friday January 70 1 2 002 +0000 UTC");
  CHECK(rendered("{{ htmlDate 0 }} {{ unixEpoch now | len }}") == "1970-01-01 10");
}

TEST_CASE("the environment can be asked") {
  setenv("SLUICE_TEST_A", "one", 1);
  unsetenv("SLUICE_TEST_B");
  CHECK(rendered("{{ env \"SLUICE_TEST_A\" }}|{{ env \"SLUICE_TEST_B\" }}|{{ expandenv "
                 "\"$SLUICE_TEST_A-${SLUICE_TEST_A}$\" }}") == "one||one-one$");
}

TEST_CASE("uuids are random and of version 4") {
  const std::string a = rendered("{{ uuidv4 }}");
  CHECK(a.size() == 36);
  CHECK(a[14] == '4');
  CHECK(a != rendered("{{ uuidv4 }}"));
}

TEST_CASE("one template can be rendered again and again, with other data") {
  TemplateError error;
  const std::optional<Template> parsed = Template::parse("{{ $x := .N }}{{ $x }}", Dialect::rule, error);
  REQUIRE(parsed);
  CHECK(parsed->render(Value::record({{"N", 1}}), error) == "1");
  CHECK(parsed->render(Value::record({{"N", "two"}}), error) == "two");
}

TEST_CASE("data given to a template cannot be changed by it") {
  const Value data = Value::record({{"Labels", Value::texts({{"a", "b"}})}});
  CHECK(error_of("{{ set . \"x\" 1 }}", data).what.find("dict") != std::string::npos);
  CHECK(error_of("{{ set .Labels \"x\" \"1\" }}", data).what.find("dict") != std::string::npos);
}

TEST_CASE("a label that is not there is empty by index, and no value by field") {
  const Value data = Value::record({{"Labels", Value::texts({})}});
  CHECK(rendered("[{{ index .Labels \"x\" }}] [{{ .Labels.x }}]", data) == "[] [<no value>]");
}

TEST_CASE("endless and explosive templates end with an error") {
  CHECK(error_of("{{ range until 2000000 }}{{ end }}").what.find("steps") != std::string::npos);
  CHECK(error_of("{{ range 2000000000 }}{{ end }}").what.find("steps") != std::string::npos);
  CHECK(error_of("{{ define \"t\" }}{{ template \"t\" }}{{ end }}{{ template \"t\" }}").what.find("deep") !=
        std::string::npos);
  CHECK(error_of("{{ repeat 1000000000 \"abc\" }}").what.find("long") != std::string::npos);
  CHECK(error_of(repeated("{{ printf \"%99999d\" 1 }}", 1000)).what.find("16 MiB") != std::string::npos);
  // Doubling a text 60 times.
  CHECK(error_of("{{ $s := \"x\" }}" + repeated("{{ $s = print $s $s }}", 60)).what.find("steps") != std::string::npos);
  CHECK(error_of("{{ $s := \"x\" }}" + repeated("{{ $s = replace \"x\" \"xxxxxxxxxxxxxxxx\" $s }}", 16))
            .what.find("steps") != std::string::npos);
  CHECK(error_of("{{ $s := \"x\" }}" + repeated("{{ $s = quote $s $s | printf \"%q\" }}", 40)).what.find("steps") !=
        std::string::npos);
  CHECK(error_of("{{ $s := repeat 1000000 \"x\" }}{{ range until 100 }}{{ $s }}{{ end }}").what.find("16 MiB") !=
        std::string::npos);
  CHECK(error_of("{{ seq 1 1000000000 }}").what.find("steps") != std::string::npos);
  CHECK(error_of("{{ indent 1000 (repeat 1000000 \"\\n\") }}").what.find("steps") != std::string::npos);
  CHECK(error_of("{{ join (repeat 1000 \"x\") (until 100000) }}").what.find("steps") != std::string::npos);
}

TEST_CASE("a list that holds itself many times over is not walked for ever") {
  const std::string doubled = "{{ $l := list 1 }}" + repeated("{{ $l = list $l $l }}", 60);
  CHECK(error_of(doubled + "{{ $l }}").what.find("steps") != std::string::npos);
  CHECK(error_of(doubled + "{{ has $l (list $l) }}").what.find("steps") != std::string::npos);
  CHECK(error_of(doubled + "{{ set (dict) \"a\" $l }}").what.find("steps") != std::string::npos);
}

TEST_CASE("values nested too deeply to print are an error, and are freed") {
  CHECK(error_of("{{ $l := list 1 }}{{ range until 20000 }}{{ $l = list $l }}{{ end }}{{ $l }}").what != "");
  CHECK(rendered("{{ $l := list 1 }}{{ range until 20000 }}{{ $l = list $l }}{{ end }}done") == "done");
  CHECK(rendered("{{ $d := dict }}{{ $p := $d }}{{ range until 10000 }}{{ $n := dict }}{{ $_ := set $p \"x\" $n }}"
                 "{{ $p = $n }}{{ end }}done") == "done");
}

TEST_CASE("a dict cannot be put into itself") {
  CHECK(error_of("{{ $d := dict }}{{ $_ := set $d \"x\" $d }}").what.find("itself") != std::string::npos);
  CHECK(error_of("{{ $d := dict }}{{ $_ := set $d \"x\" (list (dict \"y\" $d)) }}").what.find("itself") !=
        std::string::npos);
}

TEST_CASE("a map may be changed while it is ranged over") {
  CHECK(rendered("{{ $d := dict \"a\" 1 \"b\" 2 }}{{ range $k, $v := $d }}{{ $_ := unset $d \"b\" }}"
                 "{{ $_ := set $d (print $k \"x\") 3 }}{{ $k }}{{ end }}|{{ $d }}") == "ab|map[a:1 ax:3 bx:3]");
}

TEST_CASE("source text is bounded in depth and size") {
  CHECK(error_of(repeated("{{ if 1 }}", 200) + repeated("{{ end }}", 200)).what.find("nested") != std::string::npos);
  CHECK(error_of("{{ " + repeated("(", 200) + "1" + repeated(")", 200) + " }}").what.find("nested") !=
        std::string::npos);
  CHECK(error_of("{{ if 0 }}" + repeated("{{ else if 0 }}", 200) + "{{ end }}").what.find("nested") !=
        std::string::npos);
  CHECK(error_of(repeated("{{1}}", 150'000)).what.find("parts") != std::string::npos);
  CHECK(error_of("{{ $x := 1 }}{{ $x" + repeated(".a", 300'000) + " }}").what.find("parts") != std::string::npos);
  CHECK(error_of(std::string((16 << 20) + 1, 'x')).what.find("longer") != std::string::npos);
}

TEST_CASE("templates that are cut off anywhere are errors or text, never worse") {
  const std::string text =
      "{{- /* c */ -}}{{ define \"t\" }}{{ .a | printf \"%5.2f\" }}{{ end }}{{ range $i, $e := list 1 `x` 'c' }}"
      "{{ if and (eq $i 1) $e }}{{ break }}{{ else if $.x }}{{ template \"t\" . }}{{ end }}{{ else -}} e {{ end }}";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    INFO(text.substr(0, length));
    TemplateError error;
    const std::optional<Template> parsed = Template::parse(text.substr(0, length), Dialect::file, error);
    CHECK((parsed.has_value() || (!error.what.empty() && error.line == 1 && error.column >= 1)));
    if (parsed) (void)parsed->render({}, error);
  }
}

TEST_CASE("bytes that are no UTF-8 pass through text and are escaped in messages") {
  CHECK(rendered("\xFF\x80{{ \"\xC3\" }}") == "\xFF\x80\xC3");
  CHECK(error_of("{{ \x01 }}").what.find('\x01') == std::string::npos);
  CHECK(normalize("a\xFF"
                  "b") == "a-b");
}
