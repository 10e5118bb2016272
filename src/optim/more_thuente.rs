//! How far to go along a descent direction: the line search of Moré and Thuente, as L-BFGS-B has it.
//!
//! J. J. Moré and D. J. Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM Transactions on
//! Mathematical Software 20 (1994), with the constants of L-BFGS-B (C. Zhu, R. H. Byrd, P. Lu, J. Nocedal, "Algorithm 778",
//! the same journal 23 (1997)). A function with many minima is led to the one that SciPy would find.

use super::line_search::Trial;

/// Fraction of the predicted decrease that is asked for.
const DECREASE: f64 = 1e-3;
/// Fraction of the initial slope that may remain.
const CURVATURE: f64 = 0.9;
/// An interval that is this small relative to its end is accepted as it is.
const WIDTH: f64 = 0.1;
/// The longest step.
const LONGEST: f64 = 1e10;
/// The most evaluations.
const EVALUATIONS: usize = 20;

/// The interval that holds the step: its better end, the other end, whether it holds a minimum.
struct Interval {
    best: Trial,
    other: Trial,
    bracketed: bool,
}

/// The step that is taken, always the last one evaluated; `None` where values leave the numbers, or nothing decreases.
pub(super) fn more_thuente(
    start: Trial,
    first_step: f64,
    max_evaluations: usize,
    phi: &mut dyn FnMut(f64) -> (f64, f64),
) -> Option<Trial> {
    let wanted = DECREASE * start.slope;
    let mut interval = Interval {
        best: start,
        other: start,
        bracketed: false,
    };
    let (mut width, mut width_before) = (LONGEST, 2.0 * LONGEST);
    let mut step = first_step.min(LONGEST);
    let (mut least, mut most) = (0.0, step + 4.0 * step);
    let mut first_stage = true;
    for _ in 0..EVALUATIONS.min(max_evaluations) {
        let (value, slope) = phi(step);
        if !(value.is_finite() && slope.is_finite()) {
            return None;
        }
        let trial = Trial { step, value, slope };
        let enough = start.value + step * wanted;
        if first_stage && value <= enough && slope >= 0.0 {
            first_stage = false;
        }
        let stuck =
            interval.bracketed && (step <= least || step >= most || most - least <= WIDTH * most);
        let longest = step == LONGEST && value <= enough && slope <= wanted;
        let good = value <= enough && slope.abs() <= -CURVATURE * start.slope;
        if good || stuck || longest {
            return (value < start.value).then_some(trial);
        }
        if first_stage && value <= interval.best.value && value > enough {
            // The same with the wanted decrease taken off.
            let off = |t: Trial| Trial {
                value: t.value - t.step * wanted,
                slope: t.slope - wanted,
                ..t
            };
            let on = |t: Trial| Trial {
                value: t.value + t.step * wanted,
                slope: t.slope + wanted,
                ..t
            };
            interval.best = off(interval.best);
            interval.other = off(interval.other);
            step = interval.narrow(off(trial), least, most);
            interval.best = on(interval.best);
            interval.other = on(interval.other);
        } else {
            step = interval.narrow(trial, least, most);
        }
        let (a, b) = (interval.best.step, interval.other.step);
        if interval.bracketed {
            if (b - a).abs() >= 0.66 * width_before {
                step = a + 0.5 * (b - a);
            }
            width_before = width;
            width = (b - a).abs();
            (least, most) = (a.min(b), a.max(b));
        } else {
            (least, most) = (step + 1.1 * (step - a), step + 4.0 * (step - a));
        }
        step = step.clamp(0.0, LONGEST);
        let stuck = step <= least || step >= most || most - least <= WIDTH * most;
        if interval.bracketed && stuck {
            step = a;
        }
        if !step.is_finite() {
            return None;
        }
    }
    None
}

