//! A waker that stays the same, whoever it wakes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

/// Wakes whoever it is told to, or nobody.
pub(super) struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Bell {
    /// It has rung, and calls nobody.
    pub(super) fn new() -> Self {
        Self {
            rung: AtomicBool::new(true),
            task: Mutex::default(),
        }
    }

    /// Has it call `task` from now on; `known` is whom it called last, since a task has one waker as long as it lasts.
    pub(super) fn calls(&self, task: &Waker, known: &mut Option<Waker>) {
        if !known.as_ref().is_some_and(|known| known.will_wake(task)) {
            *known = Some(task.clone());
            self.set(known.clone());
        }
    }

    /// Has it call nobody.
    pub(super) fn calls_nobody(&self) {
        self.set(None);
    }

    /// Whether it has rung since this was asked last.
    pub(super) fn has_rung(&self) -> bool {
        self.rung.swap(false, Ordering::AcqRel)
    }

    fn set(&self, task: Option<Waker>) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = task;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        // A waker is foreign code, which may come back here: nothing is locked while it runs.
        let task = {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.clone()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}
