// What the functions give. The expected texts are what Go 1.26 with sprig 3.3 writes.
#include "config/template/template.h"
#include "support/catch.h"

using namespace sluice::config::templates;

namespace {

struct Case {
  const char* text;
  const char* expected;
};

constexpr Case kCases[] = {
    {"Host(`{{ normalize .Name }}`)", "Host(`web-app-1`)"},
    {R"({{ trimPrefix "proj-" .ContainerName | replace "." "-" | upper }})", "WEB-APP-1"},
    {R"({{ (split "." .Name)._0 }} {{ (splitn "." 2 "a.b.c")._1 }})", "web b.c"},
    {R"({{ splitList "," "a,b,c" | join "+" }})", "a+b+c"},
    {R"({{ or 1 (fail "no") }} {{ and 0 (fail "no") }})", "1 0"},
    {R"({{ print 1 2 "a" "b" 3 4 }}|{{ println 1 "a" 2 }}|{{ printf "%d-%s-%q-%v" 5 "x" "y\"z" true }})",
     R"(1 2ab3 4|1 a 2
|5-x-"y\"z"-true)"},
    {R"({{ printf "%5d|%-5d|%05d|%+d|%x|%X|%o|%b|%c|%U" 42 42 42 42 255 255 8 5 65 66 }})",
     "   42|42   |00042|+42|ff|FF|10|101|A|U+0042"},
    {R"({{ printf "%s %d" 5 "x" }} {{ printf "%d" }} {{ printf "x" 1 "b" }} {{ printf "%" }} {{ printf "%z" 1 }})",
     "%!s(int=5) %!d(string=x) %!d(MISSING) x%!(EXTRA int=1, string=b) %!(NOVERB) %!z(int=1)"},
    {R"({{ printf "%.2f|%8.3f|%e|%g|%v" 3.14159 2.5 12345.678 0.00001234 1e21 }})",
     "3.14|   2.500|1.234568e+04|1.234e-05|1e+21"},
    {R"({{ printf "%v %v %v" (list 1 "a" nil) (dict "a" 1) nil }})", "[1 a <nil>] map[a:1] <nil>"},
    {R"({{ printf "%t %t" true 1 }} {{ printf "%s" (list "a" "b") }} {{ printf "%q" (list "a" "b") }})",
     R"(true %!t(int=1) [a b] ["a" "b"])"},
    {R"({{ printf "%10s|%-10s|%.2s|%x" "héllo" "héllo" "héllo" "hé" }})", "     héllo|héllo     |hé|68c3a9"},
    {R"({{ printf "%#x %#q % d %08.3f %T %T" 255 "a" 5 3.14159 1 "a" }})", "0xff `a`  5 0003.142 int string"},
    {R"({{ html "<a href='x'>\"&" }} {{ urlquery "a b&c=d/é~*" }})",
     "&lt;a href=&#39;x&#39;&gt;&#34;&amp; a+b%26c%3Dd%2F%C3%A9~%2A"},
    {R"({{ html 1 2 "x" }})", "1 2x"},
    {R"({{ trim "  a " }}|{{ trimAll "$" "$a$" }}|{{ trimSuffix "x" "ax" }}|{{ lower "ABC" }}|{{ title "hello big-world o'neil" }})",
     "a|a|a|abc|Hello Big-World O'Neil"},
    {R"({{ repeat 3 "ab" }} {{ substr 1 3 "hello" }} {{ substr -1 3 "hello" }} {{ substr 2 -1 "hello" }} {{ trunc 3 "hello" }} {{ trunc -3 "hello" }} {{ trunc 10 "hi" }})",
     "ababab el hel llo hel llo hi"},
    {R"({{ contains "el" "hello" }} {{ hasPrefix "he" "hello" }} {{ hasSuffix "x" "hello" }})", "true true false"},
    {R"({{ quote "a\"b" 1 nil true }} {{ squote "a" 2 }} {{ cat "a" nil 1 "b" }})",
     R"("a\"b" "1" "true" 'a' '2' a 1 b)"},
    {R"({{ nospace " a b c " }} {{ indent 2 "a\nb" }}|{{ nindent 2 "a\nb" }})", R"(abc   a
  b|
  a
  b)"},
    {R"({{ default "d" "" }} {{ default "d" "x" }} {{ default 5 0 }} {{ "" | default "q" }} {{ default "x" nil }})",
     "d x 5 q x"},
    {R"({{ empty "" }} {{ empty (list) }} {{ coalesce "" 0 "x" }} {{ ternary "a" "b" true }} {{ true | ternary 1 2 }})",
     "true true x a 1"},
    {R"({{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ $d.b }} {{ get $d "a" }}|{{ get $d "zz" }}| {{ hasKey $d "a" }} {{ $d }} {{ $d.nope }} {{ $d.nope.more }})",
     "2 1|| true map[a:1 b:2] <no value> <no value>"},
    {R"({{ $d := dict "a" 1 "b" 2 }}{{ $_ := unset $d "a" }}{{ $d }} {{ keys $d }} {{ values $d }})",
     "map[b:2] [b] [2]"},
    {"{{ first (list 1 2 3) }} {{ last (list 1 2 3) }} {{ rest (list 1 2 3) }} {{ initial (list 1 2 3) }} {{ reverse "
     "(list 1 2) }}",
     "1 3 [2 3] [1 2] [2 1]"},
    {R"({{ append (list 1) 2 }} {{ prepend (list 1) 0 }} {{ concat (list 1) (list 2 3) }} {{ uniq (list 1 1 2) }} {{ without (list 1 2 3) 2 }} {{ has 2 (list 1 2) }} {{ compact (list 1 0 "" "x") }} {{ sortAlpha (list "c" "a" 1) }} {{ slice (list 1 2 3 4) 1 3 }})",
     "[1 2] [0 1] [1 2 3] [1 2] [1 3] true [1 x] [1 a c] [2 3]"},
    {"{{ until 5 }} {{ untilStep 0 10 3 }} {{ untilStep 5 0 -2 }} {{ until 0 }} {{ until -3 }}",
     "[0 1 2 3 4] [0 3 6 9] [5 3 1] [] [0 -1 -2]"},
    {"{{ seq 5 }} {{ seq 2 5 }} {{ seq 0 2 10 }} {{ seq 5 1 }} {{ seq -2 }} {{ seq 0 }}",
     "1 2 3 4 5 2 3 4 5 0 2 4 6 8 10 5 4 3 2 1 1 0 -1 -2 1 0"},
    {R"({{ add 1 2 3 }} {{ sub 5 2 }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ mod 7 3 }} {{ max 1 5 3 }} {{ min 4 2 }} {{ add1 4 }} {{ add "5" 2 }})",
     "6 3 24 3 1 5 2 5 7"},
    {"{{ div -7 2 }} {{ mod -7 3 }}", "-3 -1"},
    {R"({{ atoi "42" }} {{ atoi "x" }} {{ int "7" }} {{ int 3.9 }} {{ int64 "0x10" }} {{ float64 "1.5" }} {{ toString 5 }} {{ int true }} {{ atoi "+5" }} {{ int "" }} {{ int "+5" }})",
     "42 0 7 3 16 1.5 5 1 5 0 5"},
    {"{{ ceil 1.2 }} {{ floor 1.8 }} {{ round 1.2345 2 }}", "2 1 1.23"},
    {R"({{ b64enc "hello" }} {{ b64dec "aGVsbG8=" }} {{ sha256sum "hello" }} {{ sha256sum "" }})",
     "aGVsbG8= hello 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {R"({{ regexMatch "^a+$" "aaa" }} {{ regexFind "[a-z]+" "12ab34cd" }} {{ regexFindAll "[0-9]" "1a2b3" -1 }} {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }} {{ regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W" }} {{ regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}" }} {{ regexSplit "z+" "pizza" -1 }} {{ regexQuoteMeta "1.2.3" }})",
     R"(true ab [1 2 3] -W-xxW- --- -${1}-${1}- [pi a] 1\.2\.3)"},
    {R"~({{ regexReplaceAll "x*" "abc" "-" }} {{ regexReplaceAll "" "héy" "-" }} {{ regexFindAll "a*" "baaac" -1 }} {{ regexSplit "" "abc" -1 }} {{ regexSplit "b*" "abc" 2 }} {{ regexFindAll "a*" "baaac" 2 }} {{ regexReplaceAll "(?P<n>b)" "abc" "[${n}$$]" }})~",
     "-a-b-c- -h-é-y- [ aaa ] [a b c] [a c] [ aaa] a[b$]c"},
    {R"({{ expandenv "$NOPE ${HOME_X} a" }} {{ env "NOPE_X" }})", "  a "},
    {R"({{ replace "" "-" "abc" }}|{{ replace "a" "" "banana" }})", "-a-b-c-|bnn"},
    {R"({{ split "" "abc" }})", "map[_0:a _1:b _2:c]"},
    {R"({{ print nil }} {{ print (list nil) }} {{ toString nil }} {{ index (dict "a" nil) "a" }} {{ (dict "a" nil).a }})",
     "<nil> [<nil>] <nil> <no value> <no value>"},
    {"{{ 3 | add 4 | mul 2 }}", "14"},
    {R"({{ printf "%s-%s" "a" "b" | quote }})", R"("a-b")"},
    {R"({{ join "," 5 }} {{ join "," (list 1 nil "a") }} {{ join "," "x" }})", "5 1,a x"},
    {R"({{ 1 | printf "%d" }}{{ with 1 }}{{ $.Name }}{{ end }})", "1web.app_1"},
    {R"({{ normalize "a__b..c-dé_ü" }} {{ normalize "--x--" }} {{ normalize "" }})", "a-b-c-dé-ü x "},
    {R"({{ all 1 2 }} {{ any 0 "" }} {{ all 1 0 }} {{ max "5" 3 }})", "true false false 5"},
    {"{{ first (list) }} {{ last (list) }}", "<no value> <no value>"},
    {R"({{ index .Labels "a.b" | default "none" }})", "x"},
    {R"({{ $v := index (splitList "-" .ContainerName) 0 }}{{ $v }})", "proj"},
    {R"({{ printf "%v|%5v|%-5v|%05v" 1.5 "a" "b" 3 }})", "1.5|    a|b    |00003"},
    {R"({{ printf "%6.2f%%" 99.5 }})", " 99.50%"},
    {R"({{ quote "é\n\u200b\x00" }})", R"("é\n\u200b\x00")"},
    {R"({{ .Name | printf "%s.%s" "x" }})", "x.web.app_1"},
    {"{{ (list 1 2 3 | first) }}", "1"},
    {R"({{
  upper
  "a"
}})",
     "A"},
    {R"({{ printf "%s"
"a" }})",
     "a"},
};

}  // namespace

TEST_CASE("functions give what they give in Go and sprig") {
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
