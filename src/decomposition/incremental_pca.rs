//! Principal components of rows that come in batches.

use std::fmt;
use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::centered::project;
use super::gaussian::Gaussian;
use super::names;
use crate::check;
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::linalg::thin_svd;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::moments::{Moments, moments};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, PartialFit, Transform};

const NAME: &str = "IncrementalPca";

/// Finds principal components in one pass over batches of rows, in memory of one batch.
///
/// What is kept of the rows so far is their mean m, their number, and the leading part diag(s) V' of a singular value
/// decomposition. A batch B of b rows with mean m' makes
/// ```text
/// ⎡ diag(s) V'              ⎤
/// ⎢ B − 1 m'                ⎥  =  U S V'      of which the first n_components are kept
/// ⎣ √(n b / (n + b)) (m − m')⎦
/// ```
/// With all components kept, the result is [`Pca`](super::Pca)'s; with fewer, what each batch leaves out is lost.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | all | 1 to min(rows of the first batch, n_features) | what is kept; by default min(rows of the first batch, n_features) |
/// | `whiten` | `false` | | divide transformed columns by their standard deviation |
/// | `batch_size` | 5 n_features | at least 1 | rows of the batches that `fit` makes |
///
/// `fit` makes batches; `fit_batch` and then `partial_fit` take all rows they are given as one. As in scikit-learn, `fit` joins
/// a last batch of fewer than `n_components` rows with the one before it.
///
/// # Complexity
/// A batch of b rows takes some 6 p (k + b + 1) min(p, k + b + 1) operations.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch` for a batch of another width, `TooFewSamples` for one row in all,
/// `InvalidParameter`, also for more components than rows of the first batch or columns, and `Overflow`. Sample weights are
/// accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// D. A. Ross, J. Lim, R.-S. Lin, M.-H. Yang (2008), "Incremental learning for robust visual tracking". The numbers are those
/// of scikit-learn's `IncrementalPCA`.
///
/// # Examples
/// ```
/// use fitwell::{decomposition::IncrementalPca, prelude::*};
/// use ndarray::s;
///
/// let digits = fitwell::datasets::load_digits()?.x;
/// let mut pca = IncrementalPca::new().n_components(10).fit_batch(&digits.slice(s![..600, ..]))?;
/// pca.partial_fit(&digits.slice(s![600..1200, ..]), &())?;
/// pca.partial_fit(&digits.slice(s![1200.., ..]), &())?;
/// assert_eq!(pca.n_samples_seen(), digits.nrows());
/// assert!(pca.explained_variance_ratio().sum() > 0.7);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "IncrementalPCA")]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IncrementalPca {
    /// How many components are kept; `None` for all.
    n_components: Option<usize>,
    /// Whether transformed columns get variance 1.
    whiten: bool,
    /// Rows of a batch; `None` for 5 n_features.
    batch_size: Option<usize>,
}

impl IncrementalPca {
    /// All components, not whitened, in batches of 5 n_features rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many components are kept; `None` for min(rows of the first batch, n_features).
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<Option<usize>>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// Whether transformed columns are divided by their standard deviation.
    #[must_use]
    pub fn whiten(mut self, whiten: bool) -> Self {
        self.whiten = whiten;
        self
    }

    /// Rows of the batches that `fit` makes; `None` for 5 n_features.
    #[must_use]
    pub fn batch_size(mut self, batch_size: impl Into<Option<usize>>) -> Self {
        self.batch_size = batch_size.into();
        self
    }

    /// Learns from all rows as the first batch; further ones follow by `partial_fit`.
    ///
    /// # Errors
    /// As `fit`.
    pub fn fit_batch<F: Float>(&self, x: &ArrayRef2<F>) -> Result<FittedIncrementalPca<F>> {
        self.check()?;
        check::samples(x)?;
        let mut model = self.empty(x)?;
        model.learn(x)?;
        model.enough()?;
        Ok(model)
    }

