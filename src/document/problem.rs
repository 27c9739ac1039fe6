//! What is wrong with a document, said for whoever wrote it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::alike::first_difference;
use super::code::{ProblemCode, Said};
use super::node::{Node, Value};
use crate::text::shows_nothing;

/// One thing wrong with a document (an error), or worth knowing about it (a warning).
///
/// Its `Display` is one line: the place, then the message, with the offending text in backticks
/// and the nearest valid name where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    file: Option<Arc<str>>,
    offset: Option<usize>,
    line_column: Option<(usize, usize)>,
    path: String,
    code: ProblemCode,
    message: String,
}

impl Problem {
    /// What it is about, for programs.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// The name of the file, as the caller gave it.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// Line and column, both from 1, the column in characters; where the format tells.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        self.line_column
    }

    /// The path in the document, `roles[2].grants[0].select`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// As `code`, `file`, `line`, `column`, `path` and `message`; what is not known is left out.
impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Words<'p> {
            code: ProblemCode,
            #[serde(skip_serializing_if = "Option::is_none")]
            file: Option<&'p str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            line: Option<usize>,
            #[serde(skip_serializing_if = "Option::is_none")]
            column: Option<usize>,
            path: &'p str,
            message: &'p str,
        }
        let (line, column) = self.line_column.unzip();
        Words {
            code: self.code,
            file: self.file(),
            line,
            column,
            path: &self.path,
            message: &self.message,
        }
        .serialize(serializer)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some((line, column)) = self.line_column {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if self.line_column.is_none() && !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Every error found in one run over a document, in document order where the places are known.
///
/// ```
/// use bailiwick::document::CatalogDocument;
/// let problems = CatalogDocument::from_toml("catalog.toml", "format = 2\nversionn = 1")
///     .into_document()
///     .unwrap_err();
/// assert_eq!(
///     problems.to_string(),
///     "catalog.toml:1:1: `id` is missing\n\
///      catalog.toml:1:1: `version` is missing\n\
///      catalog.toml:2:1: unknown field `versionn`; did you mean `version`?"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with the problems, unless there are none.
    pub(crate) fn unless_none(problems: Vec<Problem>) -> Result<(), Problems> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Problems(problems))
    }

    /// Of a document in which nothing could be read.
    pub(crate) fn nothing_read() -> Problems {
        Problems(vec![Problem {
            file: None,
            offset: None,
            line_column: None,
            path: String::new(),
            code: ProblemCode::Syntax,
            message: "nothing could be read".to_owned(),
        }])
    }

    /// The problems; never empty.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// What becomes of the warnings of a document: things that loaded narrower than they are written, were
/// left out, or have no effect.
///
/// An argument rather than a list to look at afterwards, so that nobody overlooks them.
///
/// ```
/// use bailiwick::{Catalog, Engine, Timestamp, Warnings, document::*};
/// # let catalog = CatalogDocument::from_toml("c.toml", r#"
/// #     format = 2
/// #     id = "shop"
/// #     version = 1
/// #     permissions = [{ path = "orders" }, { path = "refunds", requires = ["orders"] }]
/// # "#);
/// let catalog = Catalog::new(catalog, Warnings::Refuse)?;
/// // Refunds need orders, which the wildcard leaves out.
/// let policy = PolicyDocument {
///     roles: vec![RoleDocument::new("cashier").grant("refunds.*")],
///     ..PolicyDocument::new(1)
/// };
/// let nobody = DirectoryDocument::new([]);
/// let at = Timestamp(0);
///
/// let refused = Engine::new(&catalog, policy.clone(), nobody.clone(), at, Warnings::Refuse);
/// assert!(refused.is_err());
///
/// let mut warnings = Vec::new();
/// Engine::new(&catalog, policy, nobody, at, Warnings::Into(&mut warnings))?;
/// assert_eq!(warnings.len(), 1);
/// # Ok::<(), Problems>(())
/// ```
#[derive(Debug)]
pub enum Warnings<'w> {
    /// A warning is an error.
    Refuse,
    /// Warnings are added to this list.
    Into(&'w mut Vec<Problem>),
}

impl Warnings<'_> {
    /// Hands the warnings over.
    ///
    /// # Errors
    /// The warnings, if there are any and they are refused.
    pub(crate) fn settle(self, found: Vec<Problem>) -> Result<(), Problems> {
        match self {
            Warnings::Refuse => Problems::unless_none(found),
            Warnings::Into(list) => {
                list.extend(found);
                Ok(())
            }
        }
    }
}

