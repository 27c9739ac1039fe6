//! The decision tables of `fixtures/`, and of a product that compares ids of records, with one letter changed in a name: none passes.
//!
//! Every text and every key of every table is changed in turn: one letter by another, one left out,
//! one doubled, two exchanged. A changed table must be refused, or answered otherwise than it says.
//! One that passes is a fault, unless the change made another name that is as valid there: these
//! are told apart below by the documents alone, and counted.
#![cfg(all(feature = "testing", feature = "toml", feature = "json"))]
#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bailiwick::document::{CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};
use bailiwick::testing::{DecisionTests, Decisions};
use bailiwick::{Catalog, Warnings};
use serde_json::{Value, json};

#[test]
fn outreach_cx() {
    test("outreach_cx");
}

#[test]
fn package_roles() {
    test("package_roles");
}

#[test]
fn canvassing() {
    test("canvassing");
}

#[test]
fn sales_governance() {
    test("sales_governance");
}

#[test]
fn account_admin() {
    test("account_admin");
}

/// Conditions compare properties of every side with the ids of records, which may be any.
#[test]
fn compared_with_ids_of_records() {
    test_product("compared_with_ids", &Product::compared_with_ids(), 500);
}

fn test(fixture: &str) {
    test_product(fixture, &Product::read(fixture), 1_000);
}

fn test_product(fixture: &str, product: &Product, least: usize) {
    let mut tally = Tally::default();
    for part in product.parts() {
        let mut leaves = Vec::new();
        collect(&part.document, &mut Vec::new(), &mut leaves);
        for leaf in leaves.iter().filter(|leaf| part.is_its_own(leaf)) {
            for changed in changes(leaf, &mut tally) {
                let mut document = part.document.clone();
                replace(&mut document, leaf, &changed);
                tally.tried += 1;
                if !product.passes(&document) {
                    continue;
                }
                let Some(excuse) = product.excuse(leaf, &changed) else {
                    panic!(
                        "`{}` for `{}` passes at {}, in {}",
                        changed,
                        leaf.text,
                        leaf.path(),
                        part.document
                    );
                };
                *tally.passed.entry(excuse).or_default() += 1;
            }
        }
    }
    println!(
        "{fixture}: {} changes, of which pass {:?}",
        tally.tried, tally.passed
    );
    assert!(tally.tried > least, "{} changes are none", tally.tried);
    // One letter seldom makes another name.
    let others = tally.passed.get(ANOTHER_NAME).copied().unwrap_or_default();
    assert!(others * 200 < tally.tried, "{others} of {}", tally.tried);
}

#[derive(Default)]
struct Tally {
    tried: usize,
    passed: BTreeMap<&'static str, usize>,
    /// Texts that were changed in every letter, by the kind of place where they stand.
    seen: BTreeSet<(String, String)>,
}

// ── A product, and what its tables say ──────────────────────────────────────────────────────────

struct Product {
    catalog: Catalog,
    accounts: Vec<(Parsed<PolicyDocument>, Parsed<DirectoryDocument>)>,
    decisions: Vec<Value>,
    /// Every id of a user, role, position or account of the product, and each operation.
    names: BTreeSet<String>,
    /// Every property that some condition of the catalog reads, as `resource.status`.
    read: BTreeSet<String>,
}

/// A document of one table with one row, of one table, or of one case, which passes.
struct Part {
    document: Value,
    /// Whether only what is in its row is to be changed: the rest is another part's.
    is_row: bool,
}

impl Part {
    fn is_its_own(&self, leaf: &Leaf) -> bool {
        let is_in_rows = leaf.at.get(2) == Some(&Step::Key("rows".to_owned()));
        is_in_rows == self.is_row
    }
}

impl Product {
    fn compared_with_ids() -> Product {
        let parsed = CatalogDocument::from_toml("catalog", COMPARED_WITH_IDS);
        let policy = PolicyDocument::from_toml("policy", POLICY);
        let directory = DirectoryDocument::from_toml("directory", DIRECTORY);
        let decisions = Decisions::from_toml("decisions", DECISIONS);
        let decisions = serde_json::to_value(decisions.into_document().unwrap()).unwrap();
        Product::new(
            parsed.into_document().unwrap(),
            vec![(policy, directory)],
            vec![decisions],
        )
    }

