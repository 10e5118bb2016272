//! The sweeps, the duality gap, and screening.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What coordinate descent asks of the data and its residual `R = Y − XW`, for p features and t targets. Values of features
/// and targets are ordered by feature.
pub(crate) trait Residual {
    /// p
    fn features(&self) -> usize;
    /// t
    fn targets(&self) -> usize;
    /// `‖xⱼ‖²`
    fn square(&self, feature: usize) -> f64;
    /// `xⱼ'R`, (t)
    fn along(&self, feature: usize, out: &mut [f64]);
    /// `X'R`, (p, t)
    fn along_all(&self, out: &mut [f64]);
    /// `wⱼ` has moved by this, (t). `l1` tells which features may move next.
    fn step(&mut self, feature: usize, by: &[f64], l1: f64);
    /// `‖R‖²` and `R·Y`, given W.
    fn norms(&self, coef: &[f64]) -> (f64, f64);
    /// `‖Y‖²`
    fn target_square(&self) -> f64;
}

/// `l1 Σⱼ ‖wⱼ‖₂ + ½ l2 ‖W‖²`, over `W ≥ 0` where `positive`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Penalty {
    pub(crate) l1: f64,
    pub(crate) l2: f64,
    /// For one target only.
    pub(crate) positive: bool,
}

/// How a descent ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// The duality gap, or `‖X'R‖²` without any penalty.
    pub(crate) gap: f64,
    /// Sweeps over the features.
    pub(crate) n_iter: usize,
    pub(crate) converged: bool,
}

/// When to stop, and in which order to go.
pub(crate) struct Descent {
    pub(crate) tol: f64,
    pub(crate) max_iter: usize,
    /// Draws the features; without it they take turns.
    pub(crate) random: Option<ChaCha8Rng>,
}

/// The gap, and what screening needs of it.
pub(super) struct Gap {
    pub(super) gap: f64,
    dual_norm: f64,
}

/// Memory of a descent.
pub(super) struct Scratch {
    /// `X'R`, then `X'R − l2 W`
    pub(super) along: Vec<f64>,
    /// `‖(X'R − l2 W)ⱼ‖`
    norms: Vec<f64>,
}

impl Descent {
    /// Improves `coef` (p, t), whose residual `data` holds, until the gap is at most `tol ‖Y‖²` and no coefficient moves by
    /// more than `tol` times the largest.
    pub(crate) fn run(
        &mut self,
        data: &mut impl Residual,
        coef: &mut [f64],
        penalty: Penalty,
    ) -> Outcome {
        let (p, t) = (data.features(), data.targets());
        let tolerance = self.tol * data.target_square();
        let mut scratch = Scratch::new(p, t);
        let mut gap = scratch.gap(data, coef, penalty);
        let ended = |gap: f64, n_iter, converged| Outcome {
            gap,
            n_iter,
            converged,
        };
        if gap.gap <= tolerance {
            return ended(gap.gap, 0, true);
        }
        let mut active: Vec<usize> = (0..p).filter(|&j| data.square(j) > 0.0).collect();
        if penalty.l1 > 0.0 {
            for j in 0..p {
                if data.square(j) <= 0.0 {
                    clear(data, coef, j, penalty.l1);
                }
            }
            scratch.screen(data, coef, penalty, &gap, &mut active);
        }
        let (mut old, mut towards, mut by) = (vec![0.0; t], vec![0.0; t], vec![0.0; t]);
        for n_iter in 1..=self.max_iter {
            let (mut largest, mut largest_move) = (0.0f64, 0.0f64);
            for turn in 0..active.len() {
                let j = match &mut self.random {
                    Some(rng) => active[rng.random_range(0..active.len() as u64) as usize],
                    None => active[turn],
                };
                let square = data.square(j);
                let w = &mut coef[j * t..(j + 1) * t];
                old.copy_from_slice(w);
                data.along(j, &mut towards);
                for (to, w) in towards.iter_mut().zip(&old) {
                    *to += w * square;
                }
                shrink(&towards, square, penalty, w);
                let mut moved = 0.0f64;
                for k in 0..t {
                    by[k] = w[k] - old[k];
                    moved = moved.max(by[k].abs());
                    largest = largest.max(w[k].abs());
                }
                if moved > 0.0 {
                    data.step(j, &by, penalty.l1);
                }
                largest_move = largest_move.max(moved);
            }
            let settled = largest == 0.0 || largest_move / largest <= self.tol;
            if settled || n_iter == self.max_iter {
                gap = scratch.gap(data, coef, penalty);
                if gap.gap <= tolerance {
                    return ended(gap.gap, n_iter, true);
                }
                if !gap.gap.is_finite() {
                    return ended(gap.gap, n_iter, false);
                }
                if penalty.l1 > 0.0 {
                    scratch.screen(data, coef, penalty, &gap, &mut active);
                }
            }
        }
        ended(gap.gap, self.max_iter, false)
    }
}