    /// The state before the first batch `x`.
    fn empty<F: Float>(&self, x: &ArrayRef2<F>) -> Result<FittedIncrementalPca<F>> {
        let (n, p) = x.dim();
        let most = n.min(p);
        let k = self.n_components.unwrap_or(most);
        super::at_most(NAME, k, most, "min(rows of the first batch, n_features)")?;
        Ok(FittedIncrementalPca {
            settings: self.clone(),
            batch_size: self.batch_size.unwrap_or(p.saturating_mul(5)),
            n_samples_seen: 0,
            mean: Array1::zeros(p),
            var: Array1::zeros(p),
            components: Array2::zeros((k, p)),
            singular_values: Array1::zeros(k),
            explained_variance: Array1::zeros(k),
            explained_variance_ratio: Array1::zeros(k),
            noise_variance: F::zero(),
        })
    }
}

/// The batches of n rows: a last one of fewer than `least` rows is joined with the one before it.
fn batches(n: usize, size: usize, least: usize) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut out = Vec::new();
    while n - start >= size && n - start - size >= least {
        out.push(start..start + size);
        start += size;
    }
    if start < n {
        out.push(start..n);
    }
    out
}

impl Hyperparameters for IncrementalPca {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_components", self.n_components.unwrap_or(1), 1)?;
        check::count(NAME, "batch_size", self.batch_size.unwrap_or(1), 1)
    }
}

impl fmt::Display for IncrementalPca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for IncrementalPca {
    type Fitted = FittedIncrementalPca<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        let size = self.batch_size.unwrap_or(p.saturating_mul(5));
        let mut model = None;
        for rows in batches(n, size, self.n_components.unwrap_or(0)) {
            let batch = x.slice(s![rows, ..]);
            let state = match &mut model {
                Some(state) => state,
                None => model.insert(self.empty(&batch)?),
            };
            state.learn(&batch)?;
        }
        let model = match model {
            Some(model) => model,
            None => self.empty(x)?,
        };
        model.enough()?;
        Ok(model)
    }
}

/// Principal components of the rows seen so far, learned by [`IncrementalPca`]; `partial_fit` goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedIncrementalPca<F: Float> {
    settings: IncrementalPca,
    batch_size: usize,
    n_samples_seen: usize,
    mean: Array1<f64>,
    var: Array1<f64>,
    components: Array2<F>,
    singular_values: Array1<F>,
    explained_variance: Array1<F>,
    explained_variance_ratio: Array1<F>,
    noise_variance: F,
}

impl<F: Float> FittedIncrementalPca<F> {
    /// Directions of the greatest variance in rows, (n_components, n_features), orthonormal.
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// The variance along each component.
    pub fn explained_variance(&self) -> &Array1<F> {
        &self.explained_variance
    }

    /// The share of each component in the variance of all columns.
    pub fn explained_variance_ratio(&self) -> &Array1<F> {
        &self.explained_variance_ratio
    }

    /// The singular values of the centred rows, as far as they were kept.
    pub fn singular_values(&self) -> &Array1<F> {
        &self.singular_values
    }

    /// The mean of each column.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The variance of each column, divided by the number of rows.
    pub fn var(&self) -> &Array1<f64> {
        &self.var
    }

    /// The mean variance along the directions that the last batch left out; 0 when none was, and, as in scikit-learn, when
    /// that batch had as many rows as there are components.
    pub fn noise_variance(&self) -> F {
        self.noise_variance
    }

    /// The number of components kept.
    pub fn n_components(&self) -> usize {
        self.components.nrows()
    }

    /// The rows seen so far.
    pub fn n_samples_seen(&self) -> usize {
        self.n_samples_seen
    }

