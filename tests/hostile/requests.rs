//! Requests of every kind of nonsense, each with the code that it must get.

use bailiwick::{
    Accounts, Context, Decision, Engine, OnType, Owner, OwnerPosition, PropertyId, PropertyMap,
    Record, Resource, ResourceType, Subject, Token, Value, Warnings,
};

use crate::on_a_small_stack;
use crate::world::{self, NOW};

struct Case {
    name: &'static str,
    ask: fn(&Engine) -> Decision,
    code: &'static str,
}

macro_rules! cases {
    ($( $name:literal, $code:literal = $ask:expr; )*) => {
        &[$( Case { name: $name, ask: $ask, code: $code } ),*]
    };
}

/// Unchecked in full: 300 bytes more than an identifier may have.
fn long() -> String {
    "x".repeat(556)
}

fn contact() -> Record<'static> {
    Record::of("contact").id("1").owner("ann")
}

const CONTACTS: OnType<'_> = OnType::named("contact");

const CASES: &[Case] = cases! {
    // Sound requests, so that the denials below mean something.
    "a sound request", "allowed" = |it| it.check("ann", "view", &contact());
    "a sound request of a token", "allowed" = |it| it.check(&Token::new(["system:member"]).id("ann"), "view", &contact());
    "a sound request of a role", "allowed" = |it| it.check(Subject::role("viewer"), "view", &contact());
    "a sound request on the type", "allowed" = |it| it.check("all", "extra", &CONTACTS);
    "a record without id, of one whom all records are open to", "allowed" = |it| it.check("ann", "view", &Record::of("contact"));

    // Unknown names.
    "an unknown user", "unknown_subject" = |it| it.check("nobody", "view", &contact());
    "a user in other case", "unknown_subject" = |it| it.check("Ann", "view", &contact());
    "a user with a space behind", "unknown_subject" = |it| it.check("ann ", "view", &contact());
    "a user with a zero-width space", "unknown_subject" = |it| it.check("ann\u{200b}", "view", &contact());
    "an unknown action", "unknown_action" = |it| it.check("ann", "vew", &contact());
    "an action in other case", "unknown_action" = |it| it.check("ann", "View", &contact());
    "type and action in one", "unknown_action" = |it| it.check("ann", "contact:view", &contact());
    "a permission for an action", "unknown_action" = |it| it.check("ann", "contacts", &contact());
    "an unknown type", "unknown_type" = |it| it.check("ann", "view", &Record::of("contacts"));
    "an unknown type and action", "unknown_type" = |it| it.check("ann", "vew", &Record::of("contacts"));
    "an unknown user, type and action", "unknown_subject" = |it| it.check("nobody", "vew", &Record::of("contacts"));
    "an unknown owner", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact").owner("nobody"));
    "no owner", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact"));
    "an owner below", "allowed" = |it| it.check("boss", "view", &Record::of("contact").owner("hand"));
    "an owner below, said to be nowhere", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact").owner("hand").owner_position(OwnerPosition::None));
    "an owner at an unknown position", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact").owner("hand").owner_position(OwnerPosition::Named("lower")));
    "an unknown owner at a position below", "allowed" = |it| it.check("boss", "view", &Record::of("contact").owner("nobody").owner_position(OwnerPosition::Named("low")));
    "a position without an owner", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact").owner_position(OwnerPosition::Named("low")));

    // Namespaces.
    "a user named like a role has nothing of it", "not_granted" = |it| it.check("everything", "view", &contact());
    "a role asked as a user", "unknown_subject" = |it| it.check("viewer", "view", &contact());
    "a user asked as a role", "unknown_role" = |it| it.check(Subject::role("ann"), "view", &contact());
    "a package asked as a role", "unknown_role" = |it| it.check(Subject::role("pack"), "view", &contact());
    "a user named like a position is not at it", "not_granted" = |it| it.check("top", "view", &Record::of("contact").owner("hand"));
    "a user's name for the owner's position", "out_of_scope" = |it| it.check("boss", "view", &Record::of("contact").owner("x").owner_position(OwnerPosition::Named("hand")));

    // Wildcards and denies.
    "`contacts` beside `contacts_extra`: granted", "allowed" = |it| it.check("boss", "delete", &contact());
    "`contacts.*` is not `contacts_extra`", "not_granted" = |it| it.check("boss", "extra", &CONTACTS);
    "`contacts.*` is not `contacts_extra.more`", "not_granted" = |it| it.check("boss", "more", &CONTACTS);
    "a deny against a wildcard: the node", "denied" = |it| it.check("torn", "view", &contact());
    "a deny against a wildcard: below", "denied" = |it| it.check("torn", "delete", &contact());
    "a deny against a wildcard: beside", "allowed" = |it| it.check("torn", "extra", &CONTACTS);
    "a deny of everything", "denied" = |it| it.check("mute", "more", &CONTACTS);
    "a deny of everything, and an open operation", "allowed" = |it| it.check("mute", "open", &contact());
    "an exception takes away what lies below", "not_granted" = |it| it.check("most", "more", &CONTACTS);
    "an exception takes away nothing beside", "allowed" = |it| it.check("most", "delete", &contact());
    "a feature that is not enabled", "feature_disabled" = |it| it.check("all", "text", &contact());
    "a feature above that is not enabled", "feature_disabled" = |it| it.check("all", "bulk", &CONTACTS);
    "a suspended user", "suspended" = |it| it.check("gone", "view", &contact());
    "a suspended user, and an unknown type", "suspended" = |it| it.check("gone", "view", &Record::of("x"));
    "a suspended user, and an open operation", "suspended" = |it| it.check("gone", "open", &contact());
    "a role's deny against its grant, by tokens", "unknown_role" = |it| it.check(&Token::new(["everything"]), "view", &contact());

    // Asked the wrong way.
    "a record operation of the type", "asked_wrong_way" = |it| it.check("ann", "view", &CONTACTS);
    "a type's operation of a record", "asked_wrong_way" = |it| it.check("all", "extra", &contact());
    "the wrong way, and not granted", "asked_wrong_way" = |it| it.check("top", "view", &CONTACTS);
    "can_any of a record operation", "allowed" = |it| it.can_any("boss", "view", &CONTACTS);
    "can_any of a condition", "allowed" = |it| it.can_any("boss", "if_open", &CONTACTS);
    "a change of the type", "asked_wrong_way" = |it| it.check_change("ann", "view", &CONTACTS, &CONTACTS);
    "a change to another id", "different_records" = |it| it.check_change("ann", "view", &contact(), &contact().id("2"));
    "a change to another type", "unknown_type" = |it| it.check_change("ann", "view", &contact(), &Record::of("x").id("1"));
    "a change of the owner where no operation reassigns", "owner_is_fixed" = |it| it.check_change("ann", "view", &contact(), &contact().owner("hand"));
    "a change of nothing", "allowed" = |it| it.check_change("ann", "view", &contact(), &contact());
    "creating by a record operation", "asked_wrong_way" = |it| it.check_create("ann", "view", &contact());
    "creating a type", "asked_wrong_way" = |it| it.check_create("all", "extra", &CONTACTS);

    // Identifiers.
    "an empty user", "invalid_identifier" = |it| it.check("", "view", &contact());
    "an empty action", "invalid_identifier" = |it| it.check("ann", "", &contact());
    "an empty type", "invalid_identifier" = |it| it.check("ann", "view", &Record::of(""));
    "an empty id", "invalid_identifier" = |it| it.check("ann", "view", &contact().id(""));
    "an empty owner", "invalid_identifier" = |it| it.check("ann", "view", &contact().owner(""));
    "an empty position of the owner", "invalid_identifier" = |it| it.check("ann", "view", &contact().owner_position(OwnerPosition::Named("")));
    "an empty account", "invalid_identifier" = |it| it.check("ann", "view", &contact().account(""));
    "an empty account of the subject", "invalid_identifier" = |it| it.check(Subject::user("ann").account(""), "view", &contact());
    "an empty role", "invalid_identifier" = |it| it.check(Subject::role(""), "view", &contact());
    "an empty id of a token", "invalid_identifier" = |it| it.check(&Token::new(["system:member"]).id(""), "view", &contact());
    "an empty role of a token", "invalid_identifier" = |it| it.check(&Token::new(["system:member", ""]), "view", &contact());
    "an empty position of a token", "invalid_identifier" = |it| it.check(&Token::new(["system:member"]).position(""), "view", &contact());
    "NUL in a user", "invalid_identifier" = |it| it.check("ann\0", "view", &contact());
    "NUL in an action", "invalid_identifier" = |it| it.check("ann", "view\0", &contact());
    "NUL in an id", "invalid_identifier" = |it| it.check("ann", "view", &contact().id("a\0b"));
    "NUL in an owner", "invalid_identifier" = |it| it.check("ann", "view", &contact().owner("ann\0"));
    "NUL in a role", "invalid_identifier" = |it| it.check(Subject::role("viewer\0"), "view", &contact());
    "DEL in an id", "invalid_identifier" = |it| it.check("ann", "view", &contact().id("\u{7f}"));
    "C1 in an id", "invalid_identifier" = |it| it.check("ann", "view", &contact().id("\u{9b}2J"));
    "a line end in an id", "invalid_identifier" = |it| it.check("ann", "view", &contact().id("1\n2"));
    "257 bytes", "invalid_identifier" = |it| it.check("ann", "view", &contact().id(&long()[..257]));
    "256 bytes", "allowed" = |it| it.check("ann", "view", &contact().id(&long()[..256]));
    "a user of 1 MB", "invalid_identifier" = |it| it.check("x".repeat(1 << 20).as_str(), "view", &contact());
    "an action of 1 MB", "invalid_identifier" = |it| it.check("ann", "x".repeat(1 << 20).as_str(), &contact());
    "an id of 1 MB", "invalid_identifier" = |it| it.check("ann", "view", &contact().id(&"x".repeat(1 << 20)));
    "an owner of 1 MB", "invalid_identifier" = |it| it.check("ann", "view", &contact().owner(&"x".repeat(1 << 20)));
    "a type of 1 MB", "invalid_identifier" = |it| it.check("ann", "view", &Record::of(&"x".repeat(1 << 20)));
    "a role of 1 MB", "invalid_identifier" = |it| it.check(Subject::role(&"x".repeat(1 << 20)), "view", &contact());
    "an invalid identifier before everything else", "invalid_identifier" = |it| it.check(Subject::user("nobody").account("other"), "vew", &Record::of("x").id(""));
    "markup, bytes of SQL and a path are identifiers like any other", "allowed" = |it| it.check("ann", "view", &contact().id("../<b>' OR 1=1 --"));
    "a right-to-left override is no control character", "allowed" = |it| it.check("ann", "view", &contact().id("\u{202e}1"));

    // Accounts, where the catalog serves one.
    "an account that is not this one", "wrong_account" = |it| it.check("ann", "view", &contact().account("acme"));
    "a subject of an account that is not this one", "wrong_account" = |it| it.check(Subject::user("ann").account("acme"), "view", &contact());

    // Tokens.
    "a token with no role", "not_granted" = |it| it.check(&Token::new([""; 0]).id("ann"), "view", &contact());
    "a token with an unknown role", "unknown_role" = |it| it.check(&Token::new(["system:member", "vewer"]).id("ann"), "view", &contact());
    "a token with a role it may not bring", "unknown_role" = |it| it.check(&Token::new(["viewer"]).id("ann"), "view", &contact());
    "a token with a system role it may not bring", "unknown_role" = |it| it.check(&Token::new(["system:admin"]).id("ann"), "view", &contact());
    "a token with an unknown position", "unknown_position" = |it| it.check(&Token::new(["system:member"]).id("ann").position("topp"), "view", &contact());
    "a token with a user for a position", "unknown_position" = |it| it.check(&Token::new(["system:member"]).id("ann").position("ann"), "view", &contact());
    "a token with an unknown role and position", "unknown_role" = |it| it.check(&Token::new(["x"]).position("y"), "view", &contact());
    "a token of a suspended user", "suspended" = |it| it.check(&Token::new(["system:member"]).id("gone"), "view", &contact().owner("gone"));
    "a token of a user denied by the directory", "denied" = |it| it.check(&Token::new(["system:member"]).id("torn"), "view", &contact().owner("torn"));
    "a token without id owns nothing", "out_of_scope" = |it| it.check(&Token::new(["system:member"]), "view", &contact());
    "a token without id, and an open operation", "not_granted" = |it| it.check(&Token::new(["system:member"]), "open", &contact());
    "a token with an id of nobody, and an open operation", "allowed" = |it| it.check(&Token::new([""; 0]).id("guest"), "open", &contact());
    "a role without id owns nothing", "out_of_scope" = |it| it.check(Subject::role("system:member"), "view", &contact());
    "a role that tokens may not bring stands for itself", "allowed" = |it| it.check(&Token::of_role("viewer"), "view", &contact());
    "an unknown role stands for nothing", "unknown_role" = |it| it.check(Subject::role("System:member"), "view", &contact());

    // Properties.
    "a property missing", "property_missing" = |it| it.check("ann", "if_open", &contact());
    "a property missing, compared by not-equal", "property_missing" = |it| it.check("ann", "if_not_open", &contact());
    "a property missing, none of a list", "property_missing" = |it| it.check("ann", "if_untagged", &contact());
    "a property missing in the context", "property_missing" = |it| it.check("ann", "if_early", &contact());
    "a property missing on the right", "property_missing" = |it| it.check("hand", "if_near", &contact().property("status", "north"));
    "a property of a token that brings none", "property_missing" = |it| it.check(&Token::new(["system:member"]).id("ann"), "if_near", &contact().property("status", "north"));
    "a property of another type", "property_wrong_type" = |it| it.check("ann", "if_open", &contact().property("status", 1));
    "a property of another type, compared by not-equal", "property_wrong_type" = |it| it.check("ann", "if_not_open", &contact().property("status", true));
    "a boolean for an integer", "property_wrong_type" = |it| it.check("ann", "if_large", &contact().property("size", true));
    "digits for an integer", "property_wrong_type" = |it| it.check("ann", "if_large", &contact().property("size", "9007199254740993"));
    "a text for a set", "property_wrong_type" = |it| it.check("ann", "if_tagged", &contact().property("tags", "a"));
    "a set for a text", "property_wrong_type" = |it| it.check("ann", "if_open", &contact().property("status", vec!["open".to_owned()]));
    "a token's property of another type", "property_wrong_type" = |it| it.check(&Token::new([""; 0]).id("ann").property("region", 1), "if_near", &contact().property("status", "north"));
    "an empty set has none of the list", "allowed" = |it| it.check("ann", "if_untagged", &contact().property("tags", Vec::<String>::new()));
    "an empty set has no one of the list", "condition_not_met" = |it| it.check("ann", "if_tagged", &contact().property("tags", Vec::<String>::new()));
    "a property in other case is another", "property_missing" = |it| it.check("ann", "if_open", &contact().property("Status", "open"));
    "a text in other case is another", "condition_not_met" = |it| it.check("ann", "if_open", &contact().property("status", "Open"));
    "undeclared properties are ignored, whatever their names", "allowed" = |it| it.check("ann", "if_open", &contact().property("", 1).property("\0", "x").property(long(), true).property("status", "open"));
    "an integer past 2^53", "allowed" = |it| it.check("ann", "if_large", &contact().property("size", 9_007_199_254_740_993));
    "its neighbour, which a double cannot tell from it", "condition_not_met" = |it| it.check("ann", "if_large", &contact().property("size", 9_007_199_254_740_992));
    "the largest integer", "allowed" = |it| it.check("ann", "if_largest", &contact().property("size", i64::MAX));
    "the largest but one", "condition_not_met" = |it| it.check("ann", "if_largest", &contact().property("size", i64::MAX - 1));
    "the least integer", "allowed" = |it| it.check("ann", "if_least", &contact().property("size", i64::MIN));
    "the least but one", "condition_not_met" = |it| it.check("ann", "if_least", &contact().property("size", i64::MIN + 1));
    "a context with the property", "allowed" = |it| it.in_context(PropertyMap::new().set("hour", 9)).check("ann", "if_early", &contact());
    "a context whose property is a text", "property_wrong_type" = |it| it.in_context(PropertyMap::new().set("hour", "9")).check("ann", "if_early", &contact());
    "a context for every property the same", "property_wrong_type" = |it| it.in_context(&Always).check("ann", "if_early", &contact());

    // A host's resource that says odd things.
    "a resource that asks for its type by a name", "unknown_type" = |it| it.check("ann", "view", &Typeless);
    "a resource without a type, by handle", "allowed" = |it| it.catalog().operation("contact", "view").map_or(it.check("ann", "", &Typeless), |op| it.check("ann", op, &Typeless));
};

