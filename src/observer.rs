//! What iterative work reports while it runs, and how to stop it.

#[cfg(feature = "progress")]
mod bar;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{ErrorKind, Result};

#[cfg(feature = "progress")]
#[cfg_attr(docsrs, doc(cfg(feature = "progress")))]
pub use bar::ProgressBar;

/// One step of iterative work: an iteration of a solver, a candidate of a search.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is working: `LogisticRegression`, `GridSearchCv`.
    pub source: &'static str,
    /// The steps done so far, from 1.
    pub iteration: usize,
    /// The most steps there will be, where that is known.
    pub total: Option<usize>,
    /// The objective (minimised) or the score after this step, where there is one.
    pub value: Option<f64>,
    /// What else is known after an epoch of a network.
    pub epoch: Option<Epoch>,
    /// What there is to say about the work beside its numbers; mostly nothing. A network's dead start comes with its first
    /// epoch, non-convergence with its last one; after limited-memory BFGS in a report of its own, without a value.
    pub notices: Vec<Notice>,
}

/// Something to know about a fit, with advice; its text has both.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::sync::{Arc, Mutex};
/// use fitwell::neural_network::MlpRegressor;
/// use fitwell::observer::{Notice, Progress};
/// use fitwell::prelude::*;
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| i as f64 / 50.0);
/// let y = x.column(0).mapv(|v| v * v);
/// let said = Arc::new(Mutex::new(Vec::new()));
/// let hear = Arc::clone(&said);
/// let network = MlpRegressor::new().max_iter(3).observer(move |p: &Progress| {
///     hear.lock().unwrap().extend(p.notices.clone());
///     ControlFlow::Continue(())
/// });
/// let model = network.fit(&x, &y)?;
/// assert_eq!(*said.lock().unwrap(), [Notice::NotConverged]);
/// assert_eq!(model.notices(), [Notice::NotConverged]);
/// assert!(Notice::NotConverged.to_string().contains("raise max_iter"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// No gradient reaches the first layer of a network: its units are stuck, and it does not learn.
    DeadStart,
    /// The limit of iterations came before a stopping rule was met.
    NotConverged,
    /// The loss left the numbers; the fit is about to end with an error.
    Diverged,
}

impl Notice {
    /// What to try.
    pub const fn advice(self) -> &'static str {
        match self {
            Notice::DeadStart => {
                "scale the features, take another random_state or activation, or make the layers wider"
            }
            Notice::NotConverged => {
                "scale the features, or raise max_iter, learning_rate_init or tol"
            }
            Notice::Diverged => {
                "lower learning_rate_init, clip the gradient, or scale the features"
            }
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Notice::DeadStart => {
                "no gradient reaches the first layer at the start, its units are stuck"
            }
            Notice::NotConverged => "not converged",
            Notice::Diverged => "the loss left the numbers",
        };
        write!(f, "{what}: {}", self.advice())
    }
}

/// The record of one epoch of a network: a pass over the training rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The mean loss of the batches, as they were learned from.
    pub loss: f64,
    /// The loss of the validation set after the epoch, if there is one.
    pub validation_loss: Option<f64>,
    /// What the validation set is judged by, greater is better, if that is not its loss.
    pub validation_score: Option<f64>,
    /// The learning rate of the last update.
    pub learning_rate: f64,
}

/// Watches iterative work; by default nothing does.
///
/// Steps of one estimator arrive in order. Returning [`ControlFlow::Break`] stops the work: `fit` then returns
/// [`ErrorKind::Cancelled`]. Closures are observers.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::sync::{Arc, Mutex};
/// use fitwell::observer::Progress;
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::array;
///
/// let losses = Arc::new(Mutex::new(Vec::new()));
/// let seen = Arc::clone(&losses);
/// let model = LogisticRegression::new().observer(move |p: &Progress| {
///     seen.lock().unwrap().extend(p.value);
///     ControlFlow::Continue(())
/// });
/// model.fit(&array![[0.0], [1.0], [2.0], [3.0]], &Labels::from([0, 0, 1, 1]))?;
/// assert!(losses.lock().unwrap().windows(2).all(|w| w[1] <= w[0]));
/// # Ok::<(), Error>(())
/// ```
pub trait Observer: Send + Sync {
    /// Called after each step.
    fn observe(&self, progress: &Progress) -> ControlFlow<()>;
}

impl<T: Fn(&Progress) -> ControlFlow<()> + Send + Sync> Observer for T {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        self(progress)
    }
}

