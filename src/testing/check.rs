//! What is wrong with a decisions document, beyond its shape.

use std::collections::{BTreeMap, HashSet};

use super::codes;
use super::document::RecordDocument;
use super::plan::{Opened, Planner};
use super::question::{Asks, Expected, Properties};
use crate::document::PropertyType;
use crate::document::problem::{Path, Report, quoted};

impl Planner<'_, '_, '_> {
    /// Reports tell tables and cases by their names.
    pub(super) fn check_names<'a>(&mut self, names: impl Iterator<Item = &'a str>, at: &Path<'_>) {
        let mut seen = HashSet::new();
        for (i, name) in names.enumerate() {
            if name.is_empty() {
                let at = at.index(i);
                self.report.error(&at.field("name"), "a name is empty");
            } else if !seen.insert(name) {
                let at = at.index(i);
                let message = format!("another one is named {} already", quoted(name));
                self.report.error(&at.field("name"), message);
            }
        }
    }

    /// An operation that does not exist must be expected to be none.
    pub(super) fn check_known<'a>(
        &mut self,
        opened: &Opened<'_>,
        mut answers: impl Iterator<Item = &'a String>,
        at: &Path<'_>,
    ) {
        if opened.is_known || answers.all(|answer| codes::may_lack_operation(answer)) {
            return;
        }
        let catalog = self.resolver.catalog();
        let names: Vec<String> = catalog
            .operations()
            .filter_map(|it| catalog.operation_name(it))
            .collect();
        let known = names.iter().map(String::as_str);
        let nearest = self.report.did_you_mean(opened.operation, known);
        let message = format!("unknown operation {}{nearest}", quoted(opened.operation));
        self.report.error(&at.field(opened.asks.as_str()), message);
    }

    pub(super) fn check_answer(&mut self, answer: &str, at: &Path<'_>) {
        if codes::every().any(|code| code == answer) {
            return;
        }
        let nearest = self.report.did_you_mean(answer, codes::every());
        let message = format!(
            "an answer is `allow` or the code of a denial, not {}{nearest}",
            quoted(answer)
        );
        self.report.error(at, message);
    }

    /// The states of the record that a question is put with.
    pub(super) fn check_states(
        &mut self,
        asks: Asks,
        operation: &str,
        record: Option<&RecordDocument>,
        after: Option<&RecordDocument>,
        at: &Path<'_>,
    ) {
        let r#type = operation.split_once(':').map_or("", |(it, _)| it);
        for (field, state) in [("record", record), ("after", after)] {
            if let Some(state) = state {
                self.check_record(state, &[r#type], &at.field(field));
            }
        }
        let message = match (asks == Asks::Change, after.is_some()) {
            (true, false) => "`after` is missing: a change is asked with both states",
            (false, true) => "`after` belongs to `change` alone",
            _ => return,
        };
        self.report.error(&at.field("after"), message);
    }

    /// The properties of a record are declared of one of the types that it is taken for.
    pub(super) fn check_record(&mut self, record: &RecordDocument, types: &[&str], at: &Path<'_>) {
        let every = &self.resolver.document().types;
        let declared: Vec<&BTreeMap<String, PropertyType>> = every
            .iter()
            .filter(|it| types.contains(&it.id.as_str()))
            .map(|it| &it.properties)
            .collect();
        // Of a type that does not exist nothing is declared, and nothing is known to be wrong.
        if !declared.is_empty() {
            check_properties(
                &record.properties,
                &declared,
                &at.field("properties"),
                self.report,
            );
        }
    }

    pub(super) fn check_context(&mut self, context: Option<&Properties>, at: &Path<'_>) {
        if let Some(context) = context {
            let declared = &self.resolver.document().context_properties;
            check_properties(context, &[declared], &at.field("context"), self.report);
        }
    }

    /// What a case says of the decision names things of the catalog.
    pub(super) fn check_facts(&mut self, expected: &Expected<'_>, at: &Path<'_>) {
        let document = self.resolver.document();
        let permissions = document.permissions.iter().map(|it| it.path.clone());
        let features = document.features.iter().map(|it| it.id.clone());
        let of_resources = document.types.iter().flat_map(|it| it.properties.keys());
        let properties = of_resources
            .map(|name| format!("resource.{name}"))
            .chain(
                document
                    .subject_properties
                    .keys()
                    .map(|it| format!("subject.{it}")),
            )
            .chain(
                document
                    .context_properties
                    .keys()
                    .map(|it| format!("context.{it}")),
            );
        let operations = document.operations.iter();
        let operations = operations.map(|it| format!("{}:{}", it.r#type, it.action));
        let permissions: Vec<String> = permissions.collect();
        let facts: Vec<String> = features
            .chain(permissions.iter().cloned())
            .chain(properties)
            .collect();
        let operations: Vec<String> = operations.collect();
        for (field, stated, known) in [
            // An open operation is decided by none.
            (
                "permission",
                expected.permission.filter(|it| !it.is_empty()),
                permissions,
            ),
            ("fact", expected.fact, facts),
            ("filtered_by", expected.filtered_by, operations),
        ] {
            if let Some(stated) = stated
                && !known.iter().any(|it| it == stated)
            {
                let names = known.iter().map(String::as_str);
                let nearest = self.report.did_you_mean(stated, names);
                let message = format!("the catalog has no {}{nearest}", quoted(stated));
                self.report.error(&at.field(field), message);
            }
        }
    }
}

/// Reports properties that are not among the declared ones.
fn check_properties(
    properties: &Properties,
    declared: &[&BTreeMap<String, PropertyType>],
    at: &Path<'_>,
    report: &mut Report<'_>,
) {
    for name in properties.keys() {
        if !declared.iter().any(|declared| declared.contains_key(name)) {
            let names = declared.iter().flat_map(|it| it.keys().map(String::as_str));
            let nearest = report.did_you_mean(name, names);
            report.error(
                &at.field(name),
                format!(
                    "the catalog declares no property {} here{nearest}",
                    quoted(name)
                ),
            );
        }
    }
}
