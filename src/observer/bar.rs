//! A progress bar, drawn by `indicatif`.

use std::fmt;
use std::ops::ControlFlow;

use indicatif::{ProgressFinish, ProgressStyle};

use super::{Observer, Progress, numbers};

/// A bar on the standard error that moves with each step: `MlpClassifier [#####...............]  50/200  loss 0.2153`. Notices
/// come as lines above it.
///
/// Nothing is drawn where the standard error is no terminal. Of the feature `progress`.
///
/// ```
/// use fitwell::neural_network::MlpRegressor;
/// use fitwell::observer::ProgressBar;
/// use fitwell::prelude::*;
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| i as f64 / 50.0);
/// let y = x.column(0).mapv(|v| v * v);
/// let network = MlpRegressor::new().max_iter(20).observer(ProgressBar::stderr());
/// assert!(network.fit(&x, &y)?.n_iter() <= 20);
/// # Ok::<(), Error>(())
/// ```
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
}

impl ProgressBar {
    /// On the standard error.
    pub fn stderr() -> Self {
        Self::of(indicatif::ProgressBar::no_length())
    }

    fn of(bar: indicatif::ProgressBar) -> Self {
        let bar = bar.with_finish(ProgressFinish::Abandon);
        bar.set_style(Self::style("{prefix} {pos:>3}  {msg}"));
        ProgressBar { bar }
    }

    fn style(template: &str) -> ProgressStyle {
        let style = ProgressStyle::with_template(template);
        style
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("##.")
    }
}

impl fmt::Debug for ProgressBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressBar(..)")
    }
}

impl Observer for ProgressBar {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        let bar = &self.bar;
        if bar.is_finished() && progress.value.is_some() {
            bar.reset(); // of another fit
        }
        if let Some(total) = progress.total
            && bar.length() != Some(total as u64)
        {
            bar.set_length(total as u64);
            bar.set_style(Self::style("{prefix} [{bar:20}] {pos:>3}/{len}  {msg}"));
        }
        if bar.prefix() != progress.source {
            bar.set_prefix(progress.source);
        }
        if progress.value.is_some() {
            bar.set_message(numbers(progress));
        }
        bar.set_position(progress.iteration as u64);
        for notice in &progress.notices {
            bar.println(format!("{}: {notice}", progress.source));
        }
        if progress.total == Some(progress.iteration) {
            bar.abandon();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Notice;

    #[test]
    fn a_bar_moves_ends_and_starts_again() {
        let hidden = indicatif::ProgressDrawTarget::hidden();
        let observer = ProgressBar::of(indicatif::ProgressBar::with_draw_target(None, hidden));
        let step = |iteration| Progress {
            source: "Network",
            iteration,
            total: Some(3),
            value: Some(0.25),
            epoch: None,
            notices: vec![Notice::NotConverged],
        };
        for i in 1..=3 {
            assert!(observer.observe(&step(i)).is_continue());
            assert_eq!(observer.bar.position(), i as u64);
            assert_eq!(observer.bar.message(), "0.250000");
            assert_eq!(observer.bar.is_finished(), i == 3);
        }
        assert_eq!(
            (observer.bar.length(), observer.bar.prefix()),
            (Some(3), "Network".into())
        );
        assert!(observer.observe(&step(1)).is_continue());
        assert!(!observer.bar.is_finished());
        assert_eq!(observer.bar.position(), 1);
    }
}
