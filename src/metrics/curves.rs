//! Curves over all thresholds of a score: counts, ROC, precision and recall, detection errors.

use std::fmt;

use ndarray::{Array1, ArrayRef1, Axis};

use super::pairs::{check_weights, same_length, unknown_label};
use super::sorted::{Cumulated, Sides};
use super::sum::sum;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::targets::ClassTarget;

/// True and false positives and negatives at every threshold, from the highest: a row is predicted positive when its
/// score is at least the threshold. All curves come from it, after one sort.
///
/// The positive class is the second in order; see [`ThresholdCounts::of_class`] for another. When only one class
/// occurs, `1` and `true` are positive, other integers and `false` negative. Rows of weight zero make no thresholds.
///
/// ```
/// use fitwell::{metrics::confusion_matrix_at_thresholds, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 1, 1]);
/// let counts = confusion_matrix_at_thresholds(&y, &array![0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(counts.thresholds(), array![0.8, 0.4, 0.35, 0.1]);
/// assert_eq!((counts.tps(), counts.fps()), (&array![1.0, 1.0, 2.0, 2.0], &array![0.0, 1.0, 1.0, 2.0]));
/// assert!((counts.roc_curve(true)?.auc() - 0.75).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdCounts {
    thresholds: Array1<f64>,
    fps: Array1<f64>,
    tps: Array1<f64>,
}