/// Where in a document something stands: a chain of steps, written out only for a problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub(crate) const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    pub(crate) fn field(&'a self, name: &'a str) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Path<'a> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    /// The path as a document's author counts: items that could not be read have their numbers too.
    fn write(&self, source: &Source, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(source, out);
        }
        match self.step {
            Step::Root => {}
            Step::Index(index) => {
                let index = source.written_index(out, index);
                out.push_str(&format!("[{index}]"));
            }
            Step::Field(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                // A key that would not read as one step is quoted.
                if name.is_empty()
                    || name.contains(|c: char| ".[]`\"".contains(c) || c.is_control())
                {
                    out.push_str(&format!("\"{}\"", shortened(name)));
                } else {
                    out.push_str(&shortened(name));
                }
            }
        }
    }

    /// The node at this path, or the nearest above it; and whether it is the one asked for.
    fn resolve<'n>(&self, source: &'n Source) -> (&'n Node, bool) {
        let Some(parent) = self.parent else {
            return (&source.root, true);
        };
        let (node, exact) = parent.resolve(source);
        if !exact {
            return (node, false);
        }
        let found = match (self.step, &node.value) {
            (Step::Field(name), Value::Table(table)) => table.get(name).map(|(_, node)| node),
            (Step::Index(index), Value::List(items)) => {
                let mut list = String::new();
                parent.write(source, &mut list);
                items.get(source.written_index(&list, index))
            }
            _ => None,
        };
        found.map_or((node, false), |node| (node, true))
    }
}

/// Where a document came from: enough to turn a path into a place.
#[derive(Debug, Default)]
pub(crate) struct Source {
    file: Option<Arc<str>>,
    root: Node,
    text: String,
    /// For each list, by its path, the items that could not be read: the documents lack them.
    unread: HashMap<String, Vec<usize>>,
}

impl Source {
    #[cfg(any(feature = "toml", feature = "json"))]
    pub(crate) fn of_text(file: &str, text: &str, root: Node) -> Self {
        Source {
            file: Some(file.into()),
            root,
            text: text.to_owned(),
            unread: HashMap::new(),
        }
    }

    #[cfg(any(feature = "toml", feature = "json"))]
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// A problem at a byte range of the source. Its line and column are worked out by
    /// [`Source::place`], for all problems in one pass.
    pub(crate) fn problem_at_span(
        &self,
        span: Option<&Range<usize>>,
        path: &Path<'_>,
        said: impl Into<Said>,
    ) -> Problem {
        let Said { code, message } = said.into();
        let mut written = String::new();
        path.write(self, &mut written);
        Problem {
            file: self.file.clone(),
            offset: span.map(|span| span.start),
            line_column: None,
            path: written,
            code,
            message,
        }
    }

    /// A problem at a path; where the path has no node, the nearest above stands in.
    fn problem_at(&self, path: &Path<'_>, said: impl Into<Said>) -> Problem {
        let (node, _) = path.resolve(self);
        self.problem_at_span(node.span.as_ref(), path, said)
    }

    /// The number that an item of a document has in its source.
    fn written_index(&self, list: &str, index: usize) -> usize {
        let Some(unread) = self.unread.get(list) else {
            return index;
        };
        // In ascending order: the k-th unread item has k items before it that were not read, and moves
        // what stands behind it one on.
        let (mut low, mut high) = (0, unread.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match unread.get(middle) {
                Some(unread) if unread.saturating_sub(middle) <= index => low = middle + 1,
                _ => high = middle,
            }
        }
        index + low
    }

    /// Remembers the items that could not be read, once all of the document has been.
    #[cfg(any(feature = "toml", feature = "json"))]
    pub(crate) fn set_unread(&mut self, unread: HashMap<String, Vec<usize>>) {
        self.unread = unread;
    }

    /// Orders problems by place and gives each its line and column.
    fn place(&self, problems: &mut [Problem]) {
        problems.sort_by_key(|problem| problem.offset);
        let mut line = 1;
        let mut column = 1;
        let mut reached = 0;
        for problem in problems {
            let Some(offset) = problem.offset else {
                continue;
            };
            for c in self.text.get(reached..offset).unwrap_or_default().chars() {
                column += 1;
                if c == '\n' {
                    line += 1;
                    column = 1;
                }
            }
            reached = reached.max(offset);
            problem.line_column = Some((line, column));
        }
    }
}

/// By which rules what is read is judged: one that refuses what was once accepted binds what is made
/// from then on (D16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// What documents of format 1 hold, and what journals replay.
    OfFormat1,
    /// What is made from now on: documents of today's format, changes, imports.
    Today,
}

