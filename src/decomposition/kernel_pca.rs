//! Principal components in the space of a kernel.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use serde::{Deserialize, Serialize};

use super::centered::Centered;
use super::names;
use super::randomized::{Randomized, signed};
use super::settings::{IteratedPower, PowerIterationNormalizer};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{Cholesky, eigh, lstsq, matmul};
use crate::metrics::pairwise::{Kernel, KernelParams, pairwise_kernels};
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::{self, Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};

const NAME: &str = "KernelPca";

/// How [`KernelPca`] finds eigenvectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EigenSolver {
    /// `Dense`. (scikit-learn iterates by ARPACK for fewer than 10 components of more than 200 rows, to the same numbers.)
    #[default]
    Auto,
    /// All of the kernel's decomposition.
    Dense,
    /// As `Dense`: what scikit-learn iterates to by ARPACK is computed directly.
    Arpack,
    /// The eigenvalues of largest magnitude by random projections, approximately; for a given number of components.
    Randomized,
}

/// Projects rows on the principal components of what a kernel makes of them: nonlinear components.
///
/// With the kernel matrix K (n_samples, n_samples) of the rows, centred in the kernel's space, K_c = U diag(λ) U':
/// ```text
/// transform of training rows: U √λ        of a row x: k_c(x) U / √λ        inverse: kernel ridge regression of X on it
/// ```
/// With the linear kernel it is [`Pca`](super::Pca). Eigenvalues below 1e-12 of the largest count as 0. Signs are
/// scikit-learn's: the entry of largest magnitude of each column of U is positive.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | all that are not 0 | 1 to n_samples | what is kept |
/// | `kernel` | linear | | [`Kernel`] |
/// | `gamma` | 1 / n_features | `[0, inf)` | γ of the poly, rbf, sigmoid, laplacian and chi2 kernels |
/// | `degree` | 3 | `[0, inf)` | of the poly kernel |
/// | `coef0` | 1 | finite | c of the poly and sigmoid kernels |
/// | `alpha` | 1 | `[0, inf)` | the ridge penalty of the inverse |
/// | `fit_inverse_transform` | `false` | | learn the inverse; not for a precomputed kernel |
/// | `eigen_solver` | auto | | [`EigenSolver`] |
/// | `iterated_power` | auto | up to 10,000 | power iterations of the randomized solver |
/// | `remove_zero_eig` | `false` | | leave out components of eigenvalue 0 also where `n_components` is given |
/// | `random_state` | 0 | | the seed of the randomized solver |
///
/// # Complexity
/// n² p for the kernel and 9 n³ for its decomposition, in n² memory; a row is transformed in n (p + k). In `f64` throughout.
/// The model keeps the training rows.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidParameter`, also for more components than rows, `ShapeMismatch` for a precomputed kernel
/// that is not square, `InvalidInput` when the kernel has eigenvalues far below 0, `TooLarge` when the kernel does not fit, and `Overflow`. Sample weights are accepted and not used (nor are they
/// in scikit-learn).
///
/// # Source
/// B. Schölkopf, A. Smola, K.-R. Müller (1997), "Kernel principal component analysis"; G. H. Bakır, J. Weston, B. Schölkopf
/// (2004), "Learning to find pre-images". The numbers are those of scikit-learn's `KernelPCA`; where the kernel of the inverse is
/// not positive definite, an error there, its coefficients are those of least squares and least norm.
///
/// # Examples
/// ```
/// use fitwell::{datasets::make_circles, decomposition::{Kernel, KernelPca}, linear_model::LogisticRegression, prelude::*};
///
/// // Two rings: no line tells them apart, but the first kernel component does.
/// let (x, y) = make_circles().n_samples(100).factor(0.3).noise(0.05).build()?;
/// let model = pipeline("rbf", KernelPca::new().n_components(2).kernel(Kernel::Rbf).gamma(2.0))
///     .then("line", LogisticRegression::new())
///     .fit(&x, &y)?;
/// assert!(model.score(&x, &y)? > 0.99);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "KernelPCA")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KernelPca {
    /// How many components are kept; `None` for all that are not 0.
    n_components: Option<usize>,
    /// The kernel.
    kernel: Kernel,
    /// γ; `None` for 1 / n_features.
    #[serde(with = "params::optional_number")]
    gamma: Option<f64>,
    /// The degree of the poly kernel.
    #[serde(with = "params::number")]
    degree: f64,
    /// The constant of the poly and sigmoid kernels.
    #[serde(with = "params::number")]
    coef0: f64,
    /// The ridge penalty of the inverse.
    #[serde(with = "params::number")]
    alpha: f64,
    /// Whether the inverse is learned.
    fit_inverse_transform: bool,
    /// How eigenvectors are found.
    eigen_solver: EigenSolver,
    /// Power iterations of the randomized solver.
    iterated_power: IteratedPower,
    /// Whether components of eigenvalue 0 are left out.
    remove_zero_eig: bool,
    /// The seed of the randomized solver.
    random_state: u64,
}