/// The counts at every threshold; see [`ThresholdCounts`].
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidInput` for more than two classes, for one text class alone, and
/// for weights that are negative or all zero.
pub fn confusion_matrix_at_thresholds<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<ThresholdCounts> {
    ThresholdCounts::new(y_true, scores, None)
}

impl ThresholdCounts {
    /// The counts for a positive class, against all others.
    ///
    /// # Errors
    /// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `UnknownLabel` when two classes or more occur and the positive is none
    /// of them; `InvalidInput` for weights that are negative or all zero.
    pub fn of_class<F: Float, Y: ClassTarget + ?Sized>(
        y_true: &Y,
        scores: &ArrayRef1<F>,
        positive: impl Into<Class>,
    ) -> Result<Self> {
        Self::new(y_true, scores, Some(positive.into()))
    }

    fn new<F: Float, Y: ClassTarget + ?Sized>(
        y_true: &Y,
        scores: &ArrayRef1<F>,
        positive: Option<Class>,
    ) -> Result<Self> {
        let truth = y_true.labels();
        same_length(truth.len(), scores.len())?;
        let weights = y_true.sample_weight();
        check_weights(weights, truth.len())?;
        finite(scores)?;
        let positive = positive_code(truth, positive)?;
        let codes = truth.codes();
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let sides = Sides::new(
            codes.len(),
            |i| Some(codes[i]) == positive,
            |i| scores[i].f64(),
            weights
                .is_some()
                .then_some(&weight as &dyn Fn(usize) -> f64),
        );
        Ok(Self::from_cumulated(sides.cumulated()))
    }

    pub(super) fn from_cumulated(counts: Cumulated) -> Self {
        ThresholdCounts {
            thresholds: counts.thresholds.into(),
            fps: counts.fps.into(),
            tps: counts.tps.into(),
        }
    }

    /// The thresholds, descending: the different scores.
    pub fn thresholds(&self) -> &Array1<f64> {
        &self.thresholds
    }

    /// False positives at each threshold, by weight.
    pub fn fps(&self) -> &Array1<f64> {
        &self.fps
    }

    /// True positives at each threshold, by weight.
    pub fn tps(&self) -> &Array1<f64> {
        &self.tps
    }

    /// True negatives at each threshold, by weight.
    pub fn tns(&self) -> Array1<f64> {
        let all = last(&self.fps);
        self.fps.mapv(|v| all - v)
    }

    /// False negatives at each threshold, by weight.
    pub fn fns(&self) -> Array1<f64> {
        let all = last(&self.tps);
        self.tps.mapv(|v| all - v)
    }

    /// The ROC curve; with `drop_intermediate` (scikit-learn's default) only its corners.
    ///
    /// # Errors
    /// `InvalidInput` unless there are positives and negatives (scikit-learn warns and returns NaN).
    pub fn roc_curve(&self, drop_intermediate: bool) -> Result<RocCurve> {
        self.both_classes("ROC curve")?;
        let (f, t) = (&self.fps, &self.tps);
        let n = f.len();
        let bends = |v: &Array1<f64>, i: usize| (v[i + 1] - v[i]) - (v[i] - v[i - 1]) != 0.0;
        let keep: Vec<usize> = (0..n)
            .filter(|&i| !drop_intermediate || i == 0 || i + 1 == n || bends(f, i) || bends(t, i))
            .collect();
        let from_zero = |v: &Array1<f64>| {
            let all = last(v);
            let kept = keep.iter().map(|&i| v[i] / all);
            std::iter::once(0.0).chain(kept).collect()
        };
        Ok(RocCurve {
            fpr: from_zero(f),
            tpr: from_zero(t),
            thresholds: std::iter::once(f64::INFINITY)
                .chain(keep.iter().map(|&i| self.thresholds[i]))
                .collect(),
        })
    }

    /// The curve of precision and recall; with `drop_intermediate` without points where recall does not change.
    ///
    /// Without positives, recall is 1 throughout (and a line in the log), as in scikit-learn.
    pub fn precision_recall_curve(&self, drop_intermediate: bool) -> PrecisionRecallCurve {
        let t = &self.tps;
        let keep: Vec<usize> = (0..t.len())
            .filter(|&i| !drop_intermediate || changes(t, i))
            .rev()
            .collect();
        let all = last(t);
        if all == 0.0 {
            log::warn!("recall without a positive row is set to 1");
        }
        let recall = |i: usize| if all > 0.0 { t[i] / all } else { 1.0 };
        let precision = |i: usize| t[i] / (t[i] + self.fps[i]);
        PrecisionRecallCurve {
            precision: (keep.iter().map(|&i| precision(i)))
                .chain(std::iter::once(1.0))
                .collect(),
            recall: (keep.iter().map(|&i| recall(i)))
                .chain(std::iter::once(0.0))
                .collect(),
            thresholds: keep.iter().map(|&i| self.thresholds[i]).collect(),
        }
    }

    /// The curve of detection errors; with `drop_intermediate` without points where neither neighbour has other false
    /// negatives.
    ///
    /// # Errors
    /// `InvalidInput` unless there are positives and negatives.
    pub fn det_curve(&self, drop_intermediate: bool) -> Result<DetCurve> {
        self.both_classes("DET curve")?;
        let from = |first: f64, v: &Array1<f64>| -> Array1<f64> {
            std::iter::once(first).chain(v.iter().copied()).collect()
        };
        let mut fps = from(0.0, &self.fps);
        let mut tps = from(0.0, &self.tps);
        let mut thresholds = from(f64::INFINITY, &self.thresholds);
        if drop_intermediate {
            let keep: Vec<usize> = (0..tps.len()).filter(|&i| changes(&tps, i)).collect();
            for v in [&mut fps, &mut tps, &mut thresholds] {
                *v = v.select(Axis(0), &keep);
            }
        }
        let (negatives, positives) = (last(&fps), last(&tps));
        // From the last point without a false positive to the first without a false negative.
        let start = fps.iter().take_while(|&&v| v == 0.0).count().max(1) - 1;
        let end = tps.iter().take_while(|&&v| v < positives).count() + 1;
        let points = (start..end.min(fps.len())).rev();
        Ok(DetCurve {
            fpr: points.clone().map(|i| fps[i] / negatives).collect(),
            fnr: points
                .clone()
                .map(|i| (positives - tps[i]) / positives)
                .collect(),
            thresholds: points.map(|i| thresholds[i]).collect(),
        })
    }

    /// The average precision, Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the thresholds; 0 without positives (and a line in the log).
    pub fn average_precision(&self) -> f64 {
        average_precision(
            self.tps.as_slice().unwrap_or_default(),
            self.fps.as_slice().unwrap_or_default(),
        )
    }

    fn both_classes(&self, what: &str) -> Result<()> {
        let missing = match (last(&self.tps) > 0.0, last(&self.fps) > 0.0) {
            (true, true) => return Ok(()),
            (false, _) => "positive",
            (true, false) => "negative",
        };
        let reason = format!("not defined without a {missing} row");
        Err(Error::invalid_input(what, reason))
    }
}

/// Σ (Rᵢ − Rᵢ₋₁) Pᵢ.
pub(super) fn average_precision(tps: &[f64], fps: &[f64]) -> f64 {
    let all = tps.last().copied().unwrap_or(0.0);
    if all == 0.0 {
        log::warn!("average precision without a positive row is set to 0");
        return 0.0;
    }
    let found = |i: usize| if i == 0 { tps[0] } else { tps[i] - tps[i - 1] };
    sum(tps.len(), |i| found(i) * (tps[i] / (tps[i] + fps[i]))) / all
}

fn last(v: &Array1<f64>) -> f64 {
    v.last().copied().unwrap_or(0.0)
}

/// Whether a neighbour differs, or there is none.
fn changes(v: &Array1<f64>, i: usize) -> bool {
    i == 0 || i + 1 == v.len() || v[i] != v[i - 1] || v[i + 1] != v[i]
}

/// All scores are finite.
pub(super) fn finite<F: Float>(scores: &ArrayRef1<F>) -> Result<()> {
    if crate::parallel::all_finite(&scores.view().insert_axis(Axis(1))) {
        return Ok(());
    }
    check::finite_vector(scores, "scores")
}

/// The code of the positive class; `None` if no row is of it.
fn positive_code(truth: &Labels, positive: Option<Class>) -> Result<Option<u32>> {
    let code = |class: &Class| truth.classes().binary_search(class).ok().map(|c| c as u32);
    let observed = || truth.observed();
    if let Some(class) = positive {
        let found = code(&class);
        if found.is_none() {
            let observed = observed();
            if observed.classes().len() > 1 {
                return Err(unknown_label("positive class", &class, observed.classes()));
            }
        }
        return Ok(found);
    }
    if truth.classes().len() == 2 {
        return Ok(Some(1));
    }
    let observed = observed();
    match observed.classes() {
        [_, second] => Ok(code(second)),
        [Class::Text(only)] => {
            let reason = format!("only {only:?} occurs; name the positive class");
            Err(Error::invalid_input("y_true", reason))
        }
        [only @ (Class::Int(1) | Class::Bool(true))] => Ok(code(only)),
        [_] => Ok(None),
        several => {
            let reason = format!(
                "two classes have a curve, there are {}; name the positive class",
                several.len()
            );
            Err(Error::invalid_input("y_true", reason))
        }
    }
}

/// The ROC curve of two classes: false against true positive rates, one point for each threshold. Starts at (0, 0), with
/// the threshold infinity.
///
/// Points on a straight line between others are left out, as in scikit-learn; see
/// [`ThresholdCounts::roc_curve`] for all of them and [`ThresholdCounts::of_class`] for another positive class than the
/// second.
///
/// # Errors
/// As [`confusion_matrix_at_thresholds`]; `InvalidInput` when only one class occurs (scikit-learn warns and returns NaN).
///
/// ```
/// use fitwell::{metrics::roc_curve, prelude::*};
/// use ndarray::array;
///
/// let curve = roc_curve(&Labels::from([0, 0, 1, 1]), &array![0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.fpr(), array![0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(curve.tpr(), array![0.0, 0.5, 0.5, 1.0, 1.0]);
/// println!("{curve}");
/// # Ok::<(), Error>(())
/// ```
pub fn roc_curve<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<RocCurve> {
    confusion_matrix_at_thresholds(y_true, scores)?.roc_curve(true)
}

