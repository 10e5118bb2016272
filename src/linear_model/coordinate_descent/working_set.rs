//! One penalty over many rows: a few features at a time.
//!
//! The minimum over a working set of k features needs k² products of columns, far fewer than all. Whether it is the minimum
//! over every feature takes one pass over the rows, which gives the duality gap and the features that are still missing.
//! Those whose steepness exceeds the penalty most join the set, until the gap is small enough (Massias, Gramfort and
//! Salmon, 2018). Sweeps over the set cost next to nothing, so the end is closer to the minimum than `tol` asks.

use super::data::Centred;
use super::descent::{Descent, Outcome, Penalty, Scratch};
use super::quadratic::{GramRows, Quadratic};
use crate::float::Float;

/// Values of X from which passes over the rows are worth saving.
const LARGE: usize = 1 << 22;

/// Features from which a part of the products is worth choosing.
const MANY: usize = 128;

/// Features of the first set, at most.
const FEW: usize = 64;

/// How much closer than the whole the minimum over a set must be.
const CLOSER: f64 = 0.1;

/// Tolerances below this are left to sweeps over all features.
const FINEST: f64 = 1e-12;

/// Whether a fit of this size at one penalty goes by working sets.
pub(super) fn worthwhile(n: usize, p: usize, penalty: Penalty, descent: &Descent) -> bool {
    n.saturating_mul(p) >= LARGE
        && p >= MANY
        && n >= p
        && penalty.l1 > 0.0
        && descent.random.is_none()
        && descent.tol >= FINEST
}

/// The target of a fit: centred and weighted values (n), their products with X (p), and their square.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) values: &'a [f64],
    pub(super) cross: &'a [f64],
    pub(super) square: f64,
}

/// Improves `coef` (p) until the gap over all features is small. `None` when more than half of the features are needed:
/// products of all of them cost less then.
pub(super) fn run<F: Float>(
    centred: &Centred<'_, F>,
    target: Target<'_>,
    coef: &mut [f64],
    penalty: Penalty,
    descent: &Descent,
) -> Option<Outcome> {
    let p = coef.len();
    let few = (p / 8).clamp(1, FEW);
    let tolerance = descent.tol * target.square;
    let mut scratch = Scratch::new(p, 1);
    let mut set: Vec<usize> = (0..p).filter(|&j| coef[j] != 0.0).collect();
    let mut inside = vec![false; p];
    set.iter().for_each(|&j| inside[j] = true);
    let mut gram = Vec::new();
    let mut norms = (target.square, target.square);
    if set.is_empty() {
        scratch.along.copy_from_slice(target.cross);
    } else if 2 * set.len() <= p {
        norms = centred.residual(target.values, coef, &mut scratch.along);
        gram = centred.gram_between(&set, &set);
    } else {
        return None;
    }
    let (mut n_iter, mut closer) = (0, CLOSER);
    loop {
        let gap = scratch.gap_of(norms, coef, penalty).gap;
        let converged = gap <= tolerance;
        if converged || !gap.is_finite() || n_iter >= descent.max_iter {
            return Some(Outcome {
                gap,
                n_iter,
                converged,
            });
        }
        let more = scratch.steepest(penalty, |j| !inside[j] && centred.squares()[j] > 0.0);
        let used = coef.iter().filter(|&&w| w != 0.0).count();
        let room = (2 * used).saturating_sub(set.len()).max(few);
        let more = &more[..more.len().min(room)];
        if more.is_empty() {
            // What is left is the distance from the minimum over the set.
            closer *= CLOSER;
        }
        if 2 * (set.len() + more.len()) > p || closer * descent.tol < FINEST * CLOSER {
            return None;
        }
        if !more.is_empty() {
            grow(centred, &mut gram, &mut set, more);
            more.iter().for_each(|&j| inside[j] = true);
        }
        let cross: Vec<f64> = set.iter().map(|&j| target.cross[j]).collect();
        let mut part: Vec<f64> = set.iter().map(|&j| coef[j]).collect();
        let mut rows = GramRows::full(&gram, set.len());
        let mut data = Quadratic::new(&mut rows, &cross, target.square, &part);
        let mut inner = Descent {
            tol: closer * descent.tol,
            max_iter: descent.max_iter - n_iter,
            random: None,
        };
        n_iter += inner.run(&mut data, &mut part, penalty).n_iter;
        for (&j, w) in set.iter().zip(part) {
            coef[j] = w;
        }
        norms = centred.residual(target.values, coef, &mut scratch.along);
    }
}

/// Adds features to a set (k) and its products (k, k).
fn grow<F: Float>(
    centred: &Centred<'_, F>,
    gram: &mut Vec<f64>,
    set: &mut Vec<usize>,
    more: &[usize],
) {
    let old = set.len();
    set.extend(more);
    let k = set.len();
    let added = centred.gram_between(more, set);
    let mut all = vec![0.0; k * k];
    for (to, from) in all.chunks_exact_mut(k).zip(gram.chunks_exact(old.max(1))) {
        to[..old].copy_from_slice(from);
    }
    for (i, row) in added.chunks_exact(k).enumerate() {
        for (j, &v) in row.iter().enumerate().take(old + i + 1) {
            all[(old + i) * k + j] = v;
            all[j * k + old + i] = v;
        }
    }
    *gram = all;
}