impl Interval {
    /// Takes a trial step in, and gives the next one: from cubics and parabolas through values and slopes.
    fn narrow(&mut self, trial: Trial, least: f64, most: f64) -> f64 {
        let (best, other) = (self.best, self.other);
        let Trial { step, value, slope } = trial;
        let opposite = slope * best.slope.signum() < 0.0;
        // The minimiser of the cubic through two points lies at `share` of the way from `from` to `to`.
        let cubic = |a: Trial, b: Trial, zero: bool| {
            let theta = 3.0 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope;
            let scale = theta.abs().max(a.slope.abs()).max(b.slope.abs());
            let square = (theta / scale).powi(2) - (a.slope / scale) * (b.slope / scale);
            let root = scale * (if zero { square.max(0.0) } else { square }).sqrt();
            (theta, root)
        };
        let secant = step + slope / (slope - best.slope) * (best.step - step);
        let next = if value > best.value {
            let (theta, root) = cubic(best, trial, false);
            let root = if step < best.step { -root } else { root };
            let p = (root - best.slope) + theta;
            let q = ((root - best.slope) + root) + slope;
            let by_cubic = best.step + p / q * (step - best.step);
            let rise = (best.value - value) / (step - best.step) + best.slope;
            let by_parabola = best.step + 0.5 * (best.slope / rise) * (step - best.step);
            self.bracketed = true;
            if (by_cubic - best.step).abs() < (by_parabola - best.step).abs() {
                by_cubic
            } else {
                by_cubic + 0.5 * (by_parabola - by_cubic)
            }
        } else if opposite {
            let (theta, root) = cubic(best, trial, false);
            let root = if step > best.step { -root } else { root };
            let p = (root - slope) + theta;
            let q = ((root - slope) + root) + best.slope;
            let by_cubic = step + p / q * (best.step - step);
            self.bracketed = true;
            farther(by_cubic, secant, step)
        } else if slope.abs() < best.slope.abs() {
            let (theta, root) = cubic(best, trial, true);
            let root = if step > best.step { -root } else { root };
            let p = (root - slope) + theta;
            let q = (root + (best.slope - slope)) + root;
            let r = p / q;
            let by_cubic = if r < 0.0 && root != 0.0 {
                step + r * (best.step - step)
            } else if step > best.step {
                most
            } else {
                least
            };
            if self.bracketed {
                let next = nearer(by_cubic, secant, step);
                let bound = step + 0.66 * (other.step - step);
                if step > best.step {
                    next.min(bound)
                } else {
                    next.max(bound)
                }
            } else {
                farther(by_cubic, secant, step).min(most).max(least)
            }
        } else if self.bracketed {
            let (theta, root) = cubic(trial, other, false);
            let root = if step > other.step { -root } else { root };
            let p = (root - slope) + theta;
            let q = ((root - slope) + root) + other.slope;
            step + p / q * (other.step - step)
        } else if step > best.step {
            most
        } else {
            least
        };
        if value > best.value {
            self.other = trial;
        } else {
            if opposite {
                self.other = best;
            }
            self.best = trial;
        }
        next
    }
}

/// The one of two steps that is farther from a third; the second of equals.
fn farther(a: f64, b: f64, from: f64) -> f64 {
    if (a - from).abs() > (b - from).abs() {
        a
    } else {
        b
    }
}

/// The one of two steps that is nearer to a third; the second of equals.
fn nearer(a: f64, b: f64, from: f64) -> f64 {
    if (a - from).abs() < (b - from).abs() {
        a
    } else {
        b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_decrease_and_flatten() {
        type Function = fn(f64) -> (f64, f64);
        let functions: [Function; 4] = [
            |t| ((t - 3.0).powi(2), 2.0 * (t - 3.0)),
            |t| (-t / (t * t + 2.0), (t * t - 2.0) / (t * t + 2.0).powi(2)),
            |t| {
                (
                    (t + 0.004).powi(5) - 2.0 * (t + 0.004).powi(4),
                    5.0 * (t + 0.004).powi(4) - 8.0 * (t + 0.004).powi(3),
                )
            },
            |t| ((t - 1.0).cosh().ln(), (t - 1.0).tanh()),
        ];
        for (i, f) in functions.into_iter().enumerate() {
            for first in [1e-3, 0.1, 1.0, 10.0] {
                let (value, slope) = f(0.0);
                let start = Trial {
                    step: 0.0,
                    value,
                    slope,
                };
                let mut last = 0.0;
                let mut phi = |t: f64| {
                    last = t;
                    f(t)
                };
                let found = more_thuente(start, first, 50, &mut phi).unwrap();
                assert_eq!(found.step, last);
                let enough = value + DECREASE * found.step * slope;
                assert!(found.value <= enough, "{i} {first}: {found:?}");
                // The third starts almost flat: its interval becomes small before its slope.
                let flat = found.slope.abs() <= -CURVATURE * slope;
                assert!(flat || i == 2, "{i} {first}: {found:?}");
            }
        }
    }

    #[test]
    fn what_never_decreases_is_none() {
        let start = Trial {
            step: 0.0,
            value: 0.0,
            slope: -1.0,
        };
        assert!(more_thuente(start, 1.0, 50, &mut |t| (t, 1.0)).is_none());
        assert!(more_thuente(start, 1.0, 50, &mut |_| (f64::NAN, 1.0)).is_none());
    }
}
