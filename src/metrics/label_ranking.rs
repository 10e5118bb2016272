//! Scores of several labels, or of classes, in columns: average precision and its averages, and how well labels are
//! ranked in each row.

use ndarray::{Array1, ArrayRef1, ArrayRef2, Ix2};

use super::class_scores::Average;
use super::curves::{ThresholdCounts, average_precision, confusion_matrix_at_thresholds};
use super::pairs::{check_weights, positions, same_length, total_weight};
use super::sorted::Sides;
use super::sum::sum;
use super::target::indicators;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::{AsTargets, ClassTarget, RealTargets, Targets};
use crate::{check, parallel};

/// The average precision of two classes, Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the thresholds, of which the second class in order is
/// positive: the area under precision and recall without interpolation.
///
/// 0 when no row is positive (and a line in the log), as in scikit-learn. See [`average_precision_score_of_class`] for another
/// positive class, [`average_precision_score_multiclass`] and [`average_precision_score_labels`] for more.
///
/// # Errors
/// As [`confusion_matrix_at_thresholds`].
///
/// ```
/// use fitwell::{metrics::average_precision_score, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 1, 1]);
/// assert!((average_precision_score(&y, &array![0.1, 0.4, 0.35, 0.8])? - 5.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn average_precision_score<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<f64> {
    Ok(confusion_matrix_at_thresholds(y_true, scores)?.average_precision())
}

/// [`average_precision_score`] of a positive class against all others.
///
/// # Errors
/// As [`ThresholdCounts::of_class`].
pub fn average_precision_score_of_class<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
    positive: impl Into<Class>,
) -> Result<f64> {
    Ok(ThresholdCounts::of_class(y_true, scores, positive)?.average_precision())
}

/// The average precision of more than two classes, each against the rest, averaged as [`Average`] says: `Macro`, `Micro`,
/// `Weighted` or `Samples`.
///
/// `scores` is (n_samples, n_classes), its columns in the order of `classes`.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `UnknownLabel` for a true class that is not in `classes`; `InvalidInput`
/// for a binary average.
///
/// ```
/// use fitwell::{metrics::{Average, average_precision_score_multiclass}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1, 2]);
/// let scores = array![[0.7, 0.2, 0.1], [0.4, 0.3, 0.3], [0.1, 0.8, 0.1]];
/// let score = average_precision_score_multiclass(&y, &scores, y.classes(), &Average::Macro)?;
/// assert!((score - (1.0 + 0.5 + 1.0 / 3.0) / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn average_precision_score_multiclass<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef2<F>,
    classes: &[Class],
    average: &Average,
) -> Result<f64> {
    LabelScores::of_classes(y_true, scores, classes)?.averaged(average, &of_sides)
}

/// [`average_precision_score_multiclass`] of each class against the rest.
///
/// # Errors
/// As [`average_precision_score_multiclass`].
pub fn average_precision_per_class<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef2<F>,
    classes: &[Class],
) -> Result<Array1<f64>> {
    LabelScores::of_classes(y_true, scores, classes)?.per_label(&of_sides)
}

/// The average precision of several labels in columns, averaged as [`Average`] says: `Macro`, `Micro`, `Weighted` or
/// `Samples`. `y_true` and `scores` are (n_samples, n_labels).
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidInput` for labels that are neither 0 nor 1, and for a binary
/// average.
///
/// ```
/// use fitwell::metrics::{Average, average_precision_score_labels};
/// use ndarray::array;
///
/// let y = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]];
/// let scores = array![[0.9, 0.6], [0.4, 0.8], [0.3, 0.3]];
/// let score = average_precision_score_labels(&y, &scores, &Average::Macro)?;
/// assert!((score - (5.0 / 6.0 + 5.0 / 6.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn average_precision_score_labels<F: Float, T>(
    y_true: &T,
    scores: &ArrayRef2<F>,
    average: &Average,
) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
{
    LabelScores::new(y_true.as_targets(), scores)?.averaged(average, &of_sides)
}