impl Default for KernelPca {
    fn default() -> Self {
        KernelPca {
            n_components: None,
            kernel: Kernel::Linear,
            gamma: None,
            degree: 3.0,
            coef0: 1.0,
            alpha: 1.0,
            fit_inverse_transform: false,
            eigen_solver: EigenSolver::Auto,
            iterated_power: IteratedPower::Auto,
            remove_zero_eig: false,
            random_state: 0,
        }
    }
}

impl KernelPca {
    /// All components of the linear kernel.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many components are kept; `None` for all that are not 0.
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<Option<usize>>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// γ of the poly, rbf and sigmoid kernels; `None` for 1 / n_features.
    #[must_use]
    pub fn gamma(mut self, gamma: impl Into<Option<f64>>) -> Self {
        self.gamma = gamma.into();
        self
    }

    /// The degree of the poly kernel.
    #[must_use]
    pub fn degree(mut self, degree: f64) -> Self {
        self.degree = degree;
        self
    }

    /// The constant of the poly and sigmoid kernels.
    #[must_use]
    pub fn coef0(mut self, coef0: f64) -> Self {
        self.coef0 = coef0;
        self
    }

    /// The ridge penalty of the inverse.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Whether the inverse is learned.
    #[must_use]
    pub fn fit_inverse_transform(mut self, fit_inverse_transform: bool) -> Self {
        self.fit_inverse_transform = fit_inverse_transform;
        self
    }

    /// How eigenvectors are found.
    #[must_use]
    pub fn eigen_solver(mut self, eigen_solver: EigenSolver) -> Self {
        self.eigen_solver = eigen_solver;
        self
    }

    /// Power iterations of the randomized solver.
    #[must_use]
    pub fn iterated_power(mut self, iterated_power: impl Into<IteratedPower>) -> Self {
        self.iterated_power = iterated_power.into();
        self
    }

    /// Whether components of eigenvalue 0 are left out also where `n_components` is given.
    #[must_use]
    pub fn remove_zero_eig(mut self, remove_zero_eig: bool) -> Self {
        self.remove_zero_eig = remove_zero_eig;
        self
    }

    /// The seed of the randomized solver.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    fn gamma_for(&self, n_features: usize) -> f64 {
        self.gamma.unwrap_or(1.0 / n_features as f64)
    }

    /// The kernel of each row of x with each row of y, (n, m).
    fn between(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, gamma: f64) -> Result<Array2<f64>> {
        if x.nrows() == 0 {
            return Ok(Array2::zeros((0, y.nrows())));
        }
        let params = KernelParams::new().gamma(gamma);
        let params = params.degree(self.degree).coef0(self.coef0);
        if x.ncols() == 0 {
            // No components are as one that is 0.
            let zeros = |x: &ArrayRef2<f64>| Array2::zeros((x.nrows(), 1));
            return pairwise_kernels(&zeros(x), Some(&zeros(y)), self.kernel, &params);
        }
        pairwise_kernels(x, Some(y), self.kernel, &params)
    }

    /// The k leading eigenvalues, descending, and eigenvectors in rows.
    fn leading(&self, kernel: &Array2<f64>, k: usize) -> Result<(Vec<f64>, Array2<f64>)> {
        let n = kernel.nrows();
        if self.eigen_solver != EigenSolver::Randomized {
            let found = eigh(kernel)?;
            let values = found.values.iter().rev().take(k).copied().collect();
            let vectors = found.vectors.slice(s![.., n - k..;-1]).t().to_owned();
            return Ok((values, vectors));
        }
        let a = Centered::around_zero(kernel);
        let leading = Randomized {
            n_components: k,
            n_oversamples: 10,
            n_iter: self.iterated_power.resolve(k, (n, n)),
            normalizer: PowerIterationNormalizer::Auto,
            random_state: self.random_state,
        }
        .decompose(NAME, &a)?;
        let turned = matmul(&leading.vt, kernel);
        let signs = turned.rows().into_iter().zip(leading.vt.rows());
        let signs = signs.map(|(kv, v)| kv.dot(&v).signum());
        let values: Vec<f64> = (leading.values.iter().zip(signs))
            .map(|(&v, sign)| a.unscaled(v) * sign)
            .collect();
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
        Ok((
            order.iter().map(|&i| values[i]).collect(),
            leading.vt.select(Axis(0), &order),
        ))
    }
}

