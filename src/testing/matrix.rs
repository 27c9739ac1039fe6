//! Golden matrices: role × operation as text.

use std::collections::HashSet;
use std::fmt::Write;

use crate::{Decision, Engine, OnType, Scope, Subject};

const LEGEND: &str = "\
# Operations (rows) by roles (columns).
# o own, r reports, p peers, A all: allowed, and on whose records; · denied; ? there is no such role.
# An operation on records is asked of no record: scope and conditions are yet to decide.
";

/// What each role may do, as text: to be kept in a file, compared, and reviewed as a diff.
///
/// Every operation of the catalog is asked of each role standing as subject, by `can_any`, which of
/// an operation on the type is the check itself. Rows come by type, types and actions in the
/// catalog's order; columns in the order given. The same engine gives the same text.
///
/// ```
/// use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*, testing::matrix};
/// # let catalog = Catalog::new(CatalogDocument::from_toml("c", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders", scopes = ["own", "all"] }]
/// #     types = [{ id = "order" }]
/// #     operations = [
/// #         { type = "order", action = "list", on = "type", allowed_by = ["orders"] },
/// #         { type = "order", action = "cancel", on = "record", allowed_by = ["orders"] },
/// #     ]
/// # "#), Warnings::Refuse)?;
/// # let policy = PolicyDocument {
/// #     roles: vec![
/// #         RoleDocument::new("seller").grant(("orders", bailiwick::Scope::Own)),
/// #         RoleDocument::new("guest"),
/// #     ],
/// #     ..PolicyDocument::new(1)
/// # };
/// # let engine = Engine::new(&catalog, policy, DirectoryDocument::new([]), Timestamp(0), Warnings::Refuse)?;
/// let text = matrix(&engine, ["seller", "guest"]);
/// assert!(text.ends_with("\n\
/// seller\n\
/// │ guest\n\
/// │ │\n\
/// o ·  order:list\n\
/// o ·  order:cancel\n"));
/// # Ok::<(), bailiwick::Problems>(())
/// ```
pub fn matrix<R: AsRef<str>>(engine: &Engine, roles: impl IntoIterator<Item = R>) -> String {
    let roles: Vec<R> = roles.into_iter().collect();
    let mut out = String::from(LEGEND);
    out.push('\n');
    for (i, role) in roles.iter().enumerate() {
        out.push_str(&"│ ".repeat(i));
        out.push_str(role.as_ref());
        out.push('\n');
    }
    out.push_str("│ ".repeat(roles.len()).trim_end());
    out.push('\n');
    for (i, (_, operations)) in by_type(engine).into_iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        for (operation, name) in operations {
            for role in &roles {
                let mut subject = Subject::role(role.as_ref());
                let mut on_type = OnType::of_operation();
                if let Some(account) = engine.account() {
                    subject = subject.account(account);
                    on_type = on_type.account(account);
                }
                out.push(tick(engine.can_any(subject, operation, &on_type)));
                out.push(' ');
            }
            // Writing to a string does not fail.
            let _ = writeln!(out, " {name}");
        }
    }
    out
}

/// Operations with their names, by type; types in the order in which they first have one.
fn by_type(engine: &Engine) -> Vec<(String, Vec<(crate::OperationId, String)>)> {
    let catalog = engine.catalog();
    let mut types: Vec<(String, Vec<_>)> = Vec::new();
    for operation in catalog.operations() {
        let Some(name) = catalog.operation_name(operation) else {
            continue;
        };
        let r#type = name.split(':').next().unwrap_or_default().to_owned();
        match types.iter_mut().find(|(known, _)| *known == r#type) {
            Some((_, operations)) => operations.push((operation, name)),
            None => types.push((r#type, vec![(operation, name)])),
        }
    }
    types
}

fn tick(decision: Decision) -> char {
    match decision.scope() {
        Some(Scope::Own) => 'o',
        Some(Scope::Reports) => 'r',
        Some(Scope::Peers) => 'p',
        Some(Scope::All) => 'A',
        None if decision.code() == "unknown_role" => '?',
        None => '·',
    }
}

/// The lines in which two texts differ, `-` from the first and `+` from the second; `None` where
/// the texts are equal.
///
/// ```
/// use bailiwick::testing::difference;
/// assert_eq!(difference("A ·  order:list\n", "A ·  order:list\n"), None);
/// assert_eq!(
///     difference("A ·  order:list\nA A  order:cancel\n", "A o  order:list\nA A  order:cancel\n"),
///     Some("-A ·  order:list\n+A o  order:list\n".to_owned())
/// );
/// ```
pub fn difference(golden: &str, now: &str) -> Option<String> {
    if golden == now {
        return None;
    }
    // Enough for matrices, whose lines name what they are about: a line is moved or changed, seldom
    // repeated. What a true diff would find shorter is found here as well, only longer.
    let kept: HashSet<&str> = now.lines().collect();
    let mut out = String::new();
    let mut left = golden.lines().peekable();
    for line in now.lines() {
        while let Some(gone) = left.next_if(|it| !kept.contains(it)) {
            let _ = writeln!(out, "-{gone}");
        }
        if left.next_if_eq(&line).is_none() {
            let _ = writeln!(out, "+{line}");
        }
    }
    for gone in left {
        let _ = writeln!(out, "-{gone}");
    }
    if out.is_empty() {
        out.push_str("the texts differ in how their lines end\n");
    }
    Some(out)
}
