//! The mathematics of a Gaussian mixture whose parameters have distributions: Dirichlet for the weights, normal for the means,
//! Wishart for the precisions.

use std::f64::consts::{LN_2, TAU};

use super::covariance::{CovarianceType, Moments, Spread};
use super::kernel::{Components, Sums};
use crate::error::Result;
use crate::special::{digamma, ln_gamma};

/// What is believed before the data.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Prior {
    /// Whether the weights come from a Dirichlet process, by breaking a stick, or from one Dirichlet distribution.
    pub(super) process: bool,
    pub(super) concentration: f64,
    pub(super) mean_precision: f64,
    pub(super) mean: Vec<f64>,
    pub(super) degrees_of_freedom: f64,
    /// (p, p) for full and tied, (p) for diag, one for spherical.
    pub(super) covariance: Vec<f64>,
}

/// What is believed after an iteration.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    /// The Dirichlet distribution's, or the first of the beta distributions'.
    pub(super) concentration: Vec<f64>,
    /// The second of the beta distributions'; empty without a process.
    pub(super) rest: Vec<f64>,
    pub(super) mean_precision: Vec<f64>,
    pub(super) means: Vec<f64>,
    /// (k), or one for tied covariances.
    pub(super) degrees_of_freedom: Vec<f64>,
    pub(super) covariances: Spread,
    pub(super) triangles: Spread,
}

impl Prior {
    pub(super) fn posterior(&self, moments: Moments, estimator: &str) -> Result<Posterior> {
        let counts = &moments.weights;
        let (k, p) = (counts.len(), self.mean.len());
        let rest = match self.process {
            true => {
                let mut after = 0.0;
                let mut rest = vec![0.0; k];
                for (rest, count) in rest.iter_mut().zip(counts).rev() {
                    *rest = self.concentration + after;
                    after += count;
                }
                rest
            }
            false => Vec::new(),
        };
        let first = if self.process {
            1.0
        } else {
            self.concentration
        };
        let mean_precision: Vec<f64> = counts.iter().map(|n| self.mean_precision + n).collect();
        let mut means = Vec::with_capacity(k * p);
        for ((mean, n), precision) in moments
            .means
            .chunks_exact(p)
            .zip(counts)
            .zip(&mean_precision)
        {
            let each = mean.iter().zip(&self.mean);
            means.extend(each.map(|(x, m)| (self.mean_precision * m + n * x) / precision));
        }
        let (degrees_of_freedom, values) = self.wishart(&moments, &mean_precision);
        let covariances = Spread {
            values,
            ..moments.spread
        };
        Ok(Posterior {
            concentration: counts.iter().map(|n| first + n).collect(),
            rest,
            mean_precision,
            means,
            degrees_of_freedom,
            triangles: covariances.triangles(estimator)?,
            covariances,
        })
    }

    /// Degrees of freedom and covariances.
    fn wishart(&self, moments: &Moments, mean_precision: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (counts, spread) = (&moments.weights, &moments.spread.values);
        let (k, p) = (counts.len(), self.mean.len());
        let differences: Vec<f64> = moments
            .means
            .chunks_exact(p)
            .flat_map(|mean| mean.iter().zip(&self.mean).map(|(x, m)| x - m))
            .collect();
        // How much of a mean's distance from the prior's counts as scatter.
        let pulls: Vec<f64> = mean_precision
            .iter()
            .map(|b| self.mean_precision / b)
            .collect();
        let dof: Vec<f64> = counts.iter().map(|n| self.degrees_of_freedom + n).collect();
        match moments.spread.form {
            CovarianceType::Full => {
                let mut values = Vec::with_capacity(k * p * p);
                for c in 0..k {
                    let d = &differences[c * p..][..p];
                    for i in 0..p {
                        for j in 0..p {
                            let s = spread[(c * p + i) * p + j];
                            let sum = self.covariance[i * p + j]
                                + counts[c] * s
                                + counts[c] * pulls[c] * d[i] * d[j];
                            values.push(sum / dof[c]);
                        }
                    }
                }
                (dof, values)
            }
            CovarianceType::Tied => {
                let share = counts.iter().sum::<f64>() / k as f64;
                let dof = self.degrees_of_freedom + share;
                let mut values = Vec::with_capacity(p * p);
                for i in 0..p {
                    for j in 0..p {
                        let mut sum = 0.0;
                        for c in 0..k {
                            let d = &differences[c * p..][..p];
                            sum += counts[c] * pulls[c] * d[i] * d[j];
                        }
                        let at = i * p + j;
                        let whole = self.covariance[at] + spread[at] * share + sum / k as f64;
                        values.push(whole / dof);
                    }
                }
                (vec![dof], values)
            }
            CovarianceType::Diag => {
                let mut values = Vec::with_capacity(k * p);
                for c in 0..k {
                    for j in 0..p {
                        let (s, d) = (spread[c * p + j], differences[c * p + j]);
                        let sum = self.covariance[j] + counts[c] * (s + pulls[c] * d * d);
                        values.push(sum / dof[c]);
                    }
                }
                (dof, values)
            }
            CovarianceType::Spherical => {
                let mut values = Vec::with_capacity(k);
                for c in 0..k {
                    let d = &differences[c * p..][..p];
                    let square = d.iter().map(|d| d * d).sum::<f64>() / p as f64;
                    let sum = self.covariance[0] + counts[c] * (spread[c] + pulls[c] * square);
                    values.push(sum / dof[c]);
                }
                (dof, values)
            }
        }
    }
}

