//! No quadratic blow-up: ten times the input takes at most fifteen times as long.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bailiwick::admin::{Actor, Change};
use bailiwick::document::*;
use bailiwick::{Catalog, Engine, Scope, Timestamp, Warnings};

use crate::{alone, on_a_small_stack};

/// What ten times the input may cost, in multiples of the time of the smaller one.
const MOST: u32 = 15;
/// Timings below this are noise: the caches alone make ten times the input up to twenty times as long.
const FLOOR: Duration = Duration::from_millis(50);

/// Something to be timed, its input made beforehand.
pub(crate) type Run = Box<dyn FnOnce() + Send>;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The smaller size; the larger is ten times that.
    pub(crate) small: usize,
    pub(crate) prepare: fn(usize) -> Run,
}

/// How long this thread has run on a processor, where the system tells. Others make it wait, but not work.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The best of up to three runs: as soon as one is within `enough`, or hopelessly beyond it, no more.
fn best_of_three(case: &Case, size: usize, enough: Duration) -> Duration {
    let prepare = case.prepare;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let taken = on_a_small_stack(move || {
            let run = prepare(size);
            let (start, begun) = (Instant::now(), on_processor());
            run();
            let both = on_processor().zip(begun);
            both.map_or(start.elapsed(), |(now, begun)| now - begun)
        });
        best = best.min(taken);
        if best <= enough || (!enough.is_zero() && best > 4 * enough) {
            break;
        }
    }
    best
}

#[test]
fn ten_times_the_input_takes_at_most_fifteen_times_as_long() {
    keep_in_proportion(cases());
}

/// Times each case at its size and at ten times that.
pub(crate) fn keep_in_proportion(cases: Vec<Case>) {
    let _quiet = alone();
    let only = std::env::var("BAILIWICK_HOSTILE_ONLY").ok();
    let shrink: usize = std::env::var("BAILIWICK_HOSTILE_SHRINK")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(1);
    let mut slow = Vec::new();
    for case in cases {
        if only.as_ref().is_some_and(|only| !case.name.contains(only)) {
            continue;
        }
        let (small, large) = (case.small / shrink, 10 * case.small / shrink);
        let quick = best_of_three(&case, small, Duration::ZERO).max(FLOOR);
        let long = best_of_three(&case, large, MOST * quick);
        let line = format!(
            "{:48} {small:>7} {quick:>10.1?} {large:>8} {long:>10.1?}",
            case.name
        );
        println!("{line}");
        if long > MOST * quick {
            slow.push(line);
        }
    }
    assert!(slow.is_empty(), "out of proportion:\n{}", slow.join("\n"));
}

const LARGE: usize = 10_000;
/// Of what a catalog limits to 16,384.
const LIMITED: usize = 1_600;

fn permission(path: impl Into<String>) -> PermissionDocument {
    let text = format!("path = {:?}", path.into());
    let mut document: CatalogDocument = catalog_of(&format!("[[permissions]]\n{text}\n"));
    document.permissions.remove(0)
}

pub(crate) fn catalog_of(more: &str) -> CatalogDocument {
    let text = format!("format = 2\nid = \"c\"\nversion = 9\n{more}");
    CatalogDocument::from_toml("c", &text)
        .into_document()
        .expect("the shape is right")
}

/// A catalog of four permissions, one type and one operation.
fn small_catalog() -> Catalog {
    Catalog::new(catalog_of(
        r#"
        permissions = [{ path = "a", scopes = ["own", "reports", "peers", "all"] }, { path = "a.b" }, { path = "c" }, { path = "c.d" }]
        types = [{ id = "t" }]
        operations = [{ type = "t", action = "do", on = "record", allowed_by = ["a"] }]
        subject_properties = { region = "text" }
        "#,
    ), Warnings::Into(&mut Vec::new()))
    .expect("a valid catalog")
}

fn policy() -> PolicyDocument {
    PolicyDocument::new(9)
}