    /// Rows of the batches that `fit` made.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn gaussian(&self) -> Gaussian<'_, F> {
        Gaussian {
            components: &self.components,
            explained_variance: &self.explained_variance,
            noise_variance: self.noise_variance.f64(),
            whiten: self.settings.whiten,
        }
    }

    /// The covariance of the normal model, see [`FittedPca::covariance`](super::FittedPca::covariance).
    pub fn covariance(&self) -> Array2<F> {
        self.gaussian().covariance()
    }

    /// The inverse of [`covariance`](Self::covariance).
    ///
    /// # Errors
    /// `InvalidInput` when the covariance is singular.
    pub fn precision(&self) -> Result<Array2<F>> {
        self.gaussian().precision(NAME)
    }

    /// There is a variance.
    fn enough(&self) -> Result<()> {
        if self.n_samples_seen >= 2 {
            return Ok(());
        }
        Err(ErrorKind::TooFewSamples {
            what: format!("variances of {NAME}"),
            needed: 2,
            got: self.n_samples_seen,
        }
        .into())
    }

    /// One more batch, of finite values.
    fn learn(&mut self, x: &ArrayRef2<F>) -> Result<()> {
        let (b, p) = x.dim();
        let k = self.n_components();
        let seen = self.n_samples_seen;
        let total = seen.saturating_add(b);
        let batch = moments(x, None)?;
        let kept = if seen == 0 { 0 } else { k };
        let mut stacked = Array2::zeros((kept + b + usize::from(seen > 0), p));
        for (i, mut row) in stacked.rows_mut().into_iter().enumerate() {
            if i < kept {
                let s = self.singular_values[i];
                row.zip_mut_with(&self.components.row(i), |to, &v| *to = s * v);
            } else if i < kept + b {
                let each = row.iter_mut().zip(x.row(i - kept)).zip(&batch.mean);
                each.for_each(|((to, &v), &m)| *to = v - F::of(m));
            } else {
                let root = (seen as f64 / total as f64 * b as f64).sqrt();
                let each = row.iter_mut().zip(&self.mean).zip(&batch.mean);
                each.for_each(|((to, old), new)| *to = F::of(root * (old - new)));
            }
        }
        check::learned(NAME, "a centred value", &stacked)?;
        let svd = thin_svd(&stacked)?;
        let mut all = Moments {
            count: vec![seen as f64; p],
            mean: self.mean.to_vec(),
            m2: self.var.iter().map(|v| v * seen as f64).collect(),
        };
        all.merge(&batch);
        let squares: Vec<f64> = svd.s.iter().map(|s| s.f64() * s.f64()).collect();
        let freedom = total.saturating_sub(1).max(1) as f64;
        let variance: f64 = all.m2.iter().sum();
        check::learned(NAME, "the variance", &[F::of(variance)])?;
        let rest = &squares[k..];
        let noise = if k == b || k == p || rest.is_empty() {
            0.0
        } else {
            rest.iter().sum::<f64>() / rest.len() as f64 / freedom
        };
        let ratio = |v: &f64| F::of(if variance > 0.0 { v / variance } else { 0.0 });
        self.n_samples_seen = total;
        self.mean = all.mean.into();
        self.var = all.m2.iter().map(|m| m / total as f64).collect();
        self.components = svd.vt.slice(s![..k, ..]).to_owned();
        self.singular_values = svd.s.slice(s![..k]).to_owned();
        self.explained_variance = squares[..k].iter().map(|v| F::of(v / freedom)).collect();
        self.explained_variance_ratio = squares[..k].iter().map(ratio).collect();
        self.noise_variance = F::of(noise);
        Ok(())
    }
}

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedIncrementalPca<F> {
    /// Learns from all rows of `x` as one batch.
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let mut next = self.clone();
        next.learn(x)?;
        *self = next;
        Ok(())
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedIncrementalPca<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let mean: Vec<F> = self.mean.iter().map(|&m| F::of(m)).collect();
        let out = project(
            x,
            &mean,
            &self.components,
            self.gaussian().divisor().as_deref(),
        );
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedIncrementalPca<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_components())?;
        let out = self.gaussian().restore(x, &self.mean.mapv(F::of));
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedIncrementalPca<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("incrementalpca", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedIncrementalPca<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share: f64 = self.explained_variance_ratio.iter().map(|v| v.f64()).sum();
        let (k, p) = self.components.dim();
        write!(
            f,
            "IncrementalPca: {k} of {p} components explain {:.1} % of the variance of {} rows",
            100.0 * share,
            self.n_samples_seen
        )
    }
}

