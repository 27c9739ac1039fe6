//! Law 2: a records filter accepts exactly the records that `check` allows (Q4), asked by value, read
//! as an expression by an interpreter of its own, and counted by owners and positions.
//!
//! `BAILIWICK_CASES`, `BAILIWICK_SEED` and `BAILIWICK_WORLD` are those of the other laws.

mod interpret;
#[path = "../reference/mod.rs"]
mod reference;
mod rules;
#[path = "../support/mod.rs"]
mod support;

use bailiwick::document::AskedOn;
use bailiwick::query::{Expression, RecordFilter, RecordsError};
use bailiwick::{Engine, Record, ResourceType};

use interpret::Interpreter;
use reference::{OwnerPosition, Resource};
use support::ask::{Asker, HostResource, context_of};
use support::documents::Documents;
use support::requests::Case;
use support::run::{Drawn, each_world};
use support::tally::Tally;

/// What must have come up, and in numbers.
const SEEN: &[&str] = &[
    "accepted",
    "refused",
    "nothing",
    "everything",
    "in part",
    "conditions",
    "an expression interpreted",
    "unowned, accepted",
    "a position stated, accepted",
    "another type",
    "another account",
    "an invalid identifier",
    "asked of the type",
    "on the type",
    "unknown operation",
    "a token",
    "owners by check",
];

#[test]
fn a_filter_accepts_what_check_allows() {
    let tally = each_world(4, |drawn, tally| {
        let engine = drawn.documents.load();
        for case in &drawn.cases {
            one_filter(&engine, &drawn, case, tally);
        }
    });
    println!("{}", tally.table(&format!("{} records", tally.cases), SEEN));
    if tally.cases >= 50_000 {
        assert!(tally.missing(SEEN).is_empty(), "{:?}", tally.missing(SEEN));
        assert!(
            tally.of("accepted") * 100 / tally.cases >= 15,
            "too few are accepted"
        );
    }
    // The ordinary run asks a hundred thousand at least.
    if std::env::var_os("BAILIWICK_CASES").is_none()
        && std::env::var_os("BAILIWICK_WORLD").is_none()
    {
        assert!(tally.cases >= 100_000, "only {} cases", tally.cases);
    }
}

