//! What `document_toml` and `document_json` do with a text: read it as every document there is,
//! compile what was read, ask what loads, and write it out again.

use std::fmt::Debug;
use std::sync::OnceLock;

use bailiwick::document::{
    Bundle, CatalogDocument, DirectoryDocument, Parsed, PolicyDocument, UserDocument,
};
use bailiwick::{Catalog, Engine, OnType, Record, Subject, Timestamp, Token, Warnings};

/// A catalog, policy and directory that use a little of everything.
const WORLD: &str = include_str!("../world.toml");
const NOW: Timestamp = Timestamp(1_700_000_000);

/// One format.
pub trait Format {
    fn catalog(text: &str) -> Parsed<CatalogDocument>;
    fn policy(text: &str) -> Parsed<PolicyDocument>;
    fn directory(text: &str) -> Parsed<DirectoryDocument>;
    fn bundle(text: &str) -> Parsed<Bundle>;
    fn write(document: &impl serde::Serialize) -> String;
}

/// A sound account, for the documents that need others.
struct World {
    catalog: Catalog,
    policy: PolicyDocument,
    directory: DirectoryDocument,
}

fn world() -> &'static World {
    static SOUND: OnceLock<World> = OnceLock::new();
    SOUND.get_or_init(|| {
        let bundle = Bundle::from_toml("world.toml", WORLD).into_document();
        let bundle = bundle.expect("the shape is right");
        let catalog = bundle.catalog.expect("a catalog");
        World {
            catalog: Catalog::new(catalog, Warnings::Into(&mut Vec::new()))
                .expect("a sound catalog"),
            policy: bundle.policy.expect("a policy"),
            directory: bundle.directory.expect("a directory"),
        }
    })
}

pub fn run<F: Format>(text: &str) {
    let World {
        catalog: sound,
        policy,
        directory,
    } = world();
    // A long text is read as what it seems to be, so that there is time for more texts.
    let short = text.len() < 150;
    let of_bundle = text.contains("policy") || text.contains("directory");
    let of_policy = !of_bundle && text.contains("catalog_version");
    let of_directory = !of_bundle && text.contains("users");
    if short || !(of_bundle || of_policy || of_directory) {
        let read = F::catalog(text);
        if let Ok(catalog) = said(Catalog::new(read.clone(), Warnings::Into(&mut Vec::new()))) {
            let nobody = DirectoryDocument::new([UserDocument::new("ann")]);
            let mut policy = PolicyDocument::new(catalog.version());
            policy.account = Some("acme".to_owned());
            ask(|warnings| Engine::new(&catalog, policy, nobody, NOW, warnings));
        }
        again::<F, _>(read, F::catalog);
    }
    if short || of_policy {
        let read = F::policy(text);
        ask(|warnings| Engine::new(sound, read.clone(), directory.clone(), NOW, warnings));
        again::<F, _>(read, F::policy);
    }
    if short || of_directory {
        let read = F::directory(text);
        ask(|warnings| Engine::new(sound, policy.clone(), read.clone(), NOW, warnings));
        again::<F, _>(read, F::directory);
    }
    if short || of_bundle {
        let read = F::bundle(text);
        if let Ok(parts) = said(read.clone().split())
            && let (Some(catalog), Some(policy)) = (parts.catalog, parts.policy)
            && let Ok(catalog) = said(Catalog::new(catalog, Warnings::Into(&mut Vec::new())))
        {
            let nobody = || DirectoryDocument::new([]).into();
            let directory = parts.directory.unwrap_or_else(nobody);
            ask(|warnings| Engine::new(&catalog, policy, directory, NOW, warnings));
        }
        again::<F, _>(read, F::bundle);
    }
}

/// What has the right shape is the same after it was written and read again.
fn again<F: Format, T>(parsed: Parsed<T>, read: fn(&str) -> Parsed<T>)
where
    T: serde::Serialize + PartialEq + Debug,
{
    if let Ok(document) = said(parsed.into_document()) {
        let written = F::write(&document);
        let read = read(&written).into_document();
        let read = read.unwrap_or_else(|problems| panic!("{problems}\n{written}"));
        assert_eq!(read, document, "{written}");
    }
}

/// Problems are said, whatever they hold: one line each, and never empty.
fn said<T>(result: Result<T, bailiwick::Problems>) -> Result<T, bailiwick::Problems> {
    if let Err(problems) = &result {
        assert!(problems.len() > 0);
        for problem in problems {
            let line = problem.to_string();
            assert!(!line.is_empty() && !line.contains(['\n', '\0']), "{line:?}");
        }
    }
    result
}

/// Whatever loads answers every question about every operation.
fn ask(load: impl FnOnce(Warnings<'_>) -> Result<Engine, bailiwick::Problems>) {
    let mut warnings = Vec::new();
    let Ok(engine) = said(load(Warnings::Into(&mut warnings))) else {
        return;
    };
    for warning in warnings {
        assert!(!warning.to_string().is_empty());
    }
    let account = engine.account().unwrap_or("acme").to_owned();
    let token = Token::new(engine.roles().take(3)).id("ann").position("top");
    let role = engine.roles().last().unwrap_or("x").to_owned();
    for operation in engine.catalog().operations().take(20) {
        let name = engine.catalog().operation_name(operation);
        let name = name.unwrap_or_default();
        let (of_type, action) = name.split_once(':').unwrap_or(("", ""));
        let record = Record::of(of_type).account(&account).owner("ann").id("1");
        let on_type = OnType::named(of_type).account(&account);
        for subject in [
            Subject::user("ann"),
            Subject::user("nobody"),
            Subject::from(&token),
            Subject::role(&role),
        ] {
            let subject = subject.account(&account);
            for decision in [
                engine.check(subject, operation, &record),
                engine.check(subject, action, &on_type),
                engine.can_any(subject, action, &on_type),
                engine.check_create(subject, action, &record),
                engine.check_change(subject, action, &record, &record.clone().owner("bob")),
            ] {
                let described = engine.describe(decision).to_string();
                assert_eq!(
                    decision.is_allow(),
                    decision.code() == "allowed",
                    "{described}"
                );
            }
        }
    }
}
