//! Users and their departments.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::guid;

/// What is known of a user.
pub(crate) const PROPERTIES: [&str; 16] = [
    "id",
    "displayName",
    "givenName",
    "surname",
    "userPrincipalName",
    "mail",
    "jobTitle",
    "department",
    "officeLocation",
    "mobilePhone",
    "businessPhones",
    "preferredLanguage",
    "accountEnabled",
    "userType",
    "employeeId",
    "companyName",
];

/// Departments and how many users each has; the rest has none. The names hold
/// what breaks queries that are built by joining text.
const DEPARTMENTS: [(&str, usize); 21] = [
    ("Seinfeld", 26),
    ("Kramer's Ideas", 17),
    ("R&D", 310),
    ("C++ Guild", 41),
    ("100% Cotton", 9),
    ("Team #1", 12),
    ("Küche & Café", 23),
    ("Import/Export", 58),
    ("Engineering", 480),
    ("Sales", 290),
    ("Support", 170),
    ("Finance", 95),
    ("Legal", 31),
    ("People", 44),
    ("Facilities", 27),
    ("Security", 36),
    ("Marketing", 88),
    ("Procurement", 19),
    ("Latham & O'Neil (Acquired)", 7),
    ("Executive", 5),
    ("1.5 Half", 1),
];

const TOTAL: usize = 2_000;

const CAST: [(&str, &str); 12] = [
    ("Jerry", "Seinfeld"),
    ("Elaine", "Benes"),
    ("George", "Costanza"),
    ("Cosmo", "Kramer"),
    ("Newman", "O'Postal"),
    ("Frank", "Costanza"),
    ("Estelle", "Costanza"),
    ("Susan", "Ross"),
    ("Jacopo", "Peterman"),
    ("David", "Puddy"),
    ("Morty", "Seinfeld"),
    ("Helen", "Seinfeld"),
];

const GIVEN: [&str; 16] = [
    "Ada", "Björn", "Chloé", "Deniz", "Edsger", "Fatima", "Grace", "Hiro", "Ingrid", "João",
    "Katja", "Linus", "Máire", "Noor", "Olga", "Pádraig",
];

const SURNAMES: [&str; 18] = [
    "Byrne",
    "Çelik",
    "D'Angelo",
    "Eriksen",
    "Fischer",
    "García",
    "Hopper",
    "Ito",
    "Jørgensen",
    "Kovács",
    "Lovelace",
    "Müller",
    "Nakamura",
    "O'Brien",
    "Petrov",
    "Quinn",
    "Rossi",
    "Škoda",
];

static USERS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    let assigned = DEPARTMENTS
        .iter()
        .flat_map(|(name, size)| (0..*size).map(|at| (Some(*name), at)));
    let rest = std::iter::repeat((None, usize::MAX));
    assigned
        .chain(rest)
        .take(TOTAL)
        .enumerate()
        .map(|(number, (department, at))| user(number, department, at))
        .collect()
});

/// All 2,000 users.
pub(crate) fn users() -> &'static [Map<String, Value>] {
    &USERS
}

pub(crate) fn departments() -> Vec<String> {
    DEPARTMENTS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

pub(crate) fn user_ids(department: &str) -> BTreeSet<String> {
    let of = |user: &&Map<String, Value>| {
        let own = user.get("department").and_then(Value::as_str);
        own.is_some_and(|own| own.to_lowercase() == department.to_lowercase())
    };
    let id = |user: &Map<String, Value>| user.get("id").and_then(Value::as_str).map(str::to_owned);
    users().iter().filter(of).filter_map(id).collect()
}

/// User `number` of all, and number `at` of the department.
fn user(number: usize, department: Option<&str>, at: usize) -> Map<String, Value> {
    let (given, surname) = match (department, CAST.get(at)) {
        (Some("Seinfeld"), Some(name)) => *name,
        _ => (
            GIVEN[number % GIVEN.len()],
            SURNAMES[number / GIVEN.len() % SURNAMES.len()],
        ),
    };
    let is_guest = number % 41 == 40;
    let home = if is_guest {
        "partner_example.org#EXT#@example.com"
    } else {
        "example.com"
    };
    let account = format!("user{number:04}");
    let name = if is_guest {
        format!("{account}_{home}")
    } else {
        format!("{account}@{home}")
    };
    let user = json!({
        "id": guid(&format!("user/{number}")),
        "displayName": format!("{given} {surname}"),
        "givenName": given,
        "surname": surname,
        "userPrincipalName": name,
        "mail": format!("{account}@example.com"),
        "jobTitle": if number.is_multiple_of(7) { Value::Null } else { json!("Specialist") },
        "department": department,
        "officeLocation": format!("{}/{}", number % 9 + 1, number % 40),
        "mobilePhone": null,
        "businessPhones": [format!("+1 555 {number:04}")],
        "preferredLanguage": null,
        "accountEnabled": number % 23 != 22,
        "userType": if is_guest { "Guest" } else { "Member" },
        "employeeId": number.to_string(),
        "companyName": "Example",
    });
    match user {
        Value::Object(user) => user,
        _ => Map::new(),
    }
}
