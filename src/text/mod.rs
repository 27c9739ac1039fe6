//! Texts as people see them: which characters show nothing.
//!
//! The tables are Unicode 16.0's. They stand here, and not in a dependency, so that every build of a
//! version of this crate takes and refuses the same names (D12).

mod case;
mod search;

pub(crate) use search::folded;

/// Whether a character shows nothing by itself: control characters, what Unicode calls format
/// characters or ignorable by default (fillers, joiners and selectors, zero-width, direction and tag
/// characters), and blanks that are no white space.
///
/// White space that is no control character is none of them.
pub(crate) fn shows_nothing(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control() || is_format(c) || is_default_ignorable(c) || is_blank(c)
}

/// General category Cf. Some of them can be seen, such as U+06DD; none is part of a word.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}')
}

/// The property Default_Ignorable_Code_Point; it holds unassigned characters too.
fn is_default_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Characters whose glyph is blank, which no property of Unicode tells: the Braille pattern without
/// dots, the object replacement character, the Egyptian blanks, the Khitan filler, the null notehead.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{2800}' | '\u{fffc}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The characters of a class of another crate's tables.
    fn class(property: &str) -> impl Fn(char) -> bool {
        let parsed = regex_syntax::parse(&format!("\\p{{{property}}}")).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            parsed.into_kind()
        else {
            panic!("{property} is no class of characters");
        };
        move |c| {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| (range.start()..=range.end()).contains(&c))
        }
    }

    #[test]
    fn the_tables_are_unicodes() {
        let (format, ignorable) = (class("Cf"), class("Default_Ignorable_Code_Point"));
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert_eq!(is_format(c), format(c), "{c:?}");
            assert_eq!(is_default_ignorable(c), ignorable(c), "{c:?}");
        }
    }

    #[test]
    fn white_space_is_no_character_that_shows_nothing_unless_it_is_a_control_character() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            if c.is_whitespace() {
                assert_eq!(shows_nothing(c), c.is_control(), "{c:?}");
            }
        }
    }
}
