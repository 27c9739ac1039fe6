//! Texts that a person takes for one another.

use unicode_normalization::UnicodeNormalization;

use crate::text::shows_nothing;

/// What a text looks like: its characters by what a reader takes them for, without their marks' order and
/// compatible forms (NFKD), and without what shows nothing. Two texts of one look are alike; others may be,
/// too.
pub(crate) fn look(text: &str) -> String {
    let seen = text.chars().filter(|c| !shows_nothing(*c)).map(taken_for);
    let seen = seen.nfkd().filter(|c| !shows_nothing(*c));
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
/// the same shape, and a few of other scripts; dashes and quotes.
pub(crate) fn taken_for(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'А' | 'Α' | 'Ꭺ' | 'ꓮ' => 'A',
        'В' | 'Β' | 'Ᏼ' | 'ꓐ' => 'B',
        'Ь' | 'Ꮟ' => 'b',
        'с' | 'ϲ' | 'ᴄ' | 'ⲥ' => 'c',
        'С' | 'Ϲ' | 'Ꮯ' | 'ꓚ' | 'Ⲥ' => 'C',
        'ԁ' | 'Ꮷ' | 'ꓒ' => 'd',
        'Ꭰ' | 'ꓓ' => 'D',
        'е' => 'e',
        'Е' | 'Ε' | 'Ꭼ' | 'ꓰ' => 'E',
        'ꓝ' | 'Ϝ' => 'F',
        'ɡ' | 'ց' => 'g',
        'Ԍ' | 'Ꮐ' | 'ꓖ' => 'G',
        'һ' | 'հ' | 'Ꮒ' => 'h',
        'Н' | 'Η' | 'Ꮋ' | 'ꓧ' | 'Ⲏ' => 'H',
        'і' | 'ι' | 'ı' | 'ɩ' | 'Ꭵ' => 'i',
        'І' | 'Ι' | 'ꓲ' | 'Ⲓ' => 'I',
        'ј' | 'ϳ' | 'յ' => 'j',
        'Ј' | 'Ϳ' | 'Ꭻ' | 'ꓙ' => 'J',
        'к' | 'κ' | 'ⲕ' => 'k',
        'К' | 'Κ' | 'Ꮶ' | 'ꓗ' | 'Ⲕ' => 'K',
        'ӏ' | 'Ӏ' | 'ǀ' => 'l',
        'Ꮮ' | 'ꓡ' => 'L',
        'М' | 'Μ' | 'Ꮇ' | 'ꓟ' | 'Ⲙ' => 'M',
        'ո' | 'η' => 'n',
        'Ν' | 'ꓠ' | 'Ⲛ' => 'N',
        'о' | 'ο' | 'օ' | 'ᴏ' | 'ⲟ' | 'ס' | '०' | '๐' => 'o',
        'О' | 'Ο' | 'Օ' | 'ꓳ' | 'Ⲟ' => 'O',
        'р' | 'ρ' | 'ⲣ' => 'p',
        'Р' | 'Ρ' | 'Ꮲ' | 'ꓑ' | 'Ⲣ' => 'P',
        'ԛ' | 'զ' => 'q',
        'Ԛ' => 'Q',
        'г' => 'r',
        'Ꭱ' | 'Ꮢ' | 'ꓣ' => 'R',
        'ѕ' | 'ꜱ' => 's',
        'Ѕ' | 'Տ' | 'Ꮪ' | 'ꓢ' => 'S',
        'Т' | 'Τ' | 'Ꭲ' | 'ꓔ' | 'Ⲧ' => 'T',
        'ս' | 'υ' | 'ᴜ' => 'u',
        'Ս' | 'ꓴ' => 'U',
        'ν' | 'ѵ' | 'ᴠ' => 'v',
        'Ѵ' | 'Ꮩ' | 'ꓦ' => 'V',
        'ԝ' | 'ᴡ' | 'ω' => 'w',
        'Ԝ' | 'Ꮃ' | 'ꓪ' => 'W',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' | 'ꓫ' | 'Ⲭ' => 'X',
        'у' | 'γ' | 'ү' | 'ყ' => 'y',
        'У' | 'Υ' | 'Ү' | 'ꓬ' | 'Ⲩ' => 'Y',
        'ᴢ' => 'z',
        'Ζ' | 'Ꮓ' | 'ꓜ' => 'Z',
        'З' | 'з' | 'Ʒ' => '3',
        'б' => '6',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' => '\'',
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
        assert_eq!(
            first_difference("\u{e9}dit", "e\u{301}dit"),
            Some((1, '\u{e9}'))
        );
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