/// Precision and recall at every threshold, from the lowest; the last point is (1, 0) and has no threshold.
///
/// See [`ThresholdCounts`] for `drop_intermediate` and for another positive class than the second.
///
/// # Errors
/// As [`confusion_matrix_at_thresholds`].
///
/// ```
/// use fitwell::{metrics::precision_recall_curve, prelude::*};
/// use ndarray::array;
///
/// let curve = precision_recall_curve(&Labels::from([0, 0, 1, 1]), &array![0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.recall(), array![1.0, 1.0, 0.5, 0.5, 0.0]);
/// assert_eq!(curve.thresholds(), array![0.1, 0.35, 0.4, 0.8]);
/// # Ok::<(), Error>(())
/// ```
pub fn precision_recall_curve<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<PrecisionRecallCurve> {
    Ok(confusion_matrix_at_thresholds(y_true, scores)?.precision_recall_curve(false))
}

/// False positive against false negative rates at every threshold, from the lowest (detection error tradeoff).
///
/// # Errors
/// As [`confusion_matrix_at_thresholds`]; `InvalidInput` when only one class occurs.
///
/// ```
/// use fitwell::{metrics::det_curve, prelude::*};
/// use ndarray::array;
///
/// let curve = det_curve(&Labels::from([0, 0, 1, 1]), &array![0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!((curve.fpr(), curve.fnr()), (&array![0.5, 0.5, 0.0], &array![0.0, 0.5, 0.5]));
/// # Ok::<(), Error>(())
/// ```
pub fn det_curve<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<DetCurve> {
    confusion_matrix_at_thresholds(y_true, scores)?.det_curve(false)
}