/// Eigenvalues that rounding made negative, or left where there is none, are 0.
fn no_rounding<F: Float>(values: &mut [f64]) -> Result<()> {
    let (ratio, value, small) = if F::NAME == "f32" {
        (5e-3, 1e-6, 2e-7)
    } else {
        (1e-5, 1e-10, 1e-12)
    };
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(*v));
    for v in values {
        if *v < -ratio * largest && *v < -value {
            let reason = format!("has an eigenvalue of {v}, beside {largest}: it is no kernel");
            return Err(Error::invalid_input("the kernel matrix", reason));
        }
        if *v < small * largest {
            *v = 0.0;
        }
    }
    Ok(())
}

impl Hyperparameters for KernelPca {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::count(NAME, "n_components", self.n_components.unwrap_or(1), 1)?;
        check::real(
            NAME,
            "gamma",
            self.gamma.unwrap_or(0.0),
            Interval::at_least(0.0),
        )?;
        check::real(NAME, "degree", self.degree, Interval::at_least(0.0))?;
        check::real(NAME, "coef0", self.coef0, finite)?;
        check::real(NAME, "alpha", self.alpha, Interval::at_least(0.0))?;
        if self.fit_inverse_transform && self.kernel == Kernel::Precomputed {
            let expected = "false with a precomputed kernel";
            return Err(Error::invalid_parameter(
                NAME,
                "fit_inverse_transform",
                expected,
                true,
            ));
        }
        self.iterated_power.check(NAME, "iterated_power")
    }
}

impl fmt::Display for KernelPca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for KernelPca {
    type Fitted = FittedKernelPca<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        if self.kernel == Kernel::Precomputed && n != p {
            return Err(Error::shape("columns of a precomputed kernel", n, p));
        }
        let k = self.n_components.unwrap_or(n);
        super::at_most(NAME, k, n, "n_samples")?;
        let rows = x.mapv(|v| v.f64());
        let gamma = self.gamma_for(p);
        let mut kernel = self.between(&rows, &rows, gamma)?;
        check::learned(NAME, "the kernel", &kernel)?;
        let column_means = kernel.sum_axis(Axis(0)) / n as f64;
        let mean = column_means.sum() / n as f64;
        centre(&mut kernel, &column_means, mean);
        check::learned(NAME, "the centred kernel", &kernel)?;
        let (mut values, vectors) = self.leading(&kernel, k)?;
        no_rounding::<F>(&mut values)?;
        let mut kept: Vec<usize> = (0..k).collect();
        if self.remove_zero_eig || self.n_components.is_none() {
            kept.retain(|&i| values[i] > 0.0);
        }
        let eigenvalues: Array1<f64> = kept.iter().map(|&i| values[i]).collect();
        let eigenvectors = signed(vectors.select(Axis(0), &kept));
        let mut model = FittedKernelPca {
            settings: self.clone(),
            n_features_in: p,
            x_fit: if self.kernel == Kernel::Precomputed {
                Array2::zeros((n, 0))
            } else {
                rows
            },
            column_means,
            mean,
            eigenvalues,
            eigenvectors,
            dual_coef: Array2::zeros((0, p)),
            element: PhantomData,
        };
        if self.fit_inverse_transform {
            let z = model.training();
            let mut kernel = self.between(&z, &z, gamma)?;
            kernel.diag_mut().mapv_inplace(|v| v + self.alpha);
            check::learned(NAME, "the kernel of the inverse", &kernel)?;
            model.dual_coef = match Cholesky::new(&kernel) {
                Ok(factor) => factor.solve(&model.x_fit)?,
                Err(_) => lstsq(&kernel, &model.x_fit, None)?.solution,
            };
        }
        Ok(model)
    }
}

