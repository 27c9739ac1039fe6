//! The shapes of the documents as a grammar, by which the input grows documents of its own, or
//! changes sound ones here and there. It names fields by their names in documents, so that it need not follow every change of a struct;
//! a field it lacks is merely not grown.

use arbitrary::Unstructured;
use serde_json::{Map, Number, Value};

pub enum Shape {
    /// One of these words, rarely any text at all.
    Name(&'static [&'static str]),
    /// Any text.
    Text,
    /// One of these words, always.
    Word(&'static [&'static str]),
    Integer,
    /// A number from 1 to 3.
    Version,
    One,
    Boolean,
    Moment,
    List(&'static Shape),
    Map(&'static Shape, &'static Shape),
    /// Fields that are given, and such as may be.
    Table(
        &'static [(&'static str, Shape)],
        &'static [(&'static str, Shape)],
    ),
    Either(&'static [Shape]),
}

use Shape::{Boolean, Either, Integer, List, Moment, Name, One, Table, Text, Version, Word};

pub const USERS: &[&str] = &["ann", "bob", "cay"];
const PATHS: &[&str] = &["a", "a.b", "a.b.c", "b", "c"];
const NEW_PATHS: &[&str] = &["a.d", "d", "c.x", "c.x.y"];
const SELECTORS: &[&str] = &["a", "a.b", "a.*", "b", "b.x", "b.*", "*", "c", "old"];
const FEATURES: &[&str] = &["sms", "fax"];
const TYPES: &[&str] = &["contact", "order"];
const ACTIONS: &[&str] = &["view", "edit", "create", "other", "fresh"];
const OPERATIONS: &[&str] = &["contact:view", "contact:edit", "order:view"];
const ROLES: &[&str] = &["seller", "editor", "auditor", "fresh", "other"];
const SYSTEM: &[&str] = &["system:member", "system:lead"];
const ANY_ROLE: &[&str] = &["seller", "editor", "system:member", "system:lead"];
const POSITIONS: &[&str] = &["top", "low"];
const PROPERTIES: &[&str] = &["status", "size", "vip", "tags"];
const SCOPE: Shape = Word(&["own", "reports", "peers", "all"]);
const TYPE: Shape = Word(&["text", "integer", "boolean", "set"]);
const PROPERTY: Shape = Either(&[TYPE, Table(&[("type", TYPE)], &[("edited_by", Name(PATHS))])]);

const LABEL: (&str, Shape) = ("label", Text);
const NAME: (&str, Shape) = ("name", Text);
const DESCRIPTION: (&str, Shape) = ("description", Text);

const CONSTANT: Shape = Either(&[Text, Integer, Boolean, Name(&["open", "x"])]);
const REFERENCE: Shape = Either(&[
    Table(&[("resource", Name(PROPERTIES))], &[]),
    Table(&[("subject", Name(PROPERTIES))], &[]),
    Table(&[("context", Name(PROPERTIES))], &[]),
]);
const OPERAND: Shape = Either(&[CONSTANT, REFERENCE, List(&CONSTANT)]);
macro_rules! condition {
    ($on:literal) => {
        Either(&[
            Table(&[($on, Name(PROPERTIES)), ("is", CONSTANT)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("is_not", OPERAND)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("one_of", List(&CONSTANT))], &[]),
            Table(&[($on, Name(PROPERTIES)), ("none_of", OPERAND)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("less", OPERAND)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("at_most", Integer)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("greater", Integer)], &[]),
            Table(&[($on, Name(PROPERTIES)), ("at_least", OPERAND)], &[]),
        ])
    };
}
const CONDITION: Shape = Either(&[
    condition!("resource"),
    condition!("subject"),
    condition!("context"),
]);
const WHEN: (&str, Shape) = ("when", List(&List(&CONDITION)));
const NEEDS: (&str, Shape) = ("features", List(&Name(FEATURES)));
const REQUIRES: (&str, Shape) = ("requires", List(&Name(PATHS)));

const GRANT: Shape = Either(&[
    Name(SELECTORS),
    Table(
        &[("select", Name(SELECTORS)), ("scope", SCOPE)],
        &[("except", List(&Name(SELECTORS)))],
    ),
]);
const DENIAL: Shape = Either(&[
    Name(SELECTORS),
    Table(
        &[("select", Name(SELECTORS))],
        &[("except", List(&Name(SELECTORS)))],
    ),
]);

