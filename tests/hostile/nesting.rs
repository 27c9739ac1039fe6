//! Text nested 100,000 deep, in every way a format can nest, and repeated keys by the 100,000: each
//! gets its own message, and none of them gets far.

use bailiwick::document::{CatalogDocument, DirectoryDocument, Parsed, PolicyDocument, Problems};

use crate::world::said;
use crate::{golden, on_a_small_stack};

const DEEP: usize = 100_000;

#[derive(Clone, Copy)]
enum Format {
    Toml,
    #[cfg(feature = "json")]
    Json,
}

struct Case {
    name: &'static str,
    format: Format,
    text: fn() -> String,
}

fn shape<T>(parsed: Parsed<T>) -> Option<Problems> {
    parsed.into_document().err()
}

/// Reads a text as each of the three documents.
fn read(format: Format, text: &str) -> [String; 3] {
    let problems = match format {
        Format::Toml => [
            shape(CatalogDocument::from_toml("c", text)),
            shape(PolicyDocument::from_toml("p", text)),
            shape(DirectoryDocument::from_toml("d", text)),
        ],
        #[cfg(feature = "json")]
        Format::Json => [
            shape(CatalogDocument::from_json("c", text)),
            shape(PolicyDocument::from_json("p", text)),
            shape(DirectoryDocument::from_json("d", text)),
        ],
    };
    problems.map(|it| it.as_ref().map_or_else(String::new, said))
}

/// What must be said stands in `nesting.txt`, and for JSON in `nesting-json.txt`.
#[test]
fn what_is_nested_deep_is_refused() {
    check("nesting.txt", toml_cases());
    #[cfg(feature = "json")]
    check("nesting-json.txt", json_cases());
}

fn check(file: &str, cases: Vec<Case>) {
    let mut found = String::new();
    for Case { name, format, text } in cases {
        let said = on_a_small_stack(move || read(format, &text()));
        found.push_str(&format!("=== {name}\n"));
        for said in said {
            found.push_str(if said.is_empty() { "(sound)" } else { &said });
            found.push('\n');
        }
        found.push('\n');
    }
    golden::compare(file, &found);
}

/// The same of the `Deserialize` that the shapes have for other formats.
#[cfg(feature = "json")]
#[test]
fn what_is_nested_deep_is_refused_by_serde_alone() {
    on_a_small_stack(|| {
        let deep = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
        let text = format!("{{\"roles\":{deep}}}");
        for error in [
            serde_json::from_str::<CatalogDocument>(&text).err(),
            serde_json::from_str::<PolicyDocument>(&text).err(),
            serde_json::from_str::<DirectoryDocument>(&text).err(),
        ] {
            let error = error.map(|it| it.to_string()).unwrap_or_default();
            assert!(error.contains("nested deeper than 64 levels"), "{error}");
        }
        // By TOML and serde as well.
        let text = format!("roles = {deep}");
        assert!(toml::from_str::<PolicyDocument>(&text).is_err());
    });
}

fn nested(open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP))
}

