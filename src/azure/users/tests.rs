//! What becomes of queries, and a property of every department there could be.

use url::form_urlencoded;

use super::*;
use crate::azure::InvalidQuery;

fn query(departments: &[&str]) -> UserQuery {
    UserQuery::of(departments, 5)
}

fn filters(query: &UserQuery) -> Vec<String> {
    query
        .chunks()
        .map(|chunk| chunk.filter().to_string())
        .collect()
}

#[test]
fn a_department_is_one_encoded_literal() {
    let query = query(&["R&D's"]);
    let chunk = query.chunks().next().unwrap();
    assert_eq!(
        chunk.first_page(),
        "$select=id&$filter=department%20eq%20%27R%26D%27%27s%27&$top=5"
    );
}

#[test]
fn a_department_is_asked_for_once_whatever_its_case() {
    let query = query(&["ΟΔΟΣ", "οδος", "οδοσ", "Öl", "öL"]);
    assert_eq!(filters(&query), ["department in ('ΟΔΟΣ','Öl')"]);
}

#[test]
fn everything_that_narrows_is_in_the_filter() {
    let query = UserQuery {
        enabled: Some(false),
        user_type: Some(UserType::Guest),
        search: Some("O'B".parse().unwrap()),
        ..query(&["A", "B", "a"])
    };
    assert_eq!(
        filters(&query),
        [
            "department in ('A','B') and accountEnabled eq false and userType eq 'Guest' and \
          (startsWith(displayName,'O''B') or startsWith(givenName,'O''B') or \
          startsWith(surname,'O''B'))"
        ]
    );
}

#[test]
fn no_part_has_more_clauses_than_graph_takes() {
    let names: Vec<_> = (0..60).map(|number| format!("d{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(filters(&query(&names)).len(), 4);
    let searching = UserQuery {
        search: Some("x".parse().unwrap()),
        ..query(&names)
    };
    let parts = filters(&searching);
    assert_eq!(parts.len(), 5);
    for part in &parts {
        let clauses = part.matches("'d").count() + part.matches("startsWith").count();
        assert!(clauses <= CLAUSES, "{part}");
    }
}

#[test]
fn no_part_is_longer_than_a_url_may_be() {
    let names = (0..7).map(|number| format!("{number:02}{}", "部".repeat(62)));
    let names: Vec<_> = names.collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let query = query(&names);
    let found: usize = query.chunks().map(|chunk| chunk.departments.len()).sum();
    assert_eq!(found, 7);
    for chunk in query.chunks() {
        assert!(chunk.first_page().len() < 2_000, "{}", chunk.first_page());
    }
}

#[test]
fn quotes_and_searches_count_as_what_they_become() {
    let quotes: Vec<_> = (0..6)
        .map(|it| format!("{it:02}{}", "'".repeat(62)))
        .collect();
    let quotes: Vec<_> = quotes.iter().map(String::as_str).collect();
    let searching = UserQuery {
        search: Some("部".repeat(20).parse().unwrap()),
        ..query(&quotes)
    };
    for query in [query(&quotes), searching] {
        for chunk in query.chunks() {
            assert!(chunk.first_page().len() < 2_048, "{}", chunk.first_page());
        }
    }
}

#[test]
fn what_graph_could_not_do_is_refused_before_it_is_asked() {
    let long = "d".repeat(65);
    let decomposed = "Ku\u{308}che";
    for text in ["", "a\u{7}b", "a\nb", long.as_str(), decomposed] {
        assert!(text.parse::<Department>().is_err(), "{text:?}");
        assert!(text.parse::<Prefix>().is_err(), "{text:?}");
    }
    for top in ["0", "1000", "-1", "ten", ""] {
        assert!(top.parse::<Top>().is_err(), "{top}");
    }
    for kind in ["", "members", "admin"] {
        assert!(kind.parse::<UserType>().is_err(), "{kind}");
    }
    let many: Vec<_> = (0..61).map(|number| number.to_string()).collect();
    let many = Departments::read(many.iter().map(String::as_str));
    assert_eq!(many, Err(InvalidQuery::Departments));
    let long: Vec<_> = (0..15)
        .map(|number| format!("{number:02}{}", "部".repeat(62)))
        .collect();
    assert_eq!(
        Departments::read(long.iter().map(String::as_str)),
        Err(InvalidQuery::Departments)
    );
    assert_eq!(Departments::read([]), Err(InvalidQuery::Departments));
}

/// Reads a string literal as OData has it, and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('\'')?;
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

/// Letters that mean something somewhere, and some from everywhere.
fn any_text(random: &mut fastrand::Rng) -> String {
    const SHARP: [char; 16] = [
        '\'', '"', '%', '&', '#', '+', '/', '?', '=', ' ', '(', ')', ',', '$', '\\', ';',
    ];
    let length = random.usize(1..=64);
    let letters = std::iter::repeat_with(|| match random.u8(..) {
        0..96 => SHARP[random.usize(..SHARP.len())],
        96..128 => '\'',
        128..192 => random.char('a'..='z'),
        _ => random.char(..),
    });
    letters.take(length).collect()
}

#[test]
fn a_million_departments_are_a_million_single_literals() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tried = 0;
    while tried < 1_000_000 {
        let text = any_text(&mut random);
        if text.parse::<Department>().is_err() {
            continue;
        }
        tried += 1;
        let query = query(&[&text]);
        let link = query.chunks().next().unwrap().first_page();
        let parameters: Vec<_> = form_urlencoded::parse(link.as_bytes()).collect();
        assert_eq!(parameters.len(), 3, "seed {seed}: {text:?}");
        let (name, filter) = &parameters[1];
        assert_eq!(name, "$filter");
        let rest = filter.strip_prefix("department eq ").unwrap();
        let expected = Some((text.clone(), ""));
        assert_eq!(literal(rest), expected, "seed {seed}: {text:?}");
    }
}
