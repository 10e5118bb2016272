//! How far to go along a descent direction: the line search of Hager and Zhang.
//!
//! W. W. Hager and H. Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search",
//! SIAM Journal on Optimization 16 (2005), section 4. With φ(α) = f(x + α d), a step is taken when the strong Wolfe
//! conditions hold,
//!
//! ```text
//! φ(α) ≤ φ(0) + δ α φ'(0)   and   |φ'(α)| ≤ −σ φ'(0),
//! ```
//!
//! or the approximate ones, which need no difference of two nearly equal values of φ and therefore still work where the
//! decrease drowns in rounding errors:
//!
//! ```text
//! (2δ − 1) φ'(0) ≥ φ'(α) ≥ σ φ'(0)   and   φ(α) ≤ φ(0) + noise.
//! ```
//!
//! The paper asks the weak Wolfe conditions; the strong ones cut an overshooting step short.

/// Fraction of the predicted decrease that is asked for. The paper has 0.1; MINPACK's 0.001 takes the unit step of a
/// quasi-Newton direction more often.
const DELTA: f64 = 1e-3;
/// Fraction of the initial slope that may remain.
const SIGMA: f64 = 0.9;
/// An interval that shrinks by less than this factor is halved (γ in the paper).
const SHRINK: f64 = 0.66;
/// A step that is too short grows by this factor (ρ in the paper).
const GROW: f64 = 5.0;

/// φ and its slope at a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    pub(super) step: f64,
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// How a search ended. `Accepted` is always the last point evaluated.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The Wolfe conditions hold.
    Accepted(Trial),
    /// The evaluations ran out; this is the best decrease seen.
    Decreased(Trial),
    /// No decrease was found.
    Failed,
}

struct Search<'a> {
    start: Trial,
    /// Values up to here count as no increase.
    limit: f64,
    left: usize,
    best: Option<Trial>,
    phi: &'a mut dyn FnMut(f64) -> (f64, f64),
}

/// An evaluated point, or the end of the search.
enum Next {
    At(Trial),
    End(Outcome),
}

/// Searches along a direction with negative slope, first at `first_step`, with at most `max_evaluations` calls of `phi`,
/// which gives value and slope at a step. Values or slopes that are not finite count as too far.
pub(super) fn hager_zhang(
    start: Trial,
    first_step: f64,
    noise: f64,
    max_evaluations: usize,
    phi: &mut dyn FnMut(f64) -> (f64, f64),
) -> Outcome {
    let limit = start.value + noise;
    let mut search = Search {
        start,
        limit,
        left: max_evaluations,
        best: None,
        phi,
    };
    match search
        .bracket(first_step)
        .and_then(|(low, high)| search.narrow(low, high))
    {
        Ok(never) => match never {},
        Err(outcome) => outcome,
    }
}

impl Search<'_> {
    /// Evaluates φ; the search ends if the step is good or the evaluations have run out.
    fn evaluate(&mut self, step: f64) -> Next {
        if self.left == 0 {
            return Next::End(match self.best {
                Some(best) => Outcome::Decreased(best),
                None => Outcome::Failed,
            });
        }
        self.left -= 1;
        let (value, slope) = (self.phi)(step);
        let finite = value.is_finite() && slope.is_finite();
        let trial = Trial {
            step,
            value: if finite { value } else { f64::INFINITY },
            slope,
        };
        if finite && self.acceptable(&trial) {
            return Next::End(Outcome::Accepted(trial));
        }
        if trial.value < self.best.map_or(self.start.value, |best| best.value) {
            self.best = Some(trial);
        }
        Next::At(trial)
    }

    fn acceptable(&self, t: &Trial) -> bool {
        let slope = self.start.slope;
        let strong =
            t.value <= self.start.value + DELTA * t.step * slope && t.slope.abs() <= -SIGMA * slope;
        let approximate = t.value <= self.limit
            && (2.0 * DELTA - 1.0) * slope >= t.slope
            && t.slope >= SIGMA * slope;
        strong || approximate
    }

    /// An interval whose low end does not increase φ and slopes down and whose high end slopes up (B1 to B3).
    fn bracket(&mut self, first_step: f64) -> Result<(Trial, Trial), Outcome> {
        let mut low = self.start;
        let mut step = first_step;
        let mut too_far = f64::INFINITY;
        loop {
            let trial = self.at(step)?;
            if !trial.value.is_finite() {
                // Back to where the function exists: fast at first, then by halves of what is left.
                too_far = step;
                step = if low.step > 0.0 {
                    0.5 * (low.step + too_far)
                } else {
                    0.1 * step
                };
                if step <= low.step {
                    return Err(self.give_up());
                }
                continue;
            }
            if trial.slope >= 0.0 {
                return Ok((low, trial));
            }
            if trial.value > self.limit {
                return self.bisect(low, trial);
            }
            low = trial;
            let next = GROW * step;
            step = if next < too_far {
                next
            } else {
                0.5 * (step + too_far)
            };
            if !step.is_finite() || step <= low.step {
                return Err(self.give_up());
            }
        }
    }

    /// The same from a high end that slopes down but lies above `low` (U3).
    fn bisect(&mut self, mut low: Trial, mut high: Trial) -> Result<(Trial, Trial), Outcome> {
        loop {
            let step = 0.5 * (low.step + high.step);
            if step <= low.step || step >= high.step {
                return Err(self.give_up());
            }
            let trial = self.at(step)?;
            if trial.slope >= 0.0 && trial.value.is_finite() {
                return Ok((low, trial));
            }
            if trial.value <= self.limit {
                low = trial;
            } else {
                high = trial;
            }
        }
    }

    /// Shrinks the interval until a point in it is good (L0 to L3).
    fn narrow(
        &mut self,
        mut low: Trial,
        mut high: Trial,
    ) -> Result<std::convert::Infallible, Outcome> {
        loop {
            let width = high.step - low.step;
            let (mut a, mut b) = self.update(low, high, secant(&low, &high))?;
            // The double secant step: once more from the end that moved.
            let again = if b.step < high.step {
                Some(secant(&high, &b))
            } else if a.step > low.step {
                Some(secant(&low, &a))
            } else {
                None
            };
            if let Some(step) = again {
                (a, b) = self.update(a, b, step)?;
            }
            if b.step - a.step > SHRINK * width {
                (a, b) = self.update(a, b, 0.5 * (a.step + b.step))?;
            }
            if b.step - a.step >= width {
                return Err(self.give_up());
            }
            (low, high) = (a, b);
        }
    }

    /// The smaller interval that `step` gives (U0 to U3).
    fn update(&mut self, low: Trial, high: Trial, step: f64) -> Result<(Trial, Trial), Outcome> {
        if !(step > low.step && step < high.step) {
            return Ok((low, high));
        }
        let trial = self.at(step)?;
        if !trial.value.is_finite() {
            return self.bisect(low, trial);
        }
        if trial.slope >= 0.0 {
            Ok((low, trial))
        } else if trial.value <= self.limit {
            Ok((trial, high))
        } else {
            self.bisect(low, trial)
        }
    }

    fn at(&mut self, step: f64) -> Result<Trial, Outcome> {
        match self.evaluate(step) {
            Next::At(trial) => Ok(trial),
            Next::End(outcome) => Err(outcome),
        }
    }

    /// The interval cannot shrink further in floating point.
    fn give_up(&self) -> Outcome {
        self.best.map_or(Outcome::Failed, Outcome::Decreased)
    }
}

/// Where the line through the two slopes vanishes.
fn secant(a: &Trial, b: &Trial) -> f64 {
    (a.step * b.slope - b.step * a.slope) / (b.slope - a.slope)
}
