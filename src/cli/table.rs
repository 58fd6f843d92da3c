//! Columns of text for people.

use crate::telemetry::inert;

/// What `columns` are called, and a line for each of `rows`.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let head = columns.iter().map(|name| (*name).to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head)
        .chain(rows.iter().cloned())
        .map(|line: Vec<String>| line.iter().map(|cell| inert(cell)).collect())
        .collect();
    let mut widths = vec![0; columns.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    lines.iter().map(|line| padded(line, &widths)).collect()
}

/// One line for each of `fields`: its name, and its value behind all names.
pub(super) fn fields(fields: &[(&str, String)]) -> String {
    let lines = fields.iter().map(|(name, value)| [*name, value]);
    let lines: Vec<_> = lines.map(|line| line.map(inert).to_vec()).collect();
    let names = lines.iter().map(|line| line[0].chars().count());
    let widths = [names.max().unwrap_or_default(), 0];
    lines.iter().map(|line| padded(line, &widths)).collect()
}

fn padded(line: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in line.iter().zip(widths) {
        text.push_str(cell);
        let missing = width.saturating_sub(cell.chars().count()) + 2;
        text.extend(std::iter::repeat_n(' ', missing));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["a".to_owned(), "é".to_owned()],
            vec!["long".to_owned(), String::new()],
        ];
        assert_eq!(table(&["x", "y"], &rows), "x     y\na     é\nlong\n");
        let shown = fields(&[("name", "v".to_owned()), ("n", "w".to_owned())]);
        assert_eq!(shown, "name  v\nn     w\n");
    }

    #[test]
    fn nothing_reaches_the_terminal_as_an_order() {
        let rows = [vec!["\u{1b}[2J\r\n".to_owned()]];
        let text = table(&["x"], &rows);
        assert!(!text.contains(['\u{1b}', '\r']) && text.lines().count() == 2);
    }
}