fn nobody() -> DirectoryDocument {
    DirectoryDocument::new([])
}

fn position(id: String, above: Vec<String>) -> PositionDocument {
    PositionDocument {
        id,
        name: None,
        reports_to: above,
    }
}

/// Loads; whether it is refused is the case's own business.
fn load(policy: PolicyDocument, directory: DirectoryDocument, sound: bool) -> Run {
    let catalog = small_catalog();
    Box::new(move || {
        let loaded = Engine::new(
            &catalog,
            policy,
            directory,
            Timestamp(0),
            Warnings::Into(&mut Vec::new()),
        );
        assert_eq!(loaded.is_ok(), sound);
    })
}

fn load_policy(policy: PolicyDocument, sound: bool) -> Run {
    load(policy, nobody(), sound)
}

fn compile(document: CatalogDocument, sound: bool) -> Run {
    Box::new(move || {
        assert_eq!(
            Catalog::new(document, Warnings::Into(&mut Vec::new())).is_ok(),
            sound
        )
    })
}

/// Reads a text as all three documents; none is valid.
fn read_toml(text: String) -> Run {
    Box::new(move || {
        assert!(
            CatalogDocument::from_toml("c", &text)
                .into_document()
                .is_err()
        );
        assert!(
            PolicyDocument::from_toml("p", &text)
                .into_document()
                .is_err()
        );
        assert!(
            DirectoryDocument::from_toml("d", &text)
                .into_document()
                .is_err()
        );
    })
}

fn roles(n: usize, make: impl Fn(usize) -> RoleDocument) -> PolicyDocument {
    PolicyDocument {
        roles: (0..n).map(make).collect(),
        ..policy()
    }
}

fn role(i: usize) -> RoleDocument {
    RoleDocument::new(format!("role-{i}"))
}

fn positions(list: Vec<PositionDocument>) -> PolicyDocument {
    PolicyDocument {
        positions: list,
        ..policy()
    }
}

