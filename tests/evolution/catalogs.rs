//! What a newer catalog says otherwise, and when it is no later version at all.

use bailiwick::document::CatalogDocument;
use bailiwick::evolution::{CatalogPart, Conflict, Difference};
use bailiwick::{Catalog, Warnings};

use crate::newer::newer;
use crate::reference::names::at_or_below;
use crate::support::generate;
use crate::support::rng::Rng;
use crate::support::run::{Tallied, each_number};

const OLDER: &str = r#"
format = 2
id = "shop"
version = 2
features = [{ id = "sms" }, { id = "fax" }]
permissions = [
  { path = "orders", scopes = ["own", "all"] },
  { path = "orders.cancel", requires = ["orders"] },
  { path = "staff" },
  { path = "export", adjustable = { ladder = ["system:member", "system:admin"], default = "system:admin" } },
]
types = [{ id = "order", properties = { status = "text" }, reassign = "give" }]
subject_properties = { team = "text" }
operations = [
  { type = "order", action = "view", on = "record", allowed_by = ["orders"] },
  { type = "order", action = "cancel", on = "record", allowed_by = [{ permission = "orders.cancel", when = [[{ resource = "status", is = "open" }]] }] },
  { type = "order", action = "give", on = "record", allowed_by = ["staff"] },
  { type = "order", action = "export", on = "type", allowed_by = ["export"] },
]
roles = [
  { id = "system:member", grants = [{ select = "orders", scope = "own" }] },
  { id = "system:admin", inherits = ["system:member"], grants = ["staff"], denies = ["orders.cancel"], assign = "staff" },
]
renamed = [{ version = 2, from = "desk", to = "staff" }]
retired = [{ version = 2, path = "old" }]
administration = { changes = { create_role = "staff" } }
"#;

fn catalog(text: &str) -> Catalog {
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", text),
        Warnings::Into(&mut Vec::new()),
    )
    .unwrap_or_else(|it| panic!("{it}"))
}

/// Parts of the text, and what replaces each.
type Edits<'a> = Vec<(&'a str, &'a str)>;