/// [`average_precision_score_labels`] of each label.
///
/// # Errors
/// As [`average_precision_score_labels`].
pub fn average_precision_per_label<F: Float, T>(
    y_true: &T,
    scores: &ArrayRef2<F>,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
{
    LabelScores::new(y_true.as_targets(), scores)?.per_label(&of_sides)
}

fn of_sides(sides: &Sides) -> Result<f64> {
    let counts = sides.cumulated();
    Ok(average_precision(&counts.tps, &counts.fps))
}

/// Labels in columns and their scores, checked.
pub(super) struct LabelScores<'a, F> {
    k: usize,
    truth: Vec<bool>,
    scores: &'a ArrayRef2<F>,
    weights: Option<&'a Array1<f64>>,
}

/// A metric of one label.
type OfSides<'f> = &'f (dyn Fn(&Sides) -> Result<f64> + Sync);

impl<'a, F: Float> LabelScores<'a, F> {
    pub(super) fn new<Y: RealTargets<F, Dim = Ix2> + ?Sized>(
        y_true: &'a Y,
        scores: &'a ArrayRef2<F>,
    ) -> Result<Self> {
        let truth = y_true.columns();
        let weights = Targets::sample_weight(y_true);
        Self::check(truth.dim(), scores, weights)?;
        Ok(LabelScores {
            k: truth.ncols(),
            truth: indicators(&truth, "y_true")?,
            scores,
            weights,
        })
    }

    fn of_classes<Y: ClassTarget + ?Sized>(
        y_true: &'a Y,
        scores: &'a ArrayRef2<F>,
        classes: &[Class],
    ) -> Result<Self> {
        let labels = y_true.labels();
        let (n, k) = (labels.len(), classes.len());
        Self::check((n, k), scores, y_true.sample_weight())?;
        super::pairs::check_distinct(classes, "classes of the scores")?;
        let columns = positions(labels, classes, "y_true")?;
        let mut truth = vec![false; n * k];
        for (row, column) in columns.into_iter().enumerate() {
            truth[row * k + column] = true;
        }
        Ok(LabelScores {
            k,
            truth,
            scores,
            weights: y_true.sample_weight(),
        })
    }

