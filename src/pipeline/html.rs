//! The page of a pipeline: its printed tree as boxes, steps under each other, parts side by side.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::sequence::{Pipeline, Step};
use super::{
    ColumnTransformer, FeatureUnion, FittedColumnTransformer, FittedFeatureUnion,
    FittedTransformedTargetRegressor, TransformedTargetRegressor,
};
use crate::params::{Params, Value};

/// A pipeline, a transformer or a model, fitted or not, as one HTML page: steps under each other, parts side by side, in light
/// or dark as the reader's screen is set.
///
/// The page is the printed tree, so it takes anything that prints. It loads nothing from elsewhere and runs no script; texts
/// are escaped. [`Pipeline::to_html`](super::Pipeline::to_html) and its like add a table of parameters to each step.
///
/// ```
/// use fitwell::{linear_model::Ridge, pipeline, prelude::*, preprocessing::StandardScaler};
///
/// let recipe = pipeline::pipeline("scale", StandardScaler::new()).then("ridge <l2>", Ridge::new());
/// let page = pipeline::html_page(&recipe);
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("ridge &lt;l2&gt;"));
/// # Ok::<(), Error>(())
/// ```
pub fn html_page(model: &dyn fmt::Display) -> String {
    page(&model.to_string(), &BTreeMap::new())
}

/// The page of an estimator, with its parameters.
pub(super) fn estimator_page<T: Params + fmt::Display>(estimator: &T) -> String {
    page(&estimator.to_string(), &estimator.params())
}

/// A line of the tree: how deep it is, its name (`num`), what it is about (`[age, fare]`), and the estimator.
#[derive(Clone, Debug, Default, PartialEq)]
struct Line<'a> {
    depth: usize,
    name: Cow<'a, str>,
    about: &'a str,
    body: &'a str,
}

impl<'a> Line<'a> {
    fn new(text: &'a str) -> Self {
        let trimmed = text.trim_start_matches(' ');
        let depth = (text.len() - trimmed.len()) / 2;
        let (head, body) = match split_unquoted(trimmed) {
            // An estimator whose settings hold a colon, not a name.
            Some((head, _)) if head.starts_with(char::is_uppercase) && head.contains('(') => {
                ("", trimmed)
            }
            Some((head, body)) => (head, body),
            None => match trimmed.strip_suffix(':') {
                Some(head) => (head, ""),
                None => ("", trimmed),
            },
        };
        // What a name is followed by when columns are: `[a, b]`, `every float column`, `columns "t_*"`, `all columns`.
        let about = [" [", " every ", " columns \"", " all columns"];
        let quoted = head.len() - after_quoted(head).len();
        let found = about.iter().filter_map(|about| head[quoted..].find(about));
        let at = found.min().map_or(head.len(), |at| quoted + at);
        let (name, about) = head.split_at(at);
        let about = about.trim_start();
        let name = match quoted {
            0 => Cow::Borrowed(name),
            _ => serde_json::from_str(name).map_or(Cow::Borrowed(name), Cow::Owned),
        };
        Line {
            depth,
            name,
            about,
            body,
        }
    }

    /// Children stand side by side.
    fn is_parallel(&self) -> bool {
        ["ColumnTransformer", "FeatureUnion"]
            .iter()
            .any(|name| self.body.starts_with(name))
    }
}

/// What follows a text in quotes at the beginning; all of it where there is none.
fn after_quoted(text: &str) -> &str {
    let Some(inside) = text.strip_prefix('"') else {
        return text;
    };
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return &inside[at + 1..],
            _ => {}
        }
    }
    text
}

/// The parts before and after the first `: ` that is not within quotes.
fn split_unquoted(text: &str) -> Option<(&str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted && text[at..].starts_with(": ") => {
                return Some((&text[..at], &text[at + 2..]));
            }
            _ => {}
        }
    }
    None
}

/// A box whose children are being written.
struct Open {
    depth: usize,
    /// What the names of parameters inside start with.
    path: String,
}

