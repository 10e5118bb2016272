//! Coefficients over a range of penalties.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array3, ArrayRef2, ArrayView1, ArrayView2, ArrayView3, Axis, Ix1, Ix2, s};

use super::coordinate_descent::{Alphas, Course, Penalties, Problem, Selection};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::targets::{AsTargets, RealTargets, TargetDim, Targets};

/// The elastic net's coefficients over a range of penalties; see [`EnetPath`].
///
/// ```
/// use fitwell::linear_model::enet_path;
/// use ndarray::array;
///
/// let x = array![[1.0, 2.3], [2.0, 5.4], [3.1, 4.3]];
/// let path = enet_path().l1_ratio(0.5).alphas(3).compute(&x, &array![1.0, 2.0, 3.1])?;
/// assert_eq!(path.coefs().dim(), (2, 3));
/// assert!(path.coefs().column(0).iter().all(|&w| w == 0.0)); // the first penalty leaves no feature
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn enet_path() -> EnetPath {
    EnetPath {
        name: "enet_path",
        l1_ratio: 0.5,
        eps: 1e-3,
        alphas: Alphas::Count(100),
        positive: false,
        course: Course {
            tol: 1e-4,
            max_iter: 1000,
            selection: Selection::Cyclic,
            random_state: 0,
        },
    }
}

/// The lasso's coefficients over a range of penalties: [`enet_path`] with `l1_ratio` 1.
///
/// ```
/// use fitwell::linear_model::lasso_path;
/// use ndarray::array;
///
/// let x = array![[1.0, 2.3], [2.0, 5.4], [3.1, 4.3]];
/// let path = lasso_path().alphas([5.0, 1.0, 0.5]).compute(&x, &array![1.0, 2.0, 3.1])?;
/// assert!(f64::abs(path.coefs()[[1, 0]] - 0.2159048) < 1e-7);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn lasso_path() -> EnetPath {
    EnetPath {
        name: "lasso_path",
        l1_ratio: 1.0,
        ..enet_path()
    }
}

/// Computes the coefficients of the elastic net for one penalty after the other, each from the last one's. Made by
/// [`enet_path`] and [`lasso_path`].
///
/// For each `alpha`, in falling order, minimises over `w`
///
/// ```text
/// Σᵢ sᵢ (yᵢ − xᵢ·w)² / (2 Σᵢ sᵢ) + alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio) ‖w‖² / 2)
/// ```
///
/// There is no intercept: centre `x` and `y` first. Several targets share their features: `‖w‖₁` is then the sum over the
/// features of the norm of their coefficients, as in [`MultiTaskElasticNet`](super::MultiTaskElasticNet).
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `l1_ratio` | 0.5, of the lasso 1 | `[0, 1]` | the share of the L1 penalty |
/// | `alphas` | 100 | a count, or penalties of `[0, inf)` | a count: in equal ratios, from the least that leaves no feature |
/// | `eps` | 1e-3 | `(0, inf)` | the last penalty over the first, for a count of them |
/// | `positive` | `false` | | `true` allows no coefficient below 0; for one target |
/// | `max_iter`, `tol`, `selection`, `random_state` | 1000, 1e-4, cyclic, 0 | | as [`ElasticNet`](super::ElasticNet)'s |
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct EnetPath {
    name: &'static str,
    l1_ratio: f64,
    eps: f64,
    alphas: Alphas,
    positive: bool,
    course: Course,
}

impl EnetPath {
    /// The share of the L1 penalty.
    pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// A number of penalties, or these.
    pub fn alphas(mut self, alphas: impl Into<Alphas>) -> Self {
        self.alphas = alphas.into();
        self
    }

    /// The last penalty over the first, for a number of them.
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Whether coefficients must not be negative.
    pub fn positive(mut self, positive: bool) -> Self {
        self.positive = positive;
        self
    }

