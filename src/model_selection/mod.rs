//! Choosing a model: held-out rows, cross-validation, search over hyper-parameters.
//!
//! [`train_test_split`] holds rows out. [`KFold`], [`StratifiedKFold`] and the other splitters divide rows into folds; a
//! number of folds or a list of [`Split`]s will do as well. [`cross_validate`] fits on all folds but one and scores on that one, in turn, with
//! as many [`Scorer`]s as you like; [`cross_val_predict`] predicts instead of scoring. [`learning_curve`] and
//! [`validation_curve`] show scores against the number of rows and against a hyper-parameter, [`permutation_test_score`]
//! whether a score could be chance. [`GridSearchCv`] does so for every combination of a [`ParamGrid`] and fits the best
//! again on all rows.
//!
//! Fits run side by side on rayon's threads; results are ordered, and the same bits with any number of threads.
//!
//! # Searches
//! | search | tries |
//! |---|---|
//! | [`GridSearchCv`] | every combination of a [`ParamGrid`] |
//! | [`RandomizedSearchCv`] | candidates drawn from [`ParamDistributions`] |
//! | [`HalvingGridSearchCv`], [`HalvingRandomSearchCv`] | many of those on few rows, the better ones on more |
//! | [`TpeSearchCv`] | what a model of the scores so far proposes |
//!
//! All of them are a [`SearchCv`] with different strategies: settings, results, logs and model files are the same. With a
//! [`Strategy`] of your own there is one more. Which estimator a step is can be searched too: [`Choice`].

mod cross_val_predict;
mod cross_validate;
mod curves;
mod distributions;
mod folds;
mod given_splits;
mod grid_search;
mod group_folds;
mod halving;
mod leave_out;
mod make_scorer;
mod named_scorers;
mod param_grid;
mod param_values;
mod permutation_test;
mod random_search;
mod results_table;
mod scoring;
mod search;
mod search_results;
mod shuffle_split;
mod split;
mod splitter;
mod tasks;
mod threshold;
mod threshold_tuned;
mod tpe;

pub use cross_val_predict::{
    FromFolds, cross_val_decision_function, cross_val_predict, cross_val_predict_log_proba,
    cross_val_predict_proba,
};
pub use cross_validate::{CrossValidate, CrossValidation, cross_val_score, cross_validate};
pub use curves::{
    LearningCurve, LearningCurveScores, ValidationCurve, ValidationCurveScores, learning_curve,
    validation_curve,
};
pub use distributions::{
    Draw, ParamDistributions, integers, log_integers, log_uniform, normal, uniform,
};
pub use folds::{KFold, RepeatedKFold, RepeatedStratifiedKFold, StratifiedKFold};
pub use given_splits::{PredefinedSplit, TimeSeriesSplit};
pub use grid_search::{FittedGridSearchCv, GridSearchCv};
pub use group_folds::{GroupKFold, StratifiedGroupKFold};
pub use halving::{
    Candidates, Halving, HalvingGridSearchCv, HalvingRandomSearchCv, HalvingSchedule, MinResources,
    NCandidates, Resource,
};
pub use leave_out::{LeaveOneGroupOut, LeaveOneOut, LeavePGroupsOut, LeavePOut};
pub use make_scorer::{
    DecisionFunctionScorer, PredictionScorer, ProbabilityScorer, make_decision_scorer,
    make_proba_scorer, make_scorer,
};
pub use named_scorers::{
    ClassScorer, ClusterScorer, DecisionScorer, LabelProbaScorer, LabelScorer, NamedScorer,
    ProbaScorer, RegressionScorer, scorer_by_name, scorer_names,
};
pub use param_grid::ParamGrid;
pub use param_values::ParamValues;
pub use permutation_test::{PermutationTest, PermutationTestScore, permutation_test_score};
pub use random_search::{RandomDraws, RandomizedSearchCv};
pub use scoring::{
    Accuracy, BalancedAccuracy, DefaultScore, F1, Named, NegLogLoss, NegMeanAbsoluteError,
    NegMeanSquaredError, NegRootMeanSquaredError, Precision, R2, Recall, RocAuc, Scorer, named,
};
pub use search::{
    Batch, Batches, Choice, ErrorScore, FittedSearchCv, Refit, Rule, SearchCv, Setting, Strategy,
    Tried,
};
pub use search_results::{CandidateResult, SearchResults};
pub use shuffle_split::{GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit};
pub use split::{RowSets, Rows, Size, TrainTestSplit, train_test_split};
pub use splitter::{CrossValidator, Split, Splits};
pub use threshold::{FittedFixedThresholdClassifier, FixedThresholdClassifier, ResponseMethod};
pub use threshold_tuned::{
    FittedTunedThresholdClassifierCv, Thresholded, Thresholds, TunedThresholdClassifierCv,
};
pub use tpe::{ParzenTree, TpeSearchCv};
