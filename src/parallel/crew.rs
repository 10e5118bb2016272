//! A few threads that go through the phases of many short steps together.
//!
//! A step takes some ten microseconds, no longer than it takes to wake a thread that sleeps. So the threads of a crew wait for
//! each other by looking at a counter, and sleep only when that takes long, as on a machine that is busy with other things.
//! The leader never waits for a helper that has not begun something: where the threads of the pool are busy elsewhere, the
//! leader does all the work alone. Who does what changes no result.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, PoisonError};

/// Jobs of a phase, at most.
pub(crate) const JOBS: usize = 16;
/// Looks at a counter before a thread goes to sleep.
const LOOKS: usize = 4000;

/// The phases of a crew.
pub(crate) struct Crew {
    /// The number of the phase times 32, and how many jobs it has.
    phase: AtomicUsize,
    /// The phase in which a job was last begun.
    begun: [AtomicUsize; JOBS],
    /// Jobs of the phase that are done.
    done: AtomicUsize,
    closed: AtomicBool,
    helpers: AtomicUsize,
    /// Threads that sleep until something changes.
    asleep: AtomicUsize,
    lock: Mutex<()>,
    change: Condvar,
}

impl Crew {
    /// Runs `lead`, which calls [`phase`](Self::phase), with the help of up to so many threads of the pool. A job is `work` of its
    /// number.
    pub(crate) fn run<R: Send>(
        helpers: usize,
        work: &(impl Fn(usize) + Sync),
        lead: impl FnOnce(&Crew) -> R + Send,
    ) -> R {
        let crew = Crew {
            phase: AtomicUsize::new(0),
            begun: std::array::from_fn(|_| AtomicUsize::new(0)),
            done: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            helpers: AtomicUsize::new(0),
            asleep: AtomicUsize::new(0),
            lock: Mutex::new(()),
            change: Condvar::new(),
        };
        let lead = || {
            let _close = Close(&crew);
            lead(&crew)
        };
        if helpers == 0 {
            return lead();
        }
        rayon::join(lead, || crew.help_from(1, helpers, work)).0
    }

    /// Does the jobs of a phase, and returns when all of them are done.
    pub(crate) fn phase(&self, jobs: usize, work: &impl Fn(usize)) {
        debug_assert!(jobs <= JOBS);
        let before = self.phase.load(SeqCst);
        let phase = (before / 32 + 1) * 32 + jobs;
        self.done.store(0, SeqCst);
        self.phase.store(phase, SeqCst);
        self.changed();
        self.take_part(0, phase, work);
        self.wait(|| self.done.load(SeqCst) >= jobs);
    }

    /// Begins the jobs that nobody has begun, one's own first.
    fn take_part(&self, member: usize, phase: usize, work: &impl Fn(usize)) {
        let jobs = phase % 32;
        for i in 0..jobs {
            let job = (member + i) % jobs;
            if self.begun[job].load(SeqCst) < phase
                && self.begun[job].fetch_max(phase, SeqCst) < phase
            {
                // Counted even when it panics, so that nobody waits for it.
                let _count = Count(self);
                work(job);
            }
        }
    }

    /// Starts one helper after the other, as threads are free.
    fn help_from(&self, member: usize, last: usize, work: &(impl Fn(usize) + Sync)) {
        if self.closed.load(SeqCst) {
            return;
        }
        if member == last {
            self.help(member, work);
        } else {
            rayon::join(
                || self.help(member, work),
                || self.help_from(member + 1, last, work),
            );
        }
    }

    fn help(&self, member: usize, work: &impl Fn(usize)) {
        self.helpers.fetch_add(1, SeqCst);
        let _leave = Leave(self);
        let mut seen = 0;
        loop {
            self.wait(|| self.phase.load(SeqCst) != seen || self.closed.load(SeqCst));
            if self.closed.load(SeqCst) {
                return;
            }
            seen = self.phase.load(SeqCst);
            self.take_part(member, seen, work);
        }
    }

    /// Until it is so.
    fn wait(&self, so: impl Fn() -> bool) {
        for _ in 0..LOOKS {
            if so() {
                return;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Who changes something after this sees that somebody sleeps.
        self.asleep.fetch_add(1, SeqCst);
        while !so() {
            guard = self
                .change
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, SeqCst);
    }

    /// Wakes those who sleep, after a change.
    fn changed(&self) {
        if self.asleep.load(SeqCst) > 0 {
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.change.notify_all();
        }
    }
}

/// Counts a job when it is over.
struct Count<'a>(&'a Crew);

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.done.fetch_add(1, SeqCst);
        self.0.changed();
    }
}

/// A helper that goes.
struct Leave<'a>(&'a Crew);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.helpers.fetch_sub(1, SeqCst);
        self.0.changed();
    }
}

/// Sends the helpers home, and waits for them: a leader that waited in the pool might be given long work of others.
struct Close<'a>(&'a Crew);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.closed.store(true, SeqCst);
        self.0.changed();
        self.0.wait(|| self.0.helpers.load(SeqCst) == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_of_every_phase_is_done_once() {
        for helpers in [0, 1, 3] {
            let counts: Vec<AtomicUsize> = (0..JOBS).map(|_| AtomicUsize::new(0)).collect();
            let work = |job: usize| {
                counts[job].fetch_add(1, SeqCst);
            };
            let seen = Crew::run(helpers, &work, |crew| {
                (0..300)
                    .map(|phase| {
                        crew.phase(1 + phase % JOBS, &work);
                        counts.iter().map(|c| c.load(SeqCst)).sum()
                    })
                    .collect::<Vec<usize>>()
            });
            let mut total = 0;
            for (phase, seen) in seen.into_iter().enumerate() {
                total += 1 + phase % JOBS;
                assert_eq!(seen, total, "{helpers} {phase}");
            }
        }
    }

    #[test]
    fn a_panic_of_a_job_reaches_the_caller() {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let work = |job: usize| assert!(job != 1, "on purpose");
        let run = || pool.install(|| Crew::run(1, &work, |crew| crew.phase(2, &work)));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        assert!(caught.is_err());
    }
}