fn page(tree: &str, params: &BTreeMap<String, Value>) -> String {
    let lines: Vec<Line<'_>> = tree
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(Line::new)
        .collect();
    let mut out = String::from(HEAD);
    let mut open: Vec<Open> = Vec::new();
    let mut i = 0;
    while let Some(line) = lines.get(i) {
        while open.last().is_some_and(|o| o.depth >= line.depth) {
            out.push_str("</ul></details></li>\n");
            open.pop();
        }
        let path = open.last().map_or("", |o| o.path.as_str());
        let path = match &*line.name {
            "" => path.to_string(),
            name => format!("{path}{name}__"),
        };
        let mut shown = line.clone();
        let mut children = lines.get(i + 1).is_some_and(|next| next.depth > line.depth);
        // `name:` above one estimator with children of its own is one box.
        if children
            && line.body.is_empty()
            && let Some(inner) = lines.get(i + 1)
            && inner.name.is_empty()
            && let Some(after) = lines.get(i + 2)
            && after.depth > inner.depth
            && lines[i + 2..]
                .iter()
                .take_while(|l| l.depth > line.depth)
                .all(|l| l.depth > inner.depth)
        {
            shown.body = inner.body;
            i += 1;
        }
        children &= lines.get(i + 1).is_some_and(|next| next.depth > line.depth);
        let details = parameters(params, &path, children);
        if children {
            let class = if shown.is_parallel() {
                "parts"
            } else {
                "steps"
            };
            out.push_str("<li class=\"group\"><details open>");
            summary(&mut out, &shown);
            if !details.is_empty() {
                let own = "<details class=\"own\"><summary>parameters</summary>";
                out.push_str(&format!("{own}{details}</details>"));
            }
            out.push_str(&format!("<ul class=\"{class}\">\n"));
            open.push(Open {
                depth: line.depth,
                path,
            });
        } else if details.is_empty() {
            out.push_str("<li class=\"leaf\"><div class=\"plain\">");
            title(&mut out, &shown);
            out.push_str("</div></li>\n");
        } else {
            out.push_str("<li class=\"leaf\"><details>");
            summary(&mut out, &shown);
            out.push_str(&details);
            out.push_str("</details></li>\n");
        }
        i += 1;
    }
    for _ in open {
        out.push_str("</ul></details></li>\n");
    }
    out.push_str("</ul></main></body></html>\n");
    out
}

fn summary(out: &mut String, line: &Line<'_>) {
    out.push_str("<summary>");
    title(out, line);
    out.push_str("</summary>");
}

/// The name, the columns, the estimator and, smaller, its settings.
fn title(out: &mut String, line: &Line<'_>) {
    if !line.name.is_empty() {
        out.push_str(&format!("<b>{}</b>", escape(&line.name)));
    }
    if !line.about.is_empty() {
        out.push_str(&format!(" <i>{}</i>", escape(line.about)));
    }
    let end = line.body.find(['(', ' ']).unwrap_or(line.body.len());
    let (estimator, settings) = line.body.split_at(end);
    if !estimator.is_empty() {
        out.push_str(&format!(" <span>{}</span>", escape(estimator)));
    }
    let settings = settings.strip_prefix("()").unwrap_or(settings).trim();
    if !settings.is_empty() {
        out.push_str(&format!(" <small>{}</small>", escape(settings)));
    }
}

/// The parameters right under a path, as a table; those of boxes inside are shown there.
fn parameters(params: &BTreeMap<String, Value>, path: &str, has_children: bool) -> String {
    let own: Vec<(&str, &Value)> = params
        .range(path.to_string()..)
        .map_while(|(name, value)| Some((name.strip_prefix(path)?, value)))
        .filter(|(name, _)| !(has_children || path.is_empty()) || !name.contains("__"))
        .collect();
    if own.is_empty() {
        return String::new();
    }
    let row = |(name, value): &(&str, &Value)| {
        let value = escape(&value.to_string());
        format!("<tr><th>{}</th><td>{value}</td></tr>", escape(name))
    };
    let rows: String = own.iter().map(row).collect();
    format!("<table>{rows}</table>")
}

