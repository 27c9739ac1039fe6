//! A handful of outcomes of the reference model for each group of rules, each worked out by hand.
#![cfg(feature = "toml")]

mod reference;

use std::collections::BTreeMap;

use bailiwick::document::{CatalogDocument, DirectoryDocument, Parsed, PolicyDocument};
use bailiwick::{Scope, Timestamp};

use reference::{Model, Outcome, OwnerPosition, Request, Resource, Subject, Value};

const CRM: &str = r#"
format = 2
id = "crm"
version = 5
accounts = "many"
reach = "owned"

[[features]]
id = "sms"
[[features]]
id = "mail"
[[features]]
id = "fax"
retired = 5

[[permissions]]
path = "contacts"
[[permissions]]
path = "reports"
features = ["mail", "sms"]
[[permissions]]
path = "contacts.view"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "contacts.edit"
scopes = ["own", "all"]
requires = ["contacts", "contacts.view"]
[[permissions]]
path = "contacts.archive"
scopes = ["reports", "all"]
[[permissions]]
path = "reports.run"
[[permissions]]
path = "mass"
requires = ["contacts.edit"]
[[permissions]]
path = "sharing"
[permissions.adjustable]
ladder = ["system:member", "system:lead", "system:admin"]
default = "system:admin"
floor = "system:lead"
[[permissions]]
path = "people"
[[permissions]]
path = "people.secrets"

[[types]]
id = "contact"
properties = { status = "text", size = "integer", tags = "set", vip = "boolean" }
reassign = "reassign"
[[types]]
id = "report"

[subject_properties]
region = "text"
regions = "set"
[context_properties]
hour = "integer"

[[operations]]
type = "contact"
action = "view"
on = "record"
allowed_by = ["contacts.view"]

[[operations]]
type = "contact"
action = "edit"
on = "record"
allowed_by = ["contacts.edit"]
when = [[{ resource = "status", is_not = "closed" }, { context = "hour", at_least = 8 }], [{ resource = "tags", one_of = { subject = "regions" } }]]

[[operations]]
type = "contact"
action = "mass"
on = "record"
allowed_by = ["mass"]

[[operations]]
type = "contact"
action = "reassign"
on = "record"
allowed_by = ["sharing"]

[[operations]]
type = "contact"
action = "archive"
on = "record"
allowed_by = ["contacts.archive", { permission = "people", features = ["sms"] }, "contacts.view"]
requires = ["contacts"]

[[operations]]
type = "contact"
action = "create"
on = "type"
allowed_by = ["contacts"]
creates = "contact:view"

[[operations]]
type = "contact"
action = "export"
on = "type"
allowed_by = ["contacts.edit"]
filtered_by = "contact:view"

[[operations]]
type = "report"
action = "run"
on = "type"
allowed_by = ["reports.run"]

[[operations]]
type = "report"
action = "look"
on = "record"
open = true
features = ["mail"]

[[roles]]
id = "system:member"
grants = ["contacts"]
[[roles]]
id = "system:lead"
inherits = ["system:member"]
[[roles]]
id = "system:admin"
inherits = ["system:lead"]
grants = [{ select = "*", scope = "all" }]
[[roles]]
id = "system:guest"
retired = 4
grants = ["contacts"]
denies = ["people"]

[tokens]
system_roles = ["system:member"]
account_roles = false

[[renamed]]
version = 2
from = "clients"
to = "contacts"
[[renamed]]
version = 3
from = "contacts.secrets"
to = "people.secrets"
[[retired]]
version = 3
path = "contacts.fax"
"#;

const POLICY: &str = r#"
format = 2
account = "acme"
catalog_version = 5
features = ["mail"]

[used_ids]
users = ["zed"]

[settings]
sharing = "system:lead"

[[roles]]
id = "seller"
inherits = ["system:member"]
grants = [{ select = "contacts.view", scope = "reports" }, { select = "contacts.edit", scope = "all" }, "mass"]
[[roles]]
id = "peer"
grants = ["contacts", { select = "contacts.*", scope = "peers" }]
[[roles]]
id = "viewer"
grants = [{ select = "*", scope = "own", except = ["contacts.edit"] }, "reports.run"]
[[roles]]
id = "no_edit"
denies = [{ select = "contacts", except = ["contacts.view"] }]

