//! What networks built layer by layer share whatever their target: rows held back, batches of a stream, going on.

use ndarray::{Array2, ArrayRef2, ArrayView2};

use crate::check;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::float::Float;
use crate::linear_model::linear_classifier::ClassList;
use crate::neural_network::checkpoint::Fingerprint;
use crate::neural_network::monitor;
use crate::targets::{AsTargets, Targets};

use super::Sequential;
use super::train::{self, Data, Judge, Learner, Plan, State, Target, Validation};

/// A target made ready to learn from, with the weights of its rows.
pub(super) struct Ready<'a, F> {
    pub(super) target: ReadyTarget<'a, F>,
    pub(super) weights: Option<Vec<f64>>,
}

pub(super) enum ReadyTarget<'a, F> {
    Codes(Vec<u32>, ClassList),
    Values(ArrayView2<'a, F>),
}

impl<F: Float> Ready<'_, F> {
    pub(super) fn data<'s>(&'s self, x: &'s ArrayRef2<F>) -> Data<'s, F> {
        Data {
            x,
            target: match &self.target {
                ReadyTarget::Codes(codes, classes) => Target::Codes(codes, classes),
                ReadyTarget::Values(values) => Target::Values(values.view()),
            },
            weights: self.weights.as_deref(),
        }
    }
}

/// An estimator built of layers; the rest follows from these.
pub(super) trait Build {
    const NAME: &'static str;

    fn sequence(&self) -> &Sequential;

    /// The settings of the training loop.
    fn plan(&self) -> Result<Plan<'_>>;

