//! What the checks found: how many ran, what failed, what was left out and why, and how many calls panicked.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

static CALLS: AtomicUsize = AtomicUsize::new(0);
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Makes a call into the library. A panic is counted, and comes back as `Err` with its message.
pub fn call<T>(work: impl FnOnce() -> fitwell::Result<T>) -> Result<T, Failure> {
    CALLS.fetch_add(1, Ordering::Relaxed);
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Error(error)),
        Err(payload) => {
            PANICS.fetch_add(1, Ordering::Relaxed);
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| s.to_string()));
            Err(Failure::Panic(text.unwrap_or_default()))
        }
    }
}

/// Why a call gave no value.
#[derive(Debug)]
pub enum Failure {
    Error(fitwell::Error),
    Panic(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Error(error) => write!(f, "error `{error}`"),
            Failure::Panic(text) => write!(f, "PANIC `{text}`"),
        }
    }
}

/// The outcome of one check: `Err` says what is wrong.
pub type Outcome = Result<(), String>;

/// `holds`, or what to say.
pub fn ensure(holds: bool, say: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(say()) }
}

/// A call that must succeed.
pub fn must<T>(result: Result<T, Failure>, what: &str) -> Result<T, String> {
    result.map_err(|failure| format!("{what}: {failure}"))
}

/// A call that must fail with a kind of error; what came back otherwise.
pub fn must_fail<T>(
    result: Result<T, Failure>,
    what: &str,
    kind: impl FnOnce(&fitwell::ErrorKind) -> bool,
) -> Outcome {
    match result {
        Ok(_) => Err(format!("{what}: accepted")),
        Err(Failure::Error(error)) if kind(error.kind()) => Ok(()),
        Err(failure) => Err(format!("{what}: {failure}")),
    }
}

/// A call that may succeed or give an error, but not panic.
pub fn may_fail<T>(result: Result<T, Failure>, what: &str) -> Result<Option<T>, String> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Error(_)) => Ok(None),
        Err(failure) => Err(format!("{what}: {failure}")),
    }
}

#[derive(Default)]
pub struct Report {
    ran: usize,
    failures: Vec<String>,
    skips: BTreeMap<String, Vec<String>>,
}

impl Report {
    pub fn add(&mut self, check: &str, subject: &str, outcome: Outcome) {
        self.ran += 1;
        if let Err(reason) = outcome {
            // A file in a message may be long.
            let reason: String = reason.chars().take(500).collect();
            self.failures.push(format!("{check} {subject}: {reason}"));
        }
    }

    /// A check that a tag leaves out. The reason is printed and counted.
    pub fn skip(&mut self, check: &str, subject: &str, reason: &str) {
        let reason = format!("{check}: {reason}");
        self.skips.entry(reason).or_default().push(subject.into());
    }

    /// Prints the figures and fails if a check did.
    pub fn finish(self, what: &str) {
        let skipped: usize = self.skips.values().map(Vec::len).sum();
        println!(
            "{what}: {} checks, {} failed, {skipped} skipped; {} calls so far, {} panics",
            self.ran,
            self.failures.len(),
            CALLS.load(Ordering::Relaxed),
            PANICS.load(Ordering::Relaxed)
        );
        for (reason, subjects) in &self.skips {
            println!("  skipped {reason} ({} estimators)", subjects.len());
        }
        assert!(self.ran > 0);
        assert!(
            self.failures.is_empty(),
            "{} of {} checks failed:\n{}",
            self.failures.len(),
            self.ran,
            self.failures.join("\n")
        );
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "calls panicked");
    }
}
