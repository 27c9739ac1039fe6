//! What is told to `tracing`.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use bailiwick::Timestamp;
use bailiwick::admin::Actor;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::faulty::{Fault, Faulty};
use super::{ORDERS, begun, boss, catalog, hand_on, hand_on_by, opened};

/// Keeps a line for each span and event.
#[derive(Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bailiwick")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = Text(format!("span {}", span.metadata().name()));
        span.record(&mut text);
        self.0.lock().unwrap().push(text.0);
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level();
        let mut text = Text(match *level {
            Level::WARN => "warn".to_owned(),
            Level::INFO => "info".to_owned(),
            _ => "debug".to_owned(),
        });
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn applying_publishing_and_trouble_are_told_and_checks_are_not() {
    let lines = Lines::default();
    let told = Arc::clone(&lines.0);
    let take = || std::mem::take(&mut *told.lock().unwrap());
    // Of one subscriber alone, tracing asks on whichever thread comes to a place first, which may be that
    // of another test, where there is none: then nothing is told of that place again.
    let _another = tracing::Dispatch::new(Lines::default());
    tracing::subscriber::with_default(lines, || {
        let (journal, live) = begun();
        let other = opened(&journal, &catalog());
        assert_eq!(take(), Vec::<String>::new());
        hand_on_by(&live, &journal, 1);
        assert_eq!(take(), ["span apply", "debug message=published revision=1"]);

        let _ = live.check("user-1", "list", &ORDERS);
        let _ = live.reader().check("user-1", "list", &ORDERS);
        assert_eq!(take(), Vec::<String>::new());

        let conflict = other.apply(
            &*journal,
            &boss(),
            Timestamp(1),
            hand_on(0),
            Some("a secret"),
        );
        assert!(conflict.is_err());
        let expected = [
            "span apply",
            "span catch_up",
            "debug message=published revision=1",
            "debug message=caught up from=0 to=1 reloaded=false",
            "info message=somebody else was first expected=0 live=1 attempts_left=0",
        ];
        assert_eq!(take(), expected);

        let nobody = Actor::user("user-5");
        assert!(
            live.prepare(&nobody, Timestamp(1), hand_on(1), None)
                .is_err()
        );
        let expected = ["info message=refused actor=\"`user-5`\" change=0 code=\"lacks\""];
        assert_eq!(take(), expected);

        live.save_snapshot(&*journal).unwrap();
        assert_eq!(take(), ["debug message=kept a snapshot revision=1"]);

        let faulty = Faulty::new(&journal);
        faulty.set(Fault::AppendFails);
        assert!(
            live.apply(&*faulty, &boss(), Timestamp(1), hand_on(1), None)
                .is_err()
        );
        let expected = [
            "span apply",
            "warn message=the journal failed revision=1 error=the store failed: the disk is away",
        ];
        assert_eq!(take(), expected);
    });
}