/// Says of every property that it is the same text.
struct Always;

impl Context for Always {
    fn property(&self, _: PropertyId, _: &str) -> Option<Value<'_>> {
        Some(Value::Text("always"))
    }
}

/// Leaves its type to the operation.
struct Typeless;

impl Resource for Typeless {}

#[test]
fn every_request_gets_its_code() {
    let wrong = on_a_small_stack(|| {
        let engine = world::engine();
        let mut wrong = Vec::new();
        for case in CASES {
            let decision = (case.ask)(&engine);
            if decision.code() != case.code || decision.is_allow() != (case.code == "allowed") {
                wrong.push(format!(
                    "{}: expected {}, got {}",
                    case.name,
                    case.code,
                    decision.code()
                ));
            }
            // Saying it does not panic either.
            let _ = engine.describe(decision).to_string();
        }
        wrong
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    println!("{} requests", CASES.len());
}

/// D11, D12: handles of another catalog, of another account, and of another lineage of the same
/// account are unknown, never misread.
#[test]
fn foreign_handles_are_unknown() {
    on_a_small_stack(|| {
        let catalog = world::catalog();
        let engine = world::engine_over(&catalog);
        // Another lineage of the same account, and another catalog; both word for word the same.
        let again = world::engine_over(&catalog);
        let elsewhere = world::engine();
        let ann = engine.user("ann").expect("a user");
        let view = catalog.operation("contact", "view").expect("known");
        let contact_type = catalog.resource_type("contact").expect("known");
        assert!(engine.check(ann, view, &contact()).is_allow());
        for other in [&again, &elsewhere] {
            let stranger = other.user("ann").expect("a user");
            let code = engine.check(stranger, view, &contact()).code();
            assert_eq!(code, "unknown_subject");
            assert_eq!(engine.user_name(stranger), None);
            let (low, top) = (other.position("low"), other.position("top"));
            let (low, top) = (low.expect("known"), top.expect("known"));
            assert!(other.is_below(low, top) && !engine.is_below(low, top));
            // A foreign owner is an unknown one, a foreign position none.
            let hand = other.user("hand").expect("a user");
            let owned = Record::of("contact").owner_id(hand);
            assert_eq!(engine.check("boss", "view", &owned).code(), "out_of_scope");
            let at = Record::of("contact")
                .owner("hand")
                .owner_position(OwnerPosition::At(low));
            assert_eq!(engine.check("boss", "view", &at).code(), "out_of_scope");
            // Even of one who sees every record: they do not become the viewer's own.
            let own = Record::of("contact").owner_id(stranger);
            let member = Token::new(["system:member"]).id("ann");
            assert_eq!(engine.check(&member, "view", &own).code(), "out_of_scope");
            // In a change, the foreign Ann is another owner than Ann.
            let change = engine.check_change("ann", "view", &contact(), &own.clone().id("1"));
            assert_eq!(change.code(), "owner_is_fixed");
        }
        // Operations and types belong to the catalog, whichever account asks.
        assert!(again.check("ann", view, &contact()).is_allow());
        assert_eq!(
            elsewhere.check("ann", view, &contact()).code(),
            "unknown_action"
        );
        assert_eq!(
            elsewhere
                .can_any("ann", view, &OnType::of_operation())
                .code(),
            "unknown_action"
        );
        let typed = Typed(contact_type);
        assert!(engine.check("ann", "view", &typed).is_allow());
        assert!(again.check("ann", "view", &typed).is_allow());
        assert_eq!(
            elsewhere.check("ann", "view", &typed).code(),
            "unknown_type"
        );
        let theirs = elsewhere.catalog().operation("contact", "view");
        let theirs = theirs.expect("known");
        assert_eq!(
            elsewhere.check("ann", theirs, &typed).code(),
            "unknown_type"
        );
        assert_eq!(engine.check("ann", theirs, &typed).code(), "unknown_action");
    });
}

struct Typed(bailiwick::TypeId);

impl Resource for Typed {
    fn resource_type(&self) -> ResourceType<'_> {
        ResourceType::Id(self.0)
    }

    fn owner(&self) -> Owner<'_> {
        Owner::Named("ann")
    }
}

