//! Every fixture's documents cut off at every byte: reading what is left never panics, and neither
//! does compiling it.
//!
//! Reading a prefix costs its length, so that all of a file cost its square: a file of more than
//! 16 KiB is cut at every second, third or fourth byte. `BAILIWICK_HOSTILE_FULL=1` leaves out none.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bailiwick::document::{CatalogDocument, DirectoryDocument, PolicyDocument};
use bailiwick::{Catalog, Engine, Timestamp, Warnings};

use crate::{beside_others, on_a_small_stack};

/// Every so many bytes what is left is compiled as well.
const COMPILED: usize = 37;
/// Files up to this size are cut at every byte, longer ones at as many places as fit in it.
const EVERY_BYTE: usize = 16 * 1024;

#[derive(Clone, Copy)]
enum Kind {
    Catalog,
    Policy,
    Directory,
}

impl Kind {
    fn of(path: &Path) -> Option<Kind> {
        let name = path.file_name()?.to_str()?;
        let stem = name.strip_suffix(".toml")?;
        [
            ("catalog", Kind::Catalog),
            ("policy", Kind::Policy),
            ("directory", Kind::Directory),
        ]
        .into_iter()
        .find_map(|(word, kind)| stem.starts_with(word).then_some(kind))
    }
}

fn fixtures() -> Vec<(PathBuf, Kind)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut found = Vec::new();
    for fixture in std::fs::read_dir(root).expect("the fixtures") {
        let fixture = fixture.expect("a fixture").path();
        for file in std::fs::read_dir(fixture).expect("a fixture's files") {
            let path = file.expect("a file").path();
            if let Some(kind) = Kind::of(&path) {
                found.push((path, kind));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// The catalog that goes with a file: the first version, where the folder holds several.
fn catalog_beside(path: &Path) -> Catalog {
    let beside = ["catalog.toml", "catalog-1.toml"].map(|it| path.with_file_name(it));
    let catalog = beside.iter().find(|it| it.exists()).expect("a catalog");
    let text = std::fs::read_to_string(catalog).expect("it can be read");
    Catalog::new(
        CatalogDocument::from_toml("catalog.toml", &text),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound catalog")
}

/// Reads a text; whether it is a sound document. Compiled too, if asked.
fn read(kind: Kind, catalog: &Catalog, text: &str, json: bool, compile: bool) -> bool {
    macro_rules! parsed {
        ($name:ident) => {
            match json {
                #[cfg(feature = "json")]
                true => $name::from_json("cut", text),
                _ => $name::from_toml("cut", text),
            }
        };
    }
    let nobody = DirectoryDocument::new([]);
    let nothing = PolicyDocument::new(catalog.version());
    match kind {
        Kind::Catalog => {
            let parsed = parsed!(CatalogDocument);
            let _ = compile.then(|| Catalog::new(parsed.clone(), Warnings::Into(&mut Vec::new())));
            parsed.into_document().is_ok()
        }
        Kind::Policy => {
            let parsed = parsed!(PolicyDocument);
            let _ = compile.then(|| {
                Engine::new(
                    catalog,
                    parsed.clone(),
                    nobody,
                    Timestamp(0),
                    Warnings::Into(&mut Vec::new()),
                )
            });
            parsed.into_document().is_ok()
        }
        Kind::Directory => {
            let parsed = parsed!(DirectoryDocument);
            let _ = compile.then(|| {
                Engine::new(
                    catalog,
                    nothing,
                    parsed.clone(),
                    Timestamp(0),
                    Warnings::Into(&mut Vec::new()),
                )
            });
            parsed.into_document().is_ok()
        }
    }
}

fn cut_everywhere(texts: Vec<(String, Kind, Catalog)>, json: bool) {
    let mut jobs: Vec<(usize, usize)> = Vec::new();
    let full = std::env::var_os("BAILIWICK_HOSTILE_FULL").is_some();
    for (which, (text, ..)) in texts.iter().enumerate() {
        let step = if full { 1 } else { 1 + text.len() / EVERY_BYTE };
        jobs.extend((0..text.len()).step_by(step).map(|cut| (which, cut)));
        jobs.push((which, text.len()));
    }
    // The long ones last would leave a core idle.
    jobs.reverse();
    let (texts, jobs) = (std::sync::Arc::new(texts), std::sync::Arc::new(jobs));
    let next = std::sync::Arc::new(AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let running: Vec<_> = (0..threads)
        .map(|_| {
            let (texts, jobs, next) = (texts.clone(), jobs.clone(), next.clone());
            std::thread::spawn(move || {
                on_a_small_stack(move || {
                    while let Some(&(which, cut)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let (text, kind, catalog) = &texts[which];
                        let compile = cut % COMPILED == 0 || cut == text.len();
                        let sound = text
                            .get(..cut)
                            .is_some_and(|text| read(*kind, catalog, text, json, compile));
                        assert!(sound || cut < text.len(), "the whole is sound");
                    }
                });
            })
        })
        .collect();
    for thread in running {
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn a_fixture_cut_off_anywhere_never_panics() {
    let _busy = beside_others();
    let texts = fixtures().into_iter().map(|(path, kind)| {
        let text = std::fs::read_to_string(&path).expect("a document");
        (text, kind, catalog_beside(&path))
    });
    let texts: Vec<_> = texts.collect();
    assert!(texts.len() >= 15, "{} documents", texts.len());
    cut_everywhere(texts, false);
}

#[cfg(feature = "json")]
#[test]
fn a_fixture_in_json_cut_off_anywhere_never_panics() {
    let _busy = beside_others();
    let texts = fixtures().into_iter().map(|(path, kind)| {
        let text = std::fs::read_to_string(&path).expect("a document");
        let text = match kind {
            Kind::Catalog => serde_json::to_string(&shape(CatalogDocument::from_toml("", &text))),
            Kind::Policy => serde_json::to_string(&shape(PolicyDocument::from_toml("", &text))),
            Kind::Directory => {
                serde_json::to_string(&shape(DirectoryDocument::from_toml("", &text)))
            }
        };
        (text.expect("written"), kind, catalog_beside(&path))
    });
    cut_everywhere(texts.collect(), true);
}

#[cfg(feature = "json")]
fn shape<T>(parsed: bailiwick::document::Parsed<T>) -> T {
    parsed.into_document().expect("the shape is right")
}