/// The older text with some of it replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    let mut text = OLDER.replace("version = 2\nfeatures", "version = 3\nfeatures");
    for (from, to) in edits {
        assert!(text.contains(from), "{from} is not there");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn each_change_is_told() {
    let renamed = "renamed = [{ version = 2, from = \"desk\", to = \"staff\" }";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], ""),
        (
            &[(
                "id = \"shop\"",
                "id = \"shop\"\naccounts = \"many\"\nreach = \"accessible\"",
            )],
            "catalog: accounts `one` → `many`\ncatalog: reach `owned` → `accessible`\n",
        ),
        (
            &[(
                "{ id = \"fax\" }",
                "{ id = \"fax\", retired = 3 }, { id = \"mail\" }",
            )],
            "feature `fax`: retired\nfeature `mail`: added\n",
        ),
        (&[(", { id = \"fax\" }", "")], "feature `fax`: gone\n"),
        (
            &[
                ("path = \"orders", "path = \"sales"),
                ("requires = [\"orders\"]", "requires = [\"sales\"]"),
                ("allowed_by = [\"orders\"]", "allowed_by = [\"sales\"]"),
                (
                    "permission = \"orders.cancel\"",
                    "permission = \"sales.cancel\"",
                ),
                ("select = \"orders\"", "select = \"sales\""),
                (
                    "denies = [\"orders.cancel\"]",
                    "denies = [\"sales.cancel\"]",
                ),
                (
                    renamed,
                    &format!("{renamed}, {{ version = 3, from = \"orders\", to = \"sales\" }}"),
                ),
            ],
            "permission `sales`: renamed from `orders`\n",
        ),
        (
            &[
                (
                    "  { path = \"orders.cancel\", requires = [\"orders\"] },\n",
                    "",
                ),
                (
                    "{ permission = \"orders.cancel\", when",
                    "{ permission = \"staff\", when",
                ),
                (", denies = [\"orders.cancel\"]", ""),
                (
                    "path = \"old\" }",
                    "path = \"old\" }, { version = 3, path = \"orders.cancel\" }",
                ),
            ],
            "permission `orders.cancel`: retired\n\
             operation `order:cancel` by `staff`: added\n\
             operation `order:cancel` by `orders.cancel`: gone\n\
             role `system:admin`: denies -`orders.cancel`\n",
        ),
        (
            &[
                (
                    "scopes = [\"own\", \"all\"]",
                    "scopes = [\"all\", \"own\", \"peers\"], features = [\"sms\"]",
                ),
                (
                    "requires = [\"orders\"]",
                    "requires = [\"staff\"], suggests = [\"orders\"], label = \"Cancel\"",
                ),
            ],
            "permission `orders`: scopes own, all → own, peers, all\n\
             permission `orders`: features +`sms`\n\
             permission `orders.cancel`: requires +`staff` -`orders`\n",
        ),
        (
            &[(
                "default = \"system:admin\"",
                "default = \"system:member\", ceiling = \"system:member\", changed_by = \"staff\"",
            )],
            "permission `export`: default `system:admin` → `system:member`\n\
             permission `export`: ceiling `system:admin` → `system:member`\n\
             permission `export`: changed_by nothing → `staff`\n",
        ),
        (
            &[
                (
                    ", adjustable = { ladder = [\"system:member\", \"system:admin\"], default = \"system:admin\" }",
                    "",
                ),
                (
                    "{ path = \"staff\" }",
                    "{ path = \"staff\" }, { path = \"staff.add\", label = \"Add\" }",
                ),
            ],
            "permission `staff.add`: added\n\
             permission `export`: ladder `system:member, system:admin` → nothing\n\
             permission `export`: default `system:admin` → nothing\n\
             permission `export`: floor `system:member` → nothing\n\
             permission `export`: ceiling `system:admin` → nothing\n",
        ),
        (
            &[
                (
                    "properties = { status = \"text\" }, reassign = \"give\"",
                    "properties = { status = \"set\", size = \"integer\" }",
                ),
                (
                    "{ resource = \"status\", is = \"open\" }",
                    "{ resource = \"status\", one_of = [\"open\"] }",
                ),
                ("{ team = \"text\" }", "{}"),
            ],
            "type `order`: reassign `give` → nothing\n\
             property `size` of `order`: added\n\
             property `status` of `order`: type `text` → `set`\n\
             property `team` of the subject: gone\n\
             operation `order:cancel` by `orders.cancel`: other conditions\n",
        ),
        (
            &[
                (
                    "action = \"view\", on = \"record\", allowed_by = [\"orders\"]",
                    "action = \"view\", on = \"record\", open = true, requires = [\"staff\"]",
                ),
                (
                    "action = \"export\", on = \"type\", allowed_by",
                    "action = \"export\", on = \"type\", filtered_by = \"order:view\", features = [\"sms\"], allowed_by",
                ),
            ],
            "operation `order:view`: open `false` → `true`\n\
             operation `order:view`: requires +`staff`\n\
             operation `order:view` by `orders`: gone\n\
             operation `order:export`: features +`sms`\n\
             operation `order:export`: filtered_by nothing → `order:view`\n",
        ),
        (
            &[(
                "action = \"view\", on = \"record\"",
                "action = \"look\", on = \"record\"",
            )],
            "operation `order:look`: added\noperation `order:view`: gone\n",
        ),
        (
            &[
                (
                    "grants = [\"staff\"], denies",
                    "grants = [\"orders.cancel\"], min_holders = 1, unlisted = true, revoke = \"staff\", denies",
                ),
                (
                    "roles = [\n",
                    "tokens = { system_roles = [\"system:member\"], account_roles = true }\nroles = [\n  { id = \"system:guest\" },\n",
                ),
                (
                    "create_role = \"staff\"",
                    "create_role = \"orders\", edit_role = \"staff\"",
                ),
            ],
            "role `system:guest`: added\n\
             role `system:admin`: grants +`orders.cancel: all` -`staff: all`\n\
             role `system:admin`: revoke nothing → `staff`\n\
             role `system:admin`: min_holders `0` → `1`\n\
             role `system:admin`: unlisted `false` → `true`\n\
             tokens: system_roles +`system:member`\n\
             tokens: account_roles `false` → `true`\n\
             change `create_role`: permission `staff` → `orders`\n\
             change `edit_role`: permission nothing → `staff`\n",
        ),
    ];
    for (edits, expected) in cases {
        let newer = catalog(&edited(edits));
        let comparison = catalog(OLDER)
            .compare(&newer)
            .unwrap_or_else(|it| panic!("{it}"));
        assert_eq!(comparison.to_string(), *expected);
        // Always in the same order.
        let again = catalog(OLDER).compare(&catalog(&edited(edits))).unwrap();
        assert_eq!(comparison.changes(), again.changes());
    }
}