impl Posterior {
    fn dof(&self, c: usize) -> f64 {
        self.degrees_of_freedom[c.min(self.degrees_of_freedom.len() - 1)]
    }

    /// The expected logarithms of the weights.
    fn log_weights(&self) -> Vec<f64> {
        if self.rest.is_empty() {
            let all = digamma(self.concentration.iter().sum());
            return self
                .concentration
                .iter()
                .map(|&a| digamma(a) - all)
                .collect();
        }
        let mut before = 0.0;
        let each = self.concentration.iter().zip(&self.rest);
        each.map(|(&a, &b)| {
            let both = digamma(a + b);
            let log = digamma(a) - both + before;
            before += digamma(b) - both;
            log
        })
        .collect()
    }

    /// The components whose responsibilities the next iteration takes.
    pub(super) fn components(&self) -> Components {
        let p = self.triangles.p as f64;
        let dets = self.triangles.log_dets();
        let each = self.log_weights().into_iter().zip(dets).enumerate();
        let offsets = each.map(|(c, (weight, det))| {
            let dof = self.dof(c);
            let digammas = (0..self.triangles.p).map(|i| digamma(0.5 * (dof - i as f64)));
            let log_lambda = p * LN_2 + digammas.sum::<f64>();
            // The precision is that of the triangle, so its degrees of freedom are taken out.
            let gauss = det - 0.5 * p * TAU.ln() - 0.5 * p * dof.ln();
            weight + gauss + 0.5 * (log_lambda - p / self.mean_precision[c])
        });
        self.triangles.components(&self.means, offsets.collect())
    }

    /// The lower bound of the evidence, without constants; `sums` are those of the responsibilities this came from.
    pub(super) fn lower_bound(&self, sums: &Sums) -> f64 {
        let p = self.triangles.p;
        let dets = self.triangles.log_dets();
        let wishart = |c: usize| {
            let dof = self.dof(c);
            let det = dets[c] - 0.5 * p as f64 * dof.ln();
            let gammas = (0..p).map(|i| ln_gamma(0.5 * (dof - i as f64)));
            -(dof * det + dof * p as f64 * 0.5 * LN_2 + gammas.sum::<f64>())
        };
        let wisharts: f64 = (0..self.triangles.k).map(wishart).sum();
        let weights = if self.rest.is_empty() {
            let each = self.concentration.iter().map(|&a| ln_gamma(a));
            ln_gamma(self.concentration.iter().sum()) - each.sum::<f64>()
        } else {
            let each = self.concentration.iter().zip(&self.rest);
            -each
                .map(|(&a, &b)| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b))
                .sum::<f64>()
        };
        let precisions: f64 = self.mean_precision.iter().map(|b| b.ln()).sum();
        -sums.entropy - wisharts - weights - 0.5 * p as f64 * precisions
    }

    /// The expected weights.
    pub(super) fn weights(&self) -> Vec<f64> {
        let mut weights = self.concentration.clone();
        if !self.rest.is_empty() {
            let mut left = 1.0;
            for (w, b) in weights.iter_mut().zip(&self.rest) {
                let sum = *w + b;
                *w = left * *w / sum;
                left *= b / sum;
            }
        }
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect()
    }
}
