//! How far two groupings of the same rows agree: Rand index, mutual information, V-measure, Fowlkes and Mallows.

use super::partition::{Contingency, Grouping, pairs};
use super::sum::sum;
use crate::error::Result;
use crate::parallel;
use crate::special::ln_gamma;

/// The Rand index: the fraction of pairs of rows that are together in both groupings or apart in both. 1 where there are no
/// pairs.
///
/// # Errors
/// `ShapeMismatch`.
///
/// ```
/// use fitwell::metrics::rand_score;
///
/// assert!((rand_score(&[0i64, 0, 1, 2], &[0i64, 0, 1, 1])? - 5.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn rand_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let [tn, fp, fneg, tp] = pairs(&Contingency::new(labels_true, labels_pred)?);
    let all = tn + fp + fneg + tp;
    Ok(if all == 0 {
        1.0
    } else {
        (tn + tp) as f64 / all as f64
    })
}

/// The Rand index adjusted for chance: 1 for equal groupings, 0 on the mean for random ones, at least −1/2.
///
/// ```text
/// 2 (tp tn − fn fp) / ((tp + fn)(fn + tn) + (tp + fp)(fp + tn))        over pairs of rows
/// ```
///
/// # Errors
/// `ShapeMismatch`.
///
/// # Source
/// L. Hubert and P. Arabie, "Comparing partitions", 1985.
///
/// ```
/// use fitwell::metrics::adjusted_rand_score;
///
/// assert!((adjusted_rand_score(&[0i64, 0, 1, 2], &[0i64, 0, 1, 1])? - 4.0 / 7.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn adjusted_rand_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let counts = pairs(&Contingency::new(labels_true, labels_pred)?);
    if counts[1] == 0 && counts[2] == 0 {
        return Ok(1.0);
    }
    let [tn, fp, fneg, tp] = counts.map(|c| c as f64);
    let expected = (tp + fneg) * (fneg + tn) + (tp + fp) * (fp + tn);
    Ok(2.0 * (tp * tn - fneg * fp) / expected)
}

/// The geometric mean of precision and recall over pairs of rows, TP / √((TP + FP)(TP + FN)); 0 where no pair is together
/// in both.
///
/// # Errors
/// `ShapeMismatch`.
///
/// # Source
/// E. Fowlkes and C. Mallows, "A method for comparing two hierarchical clusterings", 1983.
///
/// ```
/// use fitwell::metrics::fowlkes_mallows_score;
///
/// assert!((fowlkes_mallows_score(&[0i64, 0, 1, 1], &[0i64, 0, 1, 1])? - 1.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn fowlkes_mallows_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let [_, fp, fneg, tp] = pairs(&Contingency::new(labels_true, labels_pred)?);
    if tp == 0 {
        return Ok(0.0);
    }
    let share = |wrong: u128| (tp as f64 / (tp + wrong) as f64).sqrt();
    Ok(share(fp) * share(fneg))
}

impl Contingency {
    /// The mutual information in nats.
    fn mutual_information(&self) -> f64 {
        if self.rows.len() < 2 || self.columns.len() < 2 {
            return 0.0;
        }
        let n = self.n as f64;
        let information = sum(self.cells.len(), |at| {
            let (i, j, count) = self.cells[at];
            let (c, a, b) = (
                count as f64,
                self.rows[i as usize] as f64,
                self.columns[j as usize] as f64,
            );
            // c / n ln(n c / (a b)): the quotient first, so that independent groups give 0 exactly.
            let term = c / n * ((c / a) * (n / b)).ln();
            if term.abs() < f64::EPSILON { 0.0 } else { term }
        });
        information.max(0.0)
    }

    fn entropies(&self) -> (f64, f64) {
        (entropy(&self.rows, self.n), entropy(&self.columns, self.n))
    }

    /// Whether both sides have one group, or none.
    fn is_trivial(&self) -> bool {
        self.n == 0 || (self.rows.len() == 1 && self.columns.len() == 1)
    }