macro_rules! curve {
    ($(#[$doc:meta])* $name:ident, $x:ident, $y:ident, $x_doc:literal, $y_doc:literal) => {
        $(#[$doc])*
        ///
        /// `Display` is a table of the points, with as many digits as the format asks for (4 unless it does); of more than
        /// 20 points, the first and the last ten.
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $x: Array1<f64>,
            $y: Array1<f64>,
            thresholds: Array1<f64>,
        }

        impl $name {
            #[doc = $x_doc]
            pub fn $x(&self) -> &Array1<f64> {
                &self.$x
            }

            #[doc = $y_doc]
            pub fn $y(&self) -> &Array1<f64> {
                &self.$y
            }

            /// The thresholds of the points.
            pub fn thresholds(&self) -> &Array1<f64> {
                &self.thresholds
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                table(f, &[
                    (stringify!($x), &self.$x),
                    (stringify!($y), &self.$y),
                    ("threshold", &self.thresholds),
                ])
            }
        }
    };
}
curve! {
    /// The points of a ROC curve; made by [`roc_curve`].
    RocCurve, fpr, tpr,
    "The false positive rates, ascending: of the rows of the other class, the fraction predicted positive.",
    "The true positive rates, ascending: of the rows of the positive class, the fraction predicted positive."
}
curve! {
    /// The points of precision and recall; made by [`precision_recall_curve`].
    PrecisionRecallCurve, precision, recall,
    "Of the rows predicted positive, the fraction that is; the last is 1.",
    "Of the positive rows, the fraction predicted positive, descending; the last is 0."
}
curve! {
    /// The points of detection errors; made by [`det_curve`].
    DetCurve, fpr, fnr,
    "The false positive rates, descending.",
    "The false negative rates, ascending."
}

impl RocCurve {
    /// The area under the curve.
    pub fn auc(&self) -> f64 {
        trapezoids(&self.fpr, &self.tpr)
    }

    /// The area up to a false positive rate, standardised so that chance is 0.5 and perfection 1.
    pub(super) fn partial_auc(&self, max_fpr: f64) -> f64 {
        let stop = self.fpr.iter().take_while(|&&v| v <= max_fpr).count();
        let (mut x, mut y) = (
            self.fpr.iter().take(stop).copied().collect::<Vec<_>>(),
            self.tpr.iter().take(stop).copied().collect::<Vec<_>>(),
        );
        if stop < self.fpr.len() && stop > 0 {
            let (x0, x1) = (self.fpr[stop - 1], self.fpr[stop]);
            let (y0, y1) = (self.tpr[stop - 1], self.tpr[stop]);
            x.push(max_fpr);
            y.push(y0 + (y1 - y0) / (x1 - x0) * (max_fpr - x0));
        }
        let area = trapezoids(&Array1::from(x), &Array1::from(y));
        let least = 0.5 * max_fpr * max_fpr;
        0.5 * (1.0 + (area - least) / (max_fpr - least))
    }
}

impl PrecisionRecallCurve {
    /// The average precision, Σ (Rᵢ − Rᵢ₊₁) Pᵢ: without interpolation between the points.
    pub fn average_precision(&self) -> f64 {
        let n = self.recall.len().saturating_sub(1);
        sum(n, |i| {
            (self.recall[i] - self.recall[i + 1]) * self.precision[i]
        })
    }
}

fn trapezoids(x: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
    sum(x.len().saturating_sub(1), |i| {
        (x[i + 1] - x[i]) * (y[i] + y[i + 1]) / 2.0
    })
}

/// The area under points by trapezoids; x must not turn back.
///
/// # Errors
/// `ShapeMismatch`, `NonFinite`; `TooFewSamples` for fewer than two points; `InvalidInput` when x is neither increasing
/// nor decreasing.
///
/// ```
/// use fitwell::metrics::auc;
/// use ndarray::array;
///
/// assert_eq!(auc(&array![0.0, 0.5, 1.0], &array![0.0, 1.0, 1.0])?, 0.75);
/// assert_eq!(auc(&array![1.0, 0.5, 0.0], &array![1.0, 1.0, 0.0])?, 0.75);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn auc(x: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> Result<f64> {
    if x.len() != y.len() {
        return Err(Error::shape("number of values of y", x.len(), y.len()));
    }
    let got = x.len();
    if got < 2 {
        let what = "area under a curve".into();
        return Err(ErrorKind::TooFewSamples {
            what,
            needed: 2,
            got,
        }
        .into());
    }
    check::finite_vector(x, "x")?;
    check::finite_vector(y, "y")?;
    let steps = || x.iter().zip(x.iter().skip(1));
    let area = trapezoids(x, y);
    if steps().all(|(a, b)| a <= b) {
        return Ok(area);
    }
    if steps().all(|(a, b)| a >= b) {
        return Ok(-area);
    }
    Err(Error::invalid_input(
        "x",
        "is neither increasing nor decreasing",
    ))
}