/// What is left of a kernel with the training rows when all are moved to the centre of those.
fn centre(kernel: &mut Array2<f64>, column_means: &Array1<f64>, mean: f64) {
    let width = column_means.len() as f64;
    let chunk = parallel::row_chunks(kernel.nrows(), kernel.ncols());
    parallel::for_each_row_chunk_mut(kernel, chunk, |_, mut block| {
        for mut row in block.rows_mut() {
            let own = row.sum() / width;
            row.zip_mut_with(column_means, |v, m| *v += mean - m - own);
        }
    });
}

/// Principal components of a kernel, learned by [`KernelPca`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKernelPca<F: Float> {
    settings: KernelPca,
    n_features_in: usize,
    x_fit: Array2<f64>,
    column_means: Array1<f64>,
    mean: f64,
    eigenvalues: Array1<f64>,
    /// In rows.
    eigenvectors: Array2<f64>,
    dual_coef: Array2<f64>,
    element: PhantomData<F>,
}

impl<F: Float> FittedKernelPca<F> {
    /// Eigenvalues of the centred kernel, descending.
    pub fn eigenvalues(&self) -> &Array1<f64> {
        &self.eigenvalues
    }

    /// Eigenvectors of the centred kernel in columns, (n_samples, n_components).
    pub fn eigenvectors(&self) -> Array2<f64> {
        self.eigenvectors.t().to_owned()
    }

    /// The training rows, (n_samples, n_features); no columns for a precomputed kernel.
    pub fn x_fit(&self) -> &Array2<f64> {
        &self.x_fit
    }

    /// The transformed training rows, U √λ.
    pub fn x_transformed_fit(&self) -> Array2<f64> {
        self.training()
    }

    /// Coefficients of the inverse, (n_samples, n_features); `None` where it was not learned.
    pub fn dual_coef(&self) -> Option<&Array2<f64>> {
        (self.settings.fit_inverse_transform).then_some(&self.dual_coef)
    }

    /// γ of the kernel.
    pub fn gamma(&self) -> f64 {
        self.settings.gamma_for(self.n_features_in)
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    fn training(&self) -> Array2<f64> {
        let mut z = self.eigenvectors.t().to_owned();
        let roots = self.eigenvalues.mapv(f64::sqrt);
        z *= &roots;
        z
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedKernelPca<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in)?;
        let n = self.column_means.len();
        let mut weights = self.eigenvectors.t().to_owned();
        let inverse = |v: f64| if v > 0.0 { 1.0 / v.sqrt() } else { 0.0 };
        weights *= &self.eigenvalues.mapv(inverse);
        let mut out = parallel::fresh((x.nrows(), self.eigenvalues.len()));
        // A block of the kernel at a time.
        let step = parallel::row_chunks(x.nrows(), n.max(x.ncols())).max(64);
        for first in (0..x.nrows()).step_by(step) {
            let rows = s![first..(first + step).min(x.nrows()), ..];
            let block = x.slice(rows).mapv(|v| v.f64());
            let mut kernel = match self.settings.kernel {
                Kernel::Precomputed => block,
                _ => self.settings.between(&block, &self.x_fit, self.gamma())?,
            };
            centre(&mut kernel, &self.column_means, self.mean);
            let z = matmul(&kernel, &weights);
            out.slice_mut(rows)
                .zip_mut_with(&z, |to, &v| *to = F::of(v));
        }
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedKernelPca<F> {
    type Output = Array2<F>;

    /// # Errors
    /// `Unsupported` where `fit_inverse_transform` was false.
    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        if !self.settings.fit_inverse_transform {
            return Err(ErrorKind::Unsupported {
                estimator: NAME.into(),
                operation: "inverse_transform without fit_inverse_transform".into(),
            }
            .into());
        }
        check::same_width(x, self.eigenvalues.len())?;
        let x = x.mapv(|v| v.f64());
        let kernel = (self.settings).between(&x, &self.training(), self.gamma())?;
        let out = matmul(&kernel, &self.dual_coef).mapv(F::of);
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedKernelPca<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names(
            "kernelpca",
            input,
            self.n_features_in,
            self.eigenvalues.len(),
        )
    }
}

impl<F: Float> fmt::Display for FittedKernelPca<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KernelPca: {} components of a {} kernel of {} rows",
            self.eigenvalues.len(),
            self.settings.kernel.name(),
            self.column_means.len()
        )
    }
}

