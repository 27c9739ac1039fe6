//! Texts that a person takes for one another.

use crate::text::shows_nothing;

/// What a text looks like: its characters by what a reader takes them for, those that show nothing left
/// out. Two texts of one look are alike; others may be, too.
pub(crate) fn look(text: &str) -> String {
    let seen = text.chars().filter(|c| !shows_nothing(*c));
    seen.map(taken_for).collect()
}

/// The first character in which a text differs from another that looks the same: its number, counted from
/// 1, and itself.
pub(crate) fn first_difference(text: &str, other: &str) -> Option<(usize, char)> {
    if text == other || look(text) != look(other) {
        return None;
    }
    let mut others = other.chars();
    let mut chars = text.chars().zip(1..);
    chars
        .find(|(c, _)| others.next() != Some(*c))
        .map(|(c, number)| (number, c))
}

/// The Latin letter, digit or sign that a character is taken for: Cyrillic, Greek and Armenian letters of
/// the same shape, full-width forms, dashes and quotes.
fn taken_for(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c)
        }
        'а' | 'α' => 'a',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'с' | 'ϲ' => 'c',
        'С' | 'Ϲ' => 'C',
        'ԁ' => 'd',
        'е' => 'e',
        'Е' | 'Ε' => 'E',
        'һ' => 'h',
        'Н' | 'Η' => 'H',
        'і' | 'ι' => 'i',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'ј' | 'ϳ' => 'j',
        'Ј' | 'Ϳ' => 'J',
        'к' | 'κ' => 'k',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'ո' => 'n',
        'Ν' => 'N',
        'о' | 'ο' | 'օ' => 'o',
        'О' | 'Ο' | 'Օ' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ԛ' => 'q',
        'ѕ' => 's',
        'Ѕ' | 'Տ' => 'S',
        'Т' | 'Τ' => 'T',
        'ս' => 'u',
        'Ս' => 'U',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' => 'X',
        'у' | 'γ' => 'y',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{first_difference, look};

    #[test]
    fn what_looks_the_same_is_told_apart() {
        assert_eq!(
            first_difference("edit\u{43e}r", "editor"),
            Some((5, '\u{43e}'))
        );
        assert_eq!(
            first_difference("editor\u{200b}", "editor"),
            Some((7, '\u{200b}'))
        );
        assert_eq!(first_difference("ｅditor", "editor"), Some((1, 'ｅ')));
        assert_eq!(first_difference("editor", "editor"), None);
        assert_eq!(first_difference("editro", "editor"), None);
        assert_eq!(look("О\u{a0}’"), "O '");
    }

    #[test]
    fn looks_are_stable() {
        for c in '\0'..=char::MAX {
            let once = look(&c.to_string());
            assert_eq!(look(&once), once, "{c:?}");
        }
    }
}