/// Text as text, in HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pipeline</title>
<style>
:root { color-scheme: light dark; --page: #f6f7f9; --box: #ffffff; --group: #eef2f7; --line: #c9d3df; --text: #1c2733;
  --soft: #5d6b7a; --name: #1f5fa8; --mark: #3d7fc4; --hover: #f3f8fe; }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --box: #1f262e; --group: #1a2027; --line: #3a4653;
  --text: #e4e9ee; --soft: #9aa8b6; --name: #8cc0f5; --mark: #5b9bd8; --hover: #26303a; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 28px; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { width: fit-content; max-width: 100%; margin: 0 auto; }
ul { list-style: none; margin: 0; padding: 0; }
ul.steps { display: flex; flex-direction: column; align-items: stretch; }
ul.steps > li + li { margin-top: 22px; position: relative; }
ul.steps > li + li::before { content: ""; position: absolute; left: 50%; top: -22px; height: 16px; border-left: 2px solid var(--line); }
ul.steps > li + li::after { content: ""; position: absolute; left: calc(50% - 4px); top: -8px; border: 5px solid transparent;
  border-top: 7px solid var(--line); border-bottom: 0; }
ul.parts { display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; }
ul.parts > li { flex: 1 1 240px; }
details, .plain { border: 1px solid var(--line); border-radius: 8px; background: var(--box); overflow: hidden; }
li.group > details { background: var(--group); }
summary, .plain { padding: 8px 14px; text-align: center; overflow-wrap: anywhere; }
summary { cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "\25B8"; color: var(--mark); margin-right: 7px; display: inline-block; transition: transform .15s; }
details[open] > summary::before { transform: rotate(90deg); }
summary:hover { background: var(--hover); }
summary:focus-visible { outline: 2px solid var(--mark); outline-offset: -2px; }
li.group > details[open] > ul { padding: 10px 14px 14px; }
details.own { border: 0; background: none; border-radius: 0; }
details.own > summary { padding: 0 14px 4px; font-size: 12px; color: var(--soft); }
b { color: var(--name); font-weight: 600; }
i { color: var(--soft); font-size: 12.5px; font-style: normal; }
span { font-weight: 500; }
small { color: var(--soft); font-size: 12px; }
table { border-collapse: collapse; margin: 0 auto 10px; font-size: 12.5px; max-width: 100%; }
th, td { text-align: left; padding: 2px 10px; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; }
td { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
</style></head><body><main><ul class="steps">
"#;

/// Gives estimators, and then fitted models, a page of their own.
macro_rules! as_page {
    ($($estimator:ident<$($p:ident),+>),+; $($model:ident<$($q:ident),+>),+) => {
        $(impl<$($p),+> $estimator<$($p),+>
        where
            Self: $crate::params::Params + ::std::fmt::Display,
        {
            /// This estimator as one HTML page: a box for each step, with its parameters; see
            /// [`html_page`](crate::pipeline::html_page).
            pub fn to_html(&self) -> String {
                $crate::pipeline::html::estimator_page(self)
            }
        })+
        $(impl<$($q),+> $model<$($q),+>
        where
            Self: ::std::fmt::Display,
        {
            /// This model as one HTML page: a box for each step; see [`html_page`](crate::pipeline::html_page).
            pub fn to_html(&self) -> String {
                $crate::pipeline::html::html_page(self)
            }
        })+
    };
}
as_page!(
    Pipeline<A, B>, FeatureUnion<P>, ColumnTransformer<P, R>, TransformedTargetRegressor<R, T>;
    Step<T>, FittedFeatureUnion<P>, FittedColumnTransformer<P, R>, FittedTransformedTargetRegressor<M, S>
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impute::SimpleImputer;
    use crate::linear_model::Ridge;
    use crate::pipeline::{ColumnTransformer, FeatureUnion, Passthrough, pipeline};
    use crate::preprocessing::{OneHotEncoder, StandardScaler};
    use crate::table::Columns;

    #[test]
    fn lines_of_the_tree() {
        let parsed = |text| {
            let line = Line::new(text);
            (line.depth, line.name.into_owned(), line.about, line.body)
        };
        assert_eq!(
            parsed("scale: StandardScaler()"),
            (0, "scale".into(), "", "StandardScaler()")
        );
        assert_eq!(parsed("    num [a, b]:"), (2, "num".into(), "[a, b]", ""));
        assert_eq!(
            parsed("  ColumnTransformer()"),
            (1, "".into(), "", "ColumnTransformer()")
        );
        let settings = "ColumnTransformer(transformer_weights={\"a\": 1})";
        assert_eq!(parsed(settings), (0, "".into(), "", settings));
        assert_eq!(
            parsed(r#"  "a: [b]\n" ["c: d", e]: Drop()"#),
            (1, "a: [b]\n".into(), r#"["c: d", e]"#, "Drop()")
        );
    }

    #[test]
    fn odd_names_of_steps_and_columns_leave_the_tree_whole() {
        let recipe = ColumnTransformer::new()
            .numeric("a [b]: c", ["x: y", "two\nlines"], StandardScaler::new())
            .part("\u{1b}[31m ", ["d, e"], OneHotEncoder::new());
        let recipe = pipeline("one\ntwo: 3", recipe).then("ridge", Ridge::new());
        assert_eq!(
            recipe.to_string(),
            r#""one\ntwo: 3":
  ColumnTransformer()
    "a [b]: c" ["x: y", "two\nlines"]: StandardScaler()
    "\u001b[31m " ["d, e"]: OneHotEncoder()
ridge: Ridge()"#
        );
        let page = recipe.to_html();
        // Every parameter is found under its path, so every name was read as it is.
        assert_eq!(page.matches("<th>").count(), recipe.params().len());
        assert!(
            page.contains("<b>a [b]: c</b> <i>[&quot;x: y&quot;, &quot;two\\nlines&quot;]</i>")
        );
        assert_eq!(page.matches("<b>").count(), 4);
    }

    #[test]
    fn every_box_is_closed_and_every_parameter_shown_once() {
        let recipe = pipeline(
            "prepare",
            ColumnTransformer::new()
                .numeric(
                    "num",
                    Columns::numeric(),
                    pipeline("impute", SimpleImputer::median())
                        .then("scale", StandardScaler::new()),
                )
                .part("cat", ["sex"], OneHotEncoder::new()),
        )
        .then(
            "more",
            FeatureUnion::new()
                .part("same", Passthrough::new())
                .part("scaled", StandardScaler::new()),
        )
        .then("ridge", Ridge::new());
        let page = recipe.to_html();
        for tag in ["ul", "li", "details", "summary", "table", "div"] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert_eq!(page.matches("<th>").count(), recipe.params().len());
        for name in [
            "prepare", "num", "impute", "scale", "cat", "more", "same", "ridge",
        ] {
            assert_eq!(page.matches(&format!("<b>{name}</b>")).count(), 1, "{name}");
        }
        assert_eq!(page.matches("class=\"parts\"").count(), 2);
        assert!(!page.contains("http") && !page.contains("<script"));
    }

    #[test]
    fn texts_stay_texts() {
        let recipe = pipeline("<script>alert('x')</script> & \"more\"", Ridge::new());
        let page = recipe.to_html();
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
        struct Odd;
        impl fmt::Display for Odd {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a:\n            deep: <b>\n  é: x\n\n\u{0}:\n")
            }
        }
        let page = html_page(&Odd);
        assert!(page.ends_with("</html>\n") && page.contains("&lt;b&gt;"));
    }
}