#[test]
fn what_is_no_later_version_is_refused() {
    let renamed = "renamed = [{ version = 2, from = \"desk\", to = \"staff\" }";
    let without_staff = [
        ("  { path = \"staff\" },\n", ""),
        ("allowed_by = [\"staff\"]", "allowed_by = [\"orders\"]"),
        (", grants = [\"staff\"]", ""),
        (", assign = \"staff\"", ""),
        ("create_role = \"staff\"", ""),
    ];
    let cases: Vec<(Edits<'_>, Vec<&str>)> = vec![
        (
            vec![("id = \"shop\"", "id = \"desk\"")],
            vec!["catalog `desk` is no version of catalog `shop`"],
        ),
        (
            // What one version did is told otherwise, the rename that it did among it.
            vec![("path = \"old\"", "path = \"older\"")],
            vec![
                "the two catalogs tell differently what version `2` did to `old`",
                "the two catalogs tell differently what version `2` did to `older`",
            ],
        ),
        (
            vec![
                ("retired = [{ version = 2, path = \"old\" }]", ""),
                (
                    "{ path = \"staff\" },",
                    "{ path = \"staff\" }, { path = \"old\" },",
                ),
            ],
            vec![
                "the two catalogs tell differently what version `2` did to `old`",
                "`old` was renamed or retired, yet it is a permission; no path is used again",
            ],
        ),
        (
            vec![
                ("scopes = [\"own\", \"all\"]", "scopes = [\"all\"]"),
                ("version = 3\n", "version = 2\n"),
                ("scope = \"own\"", "scope = \"all\""),
            ],
            vec!["the catalog changed, and its version is still `2`; raise it"],
        ),
        (
            {
                let mut edits = without_staff.to_vec();
                edits.push((
                    renamed,
                    "renamed = [{ version = 2, from = \"desk\", to = \"export\" }",
                ));
                edits
            },
            vec![
                "the two catalogs tell differently what version `2` did to `desk`",
                "permission `staff` is gone, neither renamed nor retired",
            ],
        ),
        (
            {
                let mut edits = without_staff.to_vec();
                let to = "renamed = [{ version = 2, from = \"desk\", to = \"staff\" }, \
                          { version = 3, from = \"staff\", to = \"export\" }";
                edits.push((renamed, to));
                edits
            },
            vec![
                "`staff` was renamed to `export`, which was a permission before",
                "`staff` and `export` both became `export`",
            ],
        ),
    ];
    for (edits, expected) in cases {
        let newer = catalog(&edited(&edits));
        let conflicts = catalog(OLDER).compare(&newer).unwrap_err();
        let told: Vec<String> = conflicts
            .conflicts()
            .iter()
            .map(Conflict::to_string)
            .collect();
        assert_eq!(told, expected);
        assert_eq!(conflicts.to_string(), expected.join("\n"));
    }
    let conflicts = catalog(&edited(&[])).compare(&catalog(OLDER)).unwrap_err();
    let lower = Conflict::LowerVersion { older: 3, newer: 2 };
    assert_eq!(conflicts.conflicts(), [lower]);
}

/// Two nodes that a version brings to one place, though neither is there before.
#[test]
fn two_nodes_do_not_become_one() {
    let older = "format = 2\nid = \"c\"\nversion = 1\n\
        permissions = [{ path = \"a\" }, { path = \"a.c\" }, { path = \"b\" }]";
    let newer = "format = 2\nid = \"c\"\nversion = 2\n\
        permissions = [{ path = \"x\" }, { path = \"x.c\" }]\n\
        renamed = [{ version = 2, from = \"a\", to = \"x\" }, { version = 2, from = \"b\", to = \"x.c\" }]";
    let conflicts = catalog(older).compare(&catalog(newer)).unwrap_err();
    let merged = Conflict::Merged {
        paths: ["a.c".to_owned(), "b".to_owned()],
        into: "x.c".to_owned(),
    };
    assert_eq!(conflicts.conflicts(), [merged]);
}

