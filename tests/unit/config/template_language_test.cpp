// What the language means. The expected texts are what Go 1.26 writes.
#include "config/template/template.h"
#include "support/catch.h"

using namespace sluice::config::templates;

namespace {

struct Case {
  const char* text;
  const char* expected;
};

constexpr Case kCases[] = {
    {R"(Host(`{{ .Name }}.{{ index .Labels "host" }}`))", "Host(`web.app_1.h.example`)"},
    {R"({{ index .Labels "missing" }}|{{ .Labels.host }}|{{ .Labels.nope }})", "|h.example|<no value>"},
    {R"({{ range $i, $e := list "a" "b" }}{{ $i }}={{ $e }};{{ else }}none{{ end }})", "0=a;1=b;"},
    {"{{ range list }}x{{ else }}none{{ end }}", "none"},
    {R"({{ range $k, $v := dict "b" 2 "a" 1 }}{{ $k }}={{ $v }};{{ end }})", "a=1;b=2;"},
    {"{{ range 3 }}{{ . }}{{ end }}", "012"},
    {"{{ range $i := 3 }}{{ $i }}{{ end }}", "012"},
    {R"({{- /* c */ -}}  x  {{- " y " -}}  z)", "x y z"},
    {"{{ if eq 1 1 }}a{{ else if true }}b{{ else }}c{{ end }}", "a"},
    {R"({{ if false }}a{{ else if "" }}b{{ else }}c{{ end }})", "c"},
    {R"({{ with "v" }}{{ . }}{{ else }}no{{ end }}{{ with "" }}{{ . }}{{ else }}no{{ end }})", "vno"},
    {R"({{ with $x := "v" }}{{ $x }}{{ end }})", "v"},
    {R"({{ with "" }}a{{ else with "q" }}{{ . }}{{ end }})", "q"},
    {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"},
    {R"({{ block "b" "y" }}[{{ . }}]{{ end }})", "[y]"},
    {R"({{ eq "a" "b" "a" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge 1.5 1.5 }})",
     "true true true true true true"},
    {R"({{ len "abc" }} {{ len (list 1 2) }} {{ len (dict "a" 1) }})", "3 2 1"},
    {R"({{ index (list 1 2 3) 1 }} {{ index "abc" 1 }} {{ index (dict "a" (list 5)) "a" 0 }})", "2 98 5"},
    {R"({{ 1e3 }} {{ 0x1F }} {{ 1_000 }} {{ 'a' }} {{ -5 }} {{ .5 }} {{ 017 }} {{ 0b11 }} {{ 1.0 }} {{ '\n' }} {{ +5 }})",
     "1000 31 1000 97 -5 0.5 15 3 1 10 5"},
    {R"({{ "a\tb\u00e9\x41\101" }} {{ `raw\n` }})", R"(a	béAA raw\n)"},
    {"{{ range $x := list 1 2 3 4 }}{{ if eq $x 2 }}{{ continue }}{{ end }}{{ if eq $x 4 }}{{ break }}{{ end }}{{ $x "
     "}}{{ end }}",
     "13"},
    {R"({{ define "x" }}{{ end }}{{ define "x" }}b{{ end }}{{ template "x" }})", "b"},
    {R"({{ (dict "a" (dict "b" 7)).a.b }} {{ $x := dict "a" (dict "b" 7) }}{{ $x.a.b }})", "7 7"},
    {"{{ range .Labels }}{{ . }};{{ end }}{{ range $k, $v := .Labels }}{{ $k }}{{ $v }}{{ end }}",
     "x;h.example;a.bxhosth.example"},
    {"{{ .Labels }}", "map[a.b:x host:h.example]"},
    {"{{ true }} {{ false }} {{ not true }}", "true false false"},
    {"{{ $i := 0 }}{{ $x := 0 }}{{ range $i, $x = list 7 8 }}{{ end }}{{ $i }}{{ $x }}", "18"},
    {"a {{- 3 -}} b {{-3}} c", "a3b -3 c"},
    {R"({{"{{"}} x {{`}}`}})", "{{ x }}"},
    {"{{ eq nil nil }} {{ eq nil 1 }}", "true false"},
    {R"({{ dict "a" }} {{ dict 1 2 }} {{ dict }})", "map[a:] map[1:2] map[]"},
    {"{{ .Name }}{{/* a */}}{{- /* b */ -}} {{/* c */ -}}  end", "web.app_1end"},
    {"{{ 100000.0 }} {{ 1000000.0 }} {{ 1234567.5 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e100 }} {{ 123456789.0 }} {{ "
     "2.5e-7 }} {{ 1e21 }} {{ 1e20 }}",
     "100000 1e+06 1.2345675e+06 0.0001 1e-05 1e+100 1.23456789e+08 2.5e-07 1e+21 1e+20"},
    {"{{ if .Labels.nope }}a{{ else }}b{{ end }}", "b"},
    {R"({{ $a := 1 }}{{ $b := $a }}{{ $a = "x" }}{{ $a }}{{ $b }})", "x1"},
    {"{{ with list 1 2 }}{{ index . 1 }}{{ end }}", "2"},
    {"{{range $i, $c := until 3}}{{if $i}},{{end}}{{$c}}{{end}}", "0,1,2"},
    {R"({{ if true }}
  a
{{- else }}
  b
{{ end -}}

 tail)",
     R"(
  atail)"},
    {R"({{ range $i, $_ := until 2 }}
r{{ $i }}:
  {{- if $i }} x {{ end }}
{{ end }})",
     R"(
r0:

r1: x 
)"},
};

}  // namespace

TEST_CASE("templates mean what they mean in Go") {
  const Value data = Value::record({{"Name", "web.app_1"},
                                    {"ContainerName", "proj-web.app-1"},
                                    {"Labels", Value::texts({{"a.b", "x"}, {"host", "h.example"}})}});
  for (const Case& one : kCases) {
    INFO(one.text);
    TemplateError error;
    const std::optional<Template> parsed = Template::parse(one.text, Dialect::rule, error);
    REQUIRE(parsed.has_value());
    const std::optional<std::string> text = parsed->render(data, error);
    INFO(error.what);
    REQUIRE(text.has_value());
    CHECK(*text == one.expected);
  }
}