impl<F: Float> Model for FittedKernelPca<F> {
    fn type_name() -> String {
        format!("FittedKernelPca<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let (n, p) = (self.column_means.len(), self.n_features_in);
        let k = self.eigenvalues.len();
        ensure::at_least("number of rows at fit", n, 1)?;
        ensure::at_least("number of features", p, 1)?;
        if self.settings.kernel == Kernel::Precomputed {
            ensure::equal("number of features", p, n)?;
            ensure::shape("x_fit", &self.x_fit, n, 0)?;
        } else {
            ensure::shape("x_fit", &self.x_fit, n, p)?;
        }
        ensure::that(k <= n, || format!("{k} components of {n} rows"))?;
        ensure::shape("eigenvectors", &self.eigenvectors, k, n)?;
        super::unit_rows(&self.eigenvectors)?;
        super::descending("eigenvalues", &self.eigenvalues, k)?;
        let rows = if self.settings.fit_inverse_transform {
            n
        } else {
            0
        };
        ensure::shape("dual_coef", &self.dual_coef, rows, p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decomposition::Pca;
    use crate::random::{generator, standard_normal};

    fn data() -> Array2<f64> {
        let mut rng = generator(11);
        Array2::from_shape_fn((30, 4), |(_, j)| {
            standard_normal(&mut rng) * (j + 1) as f64 + 3.0
        })
    }

    #[test]
    fn the_linear_kernel_gives_principal_components() {
        let x = data();
        let model = KernelPca::new().fit(&x, &()).unwrap();
        let z = model.transform(&x).unwrap();
        let pca = Pca::new().fit(&x, &()).unwrap().transform(&x).unwrap();
        assert_eq!(z.dim(), (30, 4));
        for (a, b) in z.columns().into_iter().zip(pca.columns()) {
            let sign = a.dot(&b).signum();
            assert!((&a * sign - b).iter().all(|d| d.abs() < 1e-10));
        }
        assert!(
            (model.x_transformed_fit() - z)
                .iter()
                .all(|d| d.abs() < 1e-10)
        );
    }

    #[test]
    fn a_precomputed_kernel_gives_what_the_kernel_gives() {
        let x = data();
        let own = KernelPca::new()
            .n_components(3)
            .kernel(Kernel::Rbf)
            .gamma(0.1);
        let own = own.fit(&x, &()).unwrap();
        let kernel = own.settings.between(&x, &x, 0.1).unwrap();
        let given = KernelPca::new().n_components(3).kernel(Kernel::Precomputed);
        let given = given.fit(&kernel, &()).unwrap();
        let d = given.transform(&kernel).unwrap() - own.transform(&x).unwrap();
        assert!(d.iter().all(|d: &f64| d.abs() < 1e-12));
        let error = KernelPca::new()
            .kernel(Kernel::Precomputed)
            .fit(&x, &())
            .unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::ShapeMismatch {
                expected: 30,
                got: 4,
                ..
            }
        ));
    }

    #[test]
    fn the_inverse_comes_near_and_must_have_been_learned() {
        let x = data();
        let model = KernelPca::new()
            .n_components(20)
            .kernel(Kernel::Rbf)
            .gamma(0.01);
        let with = model
            .clone()
            .fit_inverse_transform(true)
            .alpha(1e-6)
            .fit(&x, &())
            .unwrap();
        let back = with
            .inverse_transform(&with.transform(&x).unwrap())
            .unwrap();
        assert!((back - &x).iter().all(|d| d.abs() < 0.3));
        let without = model.fit(&x, &()).unwrap();
        let error = without
            .inverse_transform(&Array2::zeros((1, 20)))
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }));
    }

    #[test]
    fn what_is_no_kernel_is_an_error() {
        let wrong = ndarray::array![[0.0, 3.0, 1.0], [3.0, 0.0, 1.0], [1.0, 1.0, 0.0]];
        let error = KernelPca::new()
            .kernel(Kernel::Precomputed)
            .fit(&wrong, &())
            .unwrap_err();
        assert!(error.to_string().contains("it is no kernel"), "{error}");
    }
}
