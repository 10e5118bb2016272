//! Training by limited-memory BFGS: all rows at once, to a minimum of the loss.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::float::Float;
use crate::model::ensure;
use crate::observer::{Epoch, Notice};
use crate::optim::{Lbfgs, State, Step, StopReason};

use super::checkpoint::Resume;
use super::layout::Parameters;
use super::loss::Loss;
use super::network::Samples;
use super::train::{Learner, Record, Saving, Validation, Watched, diverged};

/// How limited-memory BFGS runs.
#[derive(Clone, Debug)]
pub(crate) struct FullBatch {
    pub estimator: &'static str,
    pub alpha: f64,
    pub tol: f64,
    pub max_iter: usize,
    pub max_fun: usize,
    pub n_iter_no_change: usize,
}

/// A fit on its way, as a checkpoint has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct Course<F: Float> {
    params: Parameters<F>,
    record: Record,
    minimiser: State<F>,
    /// The parameters of the best iteration, where a validation set decides.
    best: Option<Parameters<F>>,
    no_improvement: usize,
}

impl<F: Float> Resume for Course<F> {
    fn type_name() -> String {
        format!("PerceptronLbfgsCheckpoint<{}>", F::NAME)
    }

    fn n_iter(&self) -> usize {
        self.record.n_iter
    }

    fn validate(&self) -> Result<()> {
        self.record.validate()?;
        self.minimiser.validate(self.params.values.len())?;
        let (n_iter, waited) = (self.record.n_iter, self.no_improvement);
        ensure::equal("iterations", self.minimiser.n_iter(), n_iter)?;
        ensure::that(waited <= n_iter, || {
            format!("{waited} of {n_iter} iterations without progress")
        })?;
        let best = self.best.as_ref().map(Parameters::units);
        ensure::that(
            best.is_none_or(|units| units == self.params.units()),
            || "the best weights are of other layers".into(),
        )
    }
}

