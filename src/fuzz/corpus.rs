//! The seeds and regressions of `fuzz/`, as ordinary tests.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use super::{TARGETS, feed};

/// Those that were written by hand, and those that were once a fault.
const FOLDERS: [&str; 2] = ["corpus", "regressions"];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// What is in `folder`, in the order of its names; nothing where there is none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn names(folder: &str) -> Vec<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    files(&fuzz().join(folder)).into_iter().map(stem).collect()
}

/// The names of the programs in the manifest.
fn programs() -> Vec<String> {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let programs = manifest.split("[[bin]]\nname = \"").skip(1);
    let mut names: Vec<_> = programs
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_target_has_a_program_a_parser_and_seeds() {
    let targets: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(programs(), targets);
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    for target in targets {
        let program = fuzz().join(format!("fuzz_targets/{target}.rs"));
        let program = fs::read_to_string(program).unwrap();
        assert!(
            program.contains(&format!("feed(\"{target}\", ")),
            "{target}"
        );
        assert!(
            !files(&fuzz().join("corpus").join(target)).is_empty(),
            "{target}"
        );
    }
    for folder in names("regressions") {
        assert!(programs().contains(&folder), "regressions/{folder}");
    }
}

#[test]
fn what_has_to_hold_does_for_every_seed_and_regression() {
    let mut at_fault = Vec::new();
    for (target, _) in TARGETS {
        let folders = FOLDERS.map(|folder| fuzz().join(folder).join(target));
        for file in folders.iter().flat_map(|folder| files(folder)) {
            if !holds(target, &file) {
                at_fault.push(file);
            }
        }
    }
    assert!(at_fault.is_empty(), "{at_fault:#?}");
}

/// In a thread of its own, whose name stands before what it says when it panics.
fn holds(target: &'static str, file: &Path) -> bool {
    let input = fs::read(file).unwrap();
    let thread = thread::Builder::new().name(file.display().to_string());
    let fed = thread.spawn(move || feed(target, &input)).unwrap();
    fed.join().is_ok()
}
