//! Users and their departments: each follows from a number, and none is kept.

mod names;

use std::{borrow::Cow, sync::LazyLock};

use serde_json::{Map, Value, json};

use super::guid;
use names::{CAST, DEPARTMENTS, GIVEN, SURNAMES, WORKFORCE};

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

/// How many there are unless a sandbox is told otherwise; who comes beyond them
/// is of the workforce.
pub(crate) const SEED: usize = 2_000;

/// What many users have in common. It is lent, so that a filter can look at a
/// hundred thousand users without writing down what it sees.
struct Shared {
    /// Each department, and the number of the first user after it.
    departments: Vec<(usize, Value)>,
    workforce: Value,
    specialist: Value,
    guest: Value,
    member: Value,
    company: Value,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let ends = DEPARTMENTS.iter().scan(0, |end, (_, size)| {
        *end += size;
        Some(*end)
    });
    let names = DEPARTMENTS.iter().map(|(name, _)| json!(name));
    Shared {
        departments: ends.zip(names).collect(),
        workforce: json!(WORKFORCE),
        specialist: json!("Specialist"),
        guest: json!("Guest"),
        member: json!("Member"),
        company: json!("Example"),
    }
});

static NOTHING: Value = Value::Null;
static ENABLED: Value = Value::Bool(true);
static DISABLED: Value = Value::Bool(false);

/// Every department that the seed knows, that of many users last.
pub(crate) fn departments() -> impl Iterator<Item = &'static str> {
    let seed = DEPARTMENTS.iter().map(|(name, _)| *name);
    seed.chain([WORKFORCE])
}

/// The id of user `number`.
pub(crate) fn user_id(number: usize) -> String {
    guid(&format!("user/{number}"))
}

/// Everything that is known of user `number`.
pub(crate) fn user(number: usize) -> Map<String, Value> {
    let known = PROPERTIES.iter().map(|name| {
        let value = property(number, name).map_or(Value::Null, Cow::into_owned);
        ((*name).to_owned(), value)
    });
    known.collect()
}

/// What user `number` has for the property `name`.
pub(crate) fn property(number: usize, name: &str) -> Option<Cow<'static, Value>> {
    let lent = |value: &'static Value| Some(Cow::Borrowed(value));
    match name {
        "department" => lent(department(number)),
        "accountEnabled" => lent(if number % 23 == 22 {
            &DISABLED
        } else {
            &ENABLED
        }),
        "userType" => lent(if is_guest(number) {
            &SHARED.guest
        } else {
            &SHARED.member
        }),
        "jobTitle" => lent(if number.is_multiple_of(7) {
            &NOTHING
        } else {
            &SHARED.specialist
        }),
        "companyName" => lent(&SHARED.company),
        "mobilePhone" | "preferredLanguage" => lent(&NOTHING),
        _ => own(number, name).map(Cow::Owned),
    }
}

/// What a user shares with few others, or none.
fn own(number: usize, name: &str) -> Option<Value> {
    let (given, surname) = name_of(number);
    match name {
        "id" => Some(json!(user_id(number))),
        "displayName" => Some(json!(format!("{given} {surname}"))),
        "givenName" => Some(json!(given)),
        "surname" => Some(json!(surname)),
        "userPrincipalName" => Some(json!(principal_name(number))),
        "mail" => Some(json!(format!("user{number:04}@example.com"))),
        "officeLocation" => Some(json!(format!("{}/{}", number % 9 + 1, number % 40))),
        "businessPhones" if number % 13 == 12 => Some(json!([])),
        "businessPhones" => Some(json!([format!("+1 555 {number:04}")])),
        "employeeId" => Some(json!(number.to_string())),
        _ => None,
    }
}

fn department(number: usize) -> &'static Value {
    if number >= SEED {
        return &SHARED.workforce;
    }
    let departments = &SHARED.departments;
    let at = departments.partition_point(|(end, _)| *end <= number);
    departments.get(at).map_or(&NOTHING, |(_, name)| name)
}

/// The cast is the beginning of the first department.
fn name_of(number: usize) -> (&'static str, &'static str) {
    CAST.get(number).copied().unwrap_or((
        GIVEN[number % GIVEN.len()],
        SURNAMES[number / GIVEN.len() % SURNAMES.len()],
    ))
}

fn is_guest(number: usize) -> bool {
    number % 41 == 40
}

fn principal_name(number: usize) -> String {
    if is_guest(number) {
        format!("user{number:04}_partner_example.org#EXT#@example.com")
    } else {
        format!("user{number:04}@example.com")
    }
}
