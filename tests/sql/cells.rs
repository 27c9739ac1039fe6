//! Sets as a table holds them, written in every way there is, and what is no set and looks like one.

use crate::support::rng::Rng;

/// A set as JSON: characters as they are, or escaped by one or two halves, in either case.
#[allow(dead_code, reason = "each database reads one of the two forms")]
pub(crate) fn spelled(texts: &[String], rng: &mut Rng) -> String {
    let elements: Vec<String> = texts.iter().map(|it| element(it, rng)).collect();
    let blank = *rng.pick(&["", " ", "\n\t "]);
    format!(
        "{blank}[{blank}{}{blank}]{blank}",
        elements.join(&format!("{blank},"))
    )
}

fn element(text: &str, rng: &mut Rng) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        let must = c < ' ' || c == '"' || c == '\\';
        match rng.below(4) {
            0 => json.push_str(&escaped(c, rng)),
            _ if c == '/' => json.push_str("\\/"),
            _ if must => {
                let quoted = serde_json::to_string(&c).expect("a text");
                let plain = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
                json.push_str(plain.expect("quotation marks"));
            }
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

fn escaped(c: char, rng: &mut Rng) -> String {
    let mut halves = [0; 2];
    let halves = c.encode_utf16(&mut halves).iter();
    halves
        .map(|half| match rng.chance(50) {
            true => format!("\\u{half:04x}"),
            false => format!("\\u{half:04X}"),
        })
        .collect()
}

/// What is no JSON array of texts, or holds what is no text, and comes near.
#[allow(dead_code, reason = "each database reads one of the two forms")]
pub(crate) fn no_set(texts: &[String], rng: &mut Rng) -> String {
    let json = spelled(texts, rng);
    let (first, end) = json.rsplit_once('"').expect("an element");
    let (open, rest) = json.split_once('"').expect("an element");
    match rng.below(16) {
        0 => format!("{json}\0"),
        1 => format!("{json}\0, more"),
        2 => format!("{json}]"),
        3 => format!("{first}\\u0000x\"{end}"),
        4 => format!("{open}\"\\u0000{rest}"),
        5 => format!("{first}\\\\\\u0000\"{end}"),
        6 => format!("{first}\\ud800\"{end}"),
        7 => format!("{first}\\uDFFF\"{end}"),
        8 => format!("{open}\"\\udc00{rest}"),
        9 => format!("{open}\"\\ud800\\uD83d\\ude00{rest}"),
        10 => format!("{open}\"\\ud83d\\uDe00\\udE00{rest}"),
        11 => format!("{open}\"\\ud83d\\\\\\ude00{rest}"),
        12 => format!("{open}\"\u{1}{rest}"),
        13 => format!("{first}\", null{end}"),
        14 => format!("[{json}]"),
        _ => format!("{open}\"\0{rest}"),
    }
}

/// A set as an array of one dimension, counted from any number.
#[allow(dead_code, reason = "each database reads one of the two forms")]
pub(crate) fn array(texts: &[String], rng: &mut Rng) -> String {
    let array = format!("{{{}}}", elements(texts));
    match texts.len() {
        0 => array,
        n => {
            let from = rng.range(0, 6) as i64 - 3;
            format!("[{from}:{}]={array}", from + n as i64 - 1)
        }
    }
}

/// An array that holds `NULL`, or has other dimensions than one.
#[allow(dead_code, reason = "each database reads one of the two forms")]
pub(crate) fn no_array(texts: &[String], rng: &mut Rng) -> String {
    let texts = elements(texts);
    match rng.below(4) {
        0 => format!("{{{texts},NULL}}"),
        1 => format!("{{{{{texts}}}}}"),
        2 => format!("{{{{{texts}}},{{{texts}}}}}"),
        _ => format!("{{{{{{{texts}}}}},{{{{{texts}}}}}}}"),
    }
}

fn elements(texts: &[String]) -> String {
    let quoted = |it: &String| format!("\"{}\"", it.replace('\\', "\\\\").replace('"', "\\\""));
    let elements: Vec<String> = texts.iter().map(quoted).collect();
    elements.join(",")
}
