//! Logs, and going on from them.

use super::*;

#[test]
fn an_interrupted_search_goes_on_from_its_log() {
    let (x, y) = data(30);
    let toy = Toy::default();
    let log = scratch("resume");
    let stop = |p: &Progress| match p.iteration {
        17 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let search = TpeSearchCv::new(toy.clone(), space())
        .n_iter(30)
        .cv(3)
        .return_train_score(true);
    let whole = search.fit(&x, &y).unwrap();
    let before = toy.fits.get();
    let stopped = search
        .clone()
        .log(&log)
        .observer(stop)
        .fit(&x, &y)
        .unwrap_err();
    assert!(matches!(
        stopped.kind(),
        ErrorKind::Cancelled { iterations: 17, .. }
    ));
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    assert!(
        (18..=19).contains(&lines),
        "a head and the candidates that finished: {lines}"
    );
    // The machine went off in the middle of a line.
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"candidate\":\"{\\\"a\\\":0.5");
    std::fs::write(&log, text).unwrap();
    let resumed = search.clone().log(&log).fit(&x, &y).unwrap();
    assert_eq!(resumed, whole);
    assert!(
        toy.fits.get() - before < 30 * 3 + 3 * 3,
        "nothing is fitted twice"
    );
    // A third time: all is there, and one fit is left, that of the best.
    let before = toy.fits.get();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let again = search.clone().log(&log).observer(move |p: &Progress| {
        hears.lock().unwrap().push(p.iteration);
        ControlFlow::Continue(())
    });
    assert_eq!(again.fit(&x, &y).unwrap(), whole);
    assert_eq!(toy.fits.get() - before, 1);
    assert_eq!(*heard.lock().unwrap(), (1..=30).collect::<Vec<_>>());
    // More candidates than before: those that are there are not tried again.
    let before = toy.fits.get();
    search.clone().n_iter(34).log(&log).search(&x, &y).unwrap();
    assert_eq!(toy.fits.get() - before, 4 * 3);
    std::fs::remove_file(&log).unwrap();
}

#[test]
fn a_log_of_another_search_is_refused() {
    let (x, y) = data(30);
    let log = scratch("refused");
    let search = GridSearchCv::new(Toy::default(), grid()).cv(3).log(&log);
    search.search(&x, &y).unwrap();
    let refused = |found: Result<SearchResults>, what: &str| {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused(search.clone().cv(5).search(&x, &y), "a split differs");
    refused(
        search
            .clone()
            .scoring(named("rows", rows_seen))
            .search(&x, &y),
        "the list of scorers differs",
    );
    refused(
        search.clone().return_train_score(true).search(&x, &y),
        "`return_train_score` differs",
    );
    let other = search.with_param("estimator__kind", "other").unwrap();
    refused(other.search(&x, &y), "a parameter of the estimator differs");
    let mut moved = x.clone();
    moved[[3, 1]] += 1.0;
    refused(search.search(&moved, &y), "the data differs");
    let mut other = y.clone();
    other[7] += 1.0;
    refused(search.search(&x, &other), "the target, its weights");
    refused(
        search.search(&x.slice(ndarray::s![..20, ..]), &y.slice(ndarray::s![..20])),
        "the number of rows differs",
    );
    for (text, what) in [("nonsense\n", "line 1"), ("\u{0}", "")] {
        std::fs::write(&log, text).unwrap();
        match search.search(&x, &y) {
            Err(e) => assert!(e.to_string().contains(what), "{e}"),
            // What has no end of line was never written whole.
            Ok(_) => assert_eq!(what, ""),
        }
    }
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"candidate\":\"x\",\"folds\":[]}\n");
    std::fs::write(&log, text).unwrap();
    refused(search.search(&x, &y), "another number of folds");
    std::fs::remove_file(&log).unwrap();
    refused(
        search.log("/no/such/directory/log").search(&x, &y),
        "/no/such/directory",
    );
}
