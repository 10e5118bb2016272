//! Linear functions that learn by stochastic gradient descent, and where their learning stands.

use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use super::sgd_kernel::{Goal, Weights};
use super::sgd_train::{Call, Learned, Samples, Task, train};
use super::stochastic_gradient::Settings;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::ensure;
use crate::observer::Watch;

impl Settings {
    /// Learns on from `model`: all epochs, or one for a batch.
    pub(super) fn learn<F: Float>(
        &self,
        model: &Learner<F>,
        samples: &Samples<'_, F>,
        classes: Option<&[u32]>,
        goals: Vec<Goal<'_, F>>,
        batch: bool,
        watch: &Watch,
    ) -> Result<Learner<F>> {
        let mut epochs = self.epochs();
        if batch {
            epochs.max_iter = 1;
        }
        let tasks = goals
            .into_iter()
            .zip(model.starts())
            .map(|(goal, start)| Task { goal, start })
            .collect();
        let call = Call {
            name: self.name,
            method: self.method(),
            epochs,
            t: model.t as f64,
            watch,
        };
        let learned = train(&call, samples, classes, tasks)?;
        let steps = (learned.n_iter as u64).saturating_mul(samples.n_rows as u64);
        let next = model.next(learned, model.t.saturating_add(steps), self.own.average);
        let values = next.coef.iter().chain(&next.intercept);
        check::learned(self.name, "a coefficient", values)?;
        if !batch && self.tol.is_some() && !next.converged {
            log::warn!(
                "{} did not converge in {} epochs: scale the features, or raise max_iter or tol",
                self.name,
                next.n_iter
            );
        }
        Ok(next)
    }
}

/// Linear functions and where their learning stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(super) struct Learner<F> {
    /// (n_outputs, n_features)
    pub(super) coef: Array2<F>,
    /// (n_outputs)
    pub(super) intercept: Array1<F>,
    /// Where weights are averaged: those of the last step, and the averages.
    averaged: Option<Averaged<F>>,
    pub(super) n_iter: usize,
    /// The number of the next step.
    pub(super) t: u64,
    pub(super) converged: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
struct Averaged<F> {
    coef: Array2<F>,
    intercept: Array1<F>,
    average_coef: Array2<F>,
    average_intercept: Array1<F>,
}

impl<F: Float> Learner<F> {
    /// Nothing learned: weights of 0.
    pub(super) fn new(n_outputs: usize, n_features: usize, average: usize) -> Result<Self> {
        crate::parallel::fits::<F>("the coefficients", (n_outputs, n_features))?;
        let coef = Array2::zeros((n_outputs, n_features));
        Ok(Self::from_weights(coef, Array1::zeros(n_outputs), average))
    }

    /// The first step from these weights comes next.
    pub(super) fn from_weights(coef: Array2<F>, intercept: Array1<F>, average: usize) -> Self {
        let averaged = (average > 0).then(|| Averaged {
            coef: coef.clone(),
            intercept: intercept.clone(),
            average_coef: Array2::zeros(coef.dim()),
            average_intercept: Array1::zeros(intercept.len()),
        });
        Learner {
            coef,
            intercept,
            averaged,
            n_iter: 0,
            t: 1,
            converged: false,
        }
    }

    fn starts(&self) -> Vec<Weights<F>> {
        let of = |k: usize| match &self.averaged {
            None => Weights {
                coef: self.coef.row(k).to_vec(),
                intercept: self.intercept[k].f64(),
                average: None,
            },
            Some(a) => Weights {
                coef: a.coef.row(k).to_vec(),
                intercept: a.intercept[k].f64(),
                average: Some((a.average_coef.row(k).to_vec(), a.average_intercept[k].f64())),
            },
        };
        (0..self.coef.nrows()).map(of).collect()
    }

    fn next(&self, learned: Learned<F>, t: u64, average: usize) -> Self {
        let rows = |of: &dyn Fn(&Weights<F>) -> Option<Vec<F>>| {
            let mut all = Array2::zeros(self.coef.dim());
            for (mut row, weights) in all.axis_iter_mut(Axis(0)).zip(&learned.weights) {
                for (to, value) in row.iter_mut().zip(of(weights).unwrap_or_default()) {
                    *to = value;
                }
            }
            all
        };
        let coef = rows(&|w| Some(w.coef.clone()));
        let intercept: Array1<F> = learned.weights.iter().map(|w| F::of(w.intercept)).collect();
        let averaged = (average > 0).then(|| Averaged {
            average_coef: rows(&|w| Some(w.average.as_ref()?.0.clone())),
            average_intercept: (learned.weights.iter())
                .map(|w| F::of(w.average.as_ref().map_or(0.0, |a| a.1)))
                .collect(),
            coef: coef.clone(),
            intercept: intercept.clone(),
        });
        let (coef, intercept) = match &averaged {
            Some(a) if (average as u64) < t => {
                (a.average_coef.clone(), a.average_intercept.clone())
            }
            _ => (coef, intercept),
        };
        Learner {
            coef,
            intercept,
            averaged,
            n_iter: learned.n_iter,
            t,
            converged: learned.converged,
        }
    }

    /// What `fit` can produce.
    pub(super) fn validate(&self, n_outputs: usize, average: usize) -> Result<()> {
        let p = self.coef.ncols();
        ensure::at_least("features of `coef`", p, 1)?;
        ensure::shape("coef", &self.coef, n_outputs, p)?;
        ensure::equal("length of `intercept`", self.intercept.len(), n_outputs)?;
        ensure::finite("coef", &self.coef)?;
        ensure::finite("intercept", &self.intercept)?;
        ensure::at_least("t", usize::try_from(self.t).unwrap_or(usize::MAX), 1)?;
        let averaged = usize::from(self.averaged.is_some());
        ensure::equal("averages", averaged, usize::from(average > 0))?;
        if let Some(a) = &self.averaged {
            ensure::shape("averaged.coef", &a.coef, n_outputs, p)?;
            ensure::shape("averaged.average_coef", &a.average_coef, n_outputs, p)?;
            for intercepts in [&a.intercept, &a.average_intercept] {
                ensure::equal("length of an intercept", intercepts.len(), n_outputs)?;
                ensure::finite("averaged.intercept", intercepts)?;
            }
            ensure::finite("averaged.coef", &a.coef)?;
            ensure::finite("averaged.average_coef", &a.average_coef)?;
        }
        Ok(())
    }
}

/// The start of a fit that goes on from another model's coefficients.
pub(super) fn start_from<F: Float>(
    coef: &Array2<F>,
    intercept: &Array1<F>,
    n_features: usize,
    average: usize,
) -> Result<Learner<F>> {
    if coef.ncols() != n_features {
        let what = "number of features of the start";
        return Err(Error::shape(what, n_features, coef.ncols()));
    }
    Ok(Learner::from_weights(
        coef.clone(),
        intercept.clone(),
        average,
    ))
}