const PERMISSION: Shape = Table(
    &[("path", Name(NEW_PATHS))],
    &[
        ("scopes", List(&SCOPE)),
        REQUIRES,
        NEEDS,
        ("suggests", List(&Name(PATHS))),
        ("default_scope", SCOPE),
        ("level", Word(&["module", "feature", "action"])),
        LABEL,
        DESCRIPTION,
        (
            "adjustable",
            Table(
                &[("ladder", List(&Name(SYSTEM))), ("default", Name(SYSTEM))],
                &[
                    ("floor", Name(SYSTEM)),
                    ("ceiling", Name(SYSTEM)),
                    ("changed_by", Name(PATHS)),
                ],
            ),
        ),
    ],
);
const FIELD: Shape = Table(
    &[
        ("path", Text),
        (
            "mask",
            Table(
                &[(
                    "kind",
                    Word(&["email", "phone", "address", "name", "whole", "hidden"]),
                )],
                &[
                    ("first", Version),
                    ("last", Version),
                    ("filler", Text),
                    ("keep_domain", Boolean),
                ],
            ),
        ),
        ("revealed_by", Name(PATHS)),
    ],
    &[
        ("contributor_sees", Boolean),
        ("search", List(&List(&Text))),
    ],
);
const PAIR: Shape = Either(&[
    Name(PATHS),
    Table(&[("permission", Name(PATHS))], &[NEEDS, REQUIRES, WHEN]),
]);
const OPERATION: Shape = Either(&[
    Table(
        &[
            ("type", Name(TYPES)),
            ("action", Name(ACTIONS)),
            ("on", Word(&["record"])),
            ("allowed_by", List(&PAIR)),
        ],
        &[NEEDS, REQUIRES, WHEN, LABEL],
    ),
    Table(
        &[
            ("type", Name(TYPES)),
            ("action", Name(ACTIONS)),
            ("on", Word(&["type"])),
            ("allowed_by", List(&PAIR)),
        ],
        &[
            NEEDS,
            REQUIRES,
            WHEN,
            ("filtered_by", Name(OPERATIONS)),
            ("creates", Name(OPERATIONS)),
        ],
    ),
    Table(
        &[
            ("type", Name(TYPES)),
            ("action", Name(ACTIONS)),
            ("on", Word(&["record", "type"])),
            ("open", Boolean),
        ],
        &[NEEDS, REQUIRES, WHEN],
    ),
]);

pub const CATALOG: Shape = Table(
    &[
        ("format", One),
        ("id", Name(&["c"])),
        ("version", Version),
        (
            "features",
            List(&Table(
                &[("id", Name(FEATURES))],
                &[
                    LABEL,
                    ("requested_by", Name(OPERATIONS)),
                    ("retired", Version),
                ],
            )),
        ),
        ("permissions", List(&PERMISSION)),
        (
            "types",
            List(&Table(
                &[("id", Name(TYPES))],
                &[
                    LABEL,
                    ("properties", Shape::Map(&Name(PROPERTIES), &TYPE)),
                    ("reassign", Name(ACTIONS)),
                    ("fields", List(&FIELD)),
                ],
            )),
        ),
        ("operations", List(&OPERATION)),
    ],
    &[
        ("accounts", Word(&["one", "many"])),
        ("reach", Word(&["owned", "accessible"])),
        ("subject_properties", Shape::Map(&Name(PROPERTIES), &PROPERTY)),
        ("context_properties", Shape::Map(&Name(PROPERTIES), &TYPE)),
        (
            "roles",
            List(&Table(
                &[("id", Name(SYSTEM))],
                &[
                    ("grants", List(&GRANT)),
                    ("denies", List(&DENIAL)),
                    ("inherits", List(&Name(SYSTEM))),
                    NAME,
                    DESCRIPTION,
                    ("assign", Name(PATHS)),
                    ("revoke", Name(PATHS)),
                    ("min_holders", Version),
                    ("retired", Version),
                ],
            )),
        ),
        (
            "tokens",
            Table(
                &[],
                &[
                    ("system_roles", List(&Name(SYSTEM))),
                    ("account_roles", Boolean),
                ],
            ),
        ),
        (
            "administration",
            Table(
                &[],
                &[
                    (
                        "changes",
                        Shape::Map(&Word(&["create_role", "edit_role", "import"]), &Name(PATHS)),
                    ),
                    (
                        "account_roles",
                        Table(&[], &[("assign", Name(PATHS)), ("revoke", Name(PATHS))]),
                    ),
                    (
                        "exempt",
                        List(&Table(
                            &[("change", Word(&["copy_role", "edit_role"]))],
                            &[("role", Name(SYSTEM))],
                        )),
                    ),
                    ("removal_revokes_nothing", Boolean),
                ],
            ),
        ),
        (
            "renamed",
            List(&Table(
                &[
                    ("version", Version),
                    ("from", Name(&["old", "older"])),
                    ("to", Name(PATHS)),
                ],
                &[],
            )),
        ),
        (
            "retired",
            List(&Table(
                &[("version", Version), ("path", Name(&["gone", "older"]))],
                &[],
            )),
        ),
    ],
);