    fn read(fixture: &str) -> Product {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(fixture);
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        let catalog: CatalogDocument = CatalogDocument::from_toml("catalog", &text("catalog.toml"))
            .into_document()
            .unwrap();
        let mut accounts = Vec::new();
        for account in ["", "-second"] {
            let file = |kind: &str| PathBuf::from(format!("{kind}{account}.toml"));
            if !folder.join(file("policy")).is_file() {
                continue;
            }
            let policy =
                PolicyDocument::from_toml("policy", &text(file("policy").to_str().unwrap()));
            let directory = DirectoryDocument::from_toml(
                "directory",
                &text(file("directory").to_str().unwrap()),
            );
            accounts.push((policy, directory));
        }
        let decisions = ["decisions.toml"]
            .into_iter()
            .map(|file| {
                Decisions::from_toml(file, &text(file))
                    .into_document()
                    .unwrap()
            })
            .map(|decisions| serde_json::to_value(decisions).unwrap())
            .collect();
        Product::new(catalog, accounts, decisions)
    }

    fn new(
        catalog: CatalogDocument,
        accounts: Vec<(Parsed<PolicyDocument>, Parsed<DirectoryDocument>)>,
        decisions: Vec<Value>,
    ) -> Product {
        let mut names = BTreeSet::new();
        for (policy, directory) in &accounts {
            let (read, users) = (
                policy.clone().into_document().unwrap(),
                directory.clone().into_document().unwrap(),
            );
            names.extend(read.account.clone());
            names.extend(read.roles.iter().map(|role| role.id.clone()));
            names.extend(read.positions.iter().map(|it| it.id.clone()));
            names.extend(users.users.iter().map(|user| user.id.clone()));
        }
        names.extend(catalog.roles.iter().map(|role| role.id.clone()));
        let operations = catalog.operations.iter();
        names.extend(operations.map(|it| format!("{}:{}", it.r#type, it.action)));
        let mut read = BTreeSet::new();
        let operations = serde_json::to_value(&catalog.operations).unwrap();
        find_properties(&operations, &mut read);
        Product {
            catalog: Catalog::new(catalog, Warnings::Into(&mut Vec::new())).unwrap(),
            accounts,
            decisions,
            names,
            read,
        }
    }

    /// Every row of every table by itself, every table, and every case.
    fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        for decisions in &self.decisions {
            let list = |name: &str| decisions[name].as_array().cloned().unwrap_or_default();
            for table in list("tables") {
                let rows = table["rows"].as_array().unwrap().clone();
                parts.push(Part {
                    document: self.trimmed(decisions, json!({ "tables": [table] })),
                    is_row: false,
                });
                for row in rows {
                    let mut alone = table.clone();
                    alone["rows"] = json!([row]);
                    parts.push(Part {
                        document: self.trimmed(decisions, json!({ "tables": [alone] })),
                        is_row: true,
                    });
                }
            }
            for case in list("cases") {
                parts.push(Part {
                    document: self.trimmed(decisions, json!({ "cases": [case] })),
                    is_row: false,
                });
            }
        }
        parts
    }

    /// The part with those of the unknown names that it needs. It must pass.
    fn trimmed(&self, decisions: &Value, mut part: Value) -> Value {
        part["format"] = json!(1);
        if let Some(unknown) = decisions.get("unknown") {
            part["unknown"] = unknown.clone();
        }
        while let Err(problems) = self.run(&part) {
            // What is listed without need stands at `unknown.users[2]`; from behind, so that the
            // numbers hold.
            let unneeded: Vec<String> = problems
                .iter()
                .map(|problem| problem.path().to_owned())
                .collect();
            for path in unneeded.iter().rev() {
                // What the row has of its own, or is not asked of, the table states for no row.
                if let Some(field) = path.strip_prefix("tables[0].") {
                    part["tables"][0]
                        .as_object_mut()
                        .unwrap()
                        .remove(field)
                        .unwrap();
                    continue;
                }
                let Some((list, index)) = path.strip_suffix(']').and_then(|it| it.rsplit_once('['))
                else {
                    // A list of which nothing is left.
                    let property = path.strip_prefix("unknown.values.").unwrap();
                    let values = part["unknown"]["values"].as_object_mut().unwrap();
                    values.remove(property.trim_matches('"')).unwrap();
                    continue;
                };
                let list = match list.strip_prefix("unknown.values.") {
                    Some(property) => &mut part["unknown"]["values"][property.trim_matches('"')],
                    None => &mut part["unknown"][list.strip_prefix("unknown.").unwrap()],
                };
                list.as_array_mut().unwrap().remove(index.parse().unwrap());
            }
        }
        assert!(self.passes(&part), "{part}");
        part
    }

    fn passes(&self, document: &Value) -> bool {
        self.run(document).unwrap_or(false)
    }

    fn run(&self, document: &Value) -> Result<bool, bailiwick::document::Problems> {
        let mut tests = DecisionTests::new(&self.catalog);
        for (policy, directory) in &self.accounts {
            tests = tests.account(policy.clone(), directory.clone());
        }
        let outcome = tests.run(Decisions::from_json("d.json", &document.to_string()))?;
        // A part asks one account, which says nothing of the others.
        Ok(outcome.questions() > 0 && outcome.mismatches().is_empty())
    }

    /// Why a table may pass with that text changed.
    fn excuse(&self, leaf: &Leaf, changed: &str) -> Option<&'static str> {
        let key = |back: usize| match leaf.at.len().checked_sub(back).map(|at| &leaf.at[at]) {
            Some(Step::Key(key)) => key.as_str(),
            Some(Step::Index(_)) | None => "",
        };
        if leaf.is_label() {
            return Some("what a table or a case is called");
        }
        if key(1) == "id" && matches!(key(2), "record" | "after") && !leaf.is_key {
            return Some("the id of a record, which the host gives");
        }
        let text = changed
            .strip_prefix("user:")
            .or(changed.strip_prefix("role:"));
        if self.names.contains(text.unwrap_or(changed)) {
            return Some(ANOTHER_NAME);
        }
        // `properties = { title = "…" }`, and an element of a set below it.
        let named = match leaf.at.last() {
            Some(Step::Index(_)) => 2,
            Some(Step::Key(_)) | None => 1,
        };
        let side = match (key(named + 1), key(named + 2)) {
            ("context", _) => "context",
            ("properties", "record" | "after") => "resource",
            ("properties", _) => "subject",
            _ => return None,
        };
        let property = format!("{side}.{}", key(named));
        (!leaf.is_key && !self.read.contains(&property)).then_some("what no condition reads")
    }
}

/// Every side is compared with ids of records, and each other by way of them.
const COMPARED_WITH_IDS: &str = r#"
format = 2
id = "desk"
version = 1
permissions = [{ path = "claims", scopes = ["own", "all"] }]
types = [
  { id = "claim", properties = { follows = "text", created_by = "text", related = "set" } },
  { id = "letter", properties = { answers = "text" } },
]
subject_properties = { team = "text" }
context_properties = { channel = "text" }
tokens = { account_roles = true }
operations = [
  { type = "claim", action = "route", on = "record", allowed_by = ["claims"], when = [[{ subject = "team", is_not = { context = "channel" } }]] },
  { type = "claim", action = "own", on = "record", allowed_by = ["claims"], when = [[{ resource = "id", is_not = { subject = "team" } }]] },
  { type = "claim", action = "close", on = "record", allowed_by = ["claims"], when = [[{ resource = "follows", is_not = { resource = "id" } }]] },
  { type = "claim", action = "merge", on = "record", allowed_by = ["claims"], when = [[{ resource = "related", none_of = ["archive"] }, { resource = "created_by", is_not = { subject = "id" } }]] },
  { type = "letter", action = "send", on = "record", allowed_by = ["claims"], when = [[{ resource = "id", is_not = { resource = "answers" } }]] },
]
"#;

const POLICY: &str = r#"
format = 2
catalog_version = 1
roles = [{ id = "clerk", grants = [{ select = "claims", scope = "all" }] }]
"#;

const DIRECTORY: &str = r#"
format = 2
users = [
  { id = "ann", roles = ["clerk"], properties = { team = "northern" } },
  { id = "robert", roles = ["clerk"], properties = { team = "southern" } },
]
"#;

const DECISIONS: &str = r#"
format = 2

[[tables]]
name = "teams"
subjects = [{ token = { id = "ann", roles = ["clerk"], properties = { team = "northern" } } }, { token = { id = "robert", roles = ["clerk"], properties = { team = "southern" } } }, "user:robert"]
context = { channel = "northern" }
rows = [
  { ask = "claim:route", answers = ["condition_not_met", "allow", "allow"] },
  { ask = "claim:route", context = { channel = "southern" }, answers = ["allow", "condition_not_met", "condition_not_met"] },
  { ask = "claim:own", record = { id = "northern" }, answers = ["condition_not_met", "allow", "allow"] },
]

[[tables]]
name = "records"
subjects = ["user:ann", "user:robert"]
record = { id = "claim71", properties = { follows = "claim71" } }
rows = [
  { ask = "claim:close", answers = ["condition_not_met", "condition_not_met"] },
  { ask = "claim:close", record = { id = "another", properties = { follows = "another" } }, answers = ["condition_not_met", "condition_not_met"] },
  { ask = "claim:merge", record = { id = "another", properties = { created_by = "ann", related = ["archive"] } }, answers = ["condition_not_met", "condition_not_met"] },
  { ask = "letter:send", record = { id = "letter9", properties = { answers = "letter9" } }, answers = ["condition_not_met", "condition_not_met"] },
]
"#;

const ANOTHER_NAME: &str = "another name of the product";

/// The properties that conditions name, wherever they stand.
fn find_properties(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for side in ["resource", "subject", "context"] {
                if let Some(Value::String(name)) = fields.get(side) {
                    found.insert(format!("{side}.{name}"));
                }
            }
            fields.values().for_each(|it| find_properties(it, found));
        }
        Value::Array(items) => items.iter().for_each(|it| find_properties(it, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

// ── Texts, and what is made of them ─────────────────────────────────────────────────────────────

#[derive(Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A text of a document: a value, or a key.
struct Leaf {
    at: Vec<Step>,
    text: String,
    is_key: bool,
}

impl Leaf {
    fn path(&self) -> String {
        let steps = self.at.iter().map(|step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Index(index) => format!("[{index}]"),
        });
        steps.collect()
    }

    /// Whether it is what a table or a case is called.
    fn is_label(&self) -> bool {
        self.at.len() == 3 && self.at.last() == Some(&Step::Key("name".to_owned())) && !self.is_key
    }

    /// The path without numbers: the kind of place.
    fn kind(&self) -> String {
        let keys = self.at.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        let key = if self.is_key { " key" } else { "" };
        keys.collect::<Vec<_>>().join(".") + key
    }
}

fn collect(value: &Value, at: &mut Vec<Step>, leaves: &mut Vec<Leaf>) {
    match value {
        Value::String(text) => leaves.push(Leaf {
            at: at.clone(),
            text: text.clone(),
            is_key: false,
        }),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                at.push(Step::Index(i));
                collect(item, at, leaves);
                at.pop();
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                at.push(Step::Key(key.clone()));
                leaves.push(Leaf {
                    at: at.clone(),
                    text: key.clone(),
                    is_key: true,
                });
                collect(field, at, leaves);
                at.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every text that one letter makes of it where such a text is met for the first time in such a
/// place; afterwards one of them, each time another.
fn changes(leaf: &Leaf, tally: &mut Tally) -> Vec<String> {
    let letters: Vec<char> = leaf.text.chars().collect();
    let mut changed = BTreeSet::new();
    for (i, letter) in letters.iter().enumerate() {
        let with = |put: &[char], instead_of: usize| {
            let (before, after) = (
                &letters[..i],
                &letters[(i + instead_of).min(letters.len())..],
            );
            [before, put, after]
                .concat()
                .into_iter()
                .collect::<String>()
        };
        let other = match letter {
            'z' => 'a',
            'a'..='y' => char::from_u32(u32::from(*letter) + 1).unwrap(),
            _ => 'x',
        };
        changed.insert(with(&[other], 1));
        changed.insert(with(&[], 1));
        changed.insert(with(&[*letter, *letter], 1));
        if let Some(next) = letters.get(i + 1) {
            changed.insert(with(&[*next, *letter], 2));
        }
    }
    changed.remove(&leaf.text);
    let changed: Vec<String> = changed.into_iter().collect();
    let is_first = tally.seen.insert((leaf.kind(), leaf.text.clone()));
    if changed.is_empty() || (is_first && !leaf.is_label()) {
        return changed;
    }
    // A key is refused wherever it stands, by the same line of code.
    if leaf.is_key {
        return Vec::new();
    }
    vec![changed[tally.tried % changed.len()].clone()]
}

fn replace(document: &mut Value, leaf: &Leaf, text: &str) {
    let (last, above) = leaf.at.split_last().unwrap();
    let above = above.iter().fold(document, |value, step| match step {
        Step::Key(key) => &mut value[key],
        Step::Index(index) => &mut value[index],
    });
    match (last, leaf.is_key) {
        (Step::Key(key), true) => {
            let fields = above.as_object_mut().unwrap();
            let value = fields.remove(key).unwrap();
            fields.insert(text.to_owned(), value);
        }
        (Step::Key(key), false) => above[key] = json!(text),
        (Step::Index(index), _) => above[index] = json!(text),
    }
}
