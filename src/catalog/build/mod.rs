//! From the catalog document to the model: every contradiction is found here, in one run, and there is no
//! model of a document that has one (I11).

mod administration;
mod conditions;
mod fields;
mod operations;
mod roles;
mod tree;

pub(crate) use roles::SYSTEM;

use std::sync::Arc;

use super::Model;
use super::evolution::Evolution;
use crate::document::problem::{Path, Report, quoted, shortened, suggestion};
use crate::document::{CatalogDocument, Parsed, Problem, ProblemCode, Problems, judge_by_format};
use crate::engine::Common;
use crate::id::Brand;
use crate::names::{Known, NamePairs, Names, Numbered};
use crate::request::is_invalid_identifier;

pub(super) fn build(parsed: &Parsed<CatalogDocument>) -> Result<(Model, Vec<Problem>), Problems> {
    let mut report = parsed.report();
    let model = parsed
        .document()
        .and_then(|document| build_document(document, &parsed.root(), &mut report));
    let (errors, warnings) = report.finish();
    Problems::unless_none(errors)?;
    let model = model.ok_or_else(Problems::nothing_read)?;
    Ok((model, warnings))
}

fn build_document(
    document: &CatalogDocument,
    root: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<Model> {
    judge_by_format(document.format, root, report);
    check_identifier(&document.id, &root.field("id"), report);
    if document.version == 0 {
        report.error(&root.field("version"), "versions count from `1`");
    }
    let Some(brand) = Brand::new() else {
        report.error(
            root,
            (
                ProblemCode::TooMany,
                "this process has made 2³² catalogs and accounts, and can make no more",
            ),
        );
        return None;
    };
    let mut model = Model {
        brand,
        id: document.id.as_str().into(),
        version: document.version,
        accounts: document.accounts,
        reach: document.reach,
        permissions: Vec::new(),
        permission_names: Names::default(),
        prerequisites_first: Vec::new(),
        features: Vec::new(),
        feature_names: Names::default(),
        types: Vec::new(),
        type_names: Names::default(),
        properties: Vec::new(),
        operations: Vec::new(),
        operations_by_names: NamePairs::default(),
        pairs: Vec::new(),
        roles: Vec::new(),
        role_names: Arc::default(),
        administration: Default::default(),
        tokens_bring_account_roles: document.tokens.account_roles,
        document: document.clone(),
        evolution: Evolution::of(document),
        common: Common::default(),
    };
    tree::features(&mut model, document, root, report);
    tree::permissions(&mut model, document, root, report);
    tree::evolution(&mut model, document, root, report);
    operations::types(&mut model, document, root, report);
    operations::operations(&mut model, document, root, report);
    operations::references(&mut model, document, root, report);
    operations::editors(&mut model, document, root, report);
    roles::roles(&mut model, document, root, report);
    roles::adjustables(&mut model, document, root, report);
    roles::rights(&mut model, document, root, report);
    administration::rules(&mut model, document, root, report);
    fields::check(&mut model, document, root, report);
    (!report.has_errors()).then(|| {
        operations::narrowing(&mut model);
        fields::compile(&mut model);
        model.common = Common::of(&model);
        roles::warn_of_missed_prerequisites(&model, document, root, report);
        administration::warn_of_what_tokens_bring(&model, document, root, report);
        model
    })
}

/// Reports what is no identifier (D12).
pub(crate) fn check_identifier(name: &str, at: &Path<'_>, report: &mut Report<'_>) -> bool {
    let wrong = if name.is_empty() {
        let wrong = "an identifier cannot be empty".to_owned();
        (ProblemCode::EmptyId, wrong)
    } else if name.len() > crate::limits::IDENTIFIER_BYTES {
        let limit = crate::limits::IDENTIFIER_BYTES;
        let wrong = format!("{} is longer than {limit} bytes", quoted(name));
        (ProblemCode::LongId, wrong)
    } else if is_invalid_identifier(name) {
        let wrong = format!("{} holds a control character", quoted(name));
        (ProblemCode::ControlCharacter, wrong)
    } else {
        return true;
    };
    report.error(at, wrong);
    false
}

/// Numbers a name that may stand once only.
pub(crate) fn insert(
    names: &mut impl Numbered,
    name: &str,
    what: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<u32> {
    match names.insert(name) {
        Ok(index) => Some(index),
        Err(_) => {
            let message = format!("duplicate {what} {}", quoted(name));
            report.error(at, (ProblemCode::Duplicate, message));
            None
        }
    }
}

/// Looks a name up, and reports an unknown one.
pub(crate) fn find(
    names: &impl Known,
    name: &str,
    what: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Option<u32> {
    find_or(names, name, what, at, report, || None)
}

/// The same, with what is known of a name that is another thing's.
pub(crate) fn find_or(
    names: &impl Known,
    name: &str,
    what: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
    hint: impl FnOnce() -> Option<String>,
) -> Option<u32> {
    let found = names.number(name);
    if found.is_none() && !report.hides_unknown() {
        let system = format!("{SYSTEM}{name}");
        let hint = match names.number(&system) {
            Some(_) => suggestion(name, &system),
            None => hint().unwrap_or_else(|| report.did_you_mean(name, names.every())),
        };
        let message = format!("unknown {what} {}{hint}", quoted(name));
        report.error(at, (ProblemCode::Unknown, message));
    }
    found
}

/// A list of names, each known, none twice.
pub(crate) fn find_all(
    names: &Names,
    list: &[String],
    what: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Vec<u16> {
    let mut found: Vec<u16> = Vec::with_capacity(list.len());
    let mut seen = std::collections::HashSet::new();
    for (i, name) in list.iter().enumerate() {
        let here = at.index(i);
        if let Some(index) = find(names, name, what, &here, report) {
            if seen.insert(index) {
                found.push(index as u16);
            } else {
                let message = format!("duplicate {what} {}", quoted(name));
                report.error(&here, (ProblemCode::Duplicate, message));
            }
        }
    }
    found
}

/// The features of a list, none of them retired.
pub(super) fn find_features(
    model: &Model,
    list: &[String],
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> Vec<u16> {
    let found = find_all(&model.feature_names, list, "feature", at, report);
    for (i, name) in list.iter().enumerate() {
        let feature = model.feature_names.get(name);
        if let Some(feature) = feature.and_then(|it| model.features.get(it as usize))
            && let Some(version) = feature.retired
        {
            report.error(
                &at.index(i),
                (
                    ProblemCode::Retired,
                    format!(
                        "feature {} was retired in version `{version}`",
                        quoted(name)
                    ),
                ),
            );
        }
    }
    found
}

/// Reports a list longer than its limit.
pub(crate) fn check_limit(
    found: usize,
    limit: usize,
    what: &str,
    at: &Path<'_>,
    report: &mut Report<'_>,
) -> bool {
    if found > limit {
        let message = format!("`{found}` {what}; the limit is `{limit}`");
        report.error(at, (ProblemCode::TooMany, message));
    }
    found <= limit
}

/// Reports cycles, each named whole: `a → b → a`.
pub(crate) fn report_cycles<'n>(
    cycles: &[Vec<u32>],
    what: &str,
    name: impl Fn(u32) -> &'n str,
    list: &Path<'_>,
    position: impl Fn(u32) -> usize,
    report: &mut Report<'_>,
) {
    /// Names of a cycle that a message spells out.
    const SPELLED_OUT: usize = 50;
    for cycle in cycles {
        let mut names: Vec<String> = cycle
            .iter()
            .take(SPELLED_OUT)
            .map(|&node| shortened(name(node)))
            .collect();
        if cycle.len() > SPELLED_OUT {
            names.push(format!("… ({} in all)", cycle.len() - 1));
        }
        let at = cycle.first().map_or(0, |&node| position(node));
        report.error(
            &list.index(at),
            (
                ProblemCode::Cycle,
                format!("{what} in a cycle: `{}`", names.join(" → ")),
            ),
        );
    }
}

/// A version at which something changed: one that this catalog has reached.
pub(super) fn check_version(
    version: u32,
    least: u32,
    model: &Model,
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    if version < least || version > model.version {
        report.error(
            at,
            if version < least {
                format!("version `{version}` is too early: a catalog changes from `{least}` on")
            } else {
                format!(
                    "version `{version}` is later than the catalog's own, `{}`",
                    model.version
                )
            },
        );
    }
}