pub const POLICY: Shape = Table(
    &[
        ("format", One),
        ("account", Name(&["acme"])),
        ("catalog_version", Version),
        (
            "roles",
            List(&Table(
                &[("id", Name(ROLES)), ("grants", List(&GRANT))],
                &[
                    NAME,
                    DESCRIPTION,
                    ("created", Moment),
                    ("inherits", List(&Name(ANY_ROLE))),
                    ("denies", List(&DENIAL)),
                ],
            )),
        ),
    ],
    &[
        ("revision", Version),
        ("features", List(&Name(FEATURES))),
        ("settings", Shape::Map(&Name(PATHS), &Name(SYSTEM))),
        (
            "packages",
            List(&Table(
                &[("id", Name(ROLES)), ("roles", List(&Name(ANY_ROLE)))],
                &[NAME, DESCRIPTION, ("created", Moment)],
            )),
        ),
        (
            "positions",
            List(&Table(
                &[("id", Name(POSITIONS))],
                &[NAME, ("reports_to", List(&Name(POSITIONS)))],
            )),
        ),
        (
            "used_ids",
            Table(
                &[],
                &[
                    ("users", List(&Text)),
                    ("roles", List(&Text)),
                    ("positions", List(&Text)),
                ],
            ),
        ),
    ],
);

const ASSIGNMENT: Shape = Either(&[
    Name(ANY_ROLE),
    Table(&[("id", Name(ANY_ROLE)), ("until", Moment)], &[]),
]);

pub const DIRECTORY: Shape = Table(
    &[
        ("format", One),
        (
            "users",
            List(&Table(
                &[("id", Name(USERS)), ("roles", List(&ASSIGNMENT))],
                &[
                    NAME,
                    ("suspended", Boolean),
                    ("position", Name(POSITIONS)),
                    ("packages", List(&ASSIGNMENT)),
                    (
                        "properties",
                        Shape::Map(
                            &Name(PROPERTIES),
                            &Either(&[Text, Integer, Boolean, List(&Text)]),
                        ),
                    ),
                ],
            )),
        ),
    ],
    &[],
);

/// Texts that formats find hard.
const HARD: &[&str] = &[
    "",
    " ",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\0",
    "\n",
    "\r\n",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "e\u{301}",
    "😀",
    "#",
    "a.b",
    "null",
    "true",
    "1",
    "1.0",
    "nan",
    "2027-01-31",
    "2027-01-31T00:00:00Z",
    "'",
    "a\"b'c\\d\n\"\"\"'''",
];
const INTEGERS: &[i64] = &[0, 1, -1, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1, 255];
const MOMENTS: &[&str] = &[
    "2027-01-31T00:00:00Z",
    "2000-02-29T23:59:59+01:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31T23:59:59-23:59",
];

fn pick<'a, T>(u: &mut Unstructured<'_>, of: &'a [T]) -> &'a T {
    // An empty input picks the first.
    let i = u.int_in_range(0..=of.len() - 1).unwrap_or(0);
    &of[i]
}