/// D11: two accounts that have the same ids of users, roles and positions never see each other.
#[test]
fn accounts_with_equal_user_ids_stay_apart() {
    on_a_small_stack(|| {
        let mut accounts = Accounts::new(world::many());
        let mut poor = world::directory();
        for user in &mut poor.users {
            user.roles.clear();
        }
        for (account, directory) in [("acme", world::directory()), ("globex", poor)] {
            let loaded = accounts.load(
                world::policy_of(account),
                directory,
                NOW,
                Warnings::Into(&mut Vec::new()),
            );
            loaded.expect("a sound account");
        }
        let of = |account| contact().account(account);
        let ann = |account| Subject::user("ann").account(account);
        let code = |subject, record: &Record<'_>| accounts.check(subject, "view", record).code();
        assert_eq!(code(ann("acme"), &of("acme")), "allowed");
        assert_eq!(code(ann("globex"), &of("globex")), "not_granted");
        assert_eq!(code(ann("acme"), &of("globex")), "wrong_account");
        assert_eq!(code(ann("globex"), &of("acme")), "wrong_account");
        assert_eq!(code(Subject::user("ann"), &of("acme")), "missing_account");
        assert_eq!(code(ann("acme"), &contact()), "missing_account");
        assert_eq!(code(ann("Acme"), &of("acme")), "wrong_account");
        assert_eq!(code(ann("acme"), &of("acme\u{200b}")), "wrong_account");
        assert_eq!(code(ann("acme"), &of("other")), "wrong_account");
        assert_eq!(code(ann("other"), &of("other")), "wrong_account");
        assert_eq!(code(ann(""), &of("acme")), "invalid_identifier");
        assert_eq!(code(ann("acme"), &of("")), "invalid_identifier");
        assert_eq!(code(ann("acme"), &of("a\0")), "invalid_identifier");
        // A handle states its account by itself.
        let (acme, globex) = (accounts.engine("acme"), accounts.engine("globex"));
        let (acme, globex) = (acme.expect("loaded"), globex.expect("loaded"));
        let hers = acme.user("ann").expect("a user");
        assert_eq!(acme.check(hers, "view", &of("acme")).code(), "allowed");
        assert_eq!(
            globex.check(hers, "view", &of("globex")).code(),
            "unknown_subject"
        );
        assert_eq!(
            acme.check(hers, "view", &of("globex")).code(),
            "wrong_account"
        );
        assert_eq!(
            acme.check(hers, "view", &contact()).code(),
            "missing_account"
        );
        // Nor do owners cross: a record of the other account's Ann is nobody's here.
        let theirs = of("acme").owner_id(globex.user("hand").expect("a user"));
        let boss = Subject::user("boss").account("acme");
        assert_eq!(code(boss, &theirs), "out_of_scope");
        // A token and a role state their account as users do.
        let token = Token::new(["system:member"]).id("ann");
        assert_eq!(code(Subject::from(&token), &of("acme")), "missing_account");
        assert_eq!(
            code(Subject::from(&token).account("acme"), &of("acme")),
            "allowed"
        );
        assert_eq!(
            code(Subject::role("viewer").account("globex"), &of("acme")),
            "wrong_account"
        );
    });
}
