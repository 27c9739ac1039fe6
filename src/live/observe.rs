//! What is told to `tracing`, with that feature; without it, nothing. Checks tell nothing.
//!
//! Accounts, revisions, who acts and why not; never the changes themselves, nor a note.

#[cfg(feature = "tracing")]
pub(super) use told::*;
#[cfg(not(feature = "tracing"))]
pub(super) use untold::*;

#[cfg(feature = "tracing")]
mod told {
    use std::time::Duration;

    use tracing::span::EnteredSpan;
    use tracing::{debug, debug_span, info, warn};

    use crate::admin::{Actor, Refused};
    use crate::journal::{Head, JournalError};
    use crate::live::Live;

    const LIVE: &str = "bailiwick::live";

    pub(in crate::live) fn applying(live: &Live) -> EnteredSpan {
        debug_span!(target: LIVE, "apply", account = live.account()).entered()
    }

    pub(in crate::live) fn catching_up(live: &Live) -> EnteredSpan {
        debug_span!(target: LIVE, "catch_up", account = live.account()).entered()
    }

    pub(in crate::live) fn published(live: &Live, revision: u64) {
        debug!(target: LIVE, account = live.account(), revision, "published");
    }

    pub(in crate::live) fn refused(live: &Live, actor: &Actor, refused: &Refused) {
        let (actor, code) = (actor.to_string(), refused.reason.code());
        info!(
            target: LIVE,
            account = live.account(),
            actor,
            change = refused.change,
            code,
            "refused"
        );
    }

    pub(in crate::live) fn conflict(live: &Live, expected: u64, attempts_left: usize) {
        info!(
            target: LIVE,
            account = live.account(),
            expected,
            live = live.revision(),
            attempts_left,
            "somebody else was first"
        );
    }

    pub(in crate::live) fn caught_up(live: &Live, from: Option<Head>, to: Head, reloaded: bool) {
        let from = from.map(|it| it.revision);
        if from != Some(to.revision) {
            let to = to.revision;
            debug!(target: LIVE, account = live.account(), from, to, reloaded, "caught up");
        }
    }

    pub(in crate::live) fn lag(live: &Live, revisions: u64, since: Duration) {
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        debug!(target: LIVE, account = live.account(), revisions, millis, "was behind");
    }

    pub(in crate::live) fn snapshot(live: &Live, revision: u64) {
        debug!(target: LIVE, account = live.account(), revision, "kept a snapshot");
    }

    pub(in crate::live) fn trouble(live: &Live, error: &JournalError) {
        let revision = live.revision();
        warn!(target: LIVE, account = live.account(), revision, %error, "the journal failed");
    }
}

#[cfg(not(feature = "tracing"))]
mod untold {
    use std::time::Duration;

    use crate::admin::{Actor, Refused};
    use crate::journal::{Head, JournalError};
    use crate::live::Live;

    /// Where there is no span.
    pub(in crate::live) struct NoSpan;

    pub(in crate::live) fn applying(_: &Live) -> NoSpan {
        NoSpan
    }
    pub(in crate::live) fn catching_up(_: &Live) -> NoSpan {
        NoSpan
    }
    pub(in crate::live) fn published(_: &Live, _: u64) {}
    pub(in crate::live) fn refused(_: &Live, _: &Actor, _: &Refused) {}
    pub(in crate::live) fn conflict(_: &Live, _: u64, _: usize) {}
    pub(in crate::live) fn caught_up(_: &Live, _: Option<Head>, _: Head, _: bool) {}
    pub(in crate::live) fn lag(_: &Live, _: u64, _: Duration) {}
    pub(in crate::live) fn snapshot(_: &Live, _: u64) {}
    pub(in crate::live) fn trouble(_: &Live, _: &JournalError) {}
}
