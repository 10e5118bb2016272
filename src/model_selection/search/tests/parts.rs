//! Names: of steps, of settings, of files.

use super::*;

#[test]
fn which_estimator_a_step_is_can_be_searched() {
    let (x, y) = data(40);
    let step: Choice<BoxedRegressor> = Choice::new("ridge", Ridge::new().boxed_regressor())
        .or("plain", LinearRegression::new().boxed_regressor());
    let pipe =
        pipeline("first", crate::preprocessing::StandardScaler::new()).then("model", step.clone());
    let grid = ParamGrid::new()
        .with("model__choice", ["ridge"])
        .with("model__ridge__alpha", [10.0, 1e6])
        .or(ParamGrid::new().with("model__choice", ["plain"]));
    let search = GridSearchCv::new(pipe, grid)
        .cv(KFold::new().shuffle(true))
        .fit(&x, &y)
        .unwrap();
    assert_eq!(search.best_params()["model__choice"], "plain");
    let scores = search.results().mean_test_scores("score").unwrap();
    let plain = pipeline("first", crate::preprocessing::StandardScaler::new())
        .then("model", LinearRegression::new());
    let alone =
        cross_val_score(&plain, &x, &y, &KFold::new().shuffle(true), &DefaultScore).unwrap();
    assert_eq!(scores[2].to_bits(), (alone.sum() / 5.0).to_bits());

    assert_eq!(step.params()["choice"], "ridge");
    assert!(step.params().contains_key("plain__fit_intercept"));
    assert!(
        step.with_param("choice", "lasso")
            .unwrap_err()
            .to_string()
            .contains("ridge, plain")
    );
    assert!(step.with_param("lasso__alpha", 1.0).is_err());
    let shown = step.clone().choice("plain").to_string();
    assert!(
        shown.contains("* plain: LinearRegression") && shown.contains("  ridge: Ridge"),
        "{shown}"
    );
    for bad in [
        step.clone().choice("lasso"),
        step.clone()
            .or("ridge", LinearRegression::new().boxed_regressor()),
    ] {
        let (x, y) = (array![[0.0], [1.0]], array![0.0, 1.0]);
        assert!(matches!(
            bad.fit(&x, &y).unwrap_err().kind(),
            ErrorKind::InvalidParameter { .. }
        ));
    }
    // Typed and saved.
    let typed = Choice::new("a", Ridge::new())
        .or("b", Ridge::new().alpha(3.0))
        .choice("b");
    let back = Choice::<Ridge>::from_json(&typed.to_json().unwrap()).unwrap();
    assert_eq!(back, typed);
    let fitted: FittedRidge<f64, ndarray::Ix1> = back.fit(&x, &y).unwrap();
    assert_eq!(fitted, Ridge::new().alpha(3.0).fit(&x, &y).unwrap());
    assert!(typed.choice("c").to_json().is_err());
}

#[test]
fn every_search_is_set_by_name_and_saved() {
    fn back<M: Model + PartialEq + std::fmt::Debug>(search: &M) {
        assert_eq!(&M::from_json(&search.to_json().unwrap()).unwrap(), search);
        assert_eq!(&M::from_bytes(&search.to_bytes().unwrap()).unwrap(), search);
    }
    let space = || ParamDistributions::new().with("alpha", log_uniform(0.1, 10.0));
    let grid = || ParamGrid::new().with("alpha", [0.1, 1.0]);
    let random = RandomizedSearchCv::new(Ridge::new(), space());
    assert_eq!(random.params()["n_iter"], 10);
    assert_eq!(
        random.clone().n_iter(3),
        random.with_param("n_iter", 3).unwrap()
    );
    assert_eq!(
        random.clone().random_state(3),
        random.with_param("random_state", 3).unwrap()
    );
    assert_eq!(
        random.clone().refit("r2"),
        random.with_param("refit", "r2").unwrap()
    );
    assert!(random.with_param("refit", 3).is_err() && random.with_param("n_iters", 3).is_err());
    assert!(
        random.to_string().contains("alpha: log_uniform(0.1, 10)"),
        "{random}"
    );
    let tpe = TpeSearchCv::new(Ridge::new(), space());
    let all = tpe
        .clone()
        .n_startup(3)
        .batch_size(2)
        .gamma(0.2)
        .n_ei_candidates(9)
        .prior_weight(0.5);
    let all = all.multivariate(true).random_state(4).n_iter(7);
    let names = [
        "n_startup",
        "batch_size",
        "n_ei_candidates",
        "random_state",
        "n_iter",
    ];
    let mut by_name = tpe.clone();
    for (name, value) in names.into_iter().zip([3, 2, 9, 4, 7]) {
        by_name = by_name.with_param(name, value).unwrap();
    }
    let by_name = by_name
        .with_param("gamma", 0.2)
        .unwrap()
        .with_param("prior_weight", 0.5)
        .unwrap();
    assert_eq!(by_name.with_param("multivariate", true).unwrap(), all);
    let halving = HalvingGridSearchCv::new(Ridge::new(), grid())
        .factor(2.0)
        .aggressive_elimination(true);
    assert!(halving.to_string().contains("factor=2.0"), "{halving}");
    let halving_random = HalvingRandomSearchCv::new(Ridge::new(), space()).random_state(9);
    back(&random);
    back(&all);
    back(&halving);
    back(&halving_random);
    back(&GridSearchCv::new(Ridge::new(), grid()).refit("score"));
}

#[test]
fn names_that_no_step_has_fail_before_the_first_fit() {
    let (x, y) = data(20);
    let toy = Toy::default();
    let wrong = || ParamDistributions::new().with("b", uniform(0.0, 1.0));
    let errors = [
        RandomizedSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
        TpeSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
        HalvingRandomSearchCv::new(toy.clone(), wrong())
            .search(&x, &y)
            .unwrap_err(),
    ];
    assert!(
        errors
            .iter()
            .all(|e| matches!(e.kind(), ErrorKind::UnknownParameter { .. }))
    );
    let whole = ParamDistributions::new().with("k", uniform(0.5, 0.6));
    let kind = RandomizedSearchCv::new(toy.clone(), whole)
        .search(&x, &y)
        .unwrap_err();
    assert!(
        matches!(kind.kind(), ErrorKind::InvalidParameter { .. }),
        "{kind}"
    );
    assert_eq!(toy.fits.get(), 0);
    let params: BTreeMap<String, Value> = toy.params();
    assert_eq!(params.len(), 3);
}