/// Collects the problems of one document.
pub(crate) struct Report<'s> {
    source: &'s Source,
    rules: Rules,
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
    /// What looking for nearest names may still cost, in compared pairs of bytes: a document of
    /// 100,000 misspelt names must not cost 100,000 searches through 100,000 names.
    nearest_budget: usize,
    unread: HashMap<String, Vec<usize>>,
    /// Whether unknown names go unsaid: where those that they would be found among could not be read.
    hides_unknown: bool,
    /// Fields that could not be read, by path: what stands in for them is not worth a problem more.
    stood_in: HashSet<String>,
    /// The fields of the tables around the one that is read, the document's first.
    around: Vec<&'static [&'static str]>,
}

/// Pairs of bytes that one document may have compared.
pub(crate) const NEAREST_BUDGET: usize = 20_000_000;

impl<'s> Report<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Report {
            source,
            rules: Rules::Today,
            errors: Vec::new(),
            warnings: Vec::new(),
            nearest_budget: NEAREST_BUDGET,
            unread: HashMap::new(),
            hides_unknown: false,
            stood_in: HashSet::new(),
            around: Vec::new(),
        }
    }

    /// Has what follows judged by these rules.
    pub(crate) fn judge_by(&mut self, rules: Rules) {
        self.rules = rules;
    }

    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    /// The same, where names are looked for among what could not all be read.
    pub(crate) fn hiding_unknown(mut self, hides: bool) -> Self {
        self.hides_unknown = hides;
        self
    }

    pub(crate) fn hides_unknown(&self) -> bool {
        self.hides_unknown
    }

    /// A field that could not be read, and that something stands in for, so that the rest is looked
    /// at all the same.
    pub(crate) fn stand_in(&mut self, at: &Path<'_>) {
        let mut written = String::new();
        at.write(self.source, &mut written);
        self.stood_in.insert(written);
    }

    #[cfg(any(feature = "toml", feature = "json"))]
    pub(crate) fn stood_in(&self) -> &HashSet<String> {
        &self.stood_in
    }

    /// Whether something stands in for that field.
    pub(crate) fn is_stood_in(&self, at: &Path<'_>) -> bool {
        if self.stood_in.is_empty() {
            return false;
        }
        let mut written = String::new();
        at.write(self.source, &mut written);
        self.stood_in.contains(&written)
    }

    /// Whether the value of that key could not be read, in some table of that name.
    pub(crate) fn is_unread_key(&self, table: &str, key: &str) -> bool {
        if self.stood_in.is_empty() {
            return false;
        }
        let mut written = String::new();
        let table = Path::ROOT.field(table);
        table.field(key).write(self.source, &mut written);
        let is_end = |path: &String| {
            let before = path.strip_suffix(&written);
            before.is_some_and(|it| it.is_empty() || it.ends_with('.'))
        };
        self.stood_in.iter().any(is_end)
    }

    /// Begins a table with these fields.
    pub(crate) fn enter(&mut self, fields: &'static [&'static str]) {
        self.around.push(fields);
    }

    /// Ends the table that was begun last.
    pub(crate) fn leave(&mut self) {
        self.around.pop();
    }

    /// The fields of the tables around the one that was begun last, the nearest first; whether they are
    /// the document's.
    pub(crate) fn around(&self) -> impl Iterator<Item = (&'static [&'static str], bool)> + '_ {
        let tables = self.around.iter().enumerate().rev().skip(1);
        tables.map(|(depth, fields)| (*fields, depth == 0))
    }

    /// The same fields, when another report goes on where one ended.
    pub(crate) fn with_stood_in(mut self, stood_in: &HashSet<String>) -> Self {
        self.stood_in.clone_from(stood_in);
        self
    }

    /// A report that may spend only what another has left on nearest names; and what is left of it.
    pub(crate) fn with_nearest_budget(mut self, budget: usize) -> Self {
        self.nearest_budget = budget;
        self
    }

    pub(crate) fn nearest_budget(&self) -> usize {
        self.nearest_budget
    }

    /// An item of a list that could not be read.
    pub(crate) fn unread(&mut self, list: &Path<'_>, index: usize) {
        let mut written = String::new();
        list.write(self.source, &mut written);
        self.unread.entry(written).or_default().push(index);
    }

    #[cfg(any(feature = "toml", feature = "json"))]
    pub(crate) fn take_unread(&mut self) -> HashMap<String, Vec<usize>> {
        std::mem::take(&mut self.unread)
    }

    pub(crate) fn error(&mut self, at: &Path<'_>, said: impl Into<Said>) {
        let problem = self.source.problem_at(at, said);
        if !self.stood_in.contains(&problem.path) {
            self.errors.push(problem);
        }
    }

    pub(crate) fn error_at_span(
        &mut self,
        span: Option<&Range<usize>>,
        at: &Path<'_>,
        said: impl Into<Said>,
    ) {
        self.errors
            .push(self.source.problem_at_span(span, at, said));
    }

    /// Something that is refused from format 2 on: an error in what is made today, and a finding in
    /// what was made before (D16). Whether it was an error.
    pub(crate) fn refuse_today(&mut self, at: &Path<'_>, said: impl Into<Said>) -> bool {
        let is_refused = self.rules == Rules::Today;
        if is_refused {
            self.error(at, said);
        } else {
            let Said { code, message } = said.into();
            self.warning(at, (code, format!("{message} (`format = 2` refuses it)")));
        }
        is_refused
    }

    pub(crate) fn warning(&mut self, at: &Path<'_>, said: impl Into<Said>) {
        self.warnings.push(self.source.problem_at(at, said));
    }

    /// ``; did you mean `contacts`?``, or nothing where no name is near.
    pub(crate) fn did_you_mean<'n>(
        &mut self,
        name: &str,
        valid: impl IntoIterator<Item = &'n str>,
    ) -> String {
        nearest(name, valid, &mut self.nearest_budget)
            .map_or_else(String::new, |near| suggestion(name, near))
    }

    /// Problems found before, at parsing.
    pub(crate) fn extend_errors(&mut self, earlier: impl IntoIterator<Item = Problem>) {
        self.errors.extend(earlier);
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Errors and warnings, each by place.
    pub(crate) fn finish(mut self) -> (Vec<Problem>, Vec<Problem>) {
        self.source.place(&mut self.errors);
        self.source.place(&mut self.warnings);
        (self.errors, self.warnings)
    }
}

