use super::*;
use crate::model_selection::{integers, log_uniform, uniform};

/// Runs a strategy against a function, without an estimator: the best value found, and every candidate.
fn run<P: Strategy>(
    strategy: &P,
    f: impl Fn(&BTreeMap<String, Value>) -> f64,
) -> (f64, Vec<Tried>) {
    strategy.check().unwrap();
    let setting = Setting {
        n_samples: 100,
        n_splits: 5,
        n_classes: None,
        names: Vec::new(),
    };
    let mut batches = strategy.start(&setting).unwrap();
    let mut tried: Vec<Tried> = Vec::new();
    let mut batch = 0;
    while let Some(next) = batches.next(&tried).unwrap() {
        for params in next.candidates {
            let score = f(&params);
            tried.push(Tried {
                params,
                score,
                batch,
            });
        }
        batch += 1;
    }
    let best = tried
        .iter()
        .map(|t| t.score)
        .fold(f64::NEG_INFINITY, f64::max);
    (best, tried)
}

fn tree(space: ParamDistributions, change: impl Fn(&mut Settings)) -> ParzenTree {
    let mut tree = ParzenTree::new(space);
    change(&mut tree.settings);
    tree
}

fn at(params: &BTreeMap<String, Value>, name: &str) -> f64 {
    params[name].as_f64().unwrap()
}

/// A bowl with its top, 0, at a = 10^-2, k = 37, and a choice that counts.
fn bowl(params: &BTreeMap<String, Value>) -> f64 {
    let a = at(params, "a").log10() + 2.0;
    let k = (at(params, "k") - 37.0) / 20.0;
    let kind = if params["kind"] == "good" { 0.0 } else { 1.0 };
    -(a * a + k * k + kind)
}

fn bowl_space() -> ParamDistributions {
    ParamDistributions::new()
        .with("a", log_uniform(1e-5, 1e3))
        .with("k", integers(1..=100))
        .with("kind", ["bad", "worse", "good"])
}

#[test]
fn finds_better_candidates_than_random_search() {
    const SEEDS: u64 = 12;
    for multivariate in [false, true] {
        let (mut ours, mut theirs, mut wins) = (0.0, 0.0, 0);
        for seed in 0..SEEDS {
            let search = tree(bowl_space(), |s| {
                (s.random_state, s.multivariate) = (seed, multivariate);
            });
            let (modelled, _) = run(&search, bowl);
            let random = bowl_space().draw(50, seed).unwrap();
            let random = random.iter().map(bowl).fold(f64::NEG_INFINITY, f64::max);
            ours += modelled;
            theirs += random;
            wins += usize::from(modelled > random);
        }
        // On average at least twice as near to the top, and better for three seeds of four.
        assert!(
            ours > theirs / 2.0,
            "{ours} against {theirs}, together: {multivariate}"
        );
        assert!(wins >= 9, "{wins} of {SEEDS}");
    }
}

#[test]
fn proposals_follow_the_seed_and_never_repeat() {
    let search = tree(bowl_space(), |s| s.n_iter = 30);
    let (_, first) = run(&search, bowl);
    assert_eq!(run(&search, bowl).1, first);
    let other = tree(bowl_space(), |s| (s.n_iter, s.random_state) = (30, 1));
    assert_ne!(run(&other, bowl).1, first);
    // 10 at random, then batches of 4.
    assert_eq!(
        (
            first.len(),
            first[9].batch,
            first[10].batch,
            first[13].batch,
            first[29].batch
        ),
        (30, 0, 1, 1, 5)
    );
    // A space of six: each once, then the end.
    let small = ParamDistributions::new()
        .with("k", integers(1..=3))
        .with("on", [true, false]);
    let (_, all) = run(&tree(small, |s| (s.n_iter, s.n_startup) = (50, 2)), |p| {
        at(p, "k")
    });
    let texts: HashSet<String> = all.iter().map(|t| text(&t.params)).collect();
    assert_eq!((all.len(), texts.len()), (6, 6));
}

#[test]
fn several_spaces_are_learned_apart() {
    let space = ParamDistributions::new()
        .with("kind", ["line"])
        .with("x", uniform(0.0, 1.0))
        .or(ParamDistributions::new()
            .with("kind", ["hill"])
            .with("y", uniform(-4.0, 4.0)));
    let value = |p: &BTreeMap<String, Value>| match p.get("y") {
        Some(y) => 2.0 - (y.as_f64().unwrap() - 1.0).powi(2),
        None => at(p, "x"),
    };
    let (best, tried) = run(&tree(space, |s| s.n_iter = 60), value);
    assert!(best > 1.95, "{best}");
    let later = &tried[30..];
    let hills = later.iter().filter(|t| t.params.contains_key("y")).count();
    assert!(hills > later.len() * 2 / 3, "{hills} of {}", later.len());
    assert!(tried.iter().all(|t| t.params.len() == 2));
}

#[test]
fn failures_are_the_worst_and_settings_are_checked() {
    let space = || ParamDistributions::new().with("x", uniform(0.0, 1.0));
    let value = |p: &BTreeMap<String, Value>| match at(p, "x") {
        x if x > 0.5 => f64::NAN,
        x => x,
    };
    let (best, tried) = run(&tree(space(), |s| s.n_iter = 60), value);
    assert!(best > 0.4, "{best}");
    let failed = tried[30..].iter().filter(|t| t.score.is_nan()).count();
    assert!(failed < 15, "{failed} of 30 where nothing works");
    for wrong in [
        tree(space(), |s| s.n_iter = 0),
        tree(space(), |s| s.n_iter = 1 << 53),
        tree(space(), |s| s.n_startup = 0),
        tree(space(), |s| s.batch_size = 0),
        tree(space(), |s| s.gamma = 1.0),
        tree(space(), |s| s.n_ei_candidates = 0),
        tree(space(), |s| s.n_ei_candidates = 1 << 53),
        tree(space(), |s| s.prior_weight = f64::NAN),
        tree(
            ParamDistributions::new().with("x", uniform(1.0, 0.0)),
            |_| (),
        ),
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    let own = super::super::Draw::from_distribution("mine", rand_distr::StandardNormal);
    let refused = Space::new(&BTreeMap::from([("x".to_string(), own)]));
    assert!(refused.err().unwrap().to_string().contains("`x`"));
}
