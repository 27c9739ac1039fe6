//! Values of documents as a person reads them, so that no two that differ read alike.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::document::alike::{look, taken_for};
use crate::document::problem::quoted;
use crate::text::shows_nothing;

/// How much of a long text is shown at its beginning, and on each side of where it differs, in characters.
const AROUND: usize = 12;
/// How many texts that read alike are held against each other; where there are more, each is shown whole.
const COMPARED: usize = 32;
/// A longer text is shortened, unless it reads like another.
const SHOWN: usize = 80;

/// Values that differ, each as a person reads it: what it names, and in brackets what else it says. Texts
/// are shortened, and what is invisible is escaped, as is a word that may be taken for another one, which may
/// stand elsewhere; those that would then read alike are shown where they differ, and no two come out alike.
pub(super) fn told_apart(values: &[&Value]) -> Vec<String> {
    let mut told: Vec<String> = values.iter().map(|it| short(it)).collect();
    let mut alike = alike(&told);
    let has_alike = |value: &Value| {
        let own = Exact::of(std::iter::once(value));
        own.by_look
            .values()
            .any(|texts| texts.len() > 1 || texts.iter().any(|it| has_doubtful(it)))
    };
    let within = values.iter().enumerate().filter(|(_, it)| has_alike(it));
    alike.extend(within.map(|(place, _)| place));
    if alike.is_empty() {
        return told;
    }
    let texts = Exact::of(alike.iter().filter_map(|it| values.get(*it).copied()));
    for &place in &alike {
        if let (Some(told), Some(value)) = (told.get_mut(place), values.get(place)) {
            *told = texts.write(value);
        }
    }
    if self::alike(&told).is_empty() {
        return told;
    }
    // Somebody chose a text that reads like what was written for others.
    let texts = Exact::of(values.iter().copied());
    values.iter().map(|it| texts.write(it)).collect()
}

/// A text whole, in backticks; nothing in it is left to the eye: a word that may be taken for another is
/// written in ASCII.
pub(super) fn whole(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    format!("`{}`", exact(&chars, 0, chars.len(), &doubtful(&chars)))
}

/// The places of the words that may be taken for others.
fn doubtful(chars: &[char]) -> BTreeSet<usize> {
    let ends_word = |c: &char| c.is_whitespace() || c.is_ascii_punctuation();
    let mut places = BTreeSet::new();
    let mut begin = 0;
    for word in chars.split_inclusive(ends_word) {
        let end = begin + word.len();
        if is_doubtful(word) {
            places.extend(begin..end);
        }
        begin = end;
    }
    places
}

fn has_doubtful(text: &str) -> bool {
    !text.is_ascii() && !doubtful(&text.chars().collect::<Vec<char>>()).is_empty()
}

/// Returns whether a word may be taken for another that is written with other characters: it is not in the usual
/// form (NFKC), it looks like one in ASCII, or it has letters that are taken for others and is of several
/// scripts.
fn is_doubtful(word: &[char]) -> bool {
    if word.iter().all(char::is_ascii) {
        return false;
    }
    let is_usual = word.iter().copied().nfkc().eq(word.iter().copied());
    let is_taken = |c: &&char| !c.is_ascii() && taken_for(**c) != **c;
    let looks_ascii = word.iter().all(|c| taken_for(*c).is_ascii());
    let scripts: BTreeSet<u8> = word.iter().filter_map(|c| script(*c)).collect();
    !is_usual || looks_ascii || (scripts.len() > 1 && word.iter().any(|c| is_taken(&c)))
}

/// The script of a letter, as far as letters of others look like it.
fn script(c: char) -> Option<u8> {
    if !c.is_alphabetic() {
        return None;
    }
    Some(match c {
        '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => 0,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => 1,
        '\u{400}'..='\u{52f}' => 2,
        '\u{530}'..='\u{58f}' => 3,
        _ => 4,
    })
}

/// The places of those that read like another.
fn alike(told: &[String]) -> Vec<usize> {
    let mut by_look: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, text) in told.iter().enumerate() {
        by_look.entry(look(text)).or_default().push(place);
    }
    let several = by_look.into_values().filter(|it| it.len() > 1);
    several.flatten().collect()
}

fn short(value: &Value) -> String {
    written(value, &|text| quoted(text))
}