/// The minimum over one feature's coefficients: `towards` drawn to 0 by `l1`, over the curvature.
fn shrink(towards: &[f64], square: f64, penalty: Penalty, w: &mut [f64]) {
    let curvature = square + penalty.l2;
    if let ([towards], [w]) = (towards, &mut *w) {
        *w = if penalty.positive && *towards < 0.0 {
            0.0
        } else {
            towards.signum() * (towards.abs() - penalty.l1).max(0.0) / curvature
        };
        return;
    }
    let norm = norm(towards);
    let kept = if norm > penalty.l1 {
        (1.0 - penalty.l1 / norm) / curvature
    } else {
        0.0
    };
    for (w, towards) in w.iter_mut().zip(towards) {
        *w = towards * kept;
    }
}

/// Takes a feature out.
fn clear(data: &mut impl Residual, coef: &mut [f64], j: usize, l1: f64) {
    let t = data.targets();
    let w = &mut coef[j * t..(j + 1) * t];
    if w.iter().any(|&v| v != 0.0) {
        let by: Vec<f64> = w.iter().map(|v| -v).collect();
        w.fill(0.0);
        data.step(j, &by, l1);
    }
}

fn norm(values: &[f64]) -> f64 {
    match values {
        [v] => v.abs(),
        _ => values.iter().map(|v| v * v).sum::<f64>().sqrt(),
    }
}

impl Scratch {
    pub(super) fn new(p: usize, t: usize) -> Self {
        Scratch {
            along: vec![0.0; p * t],
            norms: vec![0.0; p],
        }
    }

    fn gap(&mut self, data: &impl Residual, coef: &[f64], penalty: Penalty) -> Gap {
        data.along_all(&mut self.along);
        self.gap_of(data.norms(coef), coef, penalty)
    }

    /// The duality gap at `coef`, from `X'R` in `along` and `‖R‖²` and `R·Y`. The dual point is the residual, scaled until it is feasible (Fercoq et al., 2015); without
    /// an L1 penalty the dual of ridge regression, whose points are all feasible (Dünner et al., 2016).
    pub(super) fn gap_of(
        &mut self,
        (residual_square, residual_target): (f64, f64),
        coef: &[f64],
        penalty: Penalty,
    ) -> Gap {
        let t = self.along.len() / self.norms.len().max(1);
        let Penalty { l1, l2, positive } = penalty;
        let coef_square = if l2 > 0.0 {
            coef.iter().map(|w| w * w).sum::<f64>()
        } else {
            0.0
        };
        if l1 == 0.0 {
            let along_square = self.along.iter().map(|v| v * v).sum::<f64>();
            if l2 == 0.0 {
                return Gap {
                    gap: along_square,
                    dual_norm: 0.0,
                };
            }
            return Gap {
                gap: residual_square + 0.5 * l2 * coef_square - residual_target
                    + along_square / (2.0 * l2),
                dual_norm: 0.0,
            };
        }
        let (mut dual_norm, mut coef_norm) = (f64::NEG_INFINITY, 0.0);
        for ((along, w), norm_of) in self
            .along
            .chunks_mut(t)
            .zip(coef.chunks(t))
            .zip(&mut self.norms)
        {
            for (along, w) in along.iter_mut().zip(w) {
                *along -= l2 * w;
            }
            *norm_of = norm(along);
            dual_norm = dual_norm.max(if positive { along[0] } else { *norm_of });
            coef_norm += norm(w);
        }
        let both = residual_square + l2 * coef_square;
        let primal = 0.5 * both + l1 * coef_norm;
        let scale = if dual_norm > l1 { l1 / dual_norm } else { 1.0 };
        let dual = -0.5 * scale * scale * both + scale * residual_target;
        Gap {
            gap: primal - dual,
            dual_norm,
        }
    }

    /// The features that a penalty would let move from 0, the steepest first.
    pub(super) fn steepest(&self, penalty: Penalty, of: impl Fn(usize) -> bool) -> Vec<usize> {
        let steep = |j: usize| {
            if penalty.positive {
                self.along[j]
            } else {
                self.norms[j]
            }
        };
        let mut found: Vec<usize> = (0..self.norms.len())
            .filter(|&j| of(j) && steep(j) > penalty.l1)
            .collect();
        found.sort_by(|&a, &b| steep(b).total_cmp(&steep(a)).then(a.cmp(&b)));
        found
    }

    /// Takes out the features that the gap proves to be 0 at the minimum (Ndiaye et al., 2017, eq. 11).
    fn screen(
        &self,
        data: &mut impl Residual,
        coef: &mut [f64],
        penalty: Penalty,
        gap: &Gap,
        active: &mut Vec<usize>,
    ) {
        let radius = (2.0 * gap.gap.abs()).sqrt() / penalty.l1;
        let dual_scale = penalty.l1.max(gap.dual_norm);
        active.retain(|&j| {
            let slack = 1.0 - self.norms[j] / dual_scale;
            let stays = slack / (data.square(j) + penalty.l2).sqrt() <= radius;
            if !stays {
                clear(data, coef, j, penalty.l1);
            }
            stays
        });
    }
}
