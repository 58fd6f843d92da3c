//! The house rules, as far as a machine can read them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Top floor first: a module uses only what stands below it.
const FLOORS: [&str; 21] = [
    "fuzz",
    "cli",
    "doctor",
    "app",
    "api",
    "power",
    "directory",
    "inventory",
    "audit",
    "changes",
    "policy",
    "access",
    "azure",
    "identity",
    "export",
    "http",
    "task",
    "telemetry",
    "metrics",
    "config",
    "secret",
];

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().unwrap() != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The module that a file of `src` belongs to, such as `http` for
/// `src/http/retry.rs`.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// What a file takes from other modules: the names after `crate::`, also in a
/// list in braces.
fn uses(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in source.split("crate::").skip(1) {
        let end = if rest.starts_with('{') {
            rest.find("};")
        } else {
            rest.find([';', ')', ' '])
        };
        let list = rest[..end.unwrap_or(rest.len())].trim_start_matches('{');
        let mut depth = 0;
        let top = |letter: char| {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            letter == ',' && depth == 0
        };
        for part in list.split(top) {
            let name: String = part
                .trim()
                .chars()
                .take_while(|it| it.is_alphanumeric() || *it == '_')
                .collect();
            if name.chars().next().is_some_and(char::is_lowercase) {
                names.push(name);
            }
            if !rest.starts_with('{') {
                break;
            }
        }
    }
    names
}

#[test]
fn modules_depend_downwards_only() {
    let mut seen = 0;
    for path in sources("src") {
        let module = module(&path);
        let Some(floor) = FLOORS.iter().position(|name| *name == module) else {
            assert!(
                ["lib", "main"].contains(&module.as_str()),
                "{module} has no floor"
            );
            continue;
        };
        for used in uses(&fs::read_to_string(&path).unwrap()) {
            let target = FLOORS.iter().position(|name| *name == used);
            let target = target.unwrap_or_else(|| panic!("{used} has no floor"));
            assert!(target >= floor, "{} must not use {used}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} uses were read");
}

#[test]
fn uses_are_read_from_lists_too() {
    let source = "use crate::{\n    azure::{self, Error},\n    http,\n    task::Stopped,\n};\n\
                  fn f() { crate::metrics::new(); }";
    assert_eq!(uses(source), ["azure", "http", "task", "metrics"]);
}

/// A word, and the only places of `src` where it may stand.
const KEPT: [(&str, &[&str]); 7] = [
    ("HttpRequest", &["api", "app"]),
    ("HttpResponse", &["api", "app"]),
    ("awc::", &["http"]),
    ("std::env", &["config", "main"]),
    ("io::stdout", &["audit", "cli", "telemetry"]),
    ("println!", &[]),
    // The order of floors is read off paths that begin at the crate.
    ("super::super", &[]),
];

#[test]
fn each_outside_thing_has_one_door() {
    for path in sources("src") {
        let source = fs::read_to_string(&path).unwrap();
        for (word, modules) in KEPT {
            let is_allowed = modules.contains(&module(&path).as_str());
            assert!(
                is_allowed || !source.contains(word),
                "{word} in {}",
                path.display()
            );
        }
    }
}

#[test]
fn files_are_one_idea_each_and_say_which() {
    for path in sources("src").into_iter().chain(sources("tests")) {
        let source = fs::read_to_string(&path).unwrap();
        assert!(
            source.starts_with("//! "),
            "{} says nothing",
            path.display()
        );
        assert!(source.lines().count() <= 400, "{} is long", path.display());
        assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
    }
}

#[test]
fn the_sandbox_knows_nothing_of_the_gateway() {
    let manifest = fs::read_to_string(root().join("tests/sandbox/Cargo.toml")).unwrap();
    assert!(!manifest.contains("mi-gateway"));
    for path in sources("tests/sandbox") {
        let source = fs::read_to_string(&path).unwrap();
        assert!(!source.contains("mi_gateway"), "{}", path.display());
    }
}
