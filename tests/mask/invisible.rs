//! Classes of characters by Unicode's properties, from another crate's tables than ours.

use std::sync::LazyLock;

/// Format characters, and what is ignorable by default.
pub(crate) static INVISIBLE: LazyLock<Class> =
    LazyLock::new(|| Class::of("[\\p{Cf}\\p{Default_Ignorable_Code_Point}]"));

/// Those of them that are marks: they belong to what stands before them.
pub(crate) static INVISIBLE_MARKS: LazyLock<Class> =
    LazyLock::new(|| Class::of("[\\p{Default_Ignorable_Code_Point}&&\\p{Mn}]"));

/// A class of characters.
pub(crate) struct Class(Vec<(char, char)>);

impl Class {
    /// As a regular expression writes it.
    fn of(pattern: &str) -> Class {
        use regex_syntax::hir::{Class as Parsed, HirKind};
        match regex_syntax::parse(pattern).unwrap().into_kind() {
            HirKind::Class(Parsed::Unicode(class)) => {
                let ranges = class.ranges().iter().map(|it| (it.start(), it.end()));
                Class(ranges.collect())
            }
            other => panic!("{pattern} is no class of characters: {other:?}"),
        }
    }

    pub(crate) fn contains(&self, c: char) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= c);
        after > 0 && c <= self.0[after - 1].1
    }
}