/// The filter of one request, against every record of the world.
fn one_filter(engine: &Engine, drawn: &Drawn, case: &Case, tally: &mut Tally) {
    let request = &case.request;
    let (r#type, action) = (request.resource.r#type.as_str(), request.action.as_str());
    let asker = Asker::by_name(&request.subject);
    let context = context_of(request);
    let asked = engine.in_context(&context);
    let found = asked.records(asker.subject(), format!("{type}:{action}").as_str());
    let operation = engine.catalog().operation(r#type, action);
    let Some(operation) = operation else {
        assert!(
            matches!(found, Err(RecordsError::UnknownOperation)),
            "{found:?}"
        );
        return tally.count("unknown operation");
    };
    if engine.catalog().asked_on(operation) == Some(AskedOn::Type) {
        assert!(
            matches!(found, Err(RecordsError::OnType { .. })),
            "{found:?}"
        );
        return tally.count("on the type");
    }
    let filter = found.unwrap();
    let by_handle = asked.records(asker.subject(), operation).unwrap();
    assert_eq!(filter.expression(), by_handle.expression());
    count_shape(&filter, tally);
    if !matches!(request.subject, reference::Subject::User { .. }) {
        tally.count("a token");
    }

    let interpreter = Interpreter::new(&drawn.documents);
    let expression = filter.expression();
    for (other, i) in drawn.cases.iter().zip(0_usize..) {
        let resource = &other.request.resource;
        let mut named = HostResource::by_name(resource);
        let allowed = asked.check(asker.subject(), operation, &named).is_allow();
        let accepted = filter.matches(&named);
        assert_eq!(
            accepted, allowed,
            "{resource:#?}\n{expression:#?}\n{case:#?}\n{}",
            drawn.documents
        );
        if i % 3 == 0 {
            named =
                HostResource::by_handle(resource, engine, ResourceType::Named(&resource.r#type));
            assert_eq!(filter.matches(&named), allowed, "by handle: {resource:#?}");
        }
        tally.cases += 1;
        tally.count(if allowed { "accepted" } else { "refused" });
        if is_of_filter(resource, r#type, &drawn.documents, tally) {
            let interpreted = interpreter.holds(&expression, resource);
            assert_eq!(
                interpreted, allowed,
                "{resource:#?}\n{expression:#?}\n{case:#?}\n{}",
                drawn.documents
            );
            tally.count("an expression interpreted");
            if allowed && resource.owner.is_none() {
                tally.count("unowned, accepted");
            }
            if allowed && matches!(resource.owner_position, OwnerPosition::At(_)) {
                tally.count("a position stated, accepted");
            }
        }
    }
    owners_are_counted(engine, &filter, &interpreter, drawn, case, tally);
}

fn count_shape(filter: &RecordFilter<'_>, tally: &mut Tally) {
    let expression = filter.expression();
    assert_eq!(filter.is_nothing(), expression == Expression::Nothing);
    assert_eq!(filter.is_everything(), expression == Expression::Everything);
    tally.count(match expression {
        Expression::Nothing => "nothing",
        Expression::Everything => "everything",
        _ => "in part",
    });
    if filter.depends_on_properties() {
        tally.count("conditions");
    }
}

/// Whether the record is of the type and account asked, with valid identifiers (law 2).
fn is_of_filter(
    resource: &Resource,
    r#type: &str,
    documents: &Documents,
    tally: &mut Tally,
) -> bool {
    use bailiwick::document::AccountsServed;
    let invalid = |id: &str| id.is_empty() || id.len() > 256 || id.chars().any(char::is_control);
    let position = match &resource.owner_position {
        OwnerPosition::At(position) => Some(position),
        _ => None,
    };
    let named = [resource.id.as_ref(), resource.owner.as_ref(), position];
    let account = match &resource.account {
        Some(stated) => documents.policy.account.as_ref() == Some(stated),
        None => documents.catalog.accounts == AccountsServed::One,
    };
    let wrong = [
        (resource.r#type != r#type, "another type"),
        (!account, "another account"),
        (
            named.into_iter().flatten().any(|it| invalid(it)),
            "an invalid identifier",
        ),
        (resource.on_type, "asked of the type"),
    ];
    let first = wrong.into_iter().find(|(is_wrong, _)| *is_wrong);
    if let Some((_, what)) = first {
        tally.count(what);
    }
    first.is_none()
}

/// Owners and positions, against a look at each; conditions are taken as met.
fn owners_are_counted(
    engine: &Engine,
    filter: &RecordFilter<'_>,
    interpreter: &Interpreter<'_>,
    drawn: &Drawn,
    case: &Case,
    tally: &mut Tally,
) {
    let expression = interpret::without_conditions(&filter.expression());
    let mut record = Resource {
        r#type: case.request.resource.r#type.clone(),
        id: None,
        on_type: false,
        account: drawn.documents.policy.account.clone(),
        owner: None,
        owner_position: OwnerPosition::Directory,
        properties: Default::default(),
    };
    let mut users: Vec<&str> = Vec::new();
    for user in &drawn.documents.directory.users {
        record.owner = Some(user.id.clone());
        if interpreter.holds(&expression, &record) {
            users.push(&user.id);
        }
    }
    let mut found: Vec<&str> = filter
        .owners()
        .filter_map(|it| engine.user_name(it))
        .collect();
    assert_eq!(filter.owner_count(), found.len());
    found.sort_unstable();
    users.sort_unstable();
    assert_eq!(found, users, "{expression:#?}\n{}", drawn.documents);

    let mut positions = 0;
    let reached: Vec<_> = filter.positions().collect();
    for position in &drawn.documents.policy.positions {
        record.owner = Some("nobody in particular".to_owned());
        record.owner_position = OwnerPosition::At(position.id.clone());
        let holds = interpreter.holds(&expression, &record);
        positions += usize::from(holds);
        let handle = engine.position(&position.id).unwrap();
        assert_eq!(
            reached.contains(&handle),
            holds,
            "{expression:#?}\n{}",
            drawn.documents
        );
    }
    assert_eq!(
        (filter.position_count(), reached.len()),
        (positions, positions)
    );
    record.owner = None;
    assert_eq!(
        filter.reaches_unowned(),
        interpreter.holds(&expression, &record)
    );

    if filter.depends_on_properties() && !filter.is_nothing() {
        assert!(filter.owner_set().is_err());
        return;
    }
    // By `check` itself, as no condition is in the way.
    let set = filter.owner_set().unwrap();
    let (asker, context) = (
        Asker::by_name(&case.request.subject),
        context_of(&case.request),
    );
    let operation = engine
        .catalog()
        .operation(&record.r#type, &case.request.action)
        .unwrap();
    let mut column = vec![None];
    column.extend(
        drawn
            .documents
            .directory
            .users
            .iter()
            .map(|it| engine.user(&it.id)),
    );
    let mut wanted = Vec::new();
    for (owner, row) in column.iter().zip(0_u32..) {
        let mut asked = Record::of(&record.r#type);
        if let Some(owner) = owner {
            asked = asked.owner_id(*owner);
        }
        if let Some(account) = &record.account {
            asked = asked.account(account);
        }
        let decision = engine
            .in_context(&context)
            .check(asker.subject(), operation, &asked);
        assert_eq!(
            set.contains(*owner),
            decision.is_allow(),
            "{}",
            drawn.documents
        );
        if decision.is_allow() {
            wanted.push(row);
        }
    }
    tally.count("owners by check");
    let (mut rows, mut bits) = (Vec::new(), Vec::new());
    set.select(&column, &mut rows);
    set.mark(&column, &mut bits);
    assert_eq!(rows, wanted);
    assert_eq!(
        bits,
        [wanted.iter().fold(0_u64, |word, row| word | 1 << row)]
    );
}
