//! What the source says is served, read as text.

use std::collections::BTreeSet;

/// Verb and path of every route.
pub(super) fn served() -> BTreeSet<(String, String)> {
    let api = include_str!("../../../src/api.rs");
    let admin = include_str!("../../../src/app/admin.rs");
    in_source(api).into_iter().chain(in_source(admin)).collect()
}

/// The literals of `Code::as_str`.
pub(super) fn problem_codes() -> BTreeSet<String> {
    let source = include_str!("../../../src/api/problem/code.rs");
    literals(source, "fn as_str", "fn title")
}

/// The literals of `Diagnosis::code`.
pub(super) fn token_faults() -> BTreeSet<String> {
    let source = include_str!("../../../src/identity/diagnosis.rs");
    literals(source, "fn code", "\n}\n")
}

fn literals(source: &str, from: &str, to: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(from).unwrap();
    let (body, _) = body.split_once(to).unwrap();
    body.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A scope is the last of what its function adds.
fn in_source(source: &str) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for function in source.split("\n}\n") {
        let mut parts = function.split("web::scope(\"");
        routes.extend(resources("", parts.next().unwrap()));
        for scope in parts {
            let (prefix, rest) = scope.split_once('"').unwrap();
            routes.extend(resources(prefix, rest));
        }
    }
    routes
}

fn resources(prefix: &str, source: &str) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for resource in source.split("web::resource(\"").skip(1) {
        let (path, rest) = resource.split_once('"').unwrap();
        let rest = rest.split(".service(").next().unwrap();
        for verb in ["get", "post", "put", "patch", "delete"] {
            if rest.contains(&format!(".{verb}(")) {
                routes.insert((verb.to_uppercase(), [prefix, path].concat()));
            }
        }
    }
    routes
}

#[test]
fn routes_are_read_with_all_their_verbs() {
    let source = r#"
fn routes() {
    config
        .service(web::resource("/a/{x}").post(a::order).get(a::show))
        .service(web::scope("/b").service(web::resource("/c").get(b::show)));
}
fn more() {
    config.service(web::resource("/d").get(d::show));
}
    "#;
    let found = in_source(source);
    let expected = [
        ("GET", "/a/{x}"),
        ("GET", "/b/c"),
        ("GET", "/d"),
        ("POST", "/a/{x}"),
    ];
    let expected = expected.map(|(verb, path)| (verb.to_owned(), path.to_owned()));
    assert_eq!(found, BTreeSet::from(expected));
}
