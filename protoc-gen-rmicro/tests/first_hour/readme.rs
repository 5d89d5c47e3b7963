//! The blocks of README.md.

/// The text that a user reads.
pub(crate) struct Readme(String);

impl Readme {
    pub(crate) fn new() -> Self {
        Self(include_str!("../../README.md").to_owned())
    }

    /// The block after the last mention of `file` in `chapter`.
    pub(crate) fn file(&self, chapter: &str, file: &str) -> String {
        let name = format!("`{file}`");
        let found = self.parts(chapter).find(|(before, _, _)| {
            let last = before.rsplit("\n\n").find(|part| !part.trim().is_empty());
            last.is_some_and(|last| last.contains(&name))
        });
        let (_, _, block) = found.unwrap_or_else(|| panic!("{chapter} does not show {file}"));
        block.to_owned()
    }

    /// The blocks of this language in `chapter`.
    pub(crate) fn blocks(&self, chapter: &str, language: &str) -> Vec<String> {
        let parts = self.parts(chapter);
        let parts = parts.filter(|(_, other, _)| *other == language);
        parts.map(|(_, _, block)| block.to_owned()).collect()
    }

    /// What stands before each block, its language, and the block.
    fn parts(&self, chapter: &str) -> impl Iterator<Item = (&str, &str, &str)> {
        let (_, text) = self.0.split_once(&format!("\n## {chapter}\n")).unwrap();
        let text = text.split_once("\n## ").map_or(text, |(text, _)| text);
        let mut rest = text.split("```");
        std::iter::from_fn(move || {
            let before = rest.next()?;
            let (language, block) = rest.next()?.split_once('\n')?;
            Some((before, language, block))
        })
    }
}
