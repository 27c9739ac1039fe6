//! What masking costs.

#![allow(missing_docs)]

use std::hint::black_box;

use bailiwick::document::AddressComponent::{Apartment, BuildingNumber, Locality, Street};
use bailiwick::document::{
    CatalogDocument, DirectoryDocument, PolicyDocument, RoleDocument, UserDocument,
};
use bailiwick::mask::{Address, Mask};
use bailiwick::{Catalog, Engine, Record, Timestamp, Warnings};
use criterion::{Criterion, criterion_group, criterion_main};

/// Single values: each line is one mask.
fn values(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    let (email, phone, name) = (Mask::email(), Mask::phone(), Mask::name());
    // A list of people is shown at the speed of formatting it: one allocation, no segmentation.
    group.bench_function("email/ascii", |b| {
        b.iter(|| email.text(black_box("ada.lovelace@example.com")));
    });
    // Punctuation, prefixes and extensions are read in one pass.
    group.bench_function("phone/ascii", |b| {
        b.iter(|| phone.text(black_box("+1 (555) 123-4567 ext. 89")));
    });
    let home = Address::new()
        .with(BuildingNumber, "136A")
        .with(Street, "42nd Street")
        .with(Apartment, "4B")
        .with(Locality, "New York");
    // Hidden components cost nothing.
    group.bench_function("address/ascii", |b| {
        b.iter(|| Mask::address_text(black_box(&ADDRESS), black_box(&home)));
    });
    let mut buffer = String::with_capacity(64);
    // Into a buffer, nothing is allocated.
    group.bench_function("email/ascii into a buffer", |b| {
        b.iter(|| {
            buffer.clear();
            email.write_into(black_box("ada.lovelace@example.com"), &mut buffer);
            black_box(buffer.len())
        });
    });
    // Other scripts stay within a microsecond.
    group.bench_function("email/unicode", |b| {
        b.iter(|| email.text(black_box("jean-françois.lévêque@société.example")));
    });
    group.bench_function("phone/unicode", |b| {
        b.iter(|| phone.text(black_box("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧")));
    });
    group.bench_function("name/unicode", |b| {
        b.iter(|| name.text(black_box("Žofie Příkladová")))
    });
    let tokyo = Address::new()
        .with(Street, "セントラル通り")
        .with(Locality, "千代田区");
    group.bench_function("address/unicode", |b| {
        b.iter(|| Mask::address_text(black_box(&ADDRESS), black_box(&tokyo)));
    });
    group.finish();
}

static ADDRESS: std::sync::LazyLock<Mask> = std::sync::LazyLock::new(Mask::address);

const CATALOG: &str = r#"
format = 2
id = "crm"
version = 1
permissions = [{ path = "people" }, { path = "contact_info" }]
operations = [{ type = "person", action = "view", on = "record", allowed_by = ["people"] }]
[[types]]
id = "person"
read = "view"
fields = [
  { path = "email", mask = { kind = "email" }, revealed_by = "contact_info" },
  { path = "second_email", mask = { kind = "email" }, revealed_by = "contact_info" },
  { path = "phone", mask = { kind = "phone" }, revealed_by = "contact_info" },
  { path = "name", mask = { kind = "name" }, revealed_by = "contact_info" },
  { path = "address", mask = { kind = "address" }, revealed_by = "contact_info" },
]
"#;

/// A record of 20 fields, 5 of them masked, from a JSON value to JSON text.
fn records(criterion: &mut Criterion) {
    let catalog = CatalogDocument::from_toml("catalog.toml", CATALOG);
    let catalog = Catalog::new(catalog, Warnings::Into(&mut Vec::new())).expect("a sound catalog");
    let policy = PolicyDocument {
        roles: vec![RoleDocument::new("reader").grant("people")],
        ..PolicyDocument::new(1)
    };
    let users = DirectoryDocument::new([UserDocument::new("ann").role("reader")]);
    let engine = Engine::new(
        &catalog,
        policy,
        users,
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    )
    .expect("a sound policy");
    let record = Record::of("person").id("7");
    let access = engine.fields("ann", &record);
    let mut person = serde_json::json!({
        "email": "ada.lovelace@example.com",
        "second_email": "ada@example.org",
        "phone": "+1 (555) 123-4567",
        "name": "Ada Lovelace",
        "address": { "street": "42nd Street", "building_number": "136A", "locality": "New York" },
    });
    for i in 0..15 {
        person[format!("property_{i}")] = format!("value {i}").into();
    }
    let mut group = criterion.benchmark_group("record");
    // The access is worked out once a record.
    group.bench_function("access", |b| {
        b.iter(|| engine.fields(black_box("ann"), &record))
    });
    let mut out = Vec::with_capacity(4096);
    // What serde_json itself takes for the record in clear.
    group.bench_function("plain", |b| {
        b.iter(|| {
            out.clear();
            serde_json::to_writer(&mut out, black_box(&person)).expect("serialises");
            out.len()
        });
    });
    // Showing a record masked costs little more than showing it.
    group.bench_function("projected", |b| {
        b.iter(|| {
            out.clear();
            serde_json::to_writer(&mut out, &access.project(black_box(&person)))
                .expect("serialises");
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, values, records);
criterion_main!(benches);