/// ``; did you mean `contacts`?`` Where the two look the same, it says where they differ.
pub(crate) fn suggestion(name: &str, near: &str) -> String {
    let apart = first_difference(name, near).map_or_else(String::new, |(number, c)| {
        let c = c.escape_unicode();
        format!(" Character {number} here is `{c}`")
    });
    format!("; did you mean {}?{apart}", quoted(near))
}

/// The nearest of the valid names, by Damerau and Levenshtein's distance without regard to case. Of a path,
/// what follows the segments that are the same is compared: `contacts.edit` is not near `contacts.delete`.
pub(crate) fn nearest<'n>(
    name: &str,
    valid: impl IntoIterator<Item = &'n str>,
    budget: &mut usize,
) -> Option<&'n str> {
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    let most = (length / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    for candidate in valid {
        // What is no name has a problem of its own.
        if candidate
            .chars()
            .all(|c| c.is_whitespace() || shows_nothing(c))
        {
            continue;
        }
        let comparable = candidate.len().abs_diff(name.len()) <= 4 * most;
        let cost = if comparable {
            candidate.len() * name.len() + 1
        } else {
            1
        };
        let Some(left) = budget.checked_sub(cost) else {
            break;
        };
        *budget = left;
        if !comparable {
            continue;
        }
        let candidate_lower = candidate.to_lowercase();
        let distance = strsim::damerau_levenshtein(&lower, &candidate_lower);
        let rest = length - shared_segments(&lower, &candidate_lower);
        let most = (rest / 3).clamp(1, 4);
        // A name that shares nothing with it is not near.
        if distance <= most && distance < rest && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many characters the segments have that two names begin with, `.` or `:` behind each.
fn shared_segments(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).zip(1..);
    let same = same.take_while(|((one, other), _)| one == other);
    let ends = same.filter(|((c, _), _)| matches!(c, '.' | ':'));
    ends.map(|(_, number)| number).last().unwrap_or(0)
}

/// An offending text as messages show it: in backticks, control and invisible characters escaped,
/// cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

/// An id, path or selector as explanations show it: in backticks, and whole where it is no longer than one can be.
/// Two that differ in what would be cut must not read alike.
pub(crate) fn named(text: &str) -> String {
    format!("`{}`", whole(text))
}

pub(crate) fn whole(text: &str) -> String {
    cut(text, crate::limits::IDENTIFIER_BYTES)
}

/// `` `2` holders``, of a role.
pub(crate) fn holders(number: u32) -> String {
    let noun = if number == 1 { "holder" } else { "holders" };
    format!("`{number}` {noun}")
}

pub(crate) fn shortened(text: &str) -> String {
    cut(text, 80)
}

fn cut(text: &str, shown: usize) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == shown {
            out.push_str(&format!("… ({} bytes)", text.len()));
            break;
        }
        if is_invisible(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that a reader would not see, or not tell from others: those that show nothing, white
/// space that is no plain space, combining accents.
fn is_invisible(c: char) -> bool {
    shows_nothing(c) || (c.is_whitespace() && c != ' ') || matches!(c, '\u{300}'..='\u{36f}')
}
