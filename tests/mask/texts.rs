//! Arbitrary texts, of what masks must stand: any character, and more often than chance those that
//! mean something to some format or join with their neighbours.

use proptest::prelude::*;

const ATOMS: &[&str] = &[
    "@",
    "@",
    ".",
    "\"",
    "\\",
    "*",
    "**",
    "***",
    "＊",
    "…",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    ",",
    ";",
    ":",
    "+",
    "-",
    "/",
    "#",
    "x",
    "ext",
    "tel:",
    "0",
    "1",
    "7",
    "42",
    "555",
    "1234567",
    "٣",
    "７",
    " ",
    "\u{a0}",
    "\t",
    "\r\n",
    "\n",
    "\0",
    "a",
    "A",
    "é",
    "e\u{301}",
    "\u{301}",
    "\u{338}",
    "=",
    "ß",
    "İ",
    "ı",
    "ﬁ",
    "Å",
    "\u{212b}",
    "\u{212a}",
    "\u{37e}",
    "\u{1fef}",
    "한",
    "\u{1112}",
    "\u{1161}",
    "\u{11ab}",
    "क्ष",
    "\u{94d}",
    "நீ",
    "ก็",
    "👩‍👩‍👧‍👦",
    "\u{200d}",
    "\u{200c}",
    "🇺🇳",
    "🇺",
    "👍🏽",
    "\u{fe0f}",
    "\u{20e3}",
    "\u{600}",
    "\u{202e}",
    "\u{200e}",
    "\u{feff}",
    "\u{e0061}",
    "\u{1d160}",
    "\u{fb1d}",
    "。",
    "example.com",
    "例え",
    "\u{10ffff}",
];

pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        3 => proptest::sample::select(ATOMS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(atom, 0..24).prop_map(|atoms| atoms.concat())
}

/// Texts of characters that the function accepts, decomposed or not.
pub(crate) fn text_of(accept: fn(char) -> bool) -> impl Strategy<Value = String> {
    use unicode_normalization::UnicodeNormalization;
    any_text().prop_map(move |text| {
        let kept = |c: &char| std::iter::once(*c).nfd().all(accept) && accept(*c);
        text.chars().filter(kept).collect()
    })
}