    /// The mean mutual information of groupings of these sizes at random (hypergeometric).
    fn expected_information(&self) -> f64 {
        let n = self.n as f64;
        // Groups of one size give the same: how many there are of each.
        let sizes = |counts: &[u64]| {
            let mut sizes: Vec<u64> = counts.to_vec();
            sizes.sort_unstable();
            (sizes.chunk_by(|a, b| a == b))
                .map(|same| (same[0], same.len() as f64))
                .collect::<Vec<_>>()
        };
        let (rows, columns) = (sizes(&self.rows), sizes(&self.columns));
        let most = rows
            .last()
            .map_or(0, |r| r.0)
            .max(columns.last().map_or(0, |c| c.0));
        // ln k! of every k up to the largest group; of n less two groups, as it comes.
        let small: Vec<f64> = (0..=most).map(|k| ln_gamma(k as f64 + 1.0)).collect();
        let factorial = |k: u64| -> f64 {
            (small.get(k as usize)).map_or_else(|| ln_gamma(k as f64 + 1.0), |&v| v)
        };
        let total = self.n as u64;
        let of_n = factorial(total);
        let parts = parallel::map(rows.len(), |at| {
            let (a, times_a) = rows[at];
            let terms: Vec<f64> = (columns.iter())
                .map(|&(b, times_b)| {
                    let fixed =
                        factorial(a) + factorial(b) + factorial(total - a) + factorial(total - b)
                            - of_n;
                    let (start, end) = ((a + b).saturating_sub(total).max(1), a.min(b));
                    let term = sum((end + 1).saturating_sub(start) as usize, |step| {
                        let k = start + step as u64;
                        let log = fixed
                            - factorial(k)
                            - factorial(a - k)
                            - factorial(b - k)
                            - factorial(total + k - a - b);
                        let k = k as f64;
                        k / n * ((k / a as f64) * (n / b as f64)).ln() * log.exp()
                    });
                    times_b * term
                })
                .collect();
            times_a * sum(terms.len(), |j| terms[j])
        });
        sum(parts.len(), |i| parts[i])
    }
}

/// −Σ (c/n) ln(c/n); 0 for one group, 1 for none, as scikit-learn has it.
fn entropy(counts: &[u64], n: usize) -> f64 {
    if n == 0 {
        return 1.0;
    }
    if counts.len() == 1 {
        return 0.0;
    }
    -sum(counts.len(), |k| {
        let p = counts[k] as f64 / n as f64;
        p * p.ln()
    })
}

/// The mutual information of two groupings in nats, Σ nᵢⱼ/n ln(n nᵢⱼ / (aᵢ bⱼ)): how much one tells of the other. At
/// least 0.
///
/// # Errors
/// `ShapeMismatch`.
///
/// ```
/// use fitwell::metrics::mutual_info_score;
///
/// assert!((mutual_info_score(&[0i64, 1], &[1i64, 0])? - 2f64.ln()).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mutual_info_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    Ok(Contingency::new(labels_true, labels_pred)?.mutual_information())
}

/// Which mean of the two groupings' entropies mutual information is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AverageMethod {
    /// The lesser.
    Min,
    /// The geometric mean.
    Geometric,
    /// The arithmetic mean; scikit-learn's default.
    #[default]
    Arithmetic,
    /// The greater.
    Max,
}

impl AverageMethod {
    fn of(self, u: f64, v: f64) -> f64 {
        match self {
            AverageMethod::Min => u.min(v),
            AverageMethod::Geometric => (u * v).sqrt(),
            AverageMethod::Arithmetic => (u + v) / 2.0,
            AverageMethod::Max => u.max(v),
        }
    }
}

/// The mutual information divided by a mean of the entropies, in `[0, 1]`. 1 where both groupings have one group.
///
/// # Errors
/// `ShapeMismatch`.
///
/// ```
/// use fitwell::metrics::{AverageMethod, normalized_mutual_info_score};
///
/// let score = normalized_mutual_info_score(&[0i64, 0, 1, 1], &[0i64, 0, 1, 1], AverageMethod::Arithmetic)?;
/// assert!((score - 1.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn normalized_mutual_info_score<A, B>(
    labels_true: &A,
    labels_pred: &B,
    average_method: AverageMethod,
) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let counts = Contingency::new(labels_true, labels_pred)?;
    if counts.is_trivial() {
        return Ok(1.0);
    }
    let information = counts.mutual_information();
    if information == 0.0 {
        return Ok(0.0);
    }
    let (u, v) = counts.entropies();
    Ok(information / average_method.of(u, v))
}