fn cases() -> Vec<Case> {
    macro_rules! cases {
        ($( $name:ident($small:expr) = $prepare:expr; )*) => {
            vec![$( Case { name: stringify!($name), small: $small, prepare: $prepare } ),*]
        };
    }
    cases! {
        toml_duplicate_keys(LARGE) = |n| read_toml("id = 1\n".repeat(n));
        toml_duplicate_tables(LARGE) = |n| read_toml("[tokens]\n".repeat(n));
        toml_unknown_keys(LARGE) = |n| {
            let mut text = String::new();
            for i in 0..n { let _ = writeln!(text, "key{i} = {i}"); }
            read_toml(text)
        };
        toml_broken_lines(LARGE) = |n| read_toml("=\n".repeat(n));
        toml_unclosed_strings(LARGE) = |n| read_toml("a = \"\n".repeat(n));
        toml_arrays_deep(LARGE) = |n| read_toml(format!("roles = {}{}", "[".repeat(n), "]".repeat(n)));
        toml_arrays_unclosed(LARGE) = |n| read_toml(format!("roles = {}", "[".repeat(n)));
        toml_inline_tables_deep(LARGE) = |n| read_toml(format!("tokens = {}1{}", "{a=".repeat(n), "}".repeat(n)));
        toml_dotted_key_deep(LARGE) = |n| read_toml(format!("{}a = 1", "a.".repeat(n)));
        toml_header_deep(LARGE) = |n| read_toml(format!("[{}a]", "a.".repeat(n)));
        toml_dotted_in_inline_deep(LARGE) = |n| read_toml(format!("tokens = {{ {}a = 1 }}", "a.".repeat(n)));
        toml_headers_each_deeper(LARGE / 200) = |n| {
            let mut text = String::new();
            for i in 0..n { let _ = writeln!(text, "[{}x]", "a.".repeat(i)); }
            read_toml(text)
        };
        roles_many(LARGE) = |n| load_policy(roles(n, |i| role(i).grant("a.b").deny("c")), true);
        roles_chain(LARGE) = |n| load_policy(roles(n, |i| match i { 0 => role(0), _ => role(i).inherit(format!("role-{}", i - 1)) }), true);
        roles_cycle(LARGE) = move |n| { let mut policy = roles(n, |i| role(i).inherit(format!("role-{}", i.max(1) - 1))); policy.roles[0].inherits[0] = format!("role-{}", n - 1); load_policy(policy, false) };
        roles_cycles_of_two(LARGE) = |n| load_policy(roles(n, |i| role(i).inherit(format!("role-{}", i ^ 1))), false);
        roles_duplicate(LARGE) = |n| load_policy(roles(n, |_| role(0)), false);
        role_inheriting_many(LARGE) = |n| { let mut policy = roles(n, role); policy.roles[0].inherits = (1..n).map(|i| format!("role-{i}")).collect(); load_policy(policy, true) };
        role_inheriting_one_often(LARGE) = |n| { let mut policy = roles(2, role); policy.roles[0].inherits = vec!["role-1".to_owned(); n]; load_policy(policy, false) };
        role_with_grants(LARGE) = |n| { let mut policy = roles(1, role); policy.roles[0].grants = vec!["a.b".into(); n]; load_policy(policy, true) };
        role_with_wildcards_left_out(LARGE) = |n| { let mut policy = roles(1, role); policy.format = 1; policy.roles[0].grants = vec!["*".into(); n]; load_policy(policy, true) };
        role_with_wildcards_refused(LARGE) = |n| { let mut policy = roles(1, role); policy.roles[0].grants = vec!["*".into(); n]; load_policy(policy, false) };
        role_with_unknown_grants(LARGE) = |n| { let mut policy = roles(1, role); policy.roles[0].grants = (0..n).map(|i| GrantDocument::from(format!("x{i}").as_str())).collect(); load_policy(policy, false) };
        role_with_denies(LARGE) = |n| { let mut policy = roles(1, role); policy.roles[0].denies = vec!["c.*".into(); n]; load_policy(policy, true) };
        grant_with_exceptions(LARGE) = |n| load_policy(roles(1, |_| role(0).grant(GrantDocument { except: vec!["c".to_owned(); n], ..("*", Scope::All).into() })), true);
        deny_with_exceptions(LARGE) = |n| load_policy(roles(1, |_| role(0).deny(DenialDocument { except: vec!["c".to_owned(); n], ..("*").into() })), true);
        features_unknown(LARGE) = |n| load_policy(PolicyDocument { features: (0..n).map(|i| format!("f{i}")).collect(), ..policy() }, false);
        settings_unknown(LARGE) = |n| load_policy(PolicyDocument { settings: (0..n).map(|i| (format!("s{i}"), String::new())).collect(), ..policy() }, false);
        used_ids(LARGE) = |n| { let ids: Vec<_> = (0..n).map(|i| format!("used-{i}")).collect(); load_policy(PolicyDocument { used_ids: UsedIdsDocument { users: ids.clone(), roles: ids.clone(), positions: ids }, ..policy() }, true) };
        packages_many(LARGE) = |n| { let packages = (0..n).map(|i| PackageDocument { id: format!("p{i}"), name: None, description: None, created: None, roles: vec![format!("role-{i}")] }).collect(); load_policy(PolicyDocument { packages, ..roles(n, role) }, true) };
        package_of_many_roles(LARGE) = |n| { let packages = vec![PackageDocument { id: "p".to_owned(), name: None, description: None, created: None, roles: (0..n).map(|i| format!("role-{i}")).collect() }]; load_policy(PolicyDocument { packages, ..roles(n, role) }, true) };
        package_of_unknown_roles(LARGE) = |n| { let packages = vec![PackageDocument { id: "p".to_owned(), name: None, description: None, created: None, roles: (0..n).map(|i| format!("rule-{i}")).collect() }]; load_policy(PolicyDocument { packages, ..roles(n, role) }, false) };
        positions_chain(LARGE) = |n| load_policy(positions((0..n).map(|i| position(format!("p{i}"), (i > 0).then(|| format!("p{}", i.max(1) - 1)).into_iter().collect())).collect()), true);
        positions_below_one(LARGE) = |n| load_policy(positions((0..n).map(|i| position(format!("p{i}"), (i > 0).then(|| "p0".to_owned()).into_iter().collect())).collect()), true);
        position_below_many(LARGE) = |n| load_policy(positions((0..n).map(|i| position(format!("p{i}"), if i == 0 { (1..n).map(|i| format!("p{i}")).collect() } else { vec![] })).collect()), true);
        positions_diamond_ladder(LARGE) = |n| load_policy(positions((0..n).map(|i| position(format!("p{i}"), if i < 2 { vec![] } else { let above = (i / 2 - 1) * 2; vec![format!("p{above}"), format!("p{}", above + 1)] })).collect()), true);
        positions_below_the_same_comb(LARGE) = |n| load_policy(positions(comb(n)), true);
        positions_chain_beside_a_tangle(LARGE / 2) = |n| load_policy(positions(chain_beside_tangle(n)), true);
        positions_random(LARGE / 10) = |n| load_policy(positions(random_positions(n, 5)), true);
        positions_random_bipartite(LARGE) = |n| load_policy(positions(random_bipartite(n, 20)), true);
        positions_rehung_by_the_host(LARGE / 10) = |n| rehang(n, Actor::System);
        positions_rehung_by_an_administrator(LARGE / 10) = |n| rehang(n, Actor::user("ann"));
        users_many(LARGE) = |n| load(roles(10, role), DirectoryDocument::new((0..n).map(|i| UserDocument::new(format!("u{i}")).role(format!("role-{}", i % 10)))), true);
        users_each_with_another_role(LARGE) = |n| load(roles(n, role), DirectoryDocument::new((0..n).map(|i| UserDocument::new(format!("u{i}")).role(format!("role-{i}")))), true);
        users_duplicate(LARGE) = |n| load(policy(), DirectoryDocument::new((0..n).map(|_| UserDocument::new("u"))), false);
        users_with_unknown_roles(LARGE) = |n| load(roles(n, role), DirectoryDocument::new((0..n).map(|i| UserDocument::new(format!("u{i}")).role(format!("rule-{i}")))), false);
        users_added_with_unknown_roles(LARGE / 10) = |n| {
            let (catalog, policy) = (small_catalog(), roles(n, role));
            Box::new(move || {
                let mut builder = Engine::builder(&catalog, policy, Timestamp(0)).expect("a sound policy");
                for i in 0..n {
                    assert!(builder.add(&UserDocument::new(format!("u{i}")).role(format!("rule-{i}"))).is_err());
                }
            })
        };
        user_with_many_roles(LARGE) = |n| load(roles(n, role), DirectoryDocument::new([(0..n).fold(UserDocument::new("u"), |user, i| user.role(format!("role-{i}")))]), true);
        user_with_one_role_often(LARGE) = |n| load(roles(1, role), DirectoryDocument::new([(0..n).fold(UserDocument::new("u"), |user, _| user.role("role-0"))]), false);
        user_with_unknown_properties(LARGE) = |n| load(policy(), DirectoryDocument::new([(0..n).fold(UserDocument::new("u"), |user, i| user.property(format!("region{i}"), "x"))]), false);
        tree_wide(LIMITED) = |n| compile(CatalogDocument { permissions: (0..n).map(|i| permission(format!("p{i}"))).collect(), ..catalog_of("") }, true);
        tree_without_parents(LIMITED) = |n| compile(CatalogDocument { permissions: (0..n).map(|i| permission(format!("p{i}.q"))).collect(), ..catalog_of("") }, false);
        prerequisites_chain(LIMITED) = |n| compile(CatalogDocument { permissions: (0..n).map(|i| PermissionDocument { requires: (i > 0).then(|| format!("p{}", i.max(1) - 1)).into_iter().collect(), ..permission(format!("p{i}")) }).collect(), ..catalog_of("") }, true);
        properties_declared(LARGE) = |n| compile(CatalogDocument { subject_properties: (0..n).map(|i| (format!("p{i}"), PropertyType::Text.into())).collect(), ..catalog_of("") }, n <= 16_384);
        conditions_on_undeclared_properties(LIMITED) = |n| {
            let mut text = String::from("permissions = [{ path = \"a\" }]\ntypes = [{ id = \"t\" }]\n[context_properties]\n");
            for i in 0..n { let _ = writeln!(text, "p{i} = \"text\""); }
            text.push_str("[[operations]]\ntype = \"t\"\naction = \"do\"\non = \"record\"\nallowed_by = [\"a\"]\nwhen = [[");
            for i in 0..n { let _ = writeln!(text, "{{ subject = \"q{i}\", is = \"x\" }},"); }
            text.push_str("]]");
            compile(catalog_of(&text), false)
        };
        operations_with_unknown_references(LIMITED) = |n| {
            let mut text = String::from("permissions = [{ path = \"a\" }]\ntypes = [{ id = \"t\" }]\n");
            for i in 0..n { let _ = writeln!(text, "[[operations]]\ntype = \"t\"\naction = \"do{i}\"\non = \"type\"\nallowed_by = [\"a\"]\nfiltered_by = \"t:undo{i}\""); }
            compile(catalog_of(&text), false)
        };
        renamed_at_once(LARGE) = |n| compile(CatalogDocument { permissions: vec![permission("a")], renamed: (0..n).map(|i| RenamedDocument { version: 2, from: format!("p{i}"), to: "a".to_owned() }).collect(), ..catalog_of("") }, false);
        renamed_twice(LARGE / 50) = |n| { let n = n.min(16_000); compile(CatalogDocument { permissions: (0..n).map(|i| permission(format!("r{i}"))).collect(), renamed: (0..n).flat_map(|i| [RenamedDocument { version: 2, from: format!("p{i}"), to: format!("q{i}") }, RenamedDocument { version: 3, from: format!("q{i}"), to: format!("r{i}") }]).collect(), ..catalog_of("") }, true) };
        renamed_in_a_chain(LARGE / 100) = |n| { compile(CatalogDocument { permissions: vec![permission("last")], renamed: (0..n).map(|i| RenamedDocument { version: 3, from: format!("p{i}"), to: if i + 1 == n { "last".to_owned() } else { format!("p{}", i + 1) } }).chain((0..n).map(|i| RenamedDocument { version: 2, from: format!("o{i}"), to: format!("p{i}") })).collect(), ..catalog_of("") }, false) };
        fields_unknown_reveal(LARGE) = |n| {
            let mut text = String::from("permissions = [{ path = \"a\" }]\n[[types]]\nid = \"t\"\nfields = [");
            for i in 0..n { let _ = writeln!(text, "{{ path = \"f{i}\", mask = {{ kind = \"whole\" }}, revealed_by = \"b{i}\" }},"); }
            text.push(']');
            compile(catalog_of(&text), false)
        };
    }
}

