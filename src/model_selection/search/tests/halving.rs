//! Successive halving.

use super::*;

#[test]
fn halving_gives_more_to_fewer() {
    let (x, y) = data(120);
    let values: Vec<f64> = (0..9).map(|i| 0.5 * f64::from(i)).collect();
    let search = HalvingGridSearchCv::new(Toy::default(), ParamGrid::new().with("a", values)).cv(3);
    let results = search
        .scoring((DefaultScore, named("rows", rows_seen)))
        .search(&x, &y)
        .unwrap();
    let schedule = results.schedule().unwrap();
    assert_eq!(schedule.n_candidates(), [9, 3, 1]);
    assert_eq!(schedule.n_resources(), [13, 39, 117]);
    assert_eq!(
        (schedule.n_iterations(), schedule.n_remaining_candidates()),
        (3, 1)
    );
    assert_eq!(
        (schedule.min_resources(), schedule.max_resources()),
        (13, 120)
    );
    assert_eq!(
        (
            schedule.n_required_iterations(),
            schedule.n_possible_iterations()
        ),
        (3, 3)
    );
    assert_eq!(
        (results.best_index(), results.best().iteration()),
        (12, Some(2))
    );
    assert_eq!(results.best_params()["a"], 2.0);
    // Two thirds of the rows train; the share of them grows.
    let rows = results.test_scores("rows").unwrap();
    for (candidate, scores) in results.candidates().iter().zip(rows.rows()) {
        let a = candidate.params()["a"].as_f64().unwrap();
        let n = (candidate.n_resources().unwrap() as f64 / 120.0 * 80.0).round() as usize;
        assert!(
            scores.iter().all(|s| *s == -(a * 10.0) - n as f64),
            "{scores}"
        );
    }
    let shown = results.to_string();
    let lines: Vec<Vec<&str>> = shown
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][..4], ["rank", "iter", "resources", "a"]);
    assert_eq!(
        lines[1][1..4],
        ["2", "117", "2.0"],
        "the last iteration stands first"
    );
    // Candidates of an iteration stand in the order of their scores before.
    let third: Vec<f64> = results.candidates()[9..12]
        .iter()
        .map(|c| c.params()["a"].as_f64().unwrap())
        .collect();
    assert_eq!(third.last(), Some(&2.0));
}

#[test]
fn selections_of_rows_grow_and_keep_the_proportions() {
    let labels: Labels = (0..100)
        .map(|i| if i % 5 == 0 { "rare" } else { "common" })
        .collect();
    let splits = Splits::from(StratifiedKFold::new().split(100, &labels).unwrap());
    let of = |share| {
        let part = crate::model_selection::halving::subsample(&splits, Some(&labels), share, 3);
        part.iter().collect::<Vec<_>>()
    };
    let mut before = of(0.2);
    for share in [0.4, 0.75, 1.0] {
        let now = of(share);
        for (small, large) in before.iter().zip(&now) {
            let all: BTreeSet<usize> = large.train.iter().copied().collect();
            assert!(small.train.iter().all(|row| all.contains(row)));
            let counts = Targets::select(&labels, &large.train).unwrap().counts();
            let rare = counts.iter().min().unwrap();
            assert!(
                (*rare as f64 - 0.2 * large.train.len() as f64).abs() <= 1.0,
                "{counts:?}"
            );
        }
        before = now;
    }
    assert_eq!(
        before,
        splits.iter().collect::<Vec<_>>(),
        "all rows in their order"
    );
}

#[test]
fn contradictions_of_halving_are_refused() {
    let (x, y) = data(60);
    let search = || HalvingGridSearchCv::new(Toy::default(), grid()).cv(3);
    let name_of = |error: Error| match error.kind() {
        ErrorKind::InvalidParameter { name, .. } => name.clone(),
        other => format!("{other:?}"),
    };
    let k = || Resource::Parameter("k".into());
    for (search, name) in [
        (search().factor(1.0), "factor"),
        (search().factor(f64::NAN), "factor"),
        (search().max_resources(0), "max_resources"),
        (search().max_resources(61), "max_resources"),
        (
            search().min_resources(MinResources::Exactly(0)),
            "min_resources",
        ),
        (
            search().min_resources(MinResources::Exactly(61)),
            "min_resources",
        ),
        (search().max_resources(5), "min_resources"),
        (search().resource(k()), "max_resources"),
        (search().resource(k()).max_resources(9), "resource"),
    ] {
        assert_eq!(name_of(search.search(&x, &y).unwrap_err()), name);
    }
    let unknown = search()
        .resource(Resource::Parameter("kk".into()))
        .max_resources(9);
    assert!(matches!(
        unknown.search(&x, &y).unwrap_err().kind(),
        ErrorKind::UnknownParameter { .. }
    ));
    let random = HalvingRandomSearchCv::new(Toy::default(), space()).cv(3);
    let both = random.clone().min_resources(MinResources::Exhaust);
    assert_eq!(name_of(both.search(&x, &y).unwrap_err()), "min_resources");
    let none = random.clone().n_candidates(NCandidates::Exactly(0));
    assert_eq!(name_of(none.search(&x, &y).unwrap_err()), "n_candidates");
    // By name, as any other parameter.
    let set = random
        .with_param("n_candidates", serde_json::json!({"exactly": 6}))
        .unwrap();
    assert_eq!(
        set.search(&x, &y)
            .unwrap()
            .schedule()
            .unwrap()
            .n_candidates()[0],
        6
    );
    assert!(
        search().params().contains_key("factor") && !search().params().contains_key("n_candidates")
    );
    assert!(search().with_param("factor", "much").is_err());
}
