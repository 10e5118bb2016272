//! For people who come from scikit-learn's MLP or from Keras: the same things side by side.
//!
//! # Two kinds of network
//!
//! `MlpClassifier` and `MlpRegressor` are scikit-learn's: the same parameters, the same numbers; beside them dropout, an
//! activation for each layer, Keras's optimisers, schedules and clipping, any metric to stop by, checkpoints and a summary.
//! [`SequentialClassifier`] and
//! [`SequentialRegressor`] are Keras's `Sequential`: layers one after the other, with Keras's definitions of layers, losses,
//! optimisers and schedules. Both are estimators: they take arrays, [`Labels`](crate::Labels) and weighted targets, stand in
//! pipelines and searches, and give fitted models that are saved and loaded. Their words are scikit-learn's.
//!
//! # A model
//!
//! ```python
//! # Keras
//! model = keras.Sequential([
//!     keras.layers.Dense(32, activation="silu"),
//!     keras.layers.BatchNormalization(),
//!     keras.layers.Dropout(0.2),
//!     keras.layers.Dense(3, activation="softmax"),
//! ])
//! model.compile(optimizer=keras.optimizers.AdamW(0.005), loss="sparse_categorical_crossentropy")
//! model.fit(x, y, batch_size=32, epochs=30)
//! model.predict(x).argmax(axis=1)
//! ```
//! ```
//! use fitwell::neural_network::{Activation, Optimizer, Sequential, SequentialClassifier};
//! use fitwell::{prelude::*, preprocessing::StandardScaler};
//!
//! let wine = fitwell::datasets::load_wine()?;
//! let layers = Sequential::new().dense(32, Activation::Silu).batch_normalization().dropout(0.2);
//! let network = SequentialClassifier::new(layers) // the last layer is added
//!     .optimizer(Optimizer::adam_w(0.004))
//!     .learning_rate_init(0.005)
//!     .batch_size(32)
//!     .max_iter(30);
//! let model = pipeline("scale", StandardScaler::new()).then("network", network).fit(&wine.x, &wine.target)?;
//! let classes = model.predict(&wine.x)?;
//! assert!(model.score(&wine.x, &wine.target)? > 0.95);
//! # Ok::<(), Error>(())
//! ```
//!
//! The last layer is not written: its width follows from the target, and its activation from the loss. Two classes have one
//! value, as with Keras's `binary_crossentropy`. Classes are labels of any kind, not one-hot rows.
//!
//! The perceptrons of scikit-learn:
//!
//! ```python
//! # scikit-learn
//! model = MLPClassifier((32, 16), activation="tanh", solver="sgd", momentum=0.8, learning_rate="adaptive",
//!                       learning_rate_init=0.05, max_iter=50)
//! model.fit(X, y, sample_weight=w)
//! model.predict_proba(X), model.coefs_, model.loss_curve_, model.n_iter_
//! ```
//! ```
//! use fitwell::neural_network::{Activation, LearningRate, MlpClassifier, Solver};
//! use fitwell::prelude::*;
//! use ndarray::Array1;
//!
//! let iris = fitwell::datasets::load_iris()?;
//! let w = Array1::<f64>::ones(iris.x.nrows());
//! let network = MlpClassifier::new()
//!     .hidden_layer_sizes([32, 16])
//!     .activation(Activation::Tanh)
//!     .solver(Solver::Sgd { momentum: 0.8, nesterovs_momentum: true, learning_rate: LearningRate::Adaptive })
//!     .learning_rate_init(0.05)
//!     .max_iter(50);
//! let model = network.fit(&iris.x, &iris.target.weighted(&w))?;
//! assert_eq!(model.predict_proba(&iris.x)?.dim(), (150, 3));
//! assert_eq!((model.coefs()[0].dim(), model.loss_curve().len()), ((4, 32), model.n_iter()));
//! // By scikit-learn's parameter names, as in a grid:
//! let named = MlpClassifier::new()
//!     .with_param("hidden_layer_sizes", vec![32, 16])?
//!     .with_param("activation", "tanh")?
//!     .with_param("solver", "sgd")?
//!     .with_param("momentum", 0.8)?
//!     .with_param("learning_rate", "adaptive")?
//!     .with_param("learning_rate_init", 0.05)?
//!     .with_param("max_iter", 50)?;
//! assert_eq!(named, network);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Words
//!
//! | Keras | scikit-learn | here |
//! |---|---|---|
//! | `epochs` | `max_iter` | `max_iter` |
//! | `batch_size` (32) | `batch_size` (min(200, n)) | `batch_size` (min(200, n)) |
//! | `learning_rate` of the optimiser | `learning_rate_init` | `learning_rate_init` |
//! | a schedule | `learning_rate` | `learning_rate`, a [`Schedule`] |
//! | `kernel_regularizer=L2(l)` | `alpha` (l = α/2n) | `l2` of [`Layer::Dense`] |
//! | `validation_split` (the last rows) | `validation_fraction` (drawn) | `validation_fraction` (drawn) |
//! | `validation_data` | none | [`fit_with_validation`](crate::FitWithValidation::fit_with_validation), also of a pipeline |
//! | `EarlyStopping(monitor, patience, restore_best_weights=True)` | `early_stopping`, `n_iter_no_change` | `early_stopping`, `monitor`, `n_iter_no_change` |
//! | `min_delta` | `tol` | `tol` |
//! | `class_weight` | none | `class_weight` |
//! | `sample_weight` | `sample_weight` | `y.weighted(&weights)` |
//! | `history.history["loss"]`, `["val_loss"]` | `loss_curve_` | `loss_curve()`, `validation_loss_curve()` |
//! | `get_weights()` | `coefs_`, `intercepts_` | `weights()` |
//! | `set_weights(w)` before `fit` | none | `initial_weights(w)` |
//! | one-hot columns of several labels, `binary_crossentropy` | a 2-d `y` of 0 and 1 | a 2-d array of 0 and 1 |
//! | `summary()` | none | `summary()` |
//! | `train_on_batch` | `partial_fit` | [`partial_fit`](crate::PartialFit::partial_fit) |
//! | `fit` once more | `warm_start=True` | `fit_from(x, y, &model)`; of several labels `fit_from_labels` |
//! | `fit(generator)` | none | [`fit_batches`](SequentialClassifier::fit_batches) |
//! | `BackupAndRestore`, `ModelCheckpoint` | none | [`Checkpoint`] |
//! | `CSVLogger` | none | [`CsvLog`](crate::observer::CsvLog) |
//! | the bar of `fit` | `verbose` | [`ProgressLines`](crate::observer::ProgressLines), `ProgressBar` of the feature `progress` |
//! | `LambdaCallback` | none | [`observer`](crate::observer::Observer), a closure |
//! | `TerminateOnNaN` | none | an error, after a [`Notice`](crate::observer::Notice) with advice |
//! | `keras.utils.set_random_seed` | `random_state` | `random_state` (0) |
//!
//! # Layers
//!
//! | Keras | here |
//! |---|---|
//! | `Dense(n, activation=f)` | `.dense(n, f)`; other settings through [`Layer::Dense`] |
//! | `Activation(f)` | `.activation(f)` |
//! | `Dropout(p)` | `.dropout(p)` |
//! | `BatchNormalization()` | `.batch_normalization()` |
//! | `LayerNormalization()` | `.layer_normalization()` |
//! | `IntegerLookup`, `Embedding(k, d)` and `Concatenate` | [`OrdinalEncoder`](crate::preprocessing::OrdinalEncoder) and `.embedding(columns, d)` |
//!
//! # Activations
//!
//! | Keras | here |
//! |---|---|
//! | `linear`, `sigmoid`, `tanh`, `relu` | `Identity`, `Logistic`, `Tanh`, `Relu` |
//! | `leaky_relu` (slope 0.2) | `LeakyRelu { negative_slope: 0.2 }` |
//! | `elu` | `Elu { alpha: 1.0 }` |
//! | `selu`, `softplus`, `silu`, `mish` | `Selu`, `Softplus`, `Silu`, `Mish` |
//! | `gelu` (approximate by default) | `GeluTanh`; exact: `Gelu` |
//!
//! # Optimisers, clipping, schedules
//!
//! | Keras | here |
//! |---|---|
//! | `SGD(momentum=m, nesterov=True)` | `Optimizer::nesterov(m)` |
//! | `Adam()` (ε 1e-7) | `Optimizer::adam()` (ε 1e-8, as scikit-learn) |
//! | `AdamW(weight_decay=w)` | `Optimizer::adam_w(w)` |
//! | `Nadam()`, `RMSprop()`, `Adagrad()` | `Optimizer::nadam()`, `rms_prop()`, `adagrad()` |
//! | `clipvalue`, `clipnorm`, `global_clipnorm` | [`Clip`] |
//! | `ExponentialDecay`, `InverseTimeDecay` | [`Schedule::Exponential`], [`Schedule::InverseTime`] |
//! | `CosineDecay`, `CosineDecayRestarts` | [`Schedule::Cosine`], [`Schedule::CosineRestarts`] |
//! | `warmup_target`, `warmup_steps` | `warmup_steps`, before any schedule |
//! | `ReduceLROnPlateau` | [`Schedule::ReduceOnPlateau`] |
//!
//! The default rates are 0.001 for every optimiser; Keras's plain SGD has 0.01.
//!
//! # Losses
//!
//! | Keras | here |
//! |---|---|
//! | `mse`, `mae`, `Huber(d)`, `log_cosh` | [`RegressionLoss`]: `SquaredError`, `AbsoluteError`, `Huber { delta: d }`, `LogCosh` |
//! | `binary_crossentropy`, `categorical_crossentropy` | [`ClassificationLoss::cross_entropy`] |
//! | `label_smoothing=s` | [`ClassificationLoss::smoothed`] |
//! | `BinaryFocalCrossentropy`, `CategoricalFocalCrossentropy` | [`ClassificationLoss::Focal`] |
//! | a function | [`Loss`], through `custom_loss` |
//!
//! # What differs from scikit-learn
//!
//! * From the same weights, without shuffling, `adam` and `sgd` give scikit-learn's numbers. The random numbers are others: the
//!   same `random_state` starts from other weights. [`initial_weights`](MlpClassifier::initial_weights) takes given ones.
//! * `warm_start` is `fit_from`, which takes the model to start from; the first `partial_fit`, with its `classes`, is
//!   `fit_first_batch`.
//! * `lbfgs` takes the steps of SciPy's L-BFGS-B. It too has a loss curve, stops early if asked to (there it learns from all
//!   rows whatever `early_stopping` says) and writes checkpoints; of several targets it minimises the loss that is reported;
//!   numbers of single precision stay single.
//! * Early stopping holds back rows of every class, where scikit-learn draws them from each class only when there are two.
//! * One class alone, weights below 0 and a loss that leaves the numbers are errors.
//!
//! # What differs from Keras
//!
//! * A loss is the mean weighted by the weights; Keras divides by the number of rows. Rows of weight 0 are not there.
//! * Training ends by itself when the loss stays for `n_iter_no_change` epochs, as in scikit-learn. `tol(0.0)` and a large
//!   `n_iter_no_change` turn that off.
//! * The same seed and data give the same bits, with any number of threads.
//! * A fit that diverges is an error, not a model of NaN.
//! * A fit that was interrupted goes on bit for bit:
//!
//! ```
//! use fitwell::neural_network::{Activation, Checkpoint, Sequential, SequentialRegressor};
//! use fitwell::prelude::*;
//!
//! let data = fitwell::datasets::load_diabetes()?;
//! let y = &data.target / 100.0;
//! let path = std::env::temp_dir().join(format!("fitwell-keras-{}.checkpoint", std::process::id()));
//! let network = SequentialRegressor::new(Sequential::new().dense(8, Activation::Relu)).tol(0.0);
//! let saving = network.clone().checkpoint(Checkpoint::new(&path));
//! saving.clone().max_iter(3).fit(&data.x, &y)?; // the power fails after three epochs
//! let model = saving.max_iter(6).fit(&data.x, &y)?;
//! assert_eq!(model.weights(), network.max_iter(6).fit(&data.x, &y)?.weights());
//! # std::fs::remove_file(&path).ok();
//! # Ok::<(), Error>(())
//! ```
#![allow(unused_imports)] // the page is all there is; the names are for its links

use super::*;
