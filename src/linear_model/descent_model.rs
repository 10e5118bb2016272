//! What the fitted models of coordinate descent have in common.

/// The fit of an estimator with `objective()`, each target by itself, and its fitted model.
macro_rules! descent_model {
    ($(#[$doc:meta])* pub struct $fitted:ident of $estimator:ident) => {
        impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for $estimator {
            type Fitted = $fitted<F, Y::Dim>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check()?;
                Ok($fitted::learned(fit(self.objective(), x, y, None, &self.watch)?, self.objective().l1_ratio))
            }
        }

        impl $estimator {
            /// As [`fit`](Estimator::fit), from the coefficients of a model instead of 0: much faster where that model is
            /// of similar data or a similar penalty. The minimum is the same.
            ///
            /// # Errors
            /// As `fit`; `ShapeMismatch` when the model has other numbers of features or targets.
            #[allow(clippy::type_complexity)]
            pub fn fit_from<F, Y>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: &$fitted<F, <Y::Targets as RealTargets<F>>::Dim>,
            ) -> Result<$fitted<F, <Y::Targets as RealTargets<F>>::Dim>>
            where
                F: Float,
                Y: AsTargets + ?Sized,
                Y::Targets: RealTargets<F>,
            {
                self.check()?;
                let start = Some(start.coef.clone());
                let found = fit(self.objective(), x, y.as_targets(), start, &self.watch)?;
                Ok($fitted::learned(found, self.objective().l1_ratio))
            }
        }

        linear_regressor! {
            $(#[$doc])*
            pub struct $fitted of $estimator {
                l1_ratio: f64,
                dual_gap: Array1<f64>,
                n_iter: Vec<usize>,
                converged: bool,
            }
            validate(this) {
                ensure::that((0.0..=1.0).contains(&this.l1_ratio), || {
                    "`l1_ratio` is not in [0, 1]".into()
                })?;
                ensure::equal("length of `dual_gap`", this.dual_gap.len(), this.coef.nrows())?;
                ensure::equal("length of `n_iter`", this.n_iter.len(), this.coef.nrows())?;
            }
            sparse(this) { is_all_l1(this.l1_ratio) }
        }

        impl<F, D> $fitted<F, D> {
            fn learned(found: Solution<F>, l1_ratio: f64) -> Self {
                $fitted {
                    l1_ratio,
                    coef: found.coef,
                    intercept: found.intercept,
                    dual_gap: found.dual_gap,
                    n_iter: found.n_iter,
                    converged: found.converged,
                    dim: PhantomData,
                }
            }
        }

        impl<F: Float> $fitted<F, Ix1> {
            /// The features whose coefficient is not 0, with it.
            pub fn sparse_coef(&self) -> Vec<(usize, F)> {
                self.coef
                    .row(0)
                    .indexed_iter()
                    .filter(|(_, w)| **w != F::zero())
                    .map(|(j, w)| (j, *w))
                    .collect()
            }

            /// The duality gap at the end: the objective is at most this far above its minimum.
            pub fn dual_gap(&self) -> f64 {
                self.dual_gap[0]
            }

            /// Sweeps over the features; 0 where the start was good enough.
            pub fn n_iter(&self) -> usize {
                self.n_iter[0]
            }
        }

        impl<F: Float> $fitted<F, Ix2> {
            /// The coefficients that are not 0: target, feature, coefficient.
            pub fn sparse_coef(&self) -> Vec<(usize, usize, F)> {
                self.coef
                    .indexed_iter()
                    .filter(|(_, w)| **w != F::zero())
                    .map(|((k, j), w)| (k, j, *w))
                    .collect()
            }

            /// The duality gap of each target at the end: its objective is at most this far above the minimum.
            pub fn dual_gap(&self) -> ArrayView1<'_, f64> {
                self.dual_gap.view()
            }

            /// Sweeps over the features, for each target; 0 where the start was good enough.
            pub fn n_iter(&self) -> &[usize] {
                &self.n_iter
            }
        }

        impl<F: Float, D: TargetDim> $fitted<F, D> {
            /// Whether every duality gap came down to the tolerance within `max_iter` sweeps.
            pub fn converged(&self) -> bool {
                self.converged
            }
        }
    };
}