/// An import that turns a chain upside down, by somebody who may; all of them reach down.
fn rehang(n: usize, actor: Actor) -> Run {
    let document = catalog_of(
        r#"
        permissions = [{ path = "a", scopes = ["reports", "all"] }]
        administration = { changes = { import = "a", edit_positions = "a" } }
        "#,
    );
    let catalog = Catalog::new(document, Warnings::Into(&mut Vec::new())).expect("a valid catalog");
    let chain = |above: fn(usize) -> usize| {
        let above = (0..n).map(above).map(move |it| {
            let it = (it < n).then(|| format!("p{it}"));
            it.into_iter().collect()
        });
        PolicyDocument {
            positions: above
                .enumerate()
                .map(|(i, above)| position(format!("p{i}"), above))
                .collect(),
            ..roles(2, |i| role(i).grant(("a", [Scope::Reports, Scope::All][i])))
        }
    };
    let before = chain(|i| i.wrapping_sub(1));
    let policy = chain(|i| i + 1);
    let users = (0..n).map(|i| {
        let user = UserDocument::new(format!("u{i}"));
        user.role("role-0").position(format!("p{i}"))
    });
    let users = users.chain([UserDocument::new("ann").role("role-1")]);
    let engine = Engine::new(
        &catalog,
        before,
        DirectoryDocument::new(users),
        Timestamp(0),
        Warnings::Into(&mut Vec::new()),
    );
    let engine = engine.expect("a sound account");
    Box::new(move || {
        let import = [Change::ImportPolicy { policy }];
        let applied = engine.apply(&actor, Timestamp(1), &import);
        assert!(applied.is_ok(), "{applied:?}");
    })
}

