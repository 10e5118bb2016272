//! What all estimators of neighbours share.

/// The settings of a search, as fields follow them: setters, and [`Settings`](super::search::Settings) from them.
macro_rules! search_setters {
    ($estimator:ident) => {
        impl $estimator {
            /// How neighbours are looked for.
            pub fn algorithm(mut self, algorithm: $crate::neighbors::NeighborsAlgorithm) -> Self {
                self.algorithm = algorithm;
                self
            }

            /// About how many rows a leaf of a tree holds.
            pub fn leaf_size(mut self, leaf_size: usize) -> Self {
                self.leaf_size = leaf_size;
                self
            }

            /// The distance.
            pub fn metric(mut self, metric: $crate::metrics::pairwise::Metric) -> Self {
                self.metric = metric;
                self
            }

            /// The power of the Minkowski distance, unless `metric_params` has one.
            pub fn p(mut self, p: f64) -> Self {
                self.p = p;
                self
            }

            /// What the metric needs besides the rows.
            pub fn metric_params(
                mut self,
                params: impl Into<Option<$crate::metrics::pairwise::MetricParams>>,
            ) -> Self {
                self.metric_params = params.into();
                self
            }

            fn settings(&self, n_neighbors: Option<usize>) -> $crate::neighbors::search::Settings {
                $crate::neighbors::search::Settings {
                    metric: self.metric,
                    params: self.metric_params.clone(),
                    p: self.p,
                    algorithm: self.algorithm,
                    leaf_size: self.leaf_size,
                    n_neighbors,
                }
            }
        }
    };
}
pub(crate) use search_setters;

/// An estimator that asks the neighbours within its `$reach`.
macro_rules! asking {
    (
        $(#[$doc:meta])*
        $name:ident, $text:expr;
        $new_doc:literal;
        $(#[$reach_attr:meta])*
        $reach:ident: $reach_type:ty = $reach_default:expr => $reach_doc:literal,
        |$value:ident| $check:expr;
        { $($field:ident: $type:ty = $default:expr,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[must_use]
        pub struct $name {
            $(#[$reach_attr])*
            $reach: $reach_type,
            weights: NeighborWeights,
            algorithm: NeighborsAlgorithm,
            leaf_size: usize,
            #[serde(with = "crate::params::number")]
            p: f64,
            metric: Metric,
            metric_params: Option<MetricParams>,
            $($field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    $reach: $reach_default,
                    weights: NeighborWeights::Uniform,
                    algorithm: NeighborsAlgorithm::Auto,
                    leaf_size: 30,
                    p: 2.0,
                    metric: Metric::Minkowski,
                    metric_params: None,
                    $($field: $default,)*
                }
            }
        }

        impl $name {
            #[doc = $new_doc]
            pub fn new() -> Self {
                Self::default()
            }

            #[doc = $reach_doc]
            pub fn $reach(mut self, $reach: $reach_type) -> Self {
                self.$reach = $reach;
                self
            }

            /// How much each of them counts.
            pub fn weights(mut self, weights: NeighborWeights) -> Self {
                self.weights = weights;
                self
            }
        }

        $crate::neighbors::estimators::search_setters!($name);

        impl Hyperparameters for $name {
            const NAME: &'static str = $text;

            fn check(&self) -> Result<()> {
                let $value = self.$reach;
                $check?;
                self.settings(None).check($text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }
    };
}
pub(crate) use asking;

/// What a model of means of neighbours can do; `$alone` is the error for a row without neighbours.
macro_rules! means {
    ($fitted:ident, $text:expr, |$row:ident| $alone:expr) => {
        impl<F: Float, D> $fitted<F, D> {
            accessors!();
        }

        impl<F: Float, D: TargetDim> Predict<ArrayRef2<F>> for $fitted<F, D> {
            type Output = Array<F, D>;

            fn predict(&self, x: &ArrayRef2<F>) -> Result<Array<F, D>> {
                let mut out = Array2::zeros((x.nrows(), self.targets.ncols()));
                let mut sums = vec![0.0; self.targets.ncols()];
                self.voters.ask(x, |$row, rows, weights| {
                    let total = mean_of(&self.targets, rows, weights, &mut sums);
                    let total = total.ok_or_else(|| $alone)?;
                    for (to, sum) in out.row_mut($row).iter_mut().zip(&sums) {
                        *to = F::of(sum / total);
                    }
                    Ok(())
                })?;
                check::learned($text, "a prediction", &out)?;
                Ok(D::from_columns(out))
            }
        }

        /// R².
        impl<F, D, Y> Score<ArrayRef2<F>, Y> for $fitted<F, D>
        where
            F: Float,
            D: TargetDim,
            Y: RealTargets<F, Dim = D> + ?Sized,
        {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                crate::metrics::r2_score(y, &*self.predict(x)?)
            }
        }

        impl<F: Float, D> fmt::Display for $fitted<F, D> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (n, p) = (self.n_samples_fit(), self.n_features_in());
                write!(f, "{} of {n} rows, {p} features", $text)
            }
        }

        impl<F: Float, D: TargetDim> Model for $fitted<F, D> {
            fn type_name() -> String {
                format!(concat!(stringify!($fitted), "<{}, {}>"), F::NAME, D::NAME)
            }

            fn validate(&self) -> Result<()> {
                self.voters.validate()?;
                check_targets::<F, D>(&self.targets, self.voters.index.n())
            }
        }
    };
}
pub(crate) use means;

/// What a model of votes can do, beside its predictions.
macro_rules! votes {
    ($fitted:ident) => {
        impl<F: Float> Classes for $fitted<F> {
            fn classes(&self) -> &[Class] {
                self.classes.as_slice()
            }
        }

        /// Logarithms are left out: shares of votes are often 0.
        impl<F: Float> crate::boxed::Confidence<ArrayRef2<F>> for $fitted<F> {
            type Float = F;

            fn maybe_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
                Some(self.predict_proba(x))
            }
        }

        /// The accuracy.
        impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for $fitted<F> {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                accuracy(&self.predict(x)?, y)
            }
        }

        impl<F: Float> fmt::Display for $fitted<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (n, p) = (self.n_samples_fit(), self.n_features_in());
                let k = self.classes.len();
                write!(f, "{CLASSIFIER} of {n} rows, {p} features, {k} classes")
            }
        }
    };
}
pub(crate) use votes;

use crate::error::{Error, Result};

/// There are as many rows as neighbours asked for.
pub(crate) fn enough(estimator: &str, n_neighbors: usize, rows: usize) -> Result<()> {
    if n_neighbors <= rows {
        return Ok(());
    }
    let expected = format!("at most the number of rows to choose from, {rows}");
    Err(Error::invalid_parameter(
        estimator,
        "n_neighbors",
        expected,
        n_neighbors,
    ))
}