impl<F: Float> Model for FittedIncrementalPca<F> {
    fn type_name() -> String {
        format!("FittedIncrementalPca<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let (k, p) = (self.components.nrows(), self.mean.len());
        ensure::at_least("number of components", k, 1)?;
        ensure::that(k <= p, || format!("{k} components of {p} features"))?;
        if let Some(wanted) = self.settings.n_components {
            ensure::equal("number of components", k, wanted)?;
        }
        ensure::at_least("n_samples_seen", self.n_samples_seen, k.max(2))?;
        ensure::at_least("batch_size", self.batch_size, 1)?;
        ensure::equal("length of var", self.var.len(), p)?;
        ensure::non_negative("var", &self.var)?;
        ensure::shape("components", &self.components, k, p)?;
        super::unit_rows(&self.components)?;
        super::descending("singular_values", &self.singular_values, k)?;
        super::descending("explained_variance", &self.explained_variance, k)?;
        ensure::equal(
            "length of explained_variance_ratio",
            self.explained_variance_ratio.len(),
            k,
        )?;
        ensure::non_negative("explained_variance_ratio", &self.explained_variance_ratio)?;
        ensure::non_negative("noise_variance", &[self.noise_variance])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decomposition::Pca;
    use crate::random::{generator, standard_normal};

    fn data(n: usize, p: usize) -> Array2<f64> {
        let mut rng = generator(5);
        Array2::from_shape_fn((n, p), |(_, j)| {
            4.0 + standard_normal(&mut rng) / (j + 1) as f64
        })
    }

    #[test]
    fn batches_by_hand() {
        assert_eq!(batches(10, 4, 0), [0..4, 4..8, 8..10]);
        assert_eq!(batches(10, 4, 3), [0..4, 4..10]);
        assert_eq!(batches(8, 4, 0), [0..4, 4..8]);
        assert_eq!(batches(8, 4, 1), [0..4, 4..8]);
        assert_eq!(batches(3, 10, 2), vec![0..3]);
    }

    #[test]
    fn all_components_are_those_of_pca_however_rows_come() {
        let x = data(60, 5);
        let whole = Pca::new().fit(&x, &()).unwrap();
        let near = |model: &FittedIncrementalPca<f64>| {
            let d = model.components() - whole.components();
            assert!(d.iter().all(|d| d.abs() < 1e-10));
            let d = model.explained_variance() - whole.explained_variance();
            assert!(d.iter().all(|d| d.abs() < 1e-12));
            let d = model.mean() - whole.mean();
            assert!(d.iter().all(|d| d.abs() < 1e-13));
            let d = model.covariance() - whole.covariance();
            assert!(d.iter().all(|d| d.abs() < 1e-12));
        };
        for size in [5, 7, 60, 100] {
            near(&IncrementalPca::new().batch_size(size).fit(&x, &()).unwrap());
        }
        let mut model = IncrementalPca::new()
            .fit_batch(&x.slice(s![..20, ..]))
            .unwrap();
        model.partial_fit(&x.slice(s![20..21, ..]), &()).unwrap();
        model.partial_fit(&x.slice(s![21.., ..]), &()).unwrap();
        near(&model);
        assert_eq!(model.n_samples_seen(), 60);
    }

    #[test]
    fn a_failed_batch_changes_nothing() {
        let x = data(20, 3);
        let mut model = IncrementalPca::new().fit(&x, &()).unwrap();
        let before = model.clone();
        assert!(model.partial_fit(&x.slice(s![.., ..2]), &()).is_err());
        assert!(model.partial_fit(&(&x * f64::NAN), &()).is_err());
        assert!(model.partial_fit(&x.slice(s![..0, ..]), &()).is_err());
        assert_eq!(model, before);
    }

    #[test]
    fn impossible_counts_are_errors() {
        let x = data(20, 3);
        let refused = |pca: IncrementalPca, x: &Array2<f64>| {
            let error = pca.fit(x, &()).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::InvalidParameter { .. }),
                "{error}"
            );
        };
        refused(IncrementalPca::new().n_components(4), &x);
        refused(IncrementalPca::new().n_components(0), &x);
        refused(IncrementalPca::new().batch_size(0), &x);
        refused(IncrementalPca::new().n_components(3).batch_size(2), &x);
        let one = IncrementalPca::new()
            .fit(&x.slice(s![..1, ..]), &())
            .unwrap_err();
        assert!(matches!(one.kind(), ErrorKind::TooFewSamples { .. }));
    }
}
