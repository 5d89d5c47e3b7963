//! What the compiler said about one program, read from cargo's JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// Everything that was said about one crate.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    problems: Vec<Problem>,
    /// Whether the crate was compiled to its end.
    is_compiled: bool,
}

/// A warning or an error.
#[derive(Debug)]
pub(crate) struct Problem {
    level: String,
    /// As a terminal shows it.
    pub(crate) text: String,
    /// The number of that line.
    at: u64,
    /// The source line that it points to.
    pub(crate) line: Option<String>,
}

impl Verdict {
    /// Whether there is nothing to say.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_compiled && self.problems.is_empty()
    }

    /// What is no error, in the order of the lines that it is about.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = &Problem> {
        let mut warnings: Vec<_> = self.problems.iter().collect();
        warnings.retain(|problem| problem.level == "warning" && problem.line.is_some());
        warnings.sort_by_key(|problem| problem.at);
        warnings.into_iter()
    }

    pub(crate) fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.problems
            .iter()
            .filter(|problem| problem.level.starts_with("error"))
    }
}

/// Reads the messages of a whole run, by crate; none when the run did not get as far as compiling.
pub(crate) fn read(messages: &str) -> Option<BTreeMap<String, Verdict>> {
    let mut verdicts = BTreeMap::<String, Verdict>::new();
    let mut is_finished = false;
    for line in messages.lines() {
        // Cargo may let a line of another tool through.
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let target = message["target"]["name"].as_str().unwrap_or_default();
        match message["reason"].as_str() {
            Some("compiler-message") => {
                let problem = problem(&message["message"]);
                let verdict = verdicts.entry(target.to_owned()).or_default();
                verdict.problems.extend(problem);
            }
            Some("compiler-artifact") => {
                verdicts.entry(target.to_owned()).or_default().is_compiled = true;
            }
            Some("build-finished") => is_finished = true,
            _ => {}
        }
    }
    is_finished.then_some(verdicts)
}

/// A message that is about the code; the compiler's closing words are not.
fn problem(message: &Value) -> Option<Problem> {
    let spans = message["spans"].as_array()?;
    let level = message["level"].as_str()?;
    let is_closing = spans.is_empty()
        && (level == "failure-note" || message["message"].as_str()?.starts_with("aborting due to"));
    let primary = spans.iter().find(|span| span["is_primary"] == true);
    let line = primary.and_then(|span| span["text"][0]["text"].as_str());
    let at = primary.and_then(|span| span["line_start"].as_u64());
    let problem = Problem {
        level: level.to_owned(),
        text: message["rendered"].as_str()?.to_owned(),
        at: at.unwrap_or_default(),
        line: line.map(str::to_owned),
    };
    (!is_closing).then_some(problem)
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        if !self.is_compiled {
            f.write_str("It was not compiled to its end.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
