//! The documents say what is so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mi_gateway::variables;

use crate::architecture::{root, sources};

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document of the repository.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let folders = [
        "",
        "bench",
        "deploy/azure",
        "deploy/container-apps",
        "deploy/systemd",
        "docs",
        "docs/adr",
        "docs/runbooks",
        "tests/sandbox",
    ];
    for folder in folders {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn the_readme_has_every_variable_with_its_default_and_meaning() {
    let readme = text(&root().join("README.md"));
    for variable in variables() {
        let default = variable
            .default
            .map_or_else(String::new, |value| format!("`{value}`"));
        let row = format!("| `{}` | {default} | {} |", variable.name, variable.meaning);
        assert!(readme.contains(&row), "{row}");
    }
}

/// What is in the cells of each row under `heads`.
fn table<'a>(document: &'a str, heads: &str) -> Vec<Vec<&'a str>> {
    let (_, rows) = document.split_once(heads).unwrap();
    let rows = rows.lines().skip(2);
    rows.take_while(|row| row.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// A number that is the last word of `cell`.
fn last_number(cell: &str) -> Option<f64> {
    let digits = cell.rsplit(' ').next()?.replace(',', "");
    digits.parse().ok()
}

/// Bytes, of `45 kB` and the like.
fn bytes(cell: &str) -> f64 {
    let (number, unit) = cell.split_once(' ').unwrap();
    let exponent = ["B", "kB", "MB"].iter().position(|it| *it == unit);
    number.parse::<f64>().unwrap() * [1e0, 1e3, 1e6][exponent.unwrap()]
}

#[test]
fn what_the_limits_allow_is_less_than_the_charts_limit_of_memory() {
    let capacity = text(&root().join("docs/capacity.md"));
    let mut rows = table(&capacity, "| What | At most | Each | MiB |");
    let total = last_number(rows.pop().unwrap()[3]).unwrap();
    let mut sum = 0.0;
    for row in &rows {
        let all = last_number(row[3]).unwrap();
        if let Some(most) = last_number(row[1]) {
            let computed = most * bytes(row[2]) / f64::from(1 << 20);
            assert!((computed - all).abs() <= 0.5, "{row:?}: {computed}");
        }
        sum += all;
    }
    assert!((sum - total).abs() < 0.5, "{sum} and {total}");
    for row in rows.iter().filter(|row| row[1].starts_with('`')) {
        let name = row[1].split('`').nth(1).unwrap();
        let variable = variables().find(|it| it.name == name).unwrap();
        let default: f64 = variable.default.unwrap().parse().unwrap();
        assert_eq!(last_number(row[1]), Some(default), "{name}");
    }
    let values = text(&root().join("helm/mi-gateway/values.yaml"));
    let (_, limit) = values
        .split_once("## @param resources.limits.memory ")
        .unwrap();
    let (_, limit) = limit.split_once("\n    memory: ").unwrap();
    let (limit, _) = limit.split_once("Mi\n").unwrap();
    assert!(limit.parse::<f64>().unwrap() > total, "{limit} MiB");
}

/// Whose number in that table is of the code alone: the constants that it is the sum of.
const BOUNDS: [(&str, &[(&str, &str)]); 9] = [
    (
        "Connections of the admin listener",
        &[("app/admin.rs", "CONNECTIONS")],
    ),
    (
        "Operations that have ended",
        &[("power/kept.rs", "ORDERED"), ("power/kept.rs", "SEEN")],
    ),
    (
        "Callers who",
        &[("changes.rs", "MOST_CALLERS"), ("audit.rs", "MOST_DENIED")],
    ),
    ("Lines of the record", &[("audit/writer.rs", "KEPT")]),
    ("Whole listings", &[("directory/listings.rs", "AT_ONCE")]),
    ("Tokens", &[("access/validated.rs", "MOST")]),
    ("Decisions", &[("policy/known.rs", "MOST")]),
    ("Names of machines", &[("inventory/names.rs", "CAPACITY")]),
    (
        "Lines of the log, and spans",
        &[
            ("telemetry/output.rs", "QUEUE"),
            ("telemetry/tracer.rs", "MOST"),
        ],
    ),
];

/// What the constant `name` of a file of `src` is.
fn constant((file, name): &(&str, &str)) -> f64 {
    let code = text(&root().join("src").join(file));
    let mut lines = code.lines().filter(|line| line.contains(" = "));
    let line = lines.find(|line| line.contains(&format!("const {name}: ")));
    let (_, value) = line.unwrap_or(name).split_once(" = ").unwrap();
    value
        .trim_end_matches(';')
        .replace('_', "")
        .parse()
        .unwrap()
}

#[test]
fn what_the_code_alone_bounds_is_in_the_table_of_memory_as_it_is() {
    let capacity = text(&root().join("docs/capacity.md"));
    let rows = table(&capacity, "| What | At most | Each | MiB |");
    // What a variable bounds is told by its default.
    let mut bounded = rows
        .iter()
        .filter(|row| row[1].starts_with(char::is_numeric));
    for (what, constants) in BOUNDS {
        let row = bounded.next().unwrap();
        assert!(row[0].starts_with(what), "{row:?} is not of {what}");
        let most: f64 = constants.iter().map(constant).sum();
        assert_eq!(last_number(row[1]), Some(most), "{row:?}");
    }
    assert_eq!(bounded.next(), None);
}

/// Whole listings are sent in chunks.
#[test]
fn a_proxy_is_told_to_ask_by_http_1_1_where_it_would_not_by_itself() {
    let network = text(&root().join("docs/network.md"));
    let rows = table(&network, "| In front | What to set |");
    let nginx = rows.iter().find(|row| row[0] == "nginx").unwrap();
    assert!(nginx[1].contains("`proxy_http_version 1.1`"), "{nginx:?}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut seen = 0;
    for document in documents() {
        for rest in text(&document).split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let file = target.split('#').next().unwrap();
            let place = document.parent().unwrap().join(file);
            assert!(place.exists(), "{target} in {}", document.display());
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} links were followed");
}

#[test]
fn the_index_of_decisions_is_complete() {
    let folder = root().join("docs/adr");
    let index = text(&folder.join("README.md"));
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        let title = text(&path).lines().next().unwrap().replace("# ", "");
        let row = format!("| [{}]({name}) | {title} |", &name[..4]);
        assert!(index.contains(&row), "{row}");
    }
}

#[test]
fn every_metric_is_documented_in_the_words_of_its_help() {
    let document = text(&root().join("docs/metrics.md"));
    let rows: Vec<Vec<&str>> = document
        .lines()
        .filter(|line| line.starts_with("| `mi_gateway_"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut files = vec![root().join("src/metrics.rs")];
    files.extend(sources("src/metrics"));
    let code: String = files.iter().map(|file| text(file)).collect();
    for row in &rows {
        let name = row[0].trim_matches('`').trim_start_matches("mi_gateway_");
        assert!(code.contains(&format!("\"{name}\"")), "{name}");
        assert!(code.contains(&format!("\"{}\"", row[3])), "{}", row[3]);
    }
    let calls = [
        ".counter(",
        ".gauge(",
        ".single_gauge(",
        ".ratio(",
        ".histogram(",
    ];
    let declared: usize = calls.iter().map(|call| code.matches(call).count()).sum();
    assert_eq!(rows.len(), declared);
}

#[test]
fn every_word_of_a_label_is_documented() {
    // An operation is counted once it has ended, and a shadow where it differs.
    const NEVER_COUNTED: [&str; 2] = ["in_progress", "same"];
    let document = text(&root().join("docs/metrics.md"));
    let (_, values) = document.split_once("| Label | Values |").unwrap();
    let labels = sources("src").into_iter().map(|file| (file, "fn label("));
    let names = ["azure/action.rs", "policy/action.rs", "audit/record.rs"]
        .map(|file| (root().join("src").join(file), "fn as_str("));
    let mut seen = 0;
    for (file, function) in labels.chain(names) {
        for body in text(&file).split(function).skip(1) {
            let [of_type, free] = ["\n    }", "\n}"].map(|end| body.find(end));
            let end = of_type.into_iter().chain(free).min().unwrap();
            let body = &body[..end];
            let words = body.split('"').skip(1).step_by(2);
            for word in words.filter(|word| !NEVER_COUNTED.contains(word)) {
                let code = format!("`{word}`");
                assert!(values.contains(&code), "{word} of {}", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 70, "{seen} words were looked for");
}
