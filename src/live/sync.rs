//! What is shared between threads. In models (`cfg(shuttle)`) the same shapes are made of locks that shuttle
//! schedules, so that models try the steps of publishing and reading in every order; arc-swap's own
//! atomics are not what they look at.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

#[cfg(not(all(test, shuttle)))]
pub(super) use std::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(all(test, shuttle)))]
pub(super) use swapped::{Cached, Cell};

#[cfg(all(test, shuttle))]
pub(super) use modelled::{Cached, Cell};
#[cfg(all(test, shuttle))]
pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard};

/// A lock, whoever panicked with it: all that is kept under these is put in place in one step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value that one thread has at a time; who comes later waits, until a time.
pub(super) struct Turns<T> {
    value: Mutex<Option<T>>,
    freed: Condvar,
}

/// The value, given back when this is dropped.
pub(super) struct Turn<'t, T> {
    of: &'t Turns<T>,
    value: Option<T>,
}

impl<T> Turns<T> {
    pub(super) fn new(value: T) -> Turns<T> {
        Turns {
            value: Mutex::new(Some(value)),
            freed: Condvar::new(),
        }
    }

    /// Waits for the value; `None` where somebody else has it until the time is over.
    pub(super) fn turn(&self, until: Option<Instant>) -> Option<Turn<'_, T>> {
        let mut value = lock(&self.value);
        while value.is_none() {
            value = match until {
                None => wait(&self.freed, value),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    wait_for(&self.freed, value, left)
                }
            };
        }
        let value = value.take();
        Some(Turn { of: self, value })
    }
}

impl<T> Turn<'_, T> {
    pub(super) fn value(&mut self) -> Option<&mut T> {
        self.value.as_mut()
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        *lock(&self.of.value) = self.value.take();
        self.of.freed.notify_one();
    }
}

fn wait<'g, T>(freed: &Condvar, guard: MutexGuard<'g, T>) -> MutexGuard<'g, T> {
    let waited = freed.wait(guard);
    waited.unwrap_or_else(PoisonError::into_inner)
}

fn wait_for<'g, T>(freed: &Condvar, guard: MutexGuard<'g, T>, left: Duration) -> MutexGuard<'g, T> {
    let waited = freed.wait_timeout(guard, left);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

#[cfg(not(all(test, shuttle)))]
mod swapped {
    use std::ops::Deref;
    use std::sync::Arc;

    use arc_swap::{ArcSwapOption, Cache};

    /// A place that readers look at without a lock.
    pub(in crate::live) struct Cell<T>(Arc<ArcSwapOption<T>>);

    impl<T> Cell<T> {
        pub(in crate::live) fn new(value: Option<Arc<T>>) -> Cell<T> {
            Cell(Arc::new(ArcSwapOption::new(value)))
        }

        pub(in crate::live) fn load(&self) -> impl Deref<Target = Option<Arc<T>>> + use<T> {
            self.0.load()
        }

        pub(in crate::live) fn load_full(&self) -> Option<Arc<T>> {
            self.0.load_full()
        }

        pub(in crate::live) fn store(&self, value: Arc<T>) {
            self.0.store(Some(value));
        }

        pub(in crate::live) fn cached(&self) -> Cached<T> {
            Cached(Cache::new(Arc::clone(&self.0)))
        }
    }

    /// What one thread last read of the place, kept until there is something else.
    pub(in crate::live) struct Cached<T>(Cache<Arc<ArcSwapOption<T>>, Option<Arc<T>>>);

    impl<T> Cached<T> {
        #[inline]
        pub(in crate::live) fn load(&mut self) -> Option<&T> {
            self.0.load().as_deref()
        }
    }
}

#[cfg(all(test, shuttle))]
mod modelled {
    use std::ops::Deref;
    use std::sync::Arc;

    use shuttle::sync::Mutex;

    use super::lock;

    pub(in crate::live) struct Cell<T>(Arc<Mutex<Option<Arc<T>>>>);

    pub(in crate::live) struct Loaded<T>(Option<Arc<T>>);

    impl<T> Deref for Loaded<T> {
        type Target = Option<Arc<T>>;

        fn deref(&self) -> &Option<Arc<T>> {
            &self.0
        }
    }

    impl<T> Cell<T> {
        pub(in crate::live) fn new(value: Option<Arc<T>>) -> Cell<T> {
            Cell(Arc::new(Mutex::new(value)))
        }

        pub(in crate::live) fn load(&self) -> Loaded<T> {
            Loaded(self.load_full())
        }

        pub(in crate::live) fn load_full(&self) -> Option<Arc<T>> {
            lock(&self.0).clone()
        }

        pub(in crate::live) fn store(&self, value: Arc<T>) {
            *lock(&self.0) = Some(value);
        }

        pub(in crate::live) fn cached(&self) -> Cached<T> {
            Cached {
                place: Arc::clone(&self.0),
                kept: self.load_full(),
            }
        }
    }

    pub(in crate::live) struct Cached<T> {
        place: Arc<Mutex<Option<Arc<T>>>>,
        kept: Option<Arc<T>>,
    }

    impl<T> Cached<T> {
        pub(in crate::live) fn load(&mut self) -> Option<&T> {
            let now = lock(&self.place);
            if self.kept.as_ref().map(Arc::as_ptr) != now.as_ref().map(Arc::as_ptr) {
                self.kept.clone_from(&now);
            }
            drop(now);
            self.kept.as_deref()
        }
    }
}