/// Two observers: both see every step, and either may stop the work.
///
/// ```
/// use fitwell::neural_network::{Activation, Sequential, SequentialClassifier};
/// use fitwell::observer::{CsvLog, ProgressLines};
/// use fitwell::prelude::*;
///
/// let iris = fitwell::datasets::load_iris()?;
/// let path = std::env::temp_dir().join(format!("fitwell-doc-{}.csv", std::process::id()));
/// let both = (CsvLog::create(&path)?, ProgressLines::to(std::io::sink()));
/// let network = SequentialClassifier::new(Sequential::new().dense(4, Activation::Relu)).max_iter(3).observer(both);
/// network.fit(&iris.x, &iris.target)?;
/// let log = Table::from_csv(&path)?;
/// assert_eq!(log.names()[..2], ["epoch", "loss"]);
/// assert_eq!(log.n_rows(), 3);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), Error>(())
/// ```
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        let first = self.0.observe(progress);
        match self.1.observe(progress) {
            ControlFlow::Continue(()) => first,
            stop => stop,
        }
    }
}

/// Writes a line for each step to a CSV file: `epoch`, `loss`, `validation_loss`, `validation_score`, `learning_rate`; what
/// there is not is empty. Of work other than a network's, the first two.
///
/// A line that cannot be written is a warning through the `log` crate; the work goes on.
#[derive(Debug)]
pub struct CsvLog {
    path: PathBuf,
    file: Mutex<File>,
}

impl CsvLog {
    /// A new file, in place of one that may be there.
    ///
    /// # Errors
    /// `Io`.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let head = "epoch,loss,validation_loss,validation_score,learning_rate\n";
        let made = File::create(&path).and_then(|mut file| {
            file.write_all(head.as_bytes())?;
            Ok(file)
        });
        Self::with(path, made)
    }

    /// Goes on at the end of a file, for a fit that goes on from a checkpoint; as [`create`](Self::create) if it is not there.
    ///
    /// # Errors
    /// `Io`.
    pub fn append(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if !path.exists() {
            return Self::create(path);
        }
        Self::with(path.into(), File::options().append(true).open(path))
    }

    fn with(path: PathBuf, file: std::io::Result<File>) -> Result<Self> {
        match file {
            Ok(file) => Ok(CsvLog {
                path,
                file: Mutex::new(file),
            }),
            Err(source) => Err(ErrorKind::Io { path, source }.into()),
        }
    }
}

impl Observer for CsvLog {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        if progress.value.is_none() && !progress.notices.is_empty() {
            return ControlFlow::Continue(()); // no step
        }
        let text = |v: Option<f64>| v.map(|v| v.to_string()).unwrap_or_default();
        let epoch = progress.epoch;
        let line = format!(
            "{},{},{},{},{}\n",
            progress.iteration,
            text(progress.value),
            text(epoch.and_then(|e| e.validation_loss)),
            text(epoch.and_then(|e| e.validation_score)),
            text(epoch.map(|e| e.learning_rate)),
        );
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(line.as_bytes()) {
            log::warn!("{}: {error}", self.path.display());
        }
        ControlFlow::Continue(())
    }
}

/// What a step came to, as text.
fn numbers(progress: &Progress) -> String {
    let Some(epoch) = progress.epoch else {
        let value = progress.value.map(|value| format!("{value:.6}"));
        return value.unwrap_or_default();
    };
    let mut text = format!("loss {:.4}", epoch.loss);
    if let Some(loss) = epoch.validation_loss {
        text += &format!("  validation {loss:.4}");
    }
    if let Some(score) = epoch.validation_score {
        text += &format!("  score {score:.4}");
    }
    text
}

/// Writes a line of text for each step, with a bar where it is known how many there will be:
/// `SequentialClassifier [#####...............]  50/200  loss 0.2153  validation 0.3021`.
///
/// What cannot be written is left out.
pub struct ProgressLines {
    to: Mutex<Box<dyn Write + Send>>,
}

impl ProgressLines {
    /// To the standard error.
    pub fn stderr() -> Self {
        Self::to(std::io::stderr())
    }

    /// To any writer.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        ProgressLines {
            to: Mutex::new(Box::new(writer)),
        }
    }
}

impl fmt::Debug for ProgressLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressLines(..)")
    }
}

