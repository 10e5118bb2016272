//! Several scorers as one.

use crate::error::Result;
use crate::model_selection::Scorer;

macro_rules! together {
    ($first:ident $(, $rest:ident)*) => {
        /// Several scores of one model: the first is the one that ranks, unless a search says otherwise.
        impl<M, X: ?Sized, Y: ?Sized, $first: Scorer<M, X, Y> $(, $rest: Scorer<M, X, Y>)*> Scorer<M, X, Y>
            for ($first, $($rest,)*)
        {
            fn name(&self) -> String {
                self.0.name()
            }
            fn score(&self, model: &M, x: &X, y: &Y) -> Result<f64> {
                self.0.score(model, x, y)
            }
            #[allow(non_snake_case)]
            fn names(&self) -> Vec<String> {
                let ($first, $($rest,)*) = self;
                let mut names = $first.names();
                $(names.extend($rest.names());)*
                names
            }
            #[allow(non_snake_case)]
            fn scores(&self, model: &M, x: &X, y: &Y) -> Result<Vec<f64>> {
                let ($first, $($rest,)*) = self;
                let mut scores = $first.scores(model, x, y)?;
                $(scores.extend($rest.scores(model, x, y)?);)*
                Ok(scores)
            }
        }
    };
}
together!(A, B);
together!(A, B, C);
together!(A, B, C, D);
together!(A, B, C, D, E);
together!(A, B, C, D, E, G);
together!(A, B, C, D, E, G, H);
together!(A, B, C, D, E, G, H, I);
