//! fitwell for people who know scikit-learn: the same words, side by side.
//!
//! | scikit-learn | fitwell |
//! |---|---|
//! | `pd.read_csv("f.csv")` | `Table::from_csv("f.csv")?` |
//! | `df.drop(columns="y"), df["y"]` | `table.split_labels("y")?`, `table.split_real("y")?` |
//! | `df.assign(z=df.a + df.b)` | `table.derive("z", ("a", "b"), \|(a, b): (f64, f64)\| a + b)?` |
//! | `df[df.age > 30]`, `df.sort_values("age")` | `table.filter("age", \|age: f64\| age > 30.0)?`, `table.sort_values(["age"])?` |
//! | `df.describe(include="all")`, `df.port.value_counts()` | `table.describe()?`, `table.value_counts("port")?`; more of pandas' words in [`table`](crate::table) |
//! | `pd.to_datetime(df.day).dt.month` | `DateParts::new().parts([DatePart::Month])`, a transformer behind the feature `dates` |
//! | `np.array([[1.0, 2.0]])` | `ndarray::array![[1.0, 2.0]]`, or [`to_matrix(&rows)?`](crate::to_matrix) |
//! | `load_iris(return_X_y=True)` | `let iris = datasets::load_iris()?; (iris.x, iris.target)` |
//! | `make_blobs(n_samples=300, centers=3)` | `datasets::make_blobs().n_samples(300).centers(3).build()?` |
//! | `y = ["a", "b", "a"]` | `Labels::from(["a", "b", "a"])` |
//! | `LogisticRegression(C=0.1, class_weight="balanced")` | `LogisticRegression::new().c(0.1).class_weight(ClassWeight::Balanced)` |
//! | `LogisticRegression(solver="saga", l1_ratio=1)`, `penalty="l1"` before 1.8 | `LogisticRegression::new().solver(LogisticSolver::NewtonCd).l1_ratio(1.0)`, or `Saga` |
//! | `LogisticRegression(warm_start=True)`, `fit` again | `model.fit_from(&x, &y, &fitted)?` |
//! | `LogisticRegressionCV(Cs=5, scoring="neg_log_loss")` | `LogisticRegressionCv::new().cs(5).scoring(NegLogLoss)` |
//! | `Ridge(solver="lsqr")`, `Ridge(positive=True)` | `Ridge::new().solver(RidgeSolver::Lsqr)`, `Ridge::new().positive(true)` |
//! | `RidgeCV(alphas=[0.1, 1], store_cv_results=True)` | `RidgeCv::new().alphas([0.1, 1.0]).store_cv_results(true)` |
//! | `RidgeClassifier()`, `RidgeClassifierCV(cv=5)` | `RidgeClassifier::new()`, `RidgeClassifierCv::new().cv(5)` |
//! | `model.fit(X, y); model.predict(X2)` | `let fitted = model.fit(&x, &y)?; fitted.predict(&x2)?` |
//! | `model.fit(X, y, sample_weight=w)` | `model.fit(&x, &y.weighted(&w))?` |
//! | `model.coef_`, `model.n_iter_` | `fitted.coef()`, `fitted.n_iter()` |
//! | `scaler.fit_transform(X)` | `scaler.fit_transform(&x)?` |
//! | `scaler.fit(X)` | `scaler.fit(&x, &())?` |
//! | `MinMaxScaler(feature_range=(-1, 1), clip=True)` | `MinMaxScaler::new().feature_range(-1.0, 1.0).clip(true)` |
//! | `RobustScaler(quantile_range=(10, 90))` | `RobustScaler::new().quantile_range(10.0, 90.0)` |
//! | `Normalizer(norm="l1")` | `Normalizer::new().norm(Norm::L1)` |
//! | `PowerTransformer(method="box-cox")` | `PowerTransformer::new().method(PowerMethod::BoxCox)` |
//! | `QuantileTransformer(output_distribution="normal", subsample=None)` | `QuantileTransformer::new().output_distribution(OutputDistribution::Normal).subsample(None)` |
//! | `make_pipeline(StandardScaler(), Ridge())` | `pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new())` |
//! | `pipe.named_steps["ridge"]` | `fitted.step::<FittedRidge>("ridge")` |
//! | `pipe[:-1].get_feature_names_out()` | `fitted.first().feature_names_out(None)?` |
//! | `pipe.set_params(ridge__alpha=0.5)` | `pipe.with_param("ridge__alpha", 0.5)?` |
//! | `pipe.get_params()` | `pipe.params()` |
//! | `ColumnTransformer([("num", StandardScaler(), ["age"])])` | `ColumnTransformer::new().numeric("num", ["age"], StandardScaler::new())` |
//! | `ColumnTransformer([("cat", OneHotEncoder(), ["sex"])])` | `ColumnTransformer::new().part("cat", ["sex"], OneHotEncoder::new())` |
//! | `("keep", "passthrough", ["age"])`, `("out", "drop", ["name"])` | `.passthrough("keep", ["age"])`, `.drop("out", ["name"])` |
//! | `ColumnTransformer(..., remainder=StandardScaler())` | `.remainder_numeric(StandardScaler::new())`, or `.remainder_part(step)` for a step of tables |
//! | `make_column_selector(pattern="t_")`, a callable | `Columns::pattern("*t_*")`, `Columns::when(\|name, column\| ...)` |
//! | `columns=[0, -1]`, `slice(1, 3)`, `slice("a", "c")` | `Columns::indices([0, -1])`, `1..3`, `"a"..="c"` |
//! | `ct.named_transformers_["num"]`, `ct.output_indices_` | `fitted.step::<FittedStandardScaler<f64>>("num")`, `fitted.output_indices()` |
//! | `FeatureUnion([("a", PCA()), ("b", "passthrough")])` | `FeatureUnion::new().part("a", a).part("b", Passthrough::new())` |
//! | `pipe.set_params(scale="passthrough")` | `pipeline("scale", Optional::new(StandardScaler::new()))`, then `scale__enabled` is `false` |
//! | `TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp)` | `TransformedTargetRegressor::new(Ridge::new()).func(f64::ln, f64::exp)` |
//! | `pd.Series(pipe[-1].coef_, pipe[:-1].get_feature_names_out())` | `fitted.named_coefficients()?` |
//! | `estimator_html_repr(pipe)` | `pipe.to_html()`, and `println!("{pipe}")` for the tree |
//! | `eval_set=[(X_val, y_val)]` with `X_val` transformed by hand | `pipe.fit_with_validation(&x, &y, &x_val, &y_val)?` |
//! | `VarianceThreshold(0.1)` | `VarianceThreshold::new().threshold(0.1)` |
//! | `SelectKBest(chi2, k=5)` | `SelectKBest::new().score_func(Chi2).k(5)` |
//! | `SelectKBest(k="all")` | `SelectKBest::new().k(K::All)` |
//! | `SelectFpr(alpha=0.01)`, `SelectFdr()`, `SelectFwe()` | `SelectFpr::new().alpha(0.01)`, `SelectFdr::new()`, `SelectFwe::new()` |
//! | `MaxAbsScaler(clip=True)` | `MaxAbsScaler::new().clip(true)` |
//! | `pd.concat([a, b])`, `pd.concat([a, b], axis=1)` | `Table::concat_rows([&a, &b])?`, `Table::concat_columns([&a, &b])?` |
//! | `f_classif(X, y)` | `f_classif(&x, &y)?`, with `scores()` and `pvalues()` |
//! | `mutual_info_regression(X, y, n_neighbors=5)` | `MutualInfoRegression::new().n_neighbors(5).scores(&x, &y)?` |
//! | `SelectFromModel(Ridge(), threshold="1.25*mean")` | `SelectFromModel::new(Ridge::new()).threshold(Threshold::Mean(1.25))` |
//! | `SelectFromModel(fitted, prefit=True)` | `SelectFromModel::prefit(fitted)` |
//! | `RFE(Ridge(), n_features_to_select=3)` | `Rfe::new(Ridge::new()).n_features_to_select(3)` |
//! | `RFECV(Ridge(), cv=5, scoring="r2")` | `RfeCv::new(Ridge::new()).cv(5).scoring(R2::new())` |
//! | `SequentialFeatureSelector(Ridge(), direction="backward")` | `SequentialFeatureSelector::new(Ridge::new()).direction(Direction::Backward)` |
//! | `selector.get_support(indices=True)` | `fitted.support_indices()`, or `fitted.support()` for the mask |
//! | `importance_getter="named_steps.clf.coef_"` | the last step's by itself, or `.importance_getter(\|model: &M\| ...)` |
//! | `SimpleImputer(strategy="constant", fill_value="?")` | `SimpleImputer::constant("?")`, on arrays and tables |
//! | `SimpleImputer(missing_values="?", strategy=np.max)` | `SimpleImputer::custom("max", f).missing_values("?")` |
//! | `KNNImputer(n_neighbors=3, weights="distance")` | `KnnImputer::new().n_neighbors(3).weights(KnnWeights::Distance)` |
//! | `IterativeImputer(Ridge(), max_iter=20)` | `IterativeImputer::new().estimator(Ridge::new()).max_iter(20)` |
//! | `IterativeImputer(sample_posterior=True)` | `IterativeImputer::new().sample_posterior()` |
//! | `MissingIndicator(features="all")` | `MissingIndicator::new().features(IndicatorFeatures::All)` |
//! | `SGDClassifier(loss="log_loss", penalty=None, average=True)` | `SgdClassifier::new().loss(SgdLoss::LogLoss).penalty(None).average(1)` |
//! | `clf.partial_fit(X, y, classes=[0, 1])` | `SgdClassifier::new().begin(n_features, &Labels::from([0, 1]))?`, then `model.partial_fit(&x, &y)?` |
//! | `SGDRegressor(warm_start=True)`, `fit(coef_init=...)` | `SgdRegressor::new().fit_from(&x, &y, &model)?` |
//! | `PassiveAggressiveClassifier()` | `SgdClassifier::new().penalty(None).learning_rate(SgdLearningRate::Pa1).eta0(1.0)` |
//! | `pd.read_csv("f.csv", chunksize=10_000)` | `CsvOptions::new().batches_path("f.csv", 10_000)?` |
//! | `BayesianRidge().fit(X, y).predict(X2, return_std=True)` | `BayesianRidge::new().fit(&x, &y)?.predict_std(&x2)?` |
//! | `Lasso(alpha=0.1, precompute=True)` | `Lasso::new().alpha(0.1)`: whether products of the features are formed is decided by the shape |
//! | `ElasticNet(warm_start=True)`, fitted again | `ElasticNet::new().fit_from(&x, &y, &fitted)?` |
//! | `lasso_path(X, y, alphas=50)` | `lasso_path().alphas(50).compute(&x, &y)?` |
//! | `ElasticNetCV(l1_ratio=[0.5, 1], alphas=50, cv=KFold(5))` | `ElasticNetCv::new().l1_ratio([0.5, 1.0]).alphas(50).cv(KFold::new())` |
//! | `MLPClassifier((50, 20), solver="sgd", momentum=0.8)` | `MlpClassifier::new().hidden_layer_sizes([50, 20]).solver(Solver::Sgd { momentum: 0.8, .. })`, or `with_param("momentum", 0.8)` |
//! | `mlp.coefs_`, `mlp.loss_curve_`, `mlp.validation_scores_` | `fitted.coefs()`, `fitted.loss_curve()`, `fitted.validation_scores()` |
//! | `mlp.partial_fit(X, y, classes=[0, 1])`, then `mlp.partial_fit(X2, y2)` | `let mut m = mlp.fit_first_batch(&x, &y, classes)?`, then `m.partial_fit(&x2, &y2)?` |
//! | `MLPRegressor(warm_start=True)`, fitted again | `mlp.fit_from(&x, &y, &fitted)?` |
//! | `MultiTaskLasso().fit(X, Y)` | `MultiTaskLasso::new().fit(&x, &y)?` with a two-dimensional `y`; a one-dimensional one does not compile |
//! | `lars_path(X, y, method="lasso")` | `LassoLars::new().alpha(0.0).fit(&x, &y)?`, with `alphas()`, `active()`, `coef_path()` |
//! | `LarsCV(cv=3)`, `LassoLarsCV(cv=3)` | `LarsCv::new().cv(3)`, `LassoLarsCv::new().cv(3)` |
//! | `LassoLarsIC(criterion="bic")` | `LassoLarsIc::new().criterion(InformationCriterion::Bic)` |
//! | `KMeans(8, init=centers, algorithm="elkan")` | `KMeans::new(8).init(&centers).algorithm(Algorithm::Elkan)` |
//! | `MiniBatchKMeans(8).partial_fit(X).partial_fit(X2)` | `let mut m = MiniBatchKMeans::new(8).fit_first_batch(&x, &())?`, then `m.partial_fit(&x2, &())?` |
//! | `AgglomerativeClustering(3, linkage="average").fit_predict(X)` | `AgglomerativeClustering::new(3).linkage(Linkage::Average).fit_predict(&x)?` |
//! | `AgglomerativeClustering(n_clusters=None, distance_threshold=5)` | `AgglomerativeClustering::with_threshold(5.0)` |
//! | `AgglomerativeClustering(connectivity=graph)` | `AgglomerativeClustering::new(2).connectivity([(0, 1), (1, 2)])`, pairs of rows |
//! | scipy's `fcluster(Z, 3, "maxclust")` | `model.dendrogram().cut(3)?`, `model.dendrogram().cut_at(height)` |
//! | `DBSCAN(eps=0.3).fit(X, sample_weight=s).labels_` | `Dbscan::new().eps(0.3).fit(&x, &().weighted(&s))?.labels()` |
//! | `HDBSCAN(min_cluster_size=10, store_centers="both")` | `Hdbscan::new().min_cluster_size(10).store_centers(StoreCenters::Both)` |
//! | `hdb.labels_`, `hdb.probabilities_`, `hdb.dbscan_clustering(0.5)` | `hdb.labels()`, `hdb.probabilities()`, `hdb.dbscan_clustering(0.5, 5)?` |
//! | `OPTICS(min_samples=0.1, cluster_method="dbscan", eps=2)` | `Optics::new().min_samples(0.1).cluster_method(ClusterMethod::Dbscan).eps(2.0)` |
//! | `cluster_optics_dbscan(..., eps=1)`, `cluster_optics_xi(..., xi=0.1)` | `optics.cluster_dbscan(1.0)?`, `optics.cluster_xi(5, None, 0.1, true)?` |
//! | `SpectralClustering(2, affinity="nearest_neighbors", eigen_solver="lobpcg")` | `SpectralClustering::new(2).affinity(SpectralAffinity::NearestNeighbors).eigen_solver(SpectralSolver::Arpack)` |
//! | `SpectralClustering(2, affinity="laplacian").fit(X).affinity_matrix_` | `SpectralClustering::new(2).affinity(Kernel::Laplacian).fit(&x, &())?.affinity_matrix()` |
//! | `Birch(n_clusters=None)`, `MeanShift(bandwidth=2)` | `Birch::new().n_clusters(None)`, `MeanShift::new().bandwidth(2.0)` |
//! | `KNeighborsClassifier(3, weights="distance", p=1)` | `KNeighborsClassifier::new().n_neighbors(3).weights(NeighborWeights::Distance).p(1.0)` |
//! | `RadiusNeighborsClassifier(2.0)`, `NearestCentroid(shrink_threshold=0.1)` | `RadiusNeighborsClassifier::new().radius(2.0)`, `NearestCentroid::new().shrink_threshold(0.1)` |
//! | `LocalOutlierFactor(novelty=True).fit(X).predict(X2)` | `LocalOutlierFactor::new().novelty(true).fit(&x, &())?.predict(&x2)?` |
//! | `KernelDensity(bandwidth="scott", kernel="tophat").fit(X)` | `KernelDensity::new().bandwidth(Bandwidth::Scott).kernel(DensityKernel::Tophat).fit(&x, &())?` |
//! | `kde.score_samples(X)`, `kde.sample(100)` | `kde.score_samples(&x)?`, `kde.sample(100, random_state)?` |
//! | `pairwise_distances(X, metric="manhattan")`, `rbf_kernel(X, Y)` | `metrics::pairwise`: `pairwise_distances`, `rbf_kernel` |
//! | `GaussianMixture(3, covariance_type="tied", means_init=m)` | `GaussianMixture::new(3).covariance_type(CovarianceType::Tied).means_init(&m)` |
//! | `gm.predict_proba(X)`, `gm.score_samples(X)`, `gm.bic(X)` | `gm.predict_proba(&x)?`, `gm.score_samples(&x)?`, `gm.bic(&x)?` |
//! | `gm.sample(100)` | `gm.sample(100, random_state)?` |
//! | `GaussianMixture(warm_start=True)`, fitted again | `GaussianMixture::new(k).fit_from(&x, &y, &fitted)?` |
//! | `BayesianGaussianMixture(5, weight_concentration_prior=0.01)` | `BayesianGaussianMixture::new(5).weight_concentration_prior(0.01)` |
//! | `kmeans.fit_predict(X)`, `kmeans.fit_transform(X)` | `kmeans.fit_predict(&x)?`, `kmeans.fit_transform(&x)?` |
//! | `PCA(0.95, svd_solver="full")`, `PCA("mle")` | `Pca::new().n_components(0.95).svd_solver(SvdSolver::Full)`, `.n_components(NComponents::Mle)` |
//! | `pca.get_covariance()`, `pca.score_samples(X)` | `fitted.covariance()`, `fitted.score_samples(&x)?` |
//! | `TruncatedSVD(10, algorithm="arpack")` | `TruncatedSvd::new().n_components(10).algorithm(SvdAlgorithm::Arpack)`: exact, without a tolerance |
//! | `IncrementalPCA(5).partial_fit(A).partial_fit(B)` | `let mut p = IncrementalPca::new().n_components(5).fit_batch(&a)?`, then `p.partial_fit(&b, &())?` |
//! | `KernelPCA(2, kernel="rbf", fit_inverse_transform=True)` | `KernelPca::new().n_components(2).kernel(Kernel::Rbf).fit_inverse_transform(true)` |
//! | `NMF(5, solver="mu", beta_loss="kullback-leibler")` | `Nmf::new().n_components(5).solver(NmfSolver::Mu).beta_loss(BetaLoss::KullbackLeibler)` |
//! | `NMF(init="custom").fit_transform(X, W=w, H=h)` | `let (model, w) = Nmf::new().fit_from(&x, &w, &h)?` |
//! | `FastICA(3, fun="logcosh", fun_args={"alpha": 1.5})` | `FastIca::new().n_components(3).fun_alpha(1.5)` |
//! | `FactorAnalysis(2, rotation="varimax")` | `FactorAnalysis::new().n_components(2).rotation(Rotation::Varimax)` |
//! | `TSNE(perplexity=20).fit_transform(X)` | `Tsne::new().perplexity(20.0).fit(&x, &())?.embedding()` |
//! | `PoissonRegressor(solver="newton-cholesky")` | `PoissonRegressor::new().solver(GlmSolver::NewtonCholesky)` |
//! | `TweedieRegressor(power=1.5, link="log")` | `TweedieRegressor::new().power(1.5).link(TweedieLink::Log)` |
//! | `PoissonRegressor(warm_start=True)`, fitted again | `PoissonRegressor::new().fit_from(&x, &y, &fitted)?` |
//! | `HuberRegressor().fit(X, y).outliers_` | `HuberRegressor::new().fit(&x, &y)?.outliers()` |
//! | `QuantileRegressor(quantile=0.9, alpha=0)` | `QuantileRegressor::new().quantile(0.9).alpha(0.0)` |
//! | `RANSACRegressor(Ridge(), min_samples=5)` | `RansacRegressor::new(Ridge::new()).min_samples(5.0)` |
//! | `ARDRegression().fit(X, y).predict(X2, return_std=True)` | `ArdRegression::new().fit(&x, &y)?.predict_std(&x2)?` |
//! | `IsotonicRegression(increasing="auto", out_of_bounds="clip")` | `IsotonicRegression::new().increasing(Increasing::Auto).out_of_bounds(OutOfBounds::Clip)` |
//! | `isotonic_regression(y, y_max=3)` | `Isotonic::new().y_max(3.0).fit(&y, None)?` |
//! | statsmodels' `sm.OLS(y, sm.add_constant(X)).fit().summary()` | `LinearRegression::new().fit(&x, &y)?.inference(&x, &y)?.summary()` |
//! | `train_test_split(X, y, test_size=0.2, stratify=y)` | `TrainTestSplit::new().test_size(0.2).stratify(&y).split((&x, &y))?` |
//! | `PolynomialFeatures(degree=(2, 3))` | `PolynomialFeatures::new().degree_range(2..=3)` |
//! | `KBinsDiscretizer(n_bins=[3, 5], encode="ordinal")` | `KBinsDiscretizer::new().n_bins_each([3, 5]).encode(BinEncode::Ordinal)` |
//! | `SplineTransformer(knots=array, extrapolation="periodic")` | `SplineTransformer::new().knots(array).extrapolation(Extrapolation::Periodic)` |
//! | `FunctionTransformer(np.log1p, np.expm1)` | `FunctionTransformer::new().func(Function::Log1p).inverse_func(Function::Expm1)` |
//! | `FunctionTransformer(lambda X: ...)` | `FunctionTransformer::from_fn("name", \|x\| ...)` |
//! | `OneHotEncoder(drop="first", sparse_output=False)` | `OneHotEncoder::new().drop(DropCategory::First)` |
//! | `OneHotEncoder(min_frequency=0.01, handle_unknown="infrequent_if_exist")` | `OneHotEncoder::new().min_frequency(0.01).handle_unknown(HandleUnknown::InfrequentIfExist)` |
//! | `OneHotEncoder(dtype=np.float32).fit_transform(df)` | `OneHotEncoder::new().fit(&table, &())?.transform_to::<f32>(&table)?` |
//! | `OneHotEncoder(categories=[["s", "m", "l"]])` | `OneHotEncoder::new().categories(Categories::Given(vec![["s", "m", "l"].map(Cell::from).to_vec()]))` |
//! | `OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)` | `OrdinalEncoder::new().handle_unknown(OrdinalUnknown::UseEncodedValue).unknown_value(-1.0)` |
//! | `TargetEncoder(smooth=10.0).fit_transform(X, y)` | `TargetEncoder::new().smooth(10.0).fit_transform(&x, &y)?`, cross-fitted as there and inside every pipeline |
//! | `TargetEncoder(cv=StratifiedKFold(4))` | `TargetEncoder::new().cv(StratifiedKFold::new().n_splits(4))` |
//! | `LabelEncoder().fit_transform(y)` | `LabelEncoder::new().fit_transform(&y)?`, or `y.codes()` |
//! | `LabelBinarizer().inverse_transform(Y, threshold=0)` | `fitted.inverse_transform_at(&scores, 0.0)?` |
//! | `MultiLabelBinarizer().fit([["a"], ["a", "b"]])` | `MultiLabelBinarizer::new().fit(&LabelSets::from(rows), &())?` |
//! | `DummyClassifier(strategy="stratified")`, `DummyRegressor(strategy="median")` | `DummyClassifier::new().strategy(DummyStrategy::Stratified)`, `DummyRegressor::new().median()` |
//! | `CalibratedClassifierCV(clf, method="isotonic")` | `CalibratedClassifierCv::new(clf).method(CalibrationMethod::Isotonic)` |
//! | `CalibratedClassifierCV(FrozenEstimator(fitted))`, `cv="prefit"` before 1.6 | `CalibratedClassifierCv::prefit(fitted)` |
//! | `TunedThresholdClassifierCV(clf, scoring="f1")`, `FixedThresholdClassifier(clf, threshold=0.2)` | `TunedThresholdClassifierCv::new(clf).scoring(F1::new())`, `FixedThresholdClassifier::new(clf).threshold(0.2)` |
//! | `VotingClassifier([("a", a), ("b", b)], voting="soft")` | `VotingClassifier::new([("a", a), ("b", b)]).voting(Voting::Soft)`; different types go in as [boxes](crate::boxed) |
//! | `VotingClassifier([("a", a), ("b", "drop")])`, `vote.set_params(b="drop")` | `vote.drop("b")`, `vote.with_param("b", "drop")?` |
//! | `StackingRegressor([("a", a)], final_estimator=Ridge())` | `StackingRegressor::new([("a", a)]).final_estimator(Ridge::new())` |
//! | `BaggingClassifier(clf, max_features=0.5, oob_score=True)` | `BaggingClassifier::new(clf).max_features(0.5).oob_score(true)` |
//! | `OneVsRestClassifier(clf)`, `OneVsOneClassifier(clf)`, `OutputCodeClassifier(clf)` | the same names, `::new(clf)`, in [`multiclass`](crate::multiclass) |
//! | `OneVsRestClassifier(clf).fit(X, indicators)` | the same: the target is an array of zeros and ones |
//! | `OneVsRestClassifier(sgd).partial_fit(X, y, classes=c)` | `OneVsRestClassifier::new(sgd).begin(&c, \|sgd, two\| sgd.begin(p, two))?`, then `model.partial_fit(&x, &y)?` |
//! | `MultiOutputRegressor(r)`, `ClassifierChain(clf, order=[1, 0], cv=5)` | `MultiOutputRegressor::new(r)`, `ClassifierChain::new(clf).order([1, 0]).cv(5)` |
//! | `permutation_importance(model, X, y, n_repeats=10)` | `PermutationImportance::new().n_repeats(10).run(&model, &x, &y, &[&Accuracy])?` |
//! | `partial_dependence(model, X, ["age"])` | `PartialDependence::new().regressor(&model, &table, ["age"])?`, or `.classifier(..)` |
//! | `GridSearchCV(pipe, {"ridge__alpha": [1, 10]}, cv=5)` | `GridSearchCv::new(pipe, ParamGrid::new().with("ridge__alpha", [1, 10]))` |
//! | `cross_validate(m, X, y, cv=GroupKFold(5), groups=g)` | `cross_validate(&m, &x, &y.grouped(&g), &GroupKFold::new(), &[&DefaultScore])?` |
//! | `cross_validate(..., return_estimator=True, return_indices=True)` | `CrossValidate::new().return_indices(true).run_with_models(&m, &x, &y, &[&DefaultScore])?` |
//! | `cross_validate(..., error_score=np.nan)` | `CrossValidate::new().error_score(ErrorScore::Value(f64::NAN))`; an error by default |
//! | `pd.DataFrame(cross_validate(...))` | `to_table()` of what `cross_validate` gives, or `to_csv(path)`; of learning and validation curves too |
//! | `cross_val_predict(m, X, y, method="predict_proba")` | `cross_val_predict_proba(&m, &x, &y, &5)?` |
//! | `cv.split(X, y, groups)`, `cv.get_n_splits(X, y, groups)` | `cv.split(x.nrows(), &y.grouped(&groups))?`, `cv.get_n_splits(x.nrows(), &y.grouped(&groups))?` |
//! | `LeavePOut(2)`, `LeavePGroupsOut(2)`, `PredefinedSplit(folds)` | `LeavePOut::new(2)`, `LeavePGroupsOut::new(2)`, `PredefinedSplit::new(folds)` |
//! | `learning_curve(m, X, y, train_sizes=[0.1, 1.0], shuffle=True)` | `LearningCurve::new().train_sizes([0.1, 1.0]).shuffle(true).run(&m, &x, &y, &DefaultScore)?` |
//! | `validation_curve(m, X, y, param_name="ridge__alpha", param_range=[1, 10])` | `validation_curve(&m, &x, &y, "ridge__alpha", [1, 10], &5, &DefaultScore)?` |
//! | `permutation_test_score(m, X, y, n_permutations=1000)` | `PermutationTest::new().n_permutations(1000).run(&m, &x, &y, &DefaultScore)?` |
//! | `GridSearchCV(pipe, [{...}, {...}])` | `GridSearchCv::new(pipe, first_grid.or(second_grid))` |
//! | `GridSearchCV(..., scoring=["accuracy", "neg_log_loss"], refit="accuracy")` | `GridSearchCv::new(..).scoring((Accuracy, NegLogLoss)).refit("accuracy")` |
//! | `GridSearchCV(..., refit=lambda results: ...)` | `GridSearchCv::new(..).refit(Refit::rule("name", \|results\| ...))`, `Refit::one_standard_error(..)` |
//! | `GridSearchCV(..., refit=False)` | `GridSearchCv::new(..).search(&x, &y)?` |
//! | `GridSearchCV(..., error_score=np.nan)` (the default there) | `GridSearchCv::new(..).error_score(ErrorScore::Value(f64::NAN))`; here a failure is an error by default |
//! | `GridSearchCV(pipe, {"clf": [SVC(), LogisticRegression()]})` | a [`Choice`](crate::model_selection::Choice) as the step, and its parameter `clf__choice` |
//! | `RandomizedSearchCV(pipe, {"clf__C": loguniform(1e-3, 1e3)}, n_iter=20)` | `RandomizedSearchCv::new(pipe, ParamDistributions::new().with("clf__C", log_uniform(1e-3, 1e3))).n_iter(20)` |
//! | `HalvingGridSearchCV(pipe, grid, resource="clf__max_iter", max_resources=300)` | `HalvingGridSearchCv::new(pipe, grid).resource(Resource::Parameter("clf__max_iter".into())).max_resources(300)` |
//! | Optuna's `TPESampler` | [`TpeSearchCv`](crate::model_selection::TpeSearchCv) |
//! | `print(search.best_params_)` | `println!("{}", search.best_params())`: `alpha=0.5, solver="svd"`; a map by name |
//! | `search.cv_results_` | `search.results()`, printed as a table, written with `to_csv`, or a `Table` by `to_table` |
//! | `accuracy_score(y, p)` | `accuracy_score(&y, &p)?` |
//! | `accuracy_score(y, p, sample_weight=w, normalize=False)` | `accuracy_count(&y.weighted(&w), &p)?` |
//! | `f1_score(Y, P, average="samples")` | `f1_score(&y, &p, &Average::Samples)?`, of zeros and ones in columns |
//! | `precision_score(y, p, average=None, zero_division=1)` | `precision_recall_fscore_support(&y, &p)?.zero_division(ZeroDivision::One).per_class()` |
//! | `roc_auc_score(y, s, max_fpr=0.1)` | `RocAucScore::new().max_fpr(0.1).score(&y, &s)?` |
//! | `fpr, tpr, thresholds = roc_curve(y, s)` | `let curve = roc_curve(&y, &s)?`, with `fpr()`, `tpr()`, `thresholds()` |
//! | `roc_curve(y, s, pos_label="b", drop_intermediate=False)` | `ThresholdCounts::of_class(&y, &s, "b")?.roc_curve(false)?` |
//! | `r2_score(Y, P, multioutput="raw_values")`, `multioutput=[0.3, 0.7]` | `R2Score::new().per_target(&y, &p)?`, `average_outputs(&each, &weights)?` |
//! | `silhouette_score(X, labels, metric="cosine")` | `Silhouette::new().metric(Metric::Cosine).score(&x, &labels)?` |
//! | `get_scorer("neg_log_loss")`, `scoring="neg_log_loss"` | `scorer_by_name::<ProbaScorer>("neg_log_loss")?`, or `NegLogLoss` |
//! | `make_scorer(f, greater_is_better=False)` | `make_scorer("f", f).greater_is_better(false)`, `make_proba_scorer`, `make_decision_scorer` |
//! | `print(classification_report(y, p))` | `println!("{}", classification_report(&y, &p)?)` |
//! | `joblib.dump(model, "m")` | `fitted.save("m", Format::Binary)?`, and [`SECURITY.md`](https://docs.rs/crate/fitwell/latest/source/SECURITY.md) |
//! | `joblib.load("m")` | `FittedRidge::load("m")?`, or `pipe.load_fitted::<Table, Labels>("m")?` |
//! | `random_state=None` | a fixed, documented seed: runs repeat unless you change it |
//! | `n_jobs=2` | rayon's thread pool; the number of threads never changes a result |
//! | `verbose=1` | `.observer(...)`, see [`observer`](crate::observer) |
//! | `ConvergenceWarning` | `fitted.converged()`, and a warning through the `log` crate |
//!
//! # What is different, and why
//!
//! - What was learned is another type than the settings. An unfitted model has no `predict`, so that mistake does not
//!   compile; fitting twice never mixes two states.
//! - Classes are [`Labels`](crate::Labels), real targets are arrays. A float cannot be a class by accident.
//! - Sample weights are part of the target ([`weighted`](crate::Targets::weighted)), so that no split, search or score can
//!   forget them. An estimator that cannot use them does not compile with them. Groups are part of it too
//!   ([`grouped`](crate::Targets::grouped)).
//! - `decision_function` always has two dimensions; for two classes it has one column.
//! - Texts, integers and booleans reach encoders as columns of a [`Table`](crate::table::Table), never as numbers.
//! - Settings that are out of range are an error of `fit` that names the range; nothing is repaired silently.