    /// Sweeps over the features for each penalty, at most.
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.course.max_iter = max_iter;
        self
    }

    /// When to stop: the duality gap in units of the mean square of y.
    pub fn tol(mut self, tol: f64) -> Self {
        self.course.tol = tol;
        self
    }

    /// Which coefficient moves next.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.course.selection = selection;
        self
    }

    /// The seed of the random selection.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.course.random_state = seed;
        self
    }

    /// The path of samples (n_samples, n_features) and one target or several, with weights or without.
    ///
    /// # Errors
    /// `InvalidParameter`, also for `positive` with several targets and a count of penalties with `l1_ratio` 0; `EmptyInput`;
    /// `NonFinite`; `ShapeMismatch`; `Overflow`.
    #[allow(clippy::type_complexity)]
    pub fn compute<F, Y>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<SparsePath<F, <Y::Targets as RealTargets<F>>::Dim>>
    where
        F: Float,
        Y: AsTargets + ?Sized,
        Y::Targets: RealTargets<F>,
    {
        let y = y.as_targets();
        self.check(y.columns().ncols())?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let problem = Problem::new(self.name, x, &y.columns(), weights.as_deref(), false)?;
        let (t, p) = (problem.response.mean.len(), x.ncols());
        let cross = (&problem.response.cross[..], p);
        let shape = (self.l1_ratio, self.eps, self.positive);
        let alphas = self
            .alphas
            .falling(self.name, cross, problem.centred.weight(), shape)?;
        check::learned(self.name, "a penalty", &alphas)?;
        let penalties = Penalties {
            alphas: &alphas,
            l1_ratio: self.l1_ratio,
            positive: self.positive,
        };
        let descent = || self.course.descent();
        let paths = problem.paths(
            std::slice::from_ref(&(0..t)),
            penalties,
            descent,
            None,
            &mut |_| Ok(()),
        )?;
        let points: Vec<_> = paths.into_iter().flatten().collect();
        let mut coefs = Array3::zeros((t, p, alphas.len()));
        for (i, point) in points.iter().enumerate() {
            for (j, w) in point.coef.chunks(t).enumerate() {
                for (k, w) in w.iter().enumerate() {
                    coefs[[k, j, i]] = F::of(*w);
                }
            }
        }
        check::learned(self.name, "a coefficient", &coefs)?;
        let path = SparsePath {
            coefs,
            alphas: alphas.into(),
            dual_gaps: points.iter().map(|p| p.outcome.gap).collect(),
            n_iters: points.iter().map(|p| p.outcome.n_iter).collect(),
            converged: points.iter().all(|p| p.outcome.converged),
            dim: PhantomData,
        };
        if !path.converged {
            log::warn!(
                "{} did not converge for every penalty in {} iterations (tol {:.1e}): standardise the features, or raise max_iter or tol",
                self.name,
                self.course.max_iter,
                self.course.tol
            );
        }
        Ok(path)
    }

    fn check(&self, targets: usize) -> Result<()> {
        let name = self.name;
        check::real(name, "l1_ratio", self.l1_ratio, Interval::closed(0.0, 1.0))?;
        check::real(name, "eps", self.eps, Interval::above(0.0))?;
        self.alphas.check(name)?;
        self.course.check(name)?;
        if self.positive && targets > 1 {
            let allowed = "false where there are several targets";
            return Err(Error::invalid_parameter(name, "positive", allowed, true));
        }
        Ok(())
    }
}

/// Coefficients over a range of penalties, of one target (`D` = [`Ix1`](type@Ix1)) or several ([`Ix2`](type@Ix2)).
#[derive(Clone, Debug, PartialEq)]
pub struct SparsePath<F = f64, D = Ix1> {
    /// (n_targets, n_features, n_alphas)
    coefs: Array3<F>,
    alphas: Array1<f64>,
    dual_gaps: Array1<f64>,
    n_iters: Vec<usize>,
    converged: bool,
    dim: PhantomData<D>,
}

impl<F: Float> SparsePath<F, Ix1> {
    /// The coefficients, (n_features, n_alphas).
    pub fn coefs(&self) -> ArrayView2<'_, F> {
        self.coefs.index_axis(Axis(0), 0)
    }
}

impl<F: Float> SparsePath<F, Ix2> {
    /// The coefficients, (n_targets, n_features, n_alphas).
    pub fn coefs(&self) -> ArrayView3<'_, F> {
        self.coefs.view()
    }
}

impl<F: Float, D: TargetDim> SparsePath<F, D> {
    /// The penalties, falling.
    pub fn alphas(&self) -> ArrayView1<'_, f64> {
        self.alphas.view()
    }

    /// The duality gap of each penalty at the end.
    pub fn dual_gaps(&self) -> ArrayView1<'_, f64> {
        self.dual_gaps.view()
    }

    /// Sweeps over the features, for each penalty.
    pub fn n_iters(&self) -> &[usize] {
        &self.n_iters
    }

    /// Whether every duality gap came down to the tolerance within `max_iter` sweeps.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Features with a coefficient that is not 0, for each penalty.
    pub fn n_active(&self) -> Vec<usize> {
        let active = |i: usize| {
            let of = self.coefs.slice(s![.., .., i]);
            let columns = of.columns().into_iter();
            columns
                .filter(|w| w.iter().any(|&w| w != F::zero()))
                .count()
        };
        (0..self.alphas.len()).map(active).collect()
    }
}

/// One line for each penalty.
/// A number to five significant digits, with an exponent only where it would be long without.
fn significant(v: f64) -> String {
    if v == 0.0 {
        return "0".into();
    }
    let digits = v.abs().log10().floor();
    if (-4.0..7.0).contains(&digits) {
        let decimals = (4.0 - digits).clamp(0.0, 8.0) as usize;
        format!("{v:.decimals$}")
    } else {
        format!("{v:.4e}")
    }
}

impl<F: Float, D: TargetDim> fmt::Display for SparsePath<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>12}  features  {:>12}  sweeps", "alpha", "dual gap")?;
        for (i, active) in self.n_active().into_iter().enumerate() {
            writeln!(
                f,
                "{:>12}  {active:>8}  {:>12.1e}  {:>6}",
                significant(self.alphas[i]),
                self.dual_gaps[i],
                self.n_iters[i]
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::significant;

    #[test]
    fn five_digits() {
        for (v, text) in [
            (0.0, "0"),
            (45.16, "45.160"),
            (0.000_123_456, "0.00012346"),
            (-1_234_567.0, "-1234567"),
            (1e7, "1.0000e7"),
            (2.5e-9, "2.5000e-9"),
        ] {
            assert_eq!(significant(v), text);
        }
    }
}