/// Many positions above the same two: one with a comb of further ranges below it, one whose range
/// swallows the whole comb.
fn comb(n: usize) -> Vec<PositionDocument> {
    let third = n / 3;
    let heads: Vec<String> = (0..third).map(|i| format!("head{i}")).collect();
    let mut list = vec![
        position("all".to_owned(), heads.clone()),
        position("comb".to_owned(), heads.clone()),
    ];
    list.extend(heads.into_iter().map(|id| position(id, vec![])));
    list.extend((0..2 * third).map(|i| {
        let mut above = vec!["all".to_owned()];
        above.extend((i % 2 == 0).then(|| "comb".to_owned()));
        position(format!("leaf{i}"), above)
    }));
    list
}

/// Half the positions a chain; the rest a tangle whose ranges pass the budget, so that the whole
/// falls back to the matrix.
fn chain_beside_tangle(n: usize) -> Vec<PositionDocument> {
    let heads: Vec<String> = (0..60).map(|i| format!("head{i}")).collect();
    let mut list = vec![position("comb".to_owned(), heads.clone())];
    list.extend(heads.into_iter().map(|id| position(id, vec![])));
    list.extend((0..n / 2).map(|i| {
        let mut above = vec!["all".to_owned()];
        above.extend((i % 2 == 0).then(|| "comb".to_owned()));
        position(format!("leaf{i}"), above)
    }));
    list.extend((0..n / 2).map(|i| {
        position(
            format!("link{i}"),
            (i > 0)
                .then(|| format!("link{}", i.max(1) - 1))
                .into_iter()
                .collect(),
        )
    }));
    // Last, so that the numbering begins with it and its range holds the leaves.
    list.push(position("all".to_owned(), vec![]));
    list
}

fn random(i: usize, k: usize) -> usize {
    let mut z = (i as u64) << 32 | k as u64;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize
}

/// Each below a few of those written before.
pub(crate) fn random_positions(n: usize, degree: usize) -> Vec<PositionDocument> {
    (0..n)
        .map(|i| {
            let mut above: Vec<usize> = (0..degree.min(i))
                .map(|k| random(i, k) % i.max(1))
                .collect();
            above.sort_unstable();
            above.dedup();
            position(
                format!("p{i}"),
                above.into_iter().map(|it| format!("p{it}")).collect(),
            )
        })
        .collect()
}

fn random_bipartite(n: usize, degree: usize) -> Vec<PositionDocument> {
    let half = n / 2;
    (0..n)
        .map(|i| {
            let mut above: Vec<usize> = if i < half {
                vec![]
            } else {
                (0..degree).map(|k| random(i, k) % half).collect()
            };
            above.sort_unstable();
            above.dedup();
            position(
                format!("p{i}"),
                above.into_iter().map(|it| format!("p{it}")).collect(),
            )
        })
        .collect()
}
