//! Actors of format 1, which act for others to any depth (D21): read without a deep stack.

use super::{Damage, JournalError};
use crate::admin::Actor;

/// How many act for another in one record that is read. Nobody has written more than the two hundred that an
/// earlier version let through.
const DEEPEST: usize = 1_000;

const OPENS: &[u8] = br#"{"on_behalf_of":{"#;

/// A record of format 1 with its actor put apart: the record with another in its place, and the actor.
/// `None` of what does not have that form.
pub(super) fn apart(record: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let key = br#""actor":"#;
    let mut at = 1;
    // A field of the record: its name, a colon, its value, a comma.
    while !record.get(at..)?.starts_with(key) {
        at += length(record.get(at..)?)? + 1;
        at += length(record.get(at..)?)? + 1;
    }
    let from = at + key.len();
    let actor = record.get(from..)?;
    let actor = actor.get(..length(actor)?)?;
    let rest = record.get(from + actor.len()..)?;
    let system = br#""system""#;
    Some(([record.get(..from)?, system, rest].concat(), actor))
}

/// How many bytes a JSON value has with which a text begins, without blanks before it.
fn length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => {
                in_string = !in_string;
                if !in_string && depth == 0 {
                    return Some(at + 1);
                }
            }
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' | b':' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// One who acts for another, half read.
#[derive(Default)]
struct Half {
    actor: Option<Actor>,
    of: Option<Actor>,
}

/// The actor of a record.
pub(super) fn actor(revision: u64, text: &[u8]) -> Result<Actor, JournalError> {
    let malformed = |what: &str| {
        let what = format!("its actor {what}");
        JournalError::damaged(revision, Damage::Malformed(what))
    };
    let no_form = || malformed("does not have its form");
    let mut waiting: Vec<Half> = Vec::new();
    let mut rest = text;
    loop {
        let mut read = if let Some(after) = rest.strip_prefix(OPENS) {
            if waiting.len() == DEEPEST {
                let what = format!("acts for others more than {DEEPEST} deep");
                return Err(malformed(&what));
            }
            waiting.push(Half::default());
            rest = after;
            None
        } else {
            let length = length(rest).ok_or_else(no_form)?;
            let (one, after) = rest.split_at_checked(length).ok_or_else(no_form)?;
            rest = after;
            let one = serde_json::from_slice(one);
            Some(one.map_err(|error| malformed(&format!("cannot be read: {error}")))?)
        };
        // What is read belongs to the innermost that waits, which may be whole by it.
        loop {
            let Some(half) = waiting.last_mut() else {
                return match read {
                    Some(whole) if rest.is_empty() => Ok(whole),
                    _ => Err(no_form()),
                };
            };
            let is_first = read.is_none();
            if let Some(read) = read.take() {
                let place = match half.actor {
                    None => &mut half.actor,
                    Some(_) => &mut half.of,
                };
                *place = Some(read);
            }
            match (half.actor.take(), half.of.take()) {
                (Some(actor), Some(of)) => {
                    rest = rest.strip_prefix(b"}}").ok_or_else(no_form)?;
                    waiting.pop();
                    read = Some(actor.on_behalf_of(of));
                }
                (actor, _) => {
                    let key: &[u8] = match actor {
                        None if is_first => br#""actor":"#,
                        _ => br#","of":"#,
                    };
                    half.actor = actor;
                    rest = rest.strip_prefix(key).ok_or_else(no_form)?;
                    break;
                }
            }
        }
    }
}
