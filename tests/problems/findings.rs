//! What documents load, and whoever wrote them should know.

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

const CATALOG: &str = r#"
format = 2
id = "shop"
version = 1
permissions = [
  { path = "orders" },
  { path = "orders.edit", requires = ["orders"] },
  { path = "orders.edit.price", requires = ["orders.edit"] },
  { path = "staff" },
]
roles = [
  { id = "system:owner", name = "Owner", grants = ["staff"], min_holders = 2 },
  { id = "system:other" },
]
"#;

/// Two owners, so that nothing is to be said of them.
const OWNERS: &str =
    r#"{ id = "ann", roles = ["system:owner"] }, { id = "bob", roles = ["system:owner"] }"#;

fn catalog() -> Catalog {
    let document = CatalogDocument::from_toml("c.toml", CATALOG);
    Catalog::new(document, Warnings::Refuse).expect("nothing is to be said")
}

fn found(policy: &str, users: &str) -> Vec<String> {
    let policy = format!("format = 2\ncatalog_version = 1\n{policy}");
    let directory = format!("format = 2\nusers = [{users}]");
    let mut warnings = Vec::new();
    let loaded = Engine::new(
        &catalog(),
        PolicyDocument::from_toml("p.toml", &policy),
        DirectoryDocument::from_toml("d.toml", &directory),
        Timestamp(0),
        Warnings::Into(&mut warnings),
    );
    loaded.expect("it loads");
    warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a5_a_role_that_too_few_keep_is_a_finding() {
    let said = |holders: u32| {
        format!(
            "d.toml:2:9: role `system:owner` must keep at least `2` holders, and has `{holders}`: users who \
             are not suspended, have it without an end, and are denied nothing that it grants"
        )
    };
    let owner = |id: &str, more: &str| format!("{{ id = \"{id}\", {more} }}");
    let held = "roles = [\"system:owner\"]";
    let ends = "roles = [{ id = \"system:owner\", until = 2027-01-31T00:00:00Z }]";
    let [ann, bob] = ["ann", "bob"].map(|it| owner(it, held));
    assert!(found("", &format!("{ann}, {bob}")).is_empty());
    assert_eq!(found("", &ann), [said(1)]);
    assert_eq!(found("", ""), [said(0)]);
    // Only a time, and nothing after it.
    let [ann, bob] = ["ann", "bob"].map(|it| owner(it, ends));
    assert_eq!(found("", &format!("{ann}, {bob}")), [said(0)]);
    let suspended = owner("bob", &format!("{held}, suspended = true"));
    let ann = owner("ann", held);
    assert_eq!(found("", &format!("{ann}, {suspended}")), [said(1)]);
    let denied = owner("bob", "roles = [\"system:owner\", \"deny\"]");
    let deny = "roles = [{ id = \"deny\", denies = [\"staff\"] }]";
    assert_eq!(found(deny, &format!("{ann}, {denied}")), [said(1)]);
    // The same of users who are added one by one.
    let builder = Engine::builder(&catalog(), PolicyDocument::new(1), Timestamp(0));
    let refused = builder.expect("it loads").build(Warnings::Refuse);
    let refused = refused.expect_err("nobody keeps it").to_string();
    assert!(
        refused.starts_with("role `system:owner` must keep at least `2` holders, and has `0`"),
        "{refused}"
    );
}

#[test]
fn what_its_own_exceptions_empty_is_a_finding() {
    let roles = |text: &str| found(&format!("roles = [{{ id = \"r\", {text} }}]"), OWNERS);
    for select in ["orders", "orders.*"] {
        for (list, does) in [("grants", "grants"), ("denies", "denies")] {
            let text = format!("{list} = [{{ select = \"{select}\", except = [\"orders\"] }}]");
            let said =
                format!("p.toml:3:43: `{select}` {does} nothing: its exceptions cover all of it");
            assert_eq!(roles(&text), [said], "{text}");
        }
    }
    let all = r#"grants = [{ select = "*", except = ["orders", "staff"] }], denies = [{ select = "*", except = ["*"] }]"#;
    assert_eq!(roles(all).len(), 2, "{:?}", roles(all));
    assert!(roles(r#"denies = [{ select = "orders", except = ["orders.edit"] }]"#).is_empty());
    assert!(roles(r#"grants = [{ select = "*", except = ["orders"] }]"#).is_empty());
}

#[test]
fn s5_a_grant_that_misses_its_prerequisite_is_a_finding() {
    let roles = |text: &str| found(&format!("roles = [{text}]"), OWNERS);
    let without = |select: &str, needed: &str| {
        format!("`{select}` has no effect without `{needed}`, which the role does not have")
    };
    let said = roles(r#"{ id = "r", grants = ["orders.edit"] }"#);
    assert_eq!(
        said,
        [format!("p.toml:3:32: {}", without("orders.edit", "orders"))]
    );
    assert!(roles(r#"{ id = "r", grants = ["orders", "orders.edit"] }"#).is_empty());
    let inherited = r#"{ id = "low", grants = ["orders"] }, { id = "r", inherits = ["low"], grants = ["orders.edit"] }"#;
    assert!(roles(inherited).is_empty());
    // The same of system roles.
    let text = CATALOG.replace(
        "{ id = \"system:other\" }",
        "{ id = \"system:other\", grants = [\"orders.edit\"] }",
    );
    let mut warnings = Vec::new();
    let document = CatalogDocument::from_toml("c.toml", &text);
    assert!(Catalog::new(document, Warnings::Into(&mut warnings)).is_ok());
    let said: Vec<&str> = warnings.iter().map(|it| it.message()).collect();
    assert_eq!(said, [without("orders.edit", "orders")]);
}

#[test]
fn d12_two_names_that_read_alike_are_a_finding() {
    let reads = |place: &str, name: &str, first: &str| {
        format!("p.toml:{place}: `{name}` reads like the name of `{first}`")
    };
    let roles = r#"roles = [{ id = "a", name = "Sales" }, { id = "b", name = "ѕales " }, { id = "c", name = "Sales team" }]"#;
    assert_eq!(found(roles, OWNERS), [reads("3:59", "ѕales ", "a")]);
    // A system role has a name, too.
    let owner = r#"roles = [{ id = "a", name = "OWNER" }]"#;
    assert_eq!(
        found(owner, OWNERS),
        [reads("3:29", "OWNER", "system:owner")]
    );
    let packages = r#"packages = [{ id = "a", name = "Sales" }, { id = "b", name = "Sales" }]"#;
    assert_eq!(found(packages, OWNERS), [reads("3:62", "Sales", "a")]);
    let positions = r#"positions = [{ id = "a", name = "Sales" }, { id = "b", name = "Sales" }]"#;
    assert_eq!(found(positions, OWNERS), [reads("3:63", "Sales", "a")]);
    // Two things of two kinds may have one name, and so may two people.
    let both = r#"
        roles = [{ id = "a", name = "Sales" }]
        packages = [{ id = "a", name = "Sales" }]
        positions = [{ id = "a", name = "Sales" }]
    "#;
    let people =
        format!("{OWNERS}, {{ id = \"x\", name = \"Ann\" }}, {{ id = \"y\", name = \"Ann\" }}");
    assert!(found(both, &people).is_empty());
}
