//! What people and departments are called.

/// Departments and how many users each has; the rest has none. The names hold
/// what breaks queries that are built by joining text.
pub(super) const DEPARTMENTS: [(&str, usize); 21] = [
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

/// Where everybody is beyond the first [`SEED`](super::SEED).
pub(super) const WORKFORCE: &str = "Workforce";

/// The first of all.
pub(super) const CAST: [(&str, &str); 12] = [
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

pub(super) const GIVEN: [&str; 16] = [
    "Ada", "Björn", "Chloé", "Deniz", "Edsger", "Fatima", "Grace", "Hiro", "Ingrid", "João",
    "Katja", "Linus", "Máire", "Noor", "Olga", "Pádraig",
];

pub(super) const SURNAMES: [&str; 18] = [
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