    /// A network before its first update; see [`Sequential::network`].
    fn start<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        rows: Option<&[usize]>,
        n_outputs: usize,
    ) -> Result<State<F>>;

    /// The share of the rows that early stopping holds back.
    fn held_back(&self) -> f64;

    /// Whether something else than the loss judges validation rows.
    fn judged(&self) -> bool;

    /// Judges the last layer's values of some rows of the data; greater is better.
    fn judge<F: Float>(
        &self,
        data: &Data<'_, F>,
        rows: &[usize],
        outputs: Array2<F>,
    ) -> Result<f64>;

    /// Learns from checked rows. Early stopping without rows `given` to validate on holds some back, evenly from each group.
    fn learn<'d, F: Float>(
        &self,
        data: &Data<'d, F>,
        n_outputs: usize,
        given: Option<&Data<'d, F>>,
        group: &dyn Fn(usize) -> u32,
    ) -> Result<State<F>> {
        let rows = data.rows();
        let state = self.start(data.x, Some(&rows), n_outputs)?;
        let plan = self.plan()?;
        let (rows, watched, held) = match given {
            Some(given) => (rows, given, given.rows()),
            None if plan.early_stopping => {
                let (share, seed) = (self.held_back(), plan.random_state);
                let (rows, held) = monitor::split(&rows, group, share, seed)?;
                (rows, data, held)
            }
            None => return train::train(&plan, state, data, &rows, None),
        };
        self.watched(watched, held, |validation| {
            train::train(&plan, state, data, &rows, Some(validation))
        })
    }

    /// Calls `f` with these rows to validate on.
    fn watched<F: Float, T>(
        &self,
        data: &Data<'_, F>,
        rows: Vec<usize>,
        f: impl FnOnce(&Validation<'_, F>) -> Result<T>,
    ) -> Result<T> {
        let held = rows.clone();
        let judge = |outputs: Array2<F>| self.judge(data, &held, outputs);
        let judge: &Judge<'_, F> = &judge;
        f(&Validation {
            data: data.again(),
            rows,
            judge: self.judged().then_some(judge),
        })
    }

    /// Learns from batches that come one at a time; `ready` checks the target of one, `outputs` counts what it needs.
    fn learn_batches<F, T, B>(
        &self,
        mut batches: impl FnMut(usize) -> Result<B>,
        outputs: impl FnOnce(&T) -> usize,
        ready: impl for<'t> Fn(&ArrayRef2<F>, &'t T::Targets) -> Result<Ready<'t, F>>,
        validation: Option<(&ArrayRef2<F>, Ready<'_, F>)>,
    ) -> Result<State<F>>
    where
        F: Float,
        T: AsTargets,
        B: IntoIterator<Item = Result<(Array2<F>, T)>>,
    {
        let plan = self.plan()?;
        if plan.early_stopping && validation.is_none() {
            return Err(Error::invalid_parameter(
                Self::NAME,
                "early_stopping",
                "off without validation rows: a stream is not split",
                true,
            ));
        }
        let mut first = batches(0)?.into_iter();
        let Some(head) = first.next().transpose()? else {
            return Err(no_rows());
        };
        check::samples(&head.0)?;
        let n_outputs = outputs(&head.1);
        let state = self.start(&head.0, None, n_outputs)?;
        let n_features = head.0.ncols();
        let mut opened = Some((head, first));
        let room = plan.batch_size.unwrap_or(200);
        let mut pass = |epoch: u64, learner: &mut Learner<'_, F>, state: &mut State<F>| {
            let opened = opened.take();
            let (head, rest) = match opened {
                Some((head, rest)) if epoch == 0 => (Some(Ok(head)), rest),
                _ => (None, batches(epoch as usize)?.into_iter()),
            };
            let (mut sum, mut weight, mut rows_seen) = (0.0, 0.0, 0u64);
            for (number, batch) in head.into_iter().chain(rest).enumerate() {
                let place = |e: Error| e.within(format!("batch {number}"));
                let (x, y) = batch.map_err(place)?;
                check::same_width(&x, n_features).map_err(place)?;
                let y = y.as_targets();
                check::target(y, x.nrows()).map_err(place)?;
                self.sequence().check_columns(&x).map_err(place)?;
                let ready = ready(&x, y).map_err(place)?;
                same_targets(&ready, n_outputs).map_err(place)?;
                let data = ready.data(&x);
                let mut rows = data.rows();
                // Batches of an epoch come in other orders too.
                let order = epoch.wrapping_mul(1 << 20).wrapping_add(number as u64);
                let (s, w) = learner.pass(state, &data, &mut rows, order);
                sum += s;
                weight += w;
                rows_seen += rows.len() as u64;
            }
            if rows_seen == 0 {
                return Err(no_rows());
            }
            Ok((sum, weight))
        };
        let Some((x, ready)) = validation else {
            return train::epochs(&plan, state, room, Fingerprint::default(), &mut pass, None);
        };
        let place = |e: Error| e.within(VALIDATION_SET);
        check::same_width(x, n_features).map_err(place)?;
        same_targets(&ready, n_outputs).map_err(place)?;
        let data = ready.data(x);
        self.watched(&data, data.rows(), |validation| {
            let print = train::fingerprint(&validation.data, &validation.rows, None);
            train::epochs(&plan, state, room, print, &mut pass, Some(validation))
        })
    }

    /// One more pass over these rows; after an error the state is as it was.
    fn go_on<F: Float>(&self, state: &mut State<F>, data: &Data<'_, F>) -> Result<()> {
        let mut next = state.clone();
        next.pass(&self.plan()?, data)?;
        *state = next;
        Ok(())
    }
}

/// Real targets, or labels in columns, are as many as the network has outputs.
pub(super) fn same_targets<F: Float>(ready: &Ready<'_, F>, n_outputs: usize) -> Result<()> {
    match &ready.target {
        ReadyTarget::Values(values) if values.ncols() != n_outputs => {
            Err(Error::shape("number of targets", n_outputs, values.ncols()))
        }
        _ => Ok(()),
    }
}

fn no_rows() -> Error {
    ErrorKind::EmptyInput {
        what: "an epoch (no rows with weight)".into(),
    }
    .into()
}

/// The sample weights of a target.
pub(super) fn weights_of<Y: Targets + ?Sized>(y: &Y) -> Option<Vec<f64>> {
    y.sample_weight().map(|w| w.to_vec())
}
