//! What `--help` says of the environment.

use std::fmt::Write as _;

use super::variables;

/// What `mi-gateway --help` says of the environment.
#[must_use]
pub(crate) fn help() -> String {
    let mut text = String::from(
        "Environment:\n  An empty variable counts as unset. Times are whole numbers with ms, s or m, \
         and without a unit\n  they count seconds. A MIG_ variable that is not among these ends the start \
         with exit code 78.\n\n",
    );
    for variable in variables() {
        let default = variable
            .default
            .map_or_else(String::new, |value| format!(" [{value}]"));
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {}{default}", variable.name);
        for line in wrapped(variable.meaning, 90) {
            let _ = writeln!(text, "      {line}");
        }
    }
    text
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines
            .last_mut()
            .filter(|line| line.len() + 1 + word.len() <= width)
        {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
