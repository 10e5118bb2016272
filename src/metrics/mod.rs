//! How good predictions are: functions of what is true and what was predicted. They know no estimator.
//!
//! The true side is a target, so sample weights travel with it: `accuracy_score(&y, &predicted)` counts every row once,
//! `accuracy_score(&y.weighted(&w), &predicted)` counts each as often as its weight says.
//!
//! | question | functions |
//! |---|---|
//! | how many classes are right | [`accuracy_score`], [`zero_one_loss`], [`hamming_loss`], [`balanced_accuracy_score`], [`confusion_matrix`], [`multilabel_confusion_matrix`], [`top_k_accuracy_score`] |
//! | how good is each class | [`precision_score`], [`recall_score`], [`f1_score`], [`fbeta_score`], [`jaccard_score`], [`precision_recall_fscore_support`], [`classification_report`] |
//! | how far beyond chance | [`cohen_kappa_score`], [`matthews_corrcoef`], [`class_likelihood_ratios`] |
//! | how good are the probabilities | [`log_loss`], [`brier_score_loss`], [`d2_log_loss_score`], [`d2_brier_score`], [`hinge_loss`] |
//! | how well do scores rank | [`roc_auc_score`], [`roc_auc_score_multiclass`], [`average_precision_score`], [`dcg_score`], [`ndcg_score`] |
//! | how well are labels ranked in a row | [`coverage_error`], [`label_ranking_average_precision_score`], [`label_ranking_loss`] |
//! | what happens at every threshold | [`roc_curve`], [`precision_recall_curve`], [`det_curve`], [`confusion_matrix_at_thresholds`], [`metric_at_thresholds`], [`calibration_curve`] |
//! | how far off are real predictions | [`r2_score`], [`mean_squared_error`], [`root_mean_squared_error`], [`mean_absolute_error`], [`median_absolute_error`], [`max_error`], [`explained_variance_score`] |
//! | how far off are quantiles, counts, positive values | [`mean_pinball_loss`], [`mean_poisson_deviance`], [`mean_gamma_deviance`], [`mean_tweedie_deviance`], [`mean_squared_log_error`] |
//! | do two groupings agree | [`adjusted_rand_score`], [`rand_score`], [`adjusted_mutual_info_score`], [`normalized_mutual_info_score`], [`mutual_info_score`], [`homogeneity_completeness_v_measure`], [`fowlkes_mallows_score`], [`contingency_matrix`], [`pair_confusion_matrix`], [`consensus_score`] of biclusters |
//! | are clusters apart | [`silhouette_score`], [`calinski_harabasz_score`], [`davies_bouldin_score`] |
//! | how sure is any of them | [`Bootstrap`] |
//! | how far apart are rows, how similar | [`pairwise`] |
//!
//! Sums are taken pairwise in `f64`, so that they keep their digits over millions of rows. A metric that is not defined
//! for its input (one class for an ROC curve, one row for R²) is an error, never a silent NaN.

mod agreement;
mod biclusters;
mod bootstrap;
mod calibration;
mod class_scores;
mod classification;
mod curves;
mod decision;
mod deviance;
mod grouping_scores;
mod label_confusion;
mod label_ranking;
mod pairs;
pub mod pairwise;
mod partition;
mod probability;
mod ranking;
mod regression;
mod report;
mod silhouette;
mod sorted;
mod sum;
mod target;

pub use agreement::{
    CohenKappaScore, KappaWeights, LikelihoodRatios, class_likelihood_ratios, cohen_kappa_score,
    matthews_corrcoef,
};
pub use biclusters::{Biclusters, consensus_score};
pub use bootstrap::{Bootstrap, ConfidenceInterval, IntervalMethod};
pub use calibration::{BinStrategy, CalibrationCurve, calibration_curve};
pub use class_scores::{
    Average, Averages, ClassScore, ClassScores, ZeroDivision, f1_score, fbeta_score, jaccard_score,
    precision_recall_fscore_support, precision_score, recall_score,
};
pub use classification::{
    ConfusionMatrix, Normalize, accuracy_count, accuracy_score, balanced_accuracy_score,
    balanced_accuracy_score_adjusted, confusion_matrix, hamming_loss, zero_one_count,
    zero_one_loss,
};
pub use curves::{
    DetCurve, PrecisionRecallCurve, RocCurve, ThresholdCounts, auc, confusion_matrix_at_thresholds,
    det_curve, metric_at_thresholds, precision_recall_curve, roc_curve,
};
pub use decision::{hinge_loss, top_k_accuracy_count, top_k_accuracy_score};
pub use deviance::{
    ExplainedVarianceScore, d2_absolute_error_score, d2_absolute_error_score_per_target,
    d2_pinball_score, d2_pinball_score_per_target, d2_tweedie_score, explained_variance_score,
    max_error, mean_gamma_deviance, mean_pinball_loss, mean_pinball_loss_per_target,
    mean_poisson_deviance, mean_tweedie_deviance, median_absolute_error,
    median_absolute_error_per_target,
};
pub use grouping_scores::{
    AverageMethod, VMeasure, adjusted_mutual_info_score, adjusted_rand_score, completeness_score,
    fowlkes_mallows_score, homogeneity_completeness_v_measure, homogeneity_score,
    mutual_info_score, normalized_mutual_info_score, rand_score, v_measure_score,
};
pub use label_confusion::{MultilabelConfusionMatrix, multilabel_confusion_matrix};
pub use label_ranking::{
    DcgScore, average_precision_per_class, average_precision_per_label, average_precision_score,
    average_precision_score_labels, average_precision_score_multiclass,
    average_precision_score_of_class, coverage_error, dcg_score,
    label_ranking_average_precision_score, label_ranking_loss, ndcg_score,
};
pub use partition::{Grouping, contingency_matrix, pair_confusion_matrix};
pub use probability::{
    brier_score_loss, brier_score_loss_unscaled, d2_brier_score, d2_log_loss_score, log_loss,
    log_loss_sum,
};
pub(crate) use ranking::binary_auc;
pub use ranking::{
    MultiClass, RocAucScore, roc_auc_per_class, roc_auc_score, roc_auc_score_multiclass,
};
pub use regression::{
    Multioutput, R2Score, average_outputs, mean_absolute_error, mean_absolute_error_per_target,
    mean_absolute_percentage_error, mean_absolute_percentage_error_per_target, mean_squared_error,
    mean_squared_error_per_target, mean_squared_log_error, mean_squared_log_error_per_target,
    r2_score, root_mean_squared_error, root_mean_squared_error_per_target,
    root_mean_squared_log_error, root_mean_squared_log_error_per_target,
};
pub use report::{ClassificationReport, classification_report};
pub use silhouette::{
    Silhouette, calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score,
};
pub use target::{ClassificationTarget, Compared};