    fn check(
        (n, k): (usize, usize),
        scores: &ArrayRef2<F>,
        weights: Option<&Array1<f64>>,
    ) -> Result<()> {
        same_length(n, scores.nrows())?;
        if scores.ncols() != k {
            let what = "number of columns of the scores (one for each label)";
            return Err(Error::shape(what, k, scores.ncols()));
        }
        check_weights(weights, n)?;
        check::finite(scores, "scores")
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    fn n(&self) -> usize {
        self.scores.nrows()
    }

    /// The labels of a row.
    fn row(&self, i: usize) -> &[bool] {
        &self.truth[i * self.k..(i + 1) * self.k]
    }

    fn column_sides(&self, c: usize) -> Sides {
        let weight = |i: usize| self.weight(i);
        Sides::new(
            self.n(),
            |i| self.truth[i * self.k + c],
            |i| self.scores[[i, c]].f64(),
            (self.weights.is_some()).then_some(&weight as &dyn Fn(usize) -> f64),
        )
    }

    fn of_label(&self, c: usize, metric: OfSides<'_>) -> Result<f64> {
        metric(&self.column_sides(c)).map_err(|e| e.within(format!("label {c}")))
    }

    pub(super) fn per_label(&self, metric: OfSides<'_>) -> Result<Array1<f64>> {
        let scores = parallel::map(self.k, |c| self.of_label(c, metric));
        scores.into_iter().collect()
    }

    pub(super) fn averaged(&self, average: &Average, metric: OfSides<'_>) -> Result<f64> {
        let (n, k) = (self.n(), self.k);
        match average {
            Average::Binary | Average::Positive(_) => {
                let reason =
                    "a binary average is for two classes; choose Macro, Micro, Weighted or Samples";
                Err(Error::invalid_input("average", reason))
            }
            Average::Micro => {
                let weight = |cell: usize| self.weight(cell / k);
                metric(&Sides::new(
                    n * k,
                    |cell| self.truth[cell],
                    |cell| self.scores[[cell / k, cell % k]].f64(),
                    (self.weights.is_some()).then_some(&weight as &dyn Fn(usize) -> f64),
                ))
            }
            Average::Macro => {
                let scores = self.per_label(metric)?;
                Ok(sum(k, |c| scores[c]) / k as f64)
            }
            Average::Weighted => {
                let support = |c: usize| {
                    sum(n, |i| {
                        if self.truth[i * k + c] {
                            self.weight(i)
                        } else {
                            0.0
                        }
                    })
                };
                let support: Vec<f64> = (0..k).map(support).collect();
                self.weighted(&support, |c| self.of_label(c, metric))
            }
            Average::Samples => {
                let weights: Vec<f64> = (0..n).map(|i| self.weight(i)).collect();
                self.weighted(&weights, |i| {
                    let row = self.row(i);
                    let sides = Sides::new(k, |c| row[c], |c| self.scores[[i, c]].f64(), None);
                    metric(&sides).map_err(|e| e.within(format!("row {i}")))
                })
            }
        }
    }

    /// The mean of scores by weight; those of weight zero are not computed. 0 when all are zero.
    fn weighted(&self, weights: &[f64], score: impl Fn(usize) -> Result<f64>) -> Result<f64> {
        let scores: Vec<f64> = (0..weights.len())
            .map(|i| if weights[i] > 0.0 { score(i) } else { Ok(0.0) })
            .collect::<Result<_>>()?;
        let total = sum(weights.len(), |i| weights[i]);
        if total == 0.0 {
            return Ok(0.0);
        }
        Ok(sum(weights.len(), |i| weights[i] * scores[i]) / total)
    }

    /// The mean of a score of each row.
    fn mean_of_rows(&self, score: impl Fn(&[bool], &[f64]) -> f64 + Sync) -> f64 {
        let chunk = parallel::row_chunks(self.n(), 8 * self.k);
        let scores = parallel::map_chunks(self.n(), chunk, |rows| {
            rows.map(|i| {
                let scores: Vec<f64> = self.scores.row(i).iter().map(|s| s.f64()).collect();
                score(self.row(i), &scores)
            })
            .collect::<Vec<f64>>()
        })
        .concat();
        sum(scores.len(), |i| self.weight(i) * scores[i]) / total_weight(self.weights, self.n())
    }
}

macro_rules! of_rows {
    ($($(#[$doc:meta])* $name:ident, $score:ident;)+) => {$(
        $(#[$doc])*
        ///
        /// `y_true`, zeros and ones with or without weights, and `scores` are (n_samples, n_labels).
        ///
        /// # Errors
        /// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidInput` for labels that are neither 0 nor 1.
        pub fn $name<F: Float, T>(y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
        where
            T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
        {
            Ok(LabelScores::new(y_true.as_targets(), scores)?.mean_of_rows($score))
        }
    )+};
}
of_rows! {
    /// How far down the ranking one has to go, on the mean, to find all true labels of a row: the number of labels that
    /// score at least as high as the lowest true one, 0 for rows without labels.
    ///
    /// ```
    /// use fitwell::metrics::coverage_error;
    /// use ndarray::array;
    ///
    /// assert_eq!(coverage_error(&array![[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], &array![[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])?, 1.5);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    coverage_error, coverage;
    /// The mean over the true labels of each row, and over the rows, of the fraction of true labels among those ranked
    /// at least as high: 1 is best. A row with all labels or none counts 1.
    ///
    /// ```
    /// use fitwell::metrics::label_ranking_average_precision_score;
    /// use ndarray::array;
    ///
    /// let (y, scores) = (array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], array![[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]]);
    /// assert!((label_ranking_average_precision_score(&y, &scores)? - (0.5 + 1.0 / 3.0) / 2.0).abs() < 1e-15);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    label_ranking_average_precision_score, precision_of_row;
    /// The fraction of pairs of a true and a false label of a row that are ranked the wrong way round, ties included;
    /// the mean over the rows. A row with all labels or none counts 0.
    ///
    /// ```
    /// use fitwell::metrics::label_ranking_loss;
    /// use ndarray::array;
    ///
    /// let (y, scores) = (array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], array![[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]]);
    /// assert_eq!(label_ranking_loss(&y, &scores)?, 0.75);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    label_ranking_loss, pairs_of_row;
}

/// How many labels score at least as high as the lowest true one.
fn coverage(truth: &[bool], scores: &[f64]) -> f64 {
    let of_true = truth.iter().zip(scores).filter(|(t, _)| **t);
    let lowest = of_true.map(|(_, &s)| s).min_by(f64::total_cmp);
    lowest.map_or(0.0, |low| {
        scores.iter().filter(|&&s| s >= low).count() as f64
    })
}

/// The places of a row from the highest score, equal scores together.
fn ties(scores: &[f64]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    (order.chunk_by(|&a, &b| scores[a] == scores[b]))
        .map(<[usize]>::to_vec)
        .collect()
}

fn precision_of_row(truth: &[bool], scores: &[f64]) -> f64 {
    let relevant = truth.iter().filter(|&&t| t).count();
    if relevant == 0 || relevant == truth.len() {
        return 1.0;
    }
    let (mut above, mut found, mut total) = (0, 0, 0.0);
    for ties in ties(scores) {
        let here = ties.iter().filter(|&&c| truth[c]).count();
        above += ties.len();
        found += here;
        total += here as f64 * (found as f64 / above as f64);
    }
    total / relevant as f64
}

fn pairs_of_row(truth: &[bool], scores: &[f64]) -> f64 {
    let relevant = truth.iter().filter(|&&t| t).count();
    let pairs = relevant * (truth.len() - relevant);
    if pairs == 0 {
        return 0.0;
    }
    // False labels at or above each true one.
    let (mut above, mut wrong) = (0, 0);
    for ties in ties(scores) {
        let here = ties.iter().filter(|&&c| truth[c]).count();
        above += ties.len() - here;
        wrong += here * above;
    }
    wrong as f64 / pairs as f64
}

/// Discounted cumulative gain with options: [`dcg_score`] and [`ndcg_score`].
///
/// ```
/// use fitwell::metrics::DcgScore;
/// use ndarray::array;
///
/// let (relevance, scores) = (array![[10.0, 0.0, 0.0, 1.0, 5.0]], array![[0.1, 0.2, 0.3, 4.0, 70.0]]);
/// assert!((DcgScore::new().k(4).ndcg(&relevance, &scores)? - 0.412_381_881_753_453_1).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DcgScore {
    k: Option<usize>,
    log_base: f64,
    ignore_ties: bool,
}

impl Default for DcgScore {
    fn default() -> Self {
        DcgScore {
            k: None,
            log_base: 2.0,
            ignore_ties: false,
        }
    }
}

impl DcgScore {
    /// All places count, with logarithms of base 2; equal scores share their places.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only the `k` highest scores count.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = Some(k);
        self
    }

    /// The base of the logarithm of the discount, above 0 and not 1; it cancels out of the normalised score.
    #[must_use]
    pub fn log_base(mut self, log_base: f64) -> Self {
        self.log_base = log_base;
        self
    }

    /// Whether equal scores are ranked by their place, the later first, which is quicker than averaging.
    #[must_use]
    pub fn ignore_ties(mut self, ignore_ties: bool) -> Self {
        self.ignore_ties = ignore_ties;
        self
    }

    /// The discounted cumulative gain, the mean over the rows.
    ///
    /// # Errors
    /// As [`dcg_score`]; `InvalidParameter` for a `k` of 0 or a base out of range.
    pub fn dcg<F: Float, T>(&self, y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
    {
        self.mean(y_true.as_targets(), scores, false)
    }

    /// The gain divided by the best possible one, the mean over the rows; a row without relevance counts 0.
    ///
    /// # Errors
    /// As [`ndcg_score`]; `InvalidParameter` for a `k` of 0.
    pub fn ndcg<F: Float, T>(&self, y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
    {
        let y = y_true.as_targets();
        let relevance = y.columns();
        if let Some(((row, column), v)) = relevance.indexed_iter().find(|(_, v)| **v < F::zero()) {
            let reason = format!("row {row}, column {column} is negative: {v}");
            return Err(Error::invalid_input("relevance", reason));
        }
        if relevance.ncols() == 1 {
            let reason = "needs at least 2 columns to rank, got 1";
            return Err(Error::invalid_input("relevance", reason));
        }
        let two = DcgScore {
            log_base: 2.0,
            ..*self
        };
        two.mean(y, scores, true)
    }

    fn mean<F: Float, Y>(&self, y: &Y, scores: &ArrayRef2<F>, normalised: bool) -> Result<f64>
    where
        Y: RealTargets<F, Dim = Ix2> + ?Sized,
    {
        if let Some(k) = self.k {
            check::count("dcg_score", "k", k, 1)?;
        }
        if !(self.log_base.is_finite() && self.log_base > 0.0 && self.log_base != 1.0) {
            let (expected, got) = ("in (0, inf) and not 1", self.log_base);
            return Err(Error::invalid_parameter(
                "dcg_score",
                "log_base",
                expected,
                got,
            ));
        }
        let relevance = y.columns();
        let weights = Targets::sample_weight(y);
        LabelScores::check(relevance.dim(), scores, weights)?;
        check::not_empty(scores)?;
        check::finite(&relevance, "y_true")?;
        let (n, p) = relevance.dim();
        let places = self.k.unwrap_or(p).min(p);
        let discount: Vec<f64> = (0..p)
            .map(|i| {
                if i < places {
                    self.log_base.ln() / ((i + 2) as f64).ln()
                } else {
                    0.0
                }
            })
            .collect();
        let plain =
            |row: ndarray::ArrayView1<'_, F>| -> Vec<f64> { row.iter().map(|v| v.f64()).collect() };
        let rows = parallel::map_chunks(n, parallel::row_chunks(n, 8 * p), |rows| {
            rows.map(|i| {
                let (gains, scores) = (plain(relevance.row(i)), plain(scores.row(i)));
                let gain = gain(&gains, &scores, &discount, self.ignore_ties);
                if !normalised {
                    return gain;
                }
                match self::gain(&gains, &gains, &discount, true) {
                    0.0 => 0.0,
                    best => gain / best,
                }
            })
            .collect::<Vec<f64>>()
        })
        .concat();
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        Ok(sum(n, |i| weight(i) * rows[i]) / total_weight(weights, n))
    }
}

/// Σ gain of the label at each place from the highest score, times the place's discount.
fn gain(gains: &[f64], scores: &[f64], discount: &[f64], ignore_ties: bool) -> f64 {
    let ties = ties(scores);
    let mut place = 0;
    let mut total = 0.0;
    for tied in ties {
        if ignore_ties {
            for &c in tied.iter().rev() {
                total += gains[c] * discount[place];
                place += 1;
            }
        } else {
            let here: f64 = discount[place..place + tied.len()].iter().sum();
            let mean = tied.iter().map(|&c| gains[c]).sum::<f64>() / tied.len() as f64;
            total += mean * here;
            place += tied.len();
        }
    }
    total
}

/// The discounted cumulative gain of ranking by `scores`, the mean over the rows of
///
/// ```text
/// Σ yᵣ / log₂(r + 1)        r the place of a label from the highest score, 1, 2, ...
/// ```
///
/// Labels of equal scores share the discounts of their places. `y_true`, the relevance of each label, and `scores` are
/// (n_samples, n_labels). See [`DcgScore`] for `k` and other options.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidInput` for weights that are negative or all zero.
///
/// ```
/// use fitwell::metrics::dcg_score;
/// use ndarray::array;
///
/// let score = dcg_score(&array![[10.0, 0.0, 0.0, 1.0, 5.0]], &array![[0.1, 0.2, 0.3, 4.0, 70.0]])?;
/// assert!((score - 9.499_457_825_916_874).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn dcg_score<F: Float, T>(y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
{
    DcgScore::new().dcg(y_true, scores)
}

/// The discounted cumulative gain divided by that of the best ranking, in `[0, 1]`; the mean over the rows. See
/// [`DcgScore`] for `k` and other options.
///
/// # Errors
/// As [`dcg_score`]; `InvalidInput` for negative relevance and for one column.
///
/// ```
/// use fitwell::metrics::ndcg_score;
/// use ndarray::array;
///
/// let score = ndcg_score(&array![[10.0, 0.0, 0.0, 1.0, 5.0]], &array![[0.1, 0.2, 0.3, 4.0, 70.0]])?;
/// assert!((score - 0.695_694_044_381_307_6).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn ndcg_score<F: Float, T>(y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
{
    DcgScore::new().ndcg(y_true, scores)
}