impl Observer for ProgressLines {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        const BAR: usize = 20;
        let mut line = progress.source.to_string();
        if let Some(total) = progress.total {
            let share = progress.iteration as f64 / total.max(1) as f64;
            let done = ((share * BAR as f64) as usize).min(BAR);
            line += &format!(" [{}{}]", "#".repeat(done), ".".repeat(BAR - done));
        }
        line += &format!(" {:>3}", progress.iteration);
        if let Some(total) = progress.total {
            line += &format!("/{total}");
        }
        let numbers = numbers(progress);
        if !numbers.is_empty() {
            line += "  ";
            line += &numbers;
        }
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(to, "{line}").ok();
        for notice in &progress.notices {
            writeln!(to, "{}: {notice}", progress.source).ok();
        }
        ControlFlow::Continue(())
    }
}

/// An estimator's observer, if it has one. It is no hyper-parameter: it is not written to files and does not count when
/// estimators are compared.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<dyn Observer>>);

impl Watch {
    /// Watched by `observer`.
    pub fn by(observer: impl Observer + 'static) -> Self {
        Watch(Some(Arc::new(observer)))
    }

    /// Reports a step; an error if the observer wants to stop.
    ///
    /// # Errors
    /// `Cancelled` when the observer breaks.
    pub fn report(
        &self,
        source: &'static str,
        iteration: usize,
        total: Option<usize>,
        value: Option<f64>,
    ) -> Result<()> {
        self.send(&Progress {
            source,
            iteration,
            total,
            value,
            epoch: None,
            notices: Vec::new(),
        })
    }

    /// Reports an epoch of a network; an error if the observer wants to stop.
    ///
    /// # Errors
    /// `Cancelled` when the observer breaks.
    pub fn report_epoch(
        &self,
        source: &'static str,
        iteration: usize,
        total: Option<usize>,
        epoch: Epoch,
        notices: Vec<Notice>,
    ) -> Result<()> {
        self.send(&Progress {
            source,
            iteration,
            total,
            value: Some(epoch.loss),
            epoch: Some(epoch),
            notices,
        })
    }

    /// Reports something to know, without a step; an error if the observer wants to stop.
    ///
    /// # Errors
    /// `Cancelled` when the observer breaks.
    pub fn notice(
        &self,
        source: &'static str,
        iteration: usize,
        total: Option<usize>,
        notices: Vec<Notice>,
    ) -> Result<()> {
        self.send(&Progress {
            source,
            iteration,
            total,
            value: None,
            epoch: None,
            notices,
        })
    }

    fn send(&self, progress: &Progress) -> Result<()> {
        let Some(observer) = &self.0 else {
            return Ok(());
        };
        match observer.observe(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ErrorKind::Cancelled {
                estimator: progress.source.into(),
                iterations: progress.iteration,
            }
            .into()),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Watch(..)"
        } else {
            "Watch(none)"
        })
    }
}

impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(iteration: usize) -> Progress {
        Progress {
            source: "Network",
            iteration,
            total: Some(10),
            value: Some(0.5),
            epoch: Some(Epoch {
                loss: 0.5,
                validation_loss: Some(0.75),
                validation_score: None,
                learning_rate: 0.01,
            }),
            notices: Vec::new(),
        }
    }

    #[test]
    fn a_log_has_a_line_for_each_step_and_goes_on() {
        let path = std::env::temp_dir().join(format!("fitwell-{}-log.csv", std::process::id()));
        let log = CsvLog::create(&path).unwrap();
        assert!(log.observe(&step(1)).is_continue());
        drop(log);
        assert!(
            CsvLog::append(&path)
                .unwrap()
                .observe(&step(2))
                .is_continue()
        );
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "epoch,loss,validation_loss,validation_score,learning_rate"
        );
        assert_eq!(lines[1..], ["1,0.5,0.75,,0.01", "2,0.5,0.75,,0.01"]);
        assert!(CsvLog::create(path.join("not/there")).is_err());
    }

    #[test]
    fn lines_have_a_bar_and_pairs_stop_together() {
        #[derive(Clone, Default)]
        struct Text(Arc<Mutex<Vec<u8>>>);
        impl Write for Text {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let text = Text::default();
        let stop = |p: &Progress| match p.iteration {
            5 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let both = (stop, ProgressLines::to(text.clone()));
        assert!(both.observe(&step(4)).is_continue());
        assert!(both.observe(&step(5)).is_break());
        let seen = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        let second = "Network [##########..........]   5/10  loss 0.5000  validation 0.7500";
        assert_eq!(seen.lines().nth(1), Some(second));
        let last = Progress {
            notices: vec![Notice::NotConverged],
            ..step(6)
        };
        assert!(both.observe(&last).is_continue());
        let seen = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        let said = seen.lines().last().unwrap();
        assert!(said.starts_with("Network: not converged: scale"), "{said}");
    }
}