/// The new path of a rename is a node that no earlier version had, and every parent of a path is a node.
#[test]
fn no_path_is_renamed_to_where_a_node_was() {
    let load = |permissions: &[&str], evolution: &str| {
        let permissions: Vec<String> = permissions
            .iter()
            .map(|it| format!("{{ path = \"{it}\" }}"))
            .collect();
        let permissions = permissions.join(", ");
        let text = format!(
            "format = 2\nid = \"c\"\nversion = 3\npermissions = [{permissions}]\n{evolution}"
        );
        Catalog::new(
            CatalogDocument::from_toml("catalog.toml", &text),
            Warnings::Into(&mut Vec::new()),
        )
    };
    let refused = [
        (
            &["a", "a.export"][..],
            r#"renamed = [{ version = 2, from = "a.b", to = "a" }]"#,
            "catalog.toml:5:46: `a` lies above `a.b`",
        ),
        (
            &["a"],
            "retired = [{ version = 2, path = \"a.b\" }]\n\
             renamed = [{ version = 2, from = \"x\", to = \"a\" }]",
            "catalog.toml:6:44: `a` lies above `a.b`",
        ),
        (
            &["a"],
            "retired = [{ version = 2, path = \"a.b.c\" }]\n\
             renamed = [{ version = 3, from = \"x\", to = \"a\" }]",
            "catalog.toml:6:44: `a` lies above `a.b.c`",
        ),
        (
            &["q", "q.r"],
            r#"renamed = [{ version = 2, from = "m", to = "q.r" }, { version = 3, from = "s", to = "q" }]"#,
            "catalog.toml:5:85: `q` lies above `q.r`",
        ),
    ];
    for (permissions, evolution, expected) in refused {
        let problems = load(permissions, evolution).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let end = ", which an earlier version had; a new path is one that no earlier version had";
        assert_eq!(told, [format!("{expected}{end}")]);
    }
    let accepted = [
        // On from where the other leads.
        r#"renamed = [{ version = 2, from = "p", to = "n.q" }, { version = 2, from = "n.q.r", to = "n" }]"#,
        // Both are new in one version.
        r#"renamed = [{ version = 2, from = "p", to = "n.q" }, { version = 2, from = "m", to = "n" }]"#,
        // What lies below a new path may be given up later.
        "renamed = [{ version = 2, from = \"m\", to = \"n\" }]\n\
         retired = [{ version = 3, path = \"n.r\" }]",
    ];
    for evolution in accepted {
        load(&["n", "n.q"], evolution).unwrap_or_else(|it| panic!("{it}"));
    }
}

/// From what is told alone, every path of the older catalog is found again in the newer.
#[test]
fn what_is_told_of_the_tree_is_what_became_of_it() {
    let tallied = Tallied::default();
    each_number(200, |seed, number| {
        let mut rng = Rng::nth(seed, number);
        let (older, _) = generate::accounts(&mut rng, 0);
        let newer = newer(&mut rng, &older, false);
        let catalogs = [&older, &newer.catalog]
            .map(|it| Catalog::new(it.clone(), Warnings::Into(&mut Vec::new())).unwrap());
        let same = catalogs[0].compare(&catalogs[0]).unwrap();
        assert!(same.changes().is_empty(), "{same}");
        let comparison = catalogs[0].compare(&catalogs[1]).unwrap();
        let mut steps: Vec<(&str, Option<&str>)> = Vec::new();
        let mut added: Vec<&str> = Vec::new();
        for change in comparison.changes() {
            if let CatalogPart::Permission(path) = &change.part {
                match &change.difference {
                    Difference::Renamed { from } => steps.push((from, Some(path))),
                    Difference::Retired => steps.push((path, None)),
                    Difference::Added => added.push(path),
                    _ => {}
                }
            }
        }
        let mut found: Vec<String> = added.into_iter().map(str::to_owned).collect();
        for (path, today) in &newer.today {
            let step = steps.iter().filter(|(from, _)| at_or_below(path, from));
            let followed = match step.max_by_key(|(from, _)| from.len()) {
                Some((from, to)) => to.map(|to| format!("{to}{}", &path[from.len()..])),
                None => Some(path.clone()),
            };
            tallied.count(match &followed {
                Some(followed) if followed == path => "stayed",
                Some(_) => "renamed",
                None => "retired",
            });
            assert_eq!(followed, *today, "{path}: {comparison}");
            found.extend(followed);
        }
        let mut there: Vec<String> = newer
            .catalog
            .permissions
            .iter()
            .map(|it| it.path.clone())
            .collect();
        found.sort();
        there.sort();
        assert_eq!(found, there, "{comparison}");
    });
    tallied.report(&["stayed", "renamed", "retired"]);
}