/// A metric of predicted classes at every threshold of a score: its values and the thresholds, descending.
///
/// A row is predicted to be of the second class when its score is at least the threshold. `metric` is called with `y_true`
/// and the predictions, once for each different score of a row of positive weight: O(n) calls.
///
/// # Errors
/// As [`confusion_matrix_at_thresholds`]; `InvalidInput` unless there are two classes; the metric's.
///
/// ```
/// use fitwell::{metrics::{accuracy_score, metric_at_thresholds}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 1, 1]);
/// let (values, thresholds) = metric_at_thresholds(&y, &array![0.1, 0.4, 0.35, 0.8], accuracy_score)?;
/// assert_eq!((values, thresholds), (array![0.75, 0.5, 0.75, 0.5], array![0.8, 0.4, 0.35, 0.1]));
/// # Ok::<(), Error>(())
/// ```
pub fn metric_at_thresholds<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
    metric: impl Fn(&Y, &Labels) -> Result<f64>,
) -> Result<(Array1<f64>, Array1<f64>)> {
    let thresholds = confusion_matrix_at_thresholds(y_true, scores)?.thresholds;
    let truth = y_true.labels();
    let truth = match truth.classes().len() {
        2 => truth.clone(),
        _ => truth.observed(),
    };
    if truth.classes().len() != 2 {
        let reason = format!("needs 2 classes, got {}", truth.classes().len());
        return Err(Error::invalid_input("metric at thresholds", reason));
    }
    let values = thresholds.iter().map(|&threshold| {
        let codes = scores.iter().map(|s| u32::from(s.f64() >= threshold));
        metric(
            y_true,
            &Labels::from_codes(codes.collect(), truth.shared_classes())?,
        )
    });
    Ok((values.collect::<Result<_>>()?, thresholds))
}

/// Columns of numbers under their names.
pub(super) fn table(f: &mut fmt::Formatter<'_>, columns: &[(&str, &Array1<f64>)]) -> fmt::Result {
    const SHOWN: usize = 20;
    let digits = f.precision().unwrap_or(4);
    let n = columns.iter().map(|c| c.1.len()).max().unwrap_or(0);
    let rows: Vec<usize> = if n > SHOWN {
        (0..SHOWN / 2).chain(n - SHOWN / 2..n).collect()
    } else {
        (0..n).collect()
    };
    let cell = |values: &Array1<f64>, i: usize| {
        values
            .get(i)
            .map_or(String::new(), |v| format!("{v:.digits$}"))
    };
    let widths: Vec<usize> = (columns.iter())
        .map(|(name, values)| {
            let cells = rows.iter().map(|&i| cell(values, i).len());
            cells.fold(name.len(), usize::max)
        })
        .collect();
    let line = |f: &mut fmt::Formatter<'_>, cells: Vec<String>| {
        for (i, (text, width)) in cells.iter().zip(&widths).enumerate() {
            let gap = if i == 0 { "" } else { "  " };
            write!(f, "{gap}{text:>width$}")?;
        }
        Ok(())
    };
    line(f, columns.iter().map(|c| c.0.to_string()).collect())?;
    for (at, &i) in rows.iter().enumerate() {
        if n > SHOWN && at == SHOWN / 2 {
            write!(f, "\n... ({n} points)")?;
        }
        writeln!(f)?;
        line(f, columns.iter().map(|c| cell(c.1, i)).collect())?;
    }
    Ok(())
}