fn text(u: &mut Unstructured<'_>) -> String {
    match u.arbitrary::<u8>().unwrap_or(0) % 4 {
        0 => u.arbitrary::<&str>().unwrap_or("").to_owned(),
        _ => (*pick(u, HARD)).to_owned(),
    }
}

fn rarely(u: &mut Unstructured<'_>) -> bool {
    u.arbitrary::<u8>().unwrap_or(0) >= 250
}

pub fn grow(u: &mut Unstructured<'_>, shape: &Shape) -> Value {
    match shape {
        Shape::Name(words) => match rarely(u) {
            true => text(u).into(),
            false => (*pick(u, words)).into(),
        },
        Shape::Text => text(u).into(),
        Shape::Word(words) => (*pick(u, words)).into(),
        Shape::Integer => Value::Number(Number::from(*pick(u, INTEGERS))),
        Shape::Version => u.int_in_range(1..=3_u32).unwrap_or(1).into(),
        Shape::One => 1.into(),
        Shape::Boolean => u.arbitrary::<bool>().unwrap_or(false).into(),
        Shape::Moment => (*pick(u, MOMENTS)).into(),
        Shape::List(of) => {
            let many = u.int_in_range(0..=4_u8).unwrap_or(0);
            let items = (0..many).map(|_| grow(u, of));
            let mut items: Vec<Value> = items.collect();
            // What stands twice is mostly refused: a rare thing, then.
            if !rarely(u) {
                let mut known = Vec::new();
                items.retain(|item| {
                    let id = ["id", "path", "action"]
                        .into_iter()
                        .find_map(|key| item.get(key));
                    let id = (id.unwrap_or(item).clone(), item.get("type").cloned());
                    let fresh = !known.contains(&id);
                    known.push(id);
                    fresh
                });
            }
            Value::Array(items)
        }
        Shape::Map(key, value) => {
            let many = u.int_in_range(0..=3_u8).unwrap_or(0);
            let mut map = Map::new();
            for _ in 0..many {
                if let Value::String(key) = grow(u, key) {
                    map.insert(key, grow(u, value));
                }
            }
            Value::Object(map)
        }
        Shape::Table(given, optional) => {
            let mut map = Map::new();
            for (name, shape) in *given {
                map.insert((*name).to_owned(), grow(u, shape));
            }
            for (name, shape) in *optional {
                if u.arbitrary::<u8>().unwrap_or(0) % 4 == 1 {
                    map.insert((*name).to_owned(), grow(u, shape));
                }
            }
            Value::Object(map)
        }
        Shape::Either(shapes) => {
            let shape = pick(u, shapes);
            grow(u, shape)
        }
    }
}

/// How much is changed: nothing, or so many times a chance in 1024.
fn chance(u: &mut Unstructured<'_>, of_1024: u16) -> bool {
    of_1024 > 0 && u.arbitrary::<u16>().is_ok_and(|it| it % 1024 < of_1024)
}

/// Changes a document here and there: a value by another of its shape, a field given or left out,
/// an item more or less.
pub fn graft(u: &mut Unstructured<'_>, value: &mut Value, shape: &Shape, rate: u16) {
    match (shape, value) {
        (Shape::Table(given, optional), Value::Object(map)) => {
            for (name, shape) in *given {
                if let Some(value) = map.get_mut(*name) {
                    graft(u, value, shape, rate);
                }
            }
            for (name, shape) in *optional {
                match map.get_mut(*name) {
                    Some(value) => graft(u, value, shape, rate),
                    None if chance(u, 4 * rate) => {
                        map.insert((*name).to_owned(), grow(u, shape));
                    }
                    None => {}
                }
            }
        }
        (Shape::List(of), Value::Array(items)) => {
            for item in items.iter_mut() {
                graft(u, item, of, rate);
            }
            if chance(u, 4 * rate) {
                items.push(grow(u, of));
            }
            if chance(u, rate) {
                items.pop();
            }
        }
        (Shape::Map(_, of), Value::Object(map)) => {
            for (_, value) in map.iter_mut() {
                graft(u, value, of, rate);
            }
        }
        (Shape::One | Shape::Version, _) => {}
        // A name that is changed is a name that others look for.
        (shape, value) => {
            if chance(u, rate) {
                *value = grow(u, shape);
            }
        }
    }
}
