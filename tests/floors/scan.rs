//! What a source file names, read from its tokens; code for tests alone is passed over.
//!
//! Tokens, not syntax: so the names inside macros and their definitions are seen too.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What one file holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Every path, and every single identifier as a path of one.
    pub(crate) names: Vec<Name>,
    /// The lines of each `select!` that is not `biased`.
    pub(crate) unbiased: Vec<usize>,
    /// The lines inside the braces of each function.
    pub(crate) bodies: Vec<Range<usize>>,
    /// The lines of code for tests alone.
    pub(crate) tests: Vec<Range<usize>>,
    /// The modules for tests alone that are files of their own.
    pub(crate) test_modules: Vec<String>,
    /// Whether the whole file is for tests alone.
    pub(crate) all_tests: bool,
}

/// A path as it is written, with its `use` prefix in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Its parts; a glob is `*`.
    pub(crate) parts: Vec<String>,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The inline modules around it.
    pub(crate) inside: Vec<String>,
    /// Whether it is in a `pub use`.
    pub(crate) public_use: bool,
}

/// Reads `text`.
pub(crate) fn scan(text: &str) -> Result<Scan, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut walk = Walk::default();
    walk.group(tokens);
    Ok(walk.scan)
}

#[derive(Default)]
struct Walk {
    scan: Scan,
    inside: Vec<String>,
    public_use: bool,
}

impl Walk {
    fn group(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.step(&tokens, at);
        }
    }

    /// Reads what begins at `at` and gives where the next thing begins.
    fn step(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(tokens, at),
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                self.public_use = false;
                at + 1
            }
            TokenTree::Group(group) => {
                self.group(group.stream());
                at + 1
            }
            TokenTree::Ident(word) if word == "mod" => self.module(tokens, at),
            TokenTree::Ident(word) if word == "fn" => self.function(tokens, at),
            TokenTree::Ident(word) if word == "use" => {
                self.public_use = is_public(&tokens[..at]);
                at + 1
            }
            TokenTree::Ident(_) => self.path(tokens, at, &[]),
            _ => at + 1,
        }
    }

    /// An attribute: names are read in it, and what follows `#[cfg(test)]` is passed over.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let inner = is_punct(tokens.get(at + 1), '!');
        let body = at + 1 + usize::from(inner);
        let Some(TokenTree::Group(group)) = tokens.get(body) else {
            return at + 1;
        };
        if !is_for_tests(group.stream()) {
            self.group(group.stream());
            return body + 1;
        }
        if inner {
            self.scan.all_tests = self.inside.is_empty();
            return tokens.len();
        }
        let end = item_end(tokens, body + 1);
        if let [.., TokenTree::Ident(name), TokenTree::Punct(_)] = &tokens[..end]
            && tokens[body..end].iter().any(|token| is_word(token, "mod"))
        {
            self.scan.test_modules.push(name.to_string());
        }
        self.scan
            .tests
            .push(line(&tokens[at])..line_end(&tokens[end - 1]) + 1);
        end
    }

    /// A module: the names inside are read from where it is.
    fn module(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
            (tokens.get(at + 1), tokens.get(at + 2))
        else {
            return at + 1;
        };
        self.inside.push(name.to_string());
        self.group(body.stream());
        self.inside.pop();
        at + 3
    }

    /// A function, or the type of one: where its body is; what is in it is read as everything else.
    fn function(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let is_named = matches!(tokens.get(at + 1), Some(TokenTree::Ident(_)));
        let end = item_end(tokens, at);
        if is_named && let Some(TokenTree::Group(body)) = tokens.get(end - 1) {
            let (open, close) = (body.span_open().end().line, body.span_close().start().line);
            self.scan.bodies.push(open + 1..close.max(open + 1));
        }
        at + 1
    }

    /// A `select!` whose exclamation mark is at `at`.
    fn select(&mut self, tokens: &[TokenTree], at: usize) {
        let first = match tokens.get(at + 1) {
            Some(TokenTree::Group(body)) => body.stream().into_iter().next(),
            _ => None,
        };
        if !first.is_some_and(|first| is_word(&first, "biased")) {
            self.scan.unbiased.push(line(&tokens[at]));
        }
    }

    /// A path that begins at `at`, behind `prefix`; a group at its end is a tree of `use`.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, prefix: &[String]) -> usize {
        let line = line(&tokens[at]);
        let mut parts = prefix.to_vec();
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => parts.push(word.to_string()),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' && !parts.is_empty() => {
                    parts.push("*".into());
                    at += 1;
                    break;
                }
                Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                    self.tree(tree.stream(), &parts);
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
                break;
            }
            at += 2;
        }
        if parts.last().is_some_and(|last| last == "select") && is_punct(tokens.get(at), '!') {
            self.select(tokens, at);
        }
        self.name(parts, line);
        at
    }

    fn tree(&mut self, tokens: TokenStream, prefix: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            if !branch.is_empty() {
                self.path(branch, 0, prefix);
            }
        }
    }

    fn name(&mut self, mut parts: Vec<String>, line: usize) {
        if parts.len() > 1 && parts.last().is_some_and(|last| last == "self") {
            parts.pop();
        }
        self.scan.names.push(Name {
            parts,
            line,
            inside: self.inside.clone(),
            public_use: self.public_use,
        });
    }
}

/// Where the item ends that begins at `at`, attributes in front of it included.
fn item_end(tokens: &[TokenTree], at: usize) -> usize {
    tokens[at..]
        .iter()
        .position(|token| match token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        })
        .map_or(tokens.len(), |end| at + end + 1)
}

/// Whether an attribute's body is a `cfg` that holds in tests only.
fn is_for_tests(body: TokenStream) -> bool {
    let text = body.to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// Whether the tokens in front of a `use` make it public, to whomever.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., last] if is_word(last, "pub") => true,
        [.., word, TokenTree::Group(to)] => {
            is_word(word, "pub") && to.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn line_end(token: &TokenTree) -> usize {
    token.span().end().line
}