impl<F: Float> Learner<'_, F> {
    /// Limited-memory BFGS over all rows at once.
    pub(crate) fn fit_lbfgs(
        mut self,
        settings: &FullBatch,
        samples: &Samples<'_, F>,
        validation: Option<&Watched<'_, F>>,
        saving: Option<&Saving<'_>>,
    ) -> Result<()> {
        self.in_pool(|learner| learner.lbfgs(settings, samples, validation, saving))
    }

    fn lbfgs(
        &mut self,
        settings: &FullBatch,
        samples: &Samples<'_, F>,
        validation: Option<&Watched<'_, F>>,
        saving: Option<&Saving<'_>>,
    ) -> Result<()> {
        let name = settings.estimator;
        let (network, watch) = (self.network, self.watch);
        let mut work = network.workspace::<F>(samples.n_rows, false)?;
        let mut seen = Validation::new(network, validation);
        let mut best = validation.map(|_| self.params.clone());
        let (mut minimiser, mut no_improvement) = (None, 0);
        self.record.converged = false;
        let units = self.params.units();
        let saved = match saving {
            Some(saving) => saving.checkpoint.start(
                name,
                &saving.settings,
                saving.data,
                settings.max_iter,
                |saved: &Course<F>| {
                    saved.params.units() == units && saved.best.is_some() == validation.is_some()
                },
            )?,
            None => None,
        };
        match saved {
            Some(saved) => {
                *self.params = saved.params;
                *self.record = saved.record;
                best = saved.best;
                minimiser = Some(saved.minimiser);
                no_improvement = saved.no_improvement;
            }
            None => self.look_for_dead_start(name, samples, &mut work),
        }
        let patient = |no_improvement| no_improvement <= settings.n_iter_no_change;
        // A fit that a validation set had ended makes no step more.
        let max_iter = match &minimiser {
            Some(at) if !patient(no_improvement) => at.n_iter(),
            _ => settings.max_iter,
        };
        let record = &mut *self.record;
        let params = &mut *self.params;
        // What the values of the parameters are written into for a file.
        let mut shape = saving.map(|_| params.clone());
        let mut outcome = Ok(());
        // The reported loss of several targets is a mean, its derivative that of the sum.
        let outputs = match network.loss {
            Loss::SquaredError | Loss::Robust(_) => network.n_outputs() as f64,
            _ => 1.0,
        };
        let mut after = |step: &Step<'_, F>| -> Result<bool> {
            record.loss_curve.push(step.value);
            record.loss = step.value;
            record.n_iter = step.iteration;
            let mut report = Epoch {
                loss: step.value,
                ..Epoch::default()
            };
            if let Some(seen) = &mut seen {
                let (score, loss) = seen.look(network, step.x, name, step.iteration)?;
                report.validation_score = Some(score);
                report.validation_loss = Some(loss);
                record.validation_scores.push(score);
                record.validation_losses.push(loss);
                let before = record.best_validation_score.unwrap_or(f64::NEG_INFINITY);
                if score > before {
                    record.best_validation_score = Some(score);
                    if let Some(best) = &mut best {
                        best.values.copy_from_slice(step.x);
                    }
                }
                let improved = score >= before + settings.tol;
                no_improvement = if improved { 0 } else { no_improvement + 1 };
            }
            if let (Some(saving), Some(mut now)) = (saving, shape.take()) {
                let ends = step.iteration >= max_iter || !patient(no_improvement);
                if saving.checkpoint.is_due(step.iteration) || ends {
                    now.values.copy_from_slice(step.x);
                    let course = Course {
                        params: now,
                        record: record.clone(),
                        minimiser: step.state.clone(),
                        best: best.clone(),
                        no_improvement,
                    };
                    let (settings, data) = (&saving.settings, saving.data);
                    now = saving.checkpoint.save(settings, data, course)?.params;
                }
                shape = Some(now);
            }
            let notices = match step.iteration {
                1 if record.dead_start => vec![Notice::DeadStart],
                _ => Vec::new(),
            };
            let total = Some(settings.max_iter);
            watch.report_epoch(name, step.iteration, total, report, notices)?;
            Ok(patient(no_improvement))
        };
        let (least, minimiser) = Lbfgs::new()
            .gtol(settings.tol / outputs)
            .noise(4.0 * F::EPSILON.f64())
            .max_iter(max_iter)
            .max_evaluations(settings.max_fun)
            .like_scipy()
            .minimize_from(
                &mut params.values,
                minimiser,
                |params, gradient| {
                    // The derivative of the mean: that of the sum at `alpha` times the outputs, over the outputs.
                    let alpha = settings.alpha;
                    let batch =
                        network.gradient(params, samples, alpha * outputs, gradient, &mut work);
                    if outputs > 1.0 {
                        let share = F::of(1.0 / outputs);
                        for g in gradient.iter_mut() {
                            *g *= share;
                        }
                    }
                    batch.loss - work.penalty(alpha * (outputs - 1.0), batch.weight)
                },
                None,
                |step| match after(step) {
                    Ok(true) => ControlFlow::Continue(()),
                    Ok(false) => ControlFlow::Break(()),
                    Err(e) => {
                        outcome = Err(e);
                        ControlFlow::Break(())
                    }
                },
            )
            .map_err(|_| {
                let notices = vec![Notice::Diverged];
                let _ = watch.notice(name, 1, Some(settings.max_iter), notices);
                diverged(name, 0)
            })?;
        outcome?;
        record.loss = least.value;
        record.best_loss = Some(least.value);
        record.n_iter = least.n_iter.max(1);
        record.converged = least.reason.converged()
            || matches!(least.reason, StopReason::Callback | StopReason::NoProgress)
            || !patient(no_improvement);
        if let Some(saving) = saving
            && least.n_iter > 0
            && !saving.checkpoint.is_due(least.n_iter)
        {
            let course = Course {
                params: params.clone(),
                record: record.clone(),
                minimiser,
                best: best.clone(),
                no_improvement,
            };
            let (settings, data) = (&saving.settings, saving.data);
            saving.checkpoint.save(settings, data, course)?;
        }
        if let Some(best) = best {
            *params = best;
        }
        let (n_iter, total) = (record.n_iter, Some(settings.max_iter));
        if !(params.all_finite() && least.value.is_finite()) {
            let _ = watch.notice(name, n_iter, total, vec![Notice::Diverged]);
            return Err(diverged(name, n_iter));
        }
        if !record.converged {
            watch.notice(name, n_iter, total, vec![Notice::NotConverged])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use serde_json::json;

    use super::super::checkpoint::Saved;
    use super::super::*;
    use super::Course;
    use crate::labels::Labels;
    use crate::model::{Format, Model};
    use crate::observer::Progress;
    use crate::traits::{Estimator, Score};
    use std::ops::ControlFlow;

    fn waves() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((60, 3), |(i, j)| ((i * (j + 2)) as f64 * 0.83).sin());
        let y = (0..60).map(|i| x[[i, 0]] * x[[i, 1]] > 0.1).collect();
        (x, y)
    }

    fn path(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("fitwell-lbfgs-{}-{name}", std::process::id()))
    }

    fn stop(p: &Progress) -> ControlFlow<()> {
        match p.iteration {
            5.. => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn never(_: &Progress) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    #[test]
    fn interrupted_fits_go_on_bit_for_bit() {
        let (x, y) = waves();
        let base = MlpClassifier::new()
            .hidden_layer_sizes([5])
            .solver(Solver::lbfgs());
        let recipes = [
            base.clone().max_iter(30), // stops for good there
            base.clone().alpha(1.0),   // ends by itself
            base.clone().early_stopping(true).n_iter_no_change(4),
        ];
        for (i, recipe) in recipes.into_iter().enumerate() {
            let path = path(&format!("classes-{i}"));
            let whole = recipe.fit(&x, &y).unwrap();
            assert!(whole.n_iter() > 6, "{i}: {whole}");
            let saving = recipe.checkpoint(Checkpoint::new(&path).every(4));
            assert!(saving.clone().observer(stop).fit(&x, &y).is_err(), "{i}");
            let saved = Saved::<Course<f64>>::load(&path).unwrap();
            assert_eq!(saved.state.record.n_iter, 4);
            assert_eq!(saving.fit(&x, &y).unwrap(), whole, "{i}");
            // Done: not one iteration more, but for the notice that it did not converge.
            let again = match whole.converged() {
                true => saving.observer(never),
                false => saving,
            };
            assert_eq!(again.fit(&x, &y).unwrap(), whole, "{i}");
            std::fs::remove_file(path).unwrap();
        }
        // Single precision, two targets, longer than at first.
        let x = x.mapv(|v| v as f32);
        let y = Array2::from_shape_fn((60, 2), |(i, j)| x[[i, j]] * x[[i, 2]]);
        let path = path("values");
        let recipe = MlpRegressor::new()
            .hidden_layer_sizes([4, 3])
            .solver(Solver::lbfgs())
            .tol(0.0);
        let whole = recipe.clone().max_iter(25).fit(&x, &y).unwrap();
        let saving = recipe.checkpoint(Checkpoint::new(&path));
        saving.clone().max_iter(12).fit(&x, &y).unwrap();
        assert_eq!(saving.max_iter(25).fit(&x, &y).unwrap(), whole);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_minimum_at_the_start_has_nothing_to_save() {
        let x = array![[0.0], [1.0]];
        let path = path("flat");
        let model = MlpRegressor::new()
            .hidden_layer_sizes([])
            .solver(Solver::lbfgs())
            .alpha(0.0)
            .initial_weights([array![[2.0]]], [array![1.0]])
            .checkpoint(Checkpoint::new(&path))
            .fit(&x, &array![1.0, 3.0])
            .unwrap();
        assert_eq!(model.score(&x, &array![1.0, 3.0]).unwrap(), 1.0);
        assert!(!path.exists());
    }

    #[test]
    fn damaged_checkpoints_are_errors() {
        let (x, y) = waves();
        let path = path("damage");
        let saving = MlpClassifier::new()
            .hidden_layer_sizes([2])
            .solver(Solver::lbfgs())
            .early_stopping(true)
            .max_iter(3)
            .checkpoint(Checkpoint::new(&path));
        saving.fit(&x, &y).unwrap();
        assert!(saving.clone().alpha(0.5).fit(&x, &y).is_err());
        assert!(saving.clone().solver(Solver::adam()).fit(&x, &y).is_err());
        assert!(saving.fit(&(&x + 1.0), &y).is_err());
        let bytes = std::fs::read(&path).unwrap();
        for cut in (0..bytes.len()).step_by(31) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(saving.fit(&x, &y).is_err(), "{cut}");
        }
        std::fs::write(&path, &bytes).unwrap();
        let saved = Saved::<Course<f64>>::load(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&saved.to_json().unwrap()).unwrap();
        let damages = [
            ("/no_improvement", json!(7)),
            ("/record/n_iter", json!(2)),
            ("/minimiser/n_iter", json!(4)),
            ("/minimiser/n_evaluations", json!(3)),
            ("/minimiser/gradient", json!([1.0])),
            ("/minimiser/gradient/0", json!(null)),
            ("/minimiser/history/n", json!(3)),
            ("/minimiser/history/capacity", json!(1u64 << 60)),
            ("/minimiser/history/len", json!(4)),
            ("/minimiser/history/next", json!(1)),
            ("/minimiser/history/s", json!([])),
            ("/minimiser/history/rho", json!([1.0, 1.0])),
            ("/minimiser/history/rho/0", json!(-1.0)),
            ("/best", json!({"coefs": [], "intercepts": []})),
        ];
        for (at, damage) in damages {
            let mut bad = value.clone();
            *bad["model"]["state"].pointer_mut(at).unwrap() = damage;
            let read = Saved::<Course<f64>>::from_json(&bad.to_string());
            assert!(read.is_err(), "{at}");
        }
        // Of other layers, but a file that is right in itself.
        std::fs::remove_file(&path).unwrap();
        saving.clone().hidden_layer_sizes([3]).fit(&x, &y).unwrap();
        let mut forged = Saved::<Course<f64>>::load(&path).unwrap();
        forged.settings = saved.settings;
        forged.data = saved.data;
        forged.save(&path, Format::Json).unwrap();
        let refused = saving.fit(&x, &y).unwrap_err().to_string();
        assert!(refused.contains("other layers"), "{refused}");
        std::fs::remove_file(&path).unwrap();
    }
}