fn written(value: &Value, leaf: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::String(text) => leaf(text),
        Value::Array(values) if values.is_empty() => "(nothing)".to_owned(),
        Value::Array(values) => {
            let values: BTreeSet<String> = values.iter().map(|it| written(it, leaf)).collect();
            values.into_iter().collect::<Vec<_>>().join(", ")
        }
        Value::Object(fields) => {
            let is_name = |key: &str| key == "id" || key == "select";
            let names = fields.iter().filter(|(key, _)| is_name(key));
            let name: String = names.map(|(_, value)| written(value, leaf)).collect();
            let others = fields.iter().filter(|(key, _)| !is_name(key));
            let others = others.map(|(key, value)| format!("{key} {}", written(value, leaf)));
            let others: Vec<String> = others.collect();
            match others.is_empty() {
                true => name,
                false => format!("{name} ({})", others.join("; ")),
            }
        }
        other => other.to_string(),
    }
}

/// Writes texts so that no two that differ come out alike: where a text reads like others among them, by
/// the places where it differs from these.
struct Exact<'v> {
    by_look: BTreeMap<String, BTreeSet<&'v str>>,
}

impl<'v> Exact<'v> {
    fn of(values: impl Iterator<Item = &'v Value>) -> Exact<'v> {
        let mut by_look: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut left: Vec<&Value> = values.collect();
        while let Some(value) = left.pop() {
            match value {
                Value::String(text) => {
                    by_look.entry(look(&quoted(text))).or_default().insert(text);
                }
                Value::Array(values) => left.extend(values),
                Value::Object(fields) => left.extend(fields.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Exact { by_look }
    }

    fn write(&self, value: &Value) -> String {
        match value {
            // A set of one text is not that text.
            Value::Array(_) => format!("[{}]", written(value, &|text| self.text(text))),
            _ => written(value, &|text| self.text(text)),
        }
    }

    fn text(&self, text: &str) -> String {
        let alike = self.by_look.get(&look(&quoted(text)));
        if alike.is_some_and(|texts| texts.len() > COMPARED) {
            return whole(text);
        }
        let others = alike.into_iter().flatten().filter(|it| **it != text);
        let others: Vec<Vec<char>> = others.map(|it| it.chars().collect()).collect();
        let chars: Vec<char> = text.chars().collect();
        let bytes = || format!("… ({} bytes)", text.len());
        if others.is_empty() {
            let end = chars.len().min(SHOWN);
            let rest = if end < chars.len() {
                bytes()
            } else {
                String::new()
            };
            return format!("`{}{rest}`", exact(&chars, 0, end, &doubtful(&chars)));
        }
        let differs = |other: &Vec<char>| {
            let same = chars
                .iter()
                .zip(other)
                .take_while(|(one, other)| one == other);
            same.count()
        };
        let places: BTreeSet<usize> = others.iter().map(differs).collect();
        let escaped = &places | &doubtful(&chars);
        let mut out = String::new();
        let mut shown = 0;
        for place in std::iter::once(0).chain(places.iter().copied()) {
            let begin = place.saturating_sub(AROUND);
            if begin > shown {
                out.push('…');
            }
            let end = (place + AROUND).min(chars.len());
            out.push_str(&exact(&chars, begin.max(shown), end, &escaped));
            shown = shown.max(end);
        }
        if shown < chars.len() {
            out.push_str(&bytes());
        }
        format!("`{out}`")
    }
}

/// A part of a text, each character so that it can be taken for no other: what is invisible is escaped, and
/// so is what the text around it is written with; at these places, all that is not ASCII.
fn exact(chars: &[char], begin: usize, end: usize, places: &BTreeSet<usize>) -> String {
    let mut out = String::new();
    for (place, &c) in chars.iter().enumerate().take(end).skip(begin) {
        match c {
            '\\' | '`' => out.extend(['\\', c]),
            '…' => out.extend(c.escape_unicode()),
            c if shows_nothing(c) || (c.is_whitespace() && c != ' ') => {
                out.extend(c.escape_unicode());
            }
            c if is_combining(c) || (places.contains(&place) && !c.is_ascii()) => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

fn is_combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{look, told_apart, whole};

    /// No two of these values come out alike, in any company.
    #[test]
    fn what_differs_reads_differently() {
        let long = |end: &str| json!(format!("{}{end}", "a".repeat(90)));
        let values: Vec<Value> = vec![
            long("b"),
            long("c"),
            long(""),
            json!(format!("aaaaaaaaaaaa…aaaaaaaaaaaab… ({} bytes)", 91)),
            json!("\u{200b}"),
            json!("\\u{200b}"),
            json!("\\\\u{200b}"),
            json!("é"),
            json!("e\u{301}"),
            json!("\u{ac00}"),
            json!("\u{1100}\u{1161}"),
            json!("admin"),
            json!("\u{430}dmin"),
            json!("adm\u{456}n"),
            json!("\u{ff41}dmin"),
            json!("сор"),
            json!("cop"),
            json!("Ελλα"),
            json!("Ελλa"),
            json!("a  b"),
            json!("a b"),
            json!("a\u{a0}b"),
            json!("a\u{2011}b"),
            json!("a-b"),
            json!("x"),
            json!(["x"]),
            json!(["x`, `y"]),
            json!(["x", "y"]),
            json!({ "select": "x", "except": ["y`, `z"] }),
            json!({ "select": "x", "except": ["y", "z"] }),
            json!({ "select": "x (except `y`)" }),
            json!({ "select": "x`", "scope": "own" }),
        ];
        for one in &values {
            for other in values.iter().filter(|it| *it != one) {
                let told = told_apart(&[one, other]);
                assert!(told[0] != told[1], "{told:?}");
            }
        }
        let told = told_apart(&values.iter().collect::<Vec<_>>());
        let apart: std::collections::BTreeSet<&String> = told.iter().collect();
        assert_eq!(apart.len(), told.len(), "{told:#?}");
    }

    /// What a reader takes for one another is shown where it differs; in what is shown whole, no word can be
    /// taken for another.
    #[test]
    fn look_alikes_are_shown_where_they_differ() {
        let alike = [
            ("admin", "\u{430}dmin", "`\\u{430}dmin`"),
            ("cop", "сор", "`\\u{441}\\u{43e}\\u{440}`"),
            ("seller", "sell\u{435}r", "`sell\\u{435}r`"),
            ("admin", "adm\u{131}n", "`adm\\u{131}n`"),
            ("admin", "\u{ff41}dmin", "`\\u{ff41}dmin`"),
            ("caf\u{e9}", "cafe\u{301}", "`cafe\\u{301}`"),
            ("Анна", "Aнна", "`A\\u{43d}\\u{43d}\\u{430}`"),
        ];
        for (one, other, shown) in alike {
            let told = told_apart(&[&json!(one), &json!(other)]);
            let seen = told.iter().map(|it| look(it));
            let seen: std::collections::BTreeSet<String> = seen.collect();
            assert_eq!(seen.len(), 2, "{told:?}");
            assert_eq!(told[1], shown);
            // The other one may stand in another entry.
            assert_eq!(told_apart(&[&json!(other)]), [shown]);
            let [one, other] = [one, other].map(whole);
            assert!(look(&one) != look(&other), "{one} {other}");
        }
        // Names as people write them stay as they are.
        for usual in ["Анна", "Αθήνα", "équipe", "管理", "IT管理", "Vip-Клиент"]
        {
            assert_eq!(whole(usual), format!("`{usual}`"));
        }
    }

    #[test]
    fn long_texts_are_shown_where_they_differ() {
        let [one, other] = ["b", "c"].map(|end| json!(format!("role{}{end}!", "a".repeat(90))));
        assert_eq!(
            told_apart(&[&one, &other]),
            [
                "`roleaaaaaaaa…aaaaaaaaaaaab!`",
                "`roleaaaaaaaa…aaaaaaaaaaaac!`"
            ]
        );
    }

    #[test]
    fn many_alike_take_no_time_of_each_against_each() {
        let values = (0..20_000).map(|it| json!(format!("{}{it}", "a".repeat(90))));
        let values: Vec<Value> = values.collect();
        let told = told_apart(&values.iter().collect::<Vec<_>>());
        let apart: std::collections::BTreeSet<String> = told.into_iter().collect();
        assert_eq!(apart.len(), values.len());
    }
}
