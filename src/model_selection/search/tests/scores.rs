//! Scores, ranks, rules and failures.

use super::*;

#[test]
fn several_scores_each_with_their_ranks() {
    let (x, y) = data(20);
    let search = GridSearchCv::new(Toy::default(), grid())
        .cv(4)
        .scoring((DefaultScore, named("rows", rows_seen)))
        .return_train_score(true);
    let results = search.search(&x, &y).unwrap();
    assert_eq!(results.scorers(), ["score", "rows"]);
    assert_eq!((results.scorer(), results.best_index()), ("score", 5));
    assert_eq!(results.ranks("score").unwrap(), [6, 3, 5, 2, 3, 1]);
    assert_eq!(results.ranks("rows").unwrap(), [1, 1, 3, 3, 5, 5]);
    assert_eq!(
        results.test_scores("rows").unwrap().row(2).to_vec(),
        [-25.0; 4]
    );
    assert_eq!(results.train_scores("rows").unwrap().unwrap().dim(), (6, 4));
    // Each is what it is alone.
    let alone = GridSearchCv::new(Toy::default(), grid())
        .cv(4)
        .search(&x, &y)
        .unwrap();
    assert_eq!(
        alone.test_scores("score").unwrap(),
        results.test_scores("score").unwrap()
    );
    assert_eq!(
        alone.mean_test_scores("score").unwrap(),
        results.mean_test_scores("score").unwrap()
    );
    assert_eq!(
        alone.std_test_scores("score").unwrap(),
        results.std_test_scores("score").unwrap()
    );

    let by_name = search.clone().refit("rows").fit(&x, &y).unwrap();
    assert_eq!(
        (by_name.best_index(), by_name.results().scorer()),
        (0, "rows")
    );
    assert_eq!(by_name.best_score(), -15.0);
    assert_eq!(by_name.best_estimator().a, 0.0);
    let unknown = search
        .clone()
        .refit("row")
        .search(&x, &y)
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("score, rows"), "{unknown}");
    let twice = search
        .clone()
        .scoring((DefaultScore, DefaultScore))
        .search(&x, &y);
    assert!(twice.unwrap_err().to_string().contains("`score`"));

    let table = results.to_table().unwrap();
    let names = table.names();
    for name in [
        "rank_test_score",
        "param_a",
        "split3_test_rows",
        "split0_train_score",
        "rank_test_rows",
    ] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    assert_eq!(
        table.column("param_k").unwrap().kind(),
        crate::table::ColumnKind::Integer
    );
    assert_eq!(
        table.column("mean_test_rows").unwrap().number(2),
        Some(-25.0)
    );
    let mut written = Vec::new();
    results.write_csv(&mut written).unwrap();
    let written = String::from_utf8(written).unwrap();
    assert_eq!(
        written
            .lines()
            .next()
            .unwrap()
            .split(',')
            .collect::<Vec<_>>(),
        names
    );
    let shown = results.to_string();
    let head: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        head,
        [
            "rank", "a", "k", "mean", "score", "std", "mean", "rows", "std", "fit", "s"
        ]
    );
    assert!(
        shown
            .lines()
            .nth(1)
            .unwrap()
            .trim_start()
            .starts_with("1  2.0  3"),
        "{shown}"
    );
}

#[test]
fn rules_choose_the_best() {
    let (x, y) = data(20);
    let search = GridSearchCv::new(
        Toy::default(),
        ParamGrid::new().with("a", [2.0, 1.999, 0.5]),
    )
    .cv(4);
    assert_eq!(search.search(&x, &y).unwrap().best_index(), 0);
    let small = Refit::one_standard_error(|params| params["a"].as_f64().unwrap());
    let fitted = search.clone().refit(small).fit(&x, &y).unwrap();
    assert_eq!(
        (fitted.best_index(), fitted.results().rule()),
        (1, Some("one standard error"))
    );
    assert_eq!(fitted.best_estimator().a, 1.999);
    assert_eq!(fitted.results().within_one_standard_error(), [0, 1]);
    // A chosen candidate goes to a file and back; another best one does not.
    let json = fitted.to_json().unwrap();
    assert_eq!(
        FittedSearchCv::<FittedToy>::from_json(&json).unwrap(),
        fitted
    );
    let beyond = search
        .clone()
        .refit(Refit::rule("beyond", |_| Ok(3)))
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        beyond
            .to_string()
            .contains("rule `beyond`: chose candidate 3 of 3"),
        "{beyond}"
    );
    let fails = Refit::rule("fails", |r| r.mean_test_scores("nothing").map(|_| 0));
    assert!(
        search
            .clone()
            .refit(fails.clone())
            .fit(&x, &y)
            .unwrap_err()
            .to_string()
            .starts_with("rule `fails`")
    );
    let saved = serde_json::to_string(&search.clone().refit(fails))
        .unwrap_err()
        .to_string();
    assert!(saved.contains("Rule"), "{saved}");
    assert!(serde_json::to_string(&search.refit("score")).is_ok());
}

#[test]
fn failures_are_shown_and_logged() {
    let (x, y) = data(20);
    let log = scratch("failures");
    let search = GridSearchCv::new(Toy::default(), ParamGrid::new().with("a", [1.0, -1.0]))
        .cv(4)
        .error_score(ErrorScore::Value(f64::NAN))
        .log(&log);
    let results = search.search(&x, &y).unwrap();
    let shown = results.to_string();
    assert!(
        shown.lines().nth(2).unwrap().contains("NaN") && shown.contains("`a` of `Toy`"),
        "{shown}"
    );
    let table = results.to_table().unwrap();
    assert!(
        table
            .column("failure")
            .unwrap()
            .text(1)
            .unwrap()
            .contains("candidate 1")
    );
    assert!(table.column("mean_test_score").unwrap().is_missing(1));
    assert_eq!(search.search(&x, &y).unwrap(), results, "from the log");
    std::fs::remove_file(&log).unwrap();
}