fn toml_cases() -> Vec<Case> {
    use Format::Toml;
    vec![
        Case {
            name: "arrays",
            format: Toml,
            text: || format!("roles = {}", nested("[", "", "]")),
        },
        Case {
            name: "arrays that nobody closes",
            format: Toml,
            text: || format!("roles = {}", "[".repeat(DEEP)),
        },
        Case {
            name: "closing brackets alone",
            format: Toml,
            text: || format!("roles = {}", "]".repeat(DEEP)),
        },
        Case {
            name: "inline tables",
            format: Toml,
            text: || format!("tokens = {}", nested("{ a = ", "1", " }")),
        },
        Case {
            name: "arrays and inline tables in turn",
            format: Toml,
            text: || format!("users = {}", nested("[{ roles = ", "1", " }]")),
        },
        Case {
            name: "a dotted key",
            format: Toml,
            text: || format!("{}a = 1", "a.".repeat(DEEP)),
        },
        Case {
            name: "a dotted key in an inline table",
            format: Toml,
            text: || format!("tokens = {{ {}a = 1 }}", "a.".repeat(DEEP)),
        },
        Case {
            name: "a header of a table",
            format: Toml,
            text: || format!("[{}a]", "a.".repeat(DEEP)),
        },
        Case {
            name: "a header of a list",
            format: Toml,
            text: || format!("[[{}a]]", "a.".repeat(DEEP)),
        },
        Case {
            name: "headers of lists, one in the other, as deep as the parser goes",
            format: Toml,
            text: || {
                (1..=79)
                    .map(|depth| format!("[[{}]]\n", vec!["users"; depth].join(".")))
                    .collect()
            },
        },
        Case {
            name: "one key often",
            format: Toml,
            text: || "id = 1\n".repeat(DEEP),
        },
        Case {
            name: "one key often in an inline table",
            format: Toml,
            text: || format!("tokens = {{ {} }}", vec!["a = 1"; DEEP].join(", ")),
        },
        Case {
            name: "one key often, written in two ways",
            format: Toml,
            text: || "id = 1\n\"i\\u0064\" = 1\n".repeat(DEEP / 2),
        },
        Case {
            name: "one header often",
            format: Toml,
            text: || "[tokens]\n".repeat(DEEP),
        },
        Case {
            name: "one list often, of empty tables",
            format: Toml,
            text: || {
                format!(
                    "format = 2\ncatalog_version = 1\nid = \"x\"\nversion = 1\n{}",
                    "[[roles]]\n".repeat(DEEP)
                )
            },
        },
        Case {
            name: "a key of a megabyte",
            format: Toml,
            text: || format!("{} = 1", "k".repeat(1 << 20)),
        },
        Case {
            name: "a number of a megabyte",
            format: Toml,
            text: || format!("format = {}", "9".repeat(1 << 20)),
        },
        Case {
            name: "a comment of a megabyte",
            format: Toml,
            text: || format!("#{}", "k".repeat(1 << 20)),
        },
    ]
}

#[cfg(feature = "json")]
fn json_cases() -> Vec<Case> {
    vec![
        Case {
            name: "JSON arrays",
            format: Format::Json,
            text: || format!("{{\"roles\": {}}}", nested("[", "", "]")),
        },
        Case {
            name: "JSON arrays alone, that nobody closes",
            format: Format::Json,
            text: || "[".repeat(DEEP),
        },
        Case {
            name: "JSON objects",
            format: Format::Json,
            text: || nested("{\"a\":", "1", "}"),
        },
        Case {
            name: "JSON objects that nobody closes, over lines",
            format: Format::Json,
            text: || "{\"a\":\n".repeat(DEEP),
        },
        Case {
            name: "JSON: one key often",
            format: Format::Json,
            text: || format!("{{{}}}", vec!["\"format\": 1"; DEEP].join(",\n")),
        },
        Case {
            name: "JSON: one key often, written with escapes",
            format: Format::Json,
            text: || {
                let pairs = ["\"format\": 1,\"\\u0066ormat\": 1,\"for\\u006dat\": 1,\"\\u0066\\u006f\\u0072\\u006d\\u0061\\u0074\": 1";
                    DEEP / 4];
                format!("{{{}}}", pairs.join(","))
            },
        },
        Case {
            name: "JSON: one key often, deep inside",
            format: Format::Json,
            text: || {
                let pairs = vec!["\"n\\u0061me\": \"x\", \"name\": \"y\""; DEEP / 2].join(",");
                format!(
                    "{{\"format\":1, \"catalog_version\": 1, \"id\": \"x\", \"version\": 1, \"roles\": [{{\"id\": \"r\", {pairs}}}], \"users\": [{{\"id\": \"r\", {pairs}}}]}}"
                )
            },
        },
        Case {
            name: "JSON: a number of a megabyte",
            format: Format::Json,
            text: || format!("{{\"format\": {}}}", "9".repeat(1 << 20)),
        },
        Case {
            name: "JSON: a number too large for a double",
            format: Format::Json,
            text: || "{\"format\": 1e999}".to_owned(),
        },
        Case {
            name: "JSON: half a surrogate pair",
            format: Format::Json,
            text: || "{\"\\ud800\": 1}".to_owned(),
        },
    ]
}