[[packages]]
id = "sales"
roles = ["seller"]

[[positions]]
id = "top"
[[positions]]
id = "left"
reports_to = ["top"]
[[positions]]
id = "right"
reports_to = ["top"]
[[positions]]
id = "shared"
reports_to = ["left", "right"]
"#;

const DIRECTORY: &str = r#"
format = 2
[[users]]
id = "ann"
position = "left"
packages = ["sales"]
properties = { region = "north", regions = ["north", "east"] }
[[users]]
id = "bob"
position = "shared"
roles = ["seller"]
[[users]]
id = "cay"
position = "left"
roles = ["peer"]
[[users]]
id = "dan"
roles = ["seller", "no_edit"]
[[users]]
id = "eve"
suspended = true
position = "shared"
roles = ["system:admin"]
[[users]]
id = "fay"
roles = [{ id = "system:admin", until = 1970-01-01T00:01:40Z }, "viewer"]
[[users]]
id = "gus"
position = "right"
roles = ["system:lead"]
"#;

fn read<T>(parsed: Parsed<T>) -> T {
    parsed
        .into_document()
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn model(catalog: &str, policy: &str, directory: &str) -> Model {
    Model::new(
        &read(CatalogDocument::from_toml("catalog", catalog)),
        &read(PolicyDocument::from_toml("policy", policy)),
        &read(DirectoryDocument::from_toml("directory", directory)),
        Timestamp(100),
    )
}

fn crm() -> Model {
    model(CRM, POLICY, DIRECTORY)
}

fn user(id: &str) -> Subject {
    Subject::User {
        id: id.to_owned(),
        account: Some("acme".to_owned()),
    }
}

fn token(id: Option<&str>, roles: &[&str], position: Option<&str>) -> Subject {
    Subject::Token {
        id: id.map(str::to_owned),
        account: Some("acme".to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        position: position.map(str::to_owned),
        properties: BTreeMap::new(),
    }
}

fn role(role: &str) -> Subject {
    Subject::Role {
        role: role.to_owned(),
        id: None,
        account: Some("acme".to_owned()),
        position: None,
        properties: BTreeMap::new(),
    }
}

/// A record of `acme`; an action on it by string `type:action`.
fn ask(subject: Subject, operation: &str, owner: Option<&str>) -> Request {
    let Some((r#type, action)) = operation.split_once(':') else {
        panic!("no operation: {operation}");
    };
    Request {
        subject,
        action: action.to_owned(),
        resource: Resource {
            r#type: r#type.to_owned(),
            id: Some("1".to_owned()),
            on_type: false,
            account: Some("acme".to_owned()),
            owner: owner.map(str::to_owned),
            owner_position: OwnerPosition::Directory,
            properties: BTreeMap::from([("status".to_owned(), Value::Text("open".to_owned()))]),
        },
        context: BTreeMap::from([("hour".to_owned(), Value::Integer(9))]),
    }
}

fn on_type(subject: Subject, operation: &str) -> Request {
    let mut request = ask(subject, operation, None);
    request.resource.on_type = true;
    request
}

/// An outcome on a line: code, permission, scope, and whatever else it carries.
fn line(outcome: &Outcome) -> String {
    let mut words = vec![outcome.code.to_owned()];
    words.extend(outcome.permission.clone());
    words.extend(outcome.scope.map(|scope| scope.to_string()));
    words.extend(
        outcome
            .filtered_by
            .as_ref()
            .map(|by| format!("filter {by}")),
    );
    words.extend(outcome.at.map(|at| format!("at {at}")));
    words.extend(outcome.fact.clone());
    words.extend(outcome.cause.map(|cause| format!("because {cause}")));
    assert_eq!(outcome.allowed, outcome.code == "allowed");
    words.join(" ")
}

#[test]
fn ownership_scopes_reach_what_they_say() {
    let crm = crm();
    let view = |who: &str, owner| line(&crm.check(&ask(user(who), "contact:view", owner)));
    // S1, S2: `shared` lies strictly below `left`; `cay` holds the same position, `gus` a sibling.
    assert_eq!(view("ann", Some("ann")), "allowed contacts.view reports");
    assert_eq!(view("ann", Some("bob")), "allowed contacts.view reports");
    assert_eq!(view("ann", Some("eve")), "allowed contacts.view reports");
    assert_eq!(view("ann", Some("cay")), "out_of_scope contacts.view");
    assert_eq!(view("cay", Some("ann")), "allowed contacts.view peers");
    assert_eq!(view("cay", Some("gus")), "out_of_scope contacts.view");
    // S3: no owner, an unknown owner, no position of one's own.
    assert_eq!(view("cay", None), "out_of_scope contacts.view");
    assert_eq!(view("cay", Some("nobody")), "out_of_scope contacts.view");
    assert_eq!(view("dan", Some("dan")), "allowed contacts.view reports");
    assert_eq!(view("dan", Some("fay")), "out_of_scope contacts.view");
    // S3: the host states the position.
    let mut stated = ask(user("ann"), "contact:view", Some("nobody"));
    stated.resource.owner_position = OwnerPosition::At("shared".to_owned());
    assert!(crm.check(&stated).allowed);
    stated.resource.owner = None;
    assert_eq!(crm.check(&stated).code, "out_of_scope");
    stated.resource.owner = Some("bob".to_owned());
    stated.resource.owner_position = OwnerPosition::Nowhere;
    assert_eq!(crm.check(&stated).code, "out_of_scope");
}

#[test]
fn prerequisites_narrow_and_name_the_immediate_one() {
    let crm = crm();
    let check = |who: &str, operation, owner| line(&crm.check(&ask(user(who), operation, owner)));
    // D7: edit at All is narrowed to view's Reports; `mass` gets it through edit.
    assert_eq!(
        check("ann", "contact:edit", Some("bob")),
        "allowed contacts.edit reports"
    );
    assert_eq!(
        check("ann", "contact:edit", Some("cay")),
        "out_of_scope contacts.edit"
    );
    assert_eq!(
        check("ann", "contact:mass", Some("bob")),
        "allowed mass reports"
    );
    // D4, D5: the deny takes `contacts` and all below, except view.
    assert_eq!(
        check("dan", "contact:edit", Some("dan")),
        "denied contacts.edit"
    );
    assert_eq!(
        check("dan", "contact:mass", Some("dan")),
        "prerequisite_missing mass at permission contacts.edit because denied"
    );
    // D17: `contacts` of the operation is denied; view got further than archive and people.
    assert_eq!(
        check("dan", "contact:archive", Some("dan")),
        "prerequisite_missing contacts.view at operation contacts because denied"
    );
    // D5, S5: a wildcard at Own gives All to nothing, and view at Own; archive offers neither.
    assert_eq!(
        check("fay", "contact:archive", Some("fay")),
        "prerequisite_missing contacts.view at operation contacts because not_granted"
    );
    // S5: a wildcard at Peers gives edit its Own, archive its Reports.
    assert_eq!(
        check("cay", "contact:archive", Some("bob")),
        "allowed contacts.view peers"
    );
    assert_eq!(
        check("cay", "contact:edit", Some("bob")),
        "out_of_scope contacts.edit"
    );
}

#[test]
fn features_follow_the_tree_as_written() {
    let crm = crm();
    // D6: `mail` is on, `sms` is not; `reports` names both. D2: fay's admin role ended at 100.
    assert_eq!(
        line(&crm.check(&on_type(user("fay"), "report:run"))),
        "feature_disabled reports.run at ancestor sms"
    );
    assert_eq!(
        line(&crm.check(&on_type(user("ann"), "report:run"))),
        "not_granted reports.run"
    );
    // The pair of `people` would be wider, were its feature on.
    assert_eq!(
        line(&crm.check(&ask(role("system:admin"), "contact:archive", None))),
        "allowed contacts.view all"
    );
}

#[test]
fn conditions_name_the_first_that_fails() {
    let crm = crm();
    let mut edit = ask(user("ann"), "contact:edit", Some("ann"));
    edit.context.insert("hour".to_owned(), Value::Integer(7));
    assert_eq!(
        line(&crm.check(&edit)),
        "condition_not_met contacts.edit at operation context.hour"
    );
    // The second alternative: a common element of two sets.
    edit.resource
        .properties
        .insert("tags".to_owned(), Value::Set(vec!["east".to_owned()]));
    assert!(crm.check(&edit).allowed);
    edit.resource.properties.clear();
    assert_eq!(
        line(&crm.check(&edit)),
        "property_missing contacts.edit at operation resource.status"
    );
    edit.resource
        .properties
        .insert("status".to_owned(), Value::Integer(1));
    assert_eq!(
        line(&crm.check(&edit)),
        "property_wrong_type contacts.edit at operation resource.status"
    );
    edit.resource
        .properties
        .insert("status".to_owned(), Value::Text("closed".to_owned()));
    assert_eq!(
        line(&crm.check(&edit)),
        "condition_not_met contacts.edit at operation resource.status"
    );
}

#[test]
fn what_is_wrong_before_the_pairs_comes_in_order() {
    let crm = crm();
    let good = ask(user("ann"), "contact:view", Some("ann"));
    let code = |change: &dyn Fn(&mut Request)| {
        let mut request = good.clone();
        change(&mut request);
        line(&crm.check(&request))
    };
    assert_eq!(code(&|_| ()), "allowed contacts.view reports");
    assert_eq!(
        code(&|r| r.resource.owner = Some("a\n".to_owned())),
        "invalid_identifier"
    );
    assert_eq!(
        code(&|r| r.resource.id = Some("x".repeat(257))),
        "invalid_identifier"
    );
    assert_eq!(
        code(&|r| r.resource.id = Some("x".repeat(256))),
        "allowed contacts.view reports"
    );
    assert_eq!(
        code(&|r| r.resource.account = None),
        "missing_account at resource"
    );
    assert_eq!(
        code(&|r| {
            r.resource.account = Some("other".to_owned());
            r.subject = Subject::User {
                id: "ann".to_owned(),
                account: None,
            };
        }),
        "missing_account at subject"
    );
    assert_eq!(
        code(&|r| r.resource.account = Some("other".to_owned())),
        "wrong_account at resource"
    );
    assert_eq!(code(&|r| r.subject = user("nobody")), "unknown_subject");
    assert_eq!(code(&|r| r.subject = user("zed")), "removed");
    assert_eq!(
        code(&|r| r.subject = token(Some("zed"), &["seller"], Some("up"))),
        "removed"
    );
    assert_eq!(
        code(&|r| r.subject = token(None, &["seller"], Some("up"))),
        "unknown_role"
    );
    assert_eq!(
        code(&|r| r.subject = token(None, &["system:member"], Some("up"))),
        "unknown_position"
    );
    assert_eq!(code(&|r| r.subject = role("system:guest")), "unknown_role");
    assert_eq!(code(&|r| r.subject = user("eve")), "suspended");
    assert_eq!(
        code(&|r| r.subject = token(Some("eve"), &[], None)),
        "suspended"
    );
    assert_eq!(
        code(&|r| r.resource.r#type = "none".to_owned()),
        "unknown_type"
    );
    assert_eq!(code(&|r| r.action = "none".to_owned()), "unknown_action");
    assert_eq!(code(&|r| r.action = "create".to_owned()), "asked_wrong_way");
    assert_eq!(code(&|r| r.resource.on_type = true), "asked_wrong_way");
}

#[test]
fn a_catalog_of_one_account_lets_it_be_left_out() {
    let crm = model(
        &CRM.replace("accounts = \"many\"", ""),
        &POLICY.replace("account = \"acme\"", ""),
        DIRECTORY,
    );
    let mut request = ask(user("ann"), "contact:view", Some("ann"));
    assert_eq!(line(&crm.check(&request)), "wrong_account at resource");
    request.resource.account = None;
    assert_eq!(line(&crm.check(&request)), "wrong_account at subject");
    request.subject = Subject::User {
        id: "ann".to_owned(),
        account: None,
    };
    assert!(crm.check(&request).allowed);
}

#[test]
fn operations_on_the_type_and_open_ones() {
    let crm = crm();
    assert_eq!(
        line(&crm.check(&on_type(user("ann"), "contact:export"))),
        "allowed contacts.edit reports filter contact:view"
    );
    // D14: without a record, neither scope nor conditions; the record's part is ignored.
    let mut any = ask(user("cay"), "contact:edit", Some(""));
    any.resource.properties.clear();
    assert_eq!(line(&crm.can_any(&any)), "allowed contacts.edit own");
    assert_eq!(
        line(&crm.can_any(&ask(user("cay"), "contact:create", None))),
        "allowed contacts all"
    );
    // D9: open.
    let open = |who| line(&crm.check(&ask(who, "report:look", None)));
    assert_eq!(open(user("gus")), "allowed all");
    assert_eq!(open(token(Some("zoe"), &[], None)), "allowed all");
    assert_eq!(open(token(None, &["system:member"], None)), "not_granted");
    assert_eq!(open(role("no_edit")), "allowed all");
    let off = model(CRM, &POLICY.replace("[\"mail\"]", "[]"), DIRECTORY);
    assert_eq!(
        line(&off.check(&ask(user("gus"), "report:look", None))),
        "feature_disabled at operation mail"
    );
}

#[test]
fn tokens_are_who_they_say_and_the_directory_denies() {
    let crm = crm();
    let crm_tokens = model(
        &CRM.replace("account_roles = false", "account_roles = true"),
        POLICY,
        DIRECTORY,
    );
    let view = |who, owner| ask(who, "contact:view", owner);
    assert_eq!(
        crm.check(&view(token(Some("x"), &["seller"], None), None))
            .code,
        "unknown_role"
    );
    // D18: its id owns; its position is its own, not the directory's.
    let check = |who, owner| line(&crm_tokens.check(&view(who, owner)));
    assert_eq!(
        check(token(Some("x"), &["seller"], None), Some("x")),
        "allowed contacts.view reports"
    );
    assert_eq!(
        check(token(Some("ann"), &["seller"], None), Some("bob")),
        "out_of_scope contacts.view"
    );
    assert_eq!(
        check(token(None, &["seller"], Some("top")), Some("bob")),
        "allowed contacts.view reports"
    );
    // dan's directory denies bind.
    let edit = ask(
        token(Some("dan"), &["seller"], None),
        "contact:edit",
        Some("dan"),
    );
    assert_eq!(line(&crm_tokens.check(&edit)), "denied contacts.edit");
}

#[test]
fn adjustable_permissions_come_from_their_setting() {
    // Written before `system:guest` was retired; the others would be refused in a newer policy.
    let with = |setting: &str| {
        let policy = POLICY
            .replace("sharing = \"system:lead\"", setting)
            .replace("catalog_version = 5", "catalog_version = 3");
        let crm = model(CRM, &policy, DIRECTORY);
        let reassign = |who| crm.check(&ask(role(who), "contact:reassign", None)).code;
        [
            reassign("system:member"),
            reassign("system:lead"),
            reassign("system:admin"),
        ]
    };
    let lead = ["not_granted", "allowed", "allowed"];
    assert_eq!(with("sharing = \"system:lead\""), lead);
    assert_eq!(with(""), ["not_granted", "not_granted", "allowed"]);
    // D16: out of bounds is the nearest bound; off the ladder is the ceiling.
    assert_eq!(with("sharing = \"system:member\""), lead);
    assert_eq!(
        with("sharing = \"system:guest\""),
        ["not_granted", "not_granted", "allowed"]
    );
}

const REACH: &str = r#"
format = 2
id = "reach"
version = 1
reach = "accessible"
[[features]]
id = "add_on"
[[permissions]]
path = "see"
scopes = ["own", "reports", "peers", "all"]
[[permissions]]
path = "base"
scopes = ["own", "reports", "peers", "all"]
[[types]]
id = "doc"
properties = { open = "boolean" }
[[operations]]
type = "doc"
action = "see"
on = "record"
allowed_by = [{ permission = "see", features = ["add_on"], when = [[{ resource = "open", is = true }]] }]
[[operations]]
type = "doc"
action = "base"
on = "record"
allowed_by = ["base"]
[[operations]]
type = "doc"
action = "note"
on = "record"
open = true
requires = ["base"]
[[operations]]
type = "doc"
action = "list"
on = "type"
allowed_by = ["see"]
"#;

fn reach(features: &str, suspended: bool) -> Model {
    model(
        REACH,
        &format!(
            r#"
            format = 2
            catalog_version = 1
            features = [{features}]
            [[roles]]
            id = "boss"
            grants = [{{ select = "*", scope = "reports" }}]
            [[roles]]
            id = "clerk"
            grants = [{{ select = "*", scope = "all" }}]
            [[positions]]
            id = "top"
            [[positions]]
            id = "mid"
            reports_to = ["top"]
            [[positions]]
            id = "low"
            reports_to = ["mid"]
            "#
        ),
        &format!(
            r#"
            format = 2
            users = [
                {{ id = "boss", position = "top", roles = ["boss"] }},
                {{ id = "mid", position = "mid", roles = ["boss"] }},
                {{ id = "free", roles = ["boss"] }},
                {{ id = "clerk", position = "low", roles = ["clerk"], suspended = {suspended} }},
                {{ id = "low", position = "low", roles = ["boss"] }},
            ]
            "#
        ),
    )
}

#[test]
fn reach_lends_what_people_below_can_access() {
    let ask = |model: &Model, who: &str, operation: &str| {
        let mut request = on_type(user(who), operation);
        request.subject = Subject::User {
            id: who.to_owned(),
            account: None,
        };
        request.resource.account = None;
        request.resource.on_type = operation == "doc:list";
        request
            .resource
            .properties
            .insert("open".to_owned(), Value::Boolean(true));
        line(&model.check(&request))
    };
    let on = reach("\"add_on\"", false);
    assert_eq!(ask(&on, "boss", "doc:see"), "allowed see all");
    assert_eq!(ask(&on, "mid", "doc:see"), "allowed see all");
    assert_eq!(ask(&on, "low", "doc:see"), "out_of_scope see");
    assert_eq!(ask(&on, "free", "doc:see"), "out_of_scope see");
    // The virtual pair of an open operation is lent too.
    assert_eq!(ask(&on, "boss", "doc:note"), "allowed all");
    assert_eq!(ask(&on, "low", "doc:note"), "out_of_scope");
    // On the type, the scope is what D7 and D9 leave.
    assert_eq!(ask(&on, "boss", "doc:list"), "allowed see reports");
    // With the pair's feature off nobody has the pair, so nobody lends it.
    let off = reach("", false);
    assert_eq!(ask(&off, "boss", "doc:see"), "out_of_scope see");
    assert_eq!(
        ask(&off, "clerk", "doc:see"),
        "feature_disabled see at pair add_on"
    );
    let suspended = reach("\"add_on\"", true);
    assert_eq!(ask(&suspended, "boss", "doc:see"), "out_of_scope see");
}

#[test]
fn older_policies_load_as_the_narrower_thing() {
    let policy = r#"
        format = 2
        account = "acme"
        catalog_version = 1
        features = ["fax"]
        settings = { sharing = "system:member" }
        [[roles]]
        id = "old"
        grants = ["clients", { select = "clients.view", scope = "all" }, { select = "clients.edit", scope = "peers" }, "clients.archive", "clients.fax", "clients.secrets", "sharing"]
        [[roles]]
        id = "hidden"
        inherits = ["old"]
        denies = [{ select = "clients", except = ["clients.view"] }]
        [[roles]]
        id = "shown"
        inherits = ["old"]
        denies = [{ select = "clients", except = ["clients.secrets"] }]
        [[roles]]
        id = "guest"
        inherits = ["system:guest", "old"]
    "#;
    // An operation to see each permission by.
    let operations: String = ["people.secrets", "people"]
        .iter()
        .map(|path| {
            format!("[[operations]]\ntype = \"report\"\naction = \"{path}\"\non = \"type\"\nallowed_by = [\"{path}\"]\n")
        })
        .collect();
    let catalog = CRM.replace(
        "[[roles]]\nid = \"system:member\"",
        &format!("{operations}[[roles]]\nid = \"system:member\""),
    );
    let old = model(&catalog, policy, "format = 2\nusers = []");
    let any = |who: &str, operation: &str| line(&old.can_any(&ask(role(who), operation, None)));
    assert_eq!(any("old", "contact:view"), "allowed contacts.view all");
    assert_eq!(any("old", "contact:edit"), "allowed contacts.edit own");
    assert_eq!(any("old", "contact:archive"), "allowed contacts.view all");
    assert_eq!(
        any("old", "report:people.secrets"),
        "allowed people.secrets all"
    );
    assert_eq!(any("old", "contact:reassign"), "not_granted sharing");
    assert_eq!(
        any("system:lead", "contact:reassign"),
        "allowed sharing all"
    );
    // A deny follows what was renamed out of it; so does an exception of a deny.
    assert_eq!(
        any("hidden", "report:people.secrets"),
        "denied people.secrets"
    );
    assert_eq!(any("hidden", "contact:view"), "allowed contacts.view all");
    assert_eq!(
        any("shown", "report:people.secrets"),
        "allowed people.secrets all"
    );
    assert_eq!(any("shown", "contact:view"), "denied contacts.view");
    // A retired role: grants inert, denies stay; known to this older policy.
    assert_eq!(
        any("system:guest", "contact:create"),
        "not_granted contacts"
    );
    assert_eq!(
        any("guest", "report:people.secrets"),
        "denied people.secrets"
    );
}

#[test]
fn writes_ask_both_states() {
    let crm = crm();
    let edit = ask(user("ann"), "contact:edit", Some("ann"));
    let to = |change: &dyn Fn(&mut Resource)| {
        let mut after = edit.resource.clone();
        change(&mut after);
        line(&crm.check_change(&edit, &after))
    };
    assert_eq!(to(&|_| ()), "allowed contacts.edit reports");
    assert_eq!(
        to(&|r| {
            r.properties.clear();
        }),
        "property_missing contacts.edit at operation resource.status"
    );
    assert_eq!(to(&|r| r.id = None), "different_records");
    assert_eq!(to(&|r| r.on_type = true), "asked_wrong_way");
    assert_eq!(
        to(&|r| r.owner = Some("cay".to_owned())),
        "out_of_scope contacts.edit"
    );
    assert_eq!(
        to(&|r| r.owner = Some("bob".to_owned())),
        "not_granted sharing"
    );
    assert_eq!(to(&|r| r.account = None), "missing_account at resource");
    let admin = ask(role("system:admin"), "contact:edit", Some("ann"));
    let mut after = admin.resource.clone();
    after.owner = None;
    assert_eq!(
        line(&crm.check_change(&admin, &after)),
        "allowed contacts.edit all"
    );
    // D19: creating; the owner is the subject unless stated.
    let create = |who: Subject, owner| line(&crm.check_create(&ask(who, "contact:create", owner)));
    assert_eq!(create(user("ann"), None), "allowed contacts all");
    assert_eq!(
        create(user("ann"), Some("cay")),
        "out_of_scope contacts.view"
    );
    assert_eq!(create(user("gus"), None), "not_granted contacts.view");
    assert_eq!(create(role("seller"), None), "out_of_scope contacts.view");
    assert_eq!(create(user("gus"), Some("")), "invalid_identifier");
    let outcome = crm.check_create(&ask(user("cay"), "contact:create", None));
    assert_eq!((outcome.allowed, outcome.scope), (true, Some(Scope::All)));
}