/// The mutual information adjusted for chance, (I − E\[I\]) / (H − E\[I\]) with H a mean of the entropies: 1 for equal
/// groupings, 0 on the mean for random ones.
///
/// The expectation sums over the sizes that can meet: O(r s m) for r and s different sizes of groups of at most m rows.
///
/// # Errors
/// `ShapeMismatch`.
///
/// # Source
/// N. Vinh, J. Epps and J. Bailey, "Information theoretic measures for clusterings comparison", 2010.
///
/// ```
/// use fitwell::metrics::{AverageMethod, adjusted_mutual_info_score};
///
/// let score = adjusted_mutual_info_score(&[0i64, 0, 1, 1], &[1i64, 1, 0, 0], AverageMethod::Arithmetic)?;
/// assert!((score - 1.0).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn adjusted_mutual_info_score<A, B>(
    labels_true: &A,
    labels_pred: &B,
    average_method: AverageMethod,
) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let counts = Contingency::new(labels_true, labels_pred)?;
    if counts.is_trivial() {
        return Ok(1.0);
    }
    if counts.rows.len() == 1 || counts.columns.len() == 1 {
        return Ok(0.0);
    }
    let expected = counts.expected_information();
    let (u, v) = counts.entropies();
    // Kept away from 0, each with its sign, as scikit-learn does.
    let kept = |v: f64| {
        if v < 0.0 {
            v.min(-f64::EPSILON)
        } else {
            v.max(f64::EPSILON)
        }
    };
    let above = kept(counts.mutual_information() - expected);
    Ok(above / kept(average_method.of(u, v) - expected))
}

/// Homogeneity, completeness and V-measure; see [`homogeneity_completeness_v_measure`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct VMeasure {
    /// 1 when every cluster holds rows of one class only.
    pub homogeneity: f64,
    /// 1 when all rows of a class are in one cluster.
    pub completeness: f64,
    /// Their weighted harmonic mean.
    pub v_measure: f64,
}

/// Homogeneity I/H(true), completeness I/H(predicted), and their harmonic mean in which completeness counts `beta` times:
/// (1 + β) h c / (β h + c).
///
/// # Errors
/// `ShapeMismatch`; `InvalidParameter` unless `beta` is in `[0, inf)`.
///
/// # Source
/// A. Rosenberg and J. Hirschberg, "V-measure: a conditional entropy-based external cluster evaluation measure", 2007.
///
/// ```
/// use fitwell::metrics::homogeneity_completeness_v_measure;
///
/// let v = homogeneity_completeness_v_measure(&[0i64, 0, 1, 1], &[0i64, 1, 2, 3], 1.0)?;
/// assert!((v.homogeneity - 1.0).abs() < 1e-15 && (v.completeness - 0.5).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn homogeneity_completeness_v_measure<A, B>(
    labels_true: &A,
    labels_pred: &B,
    beta: f64,
) -> Result<VMeasure>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    use crate::check::{Interval, real};
    real("v_measure_score", "beta", beta, Interval::at_least(0.0))?;
    let counts = Contingency::new(labels_true, labels_pred)?;
    let (of_true, of_pred) = counts.entropies();
    let information = counts.mutual_information();
    let share = |h: f64| {
        if h == 0.0 || counts.n == 0 {
            1.0
        } else {
            information / h
        }
    };
    let (h, c) = (share(of_true), share(of_pred));
    let below = beta * h + c;
    let v_measure = if below > 0.0 {
        (1.0 + beta) * h * c / below
    } else {
        0.0
    };
    Ok(VMeasure {
        homogeneity: h,
        completeness: c,
        v_measure,
    })
}

/// Homogeneity: 1 when every cluster holds rows of one class only.
///
/// # Errors
/// `ShapeMismatch`.
pub fn homogeneity_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    homogeneity_completeness_v_measure(labels_true, labels_pred, 1.0).map(|v| v.homogeneity)
}

/// Completeness: 1 when all rows of a class are in one cluster.
///
/// # Errors
/// `ShapeMismatch`.
pub fn completeness_score<A, B>(labels_true: &A, labels_pred: &B) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    homogeneity_completeness_v_measure(labels_true, labels_pred, 1.0).map(|v| v.completeness)
}

/// The harmonic mean of homogeneity and completeness, in which completeness counts `beta` times; scikit-learn's default is
/// 1.
///
/// # Errors
/// `ShapeMismatch`; `InvalidParameter` unless `beta` is in `[0, inf)`.
pub fn v_measure_score<A, B>(labels_true: &A, labels_pred: &B, beta: f64) -> Result<f64>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    homogeneity_completeness_v_measure(labels_true, labels_pred, beta).map(|v| v.v_measure)
}
