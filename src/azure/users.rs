//! What can be asked of Graph about users, as types that are safe to send.

use std::str::FromStr;

use url::form_urlencoded;

use super::odata::{Literal, encoded};

/// The longest department that Graph keeps, in characters.
///
/// Source: the `user` resource type of Microsoft Graph v1.0.
const LONGEST_DEPARTMENT: usize = 64;

/// The largest page that Graph gives out.
///
/// Source: "List users" of Microsoft Graph v1.0.
const LARGEST_PAGE: u16 = 999;

/// A longer link does not come from Graph.
const LONGEST_LINK: usize = 8 * 1024;

/// Why a query is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidQuery {
    #[error("department has 1 to 64 characters and no control characters")]
    Department,
    #[error(
        "select is a comma-separated list of {}",
        SELECTABLE.join(", ")
    )]
    Select,
    #[error("top is a number from 1 to 999")]
    Top,
}

/// The department that is asked for, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Department(String);

impl FromStr for Department {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=LONGEST_DEPARTMENT).contains(&text.chars().count())
            && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
            .ok_or(InvalidQuery::Department)
    }
}

/// What can be selected: all of it can be read with `User.Read.All`.
const SELECTABLE: [&str; 16] = [
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

/// The properties that are asked for, in Graph's spelling, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select(String);

impl Default for Select {
    fn default() -> Self {
        Self(
            "id,displayName,userPrincipalName,mail,jobTitle,department,\
             officeLocation,accountEnabled,userType"
                .to_owned(),
        )
    }
}

impl FromStr for Select {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut names: Vec<&str> = Vec::new();
        for word in text.split(',').map(str::trim) {
            let known = SELECTABLE
                .iter()
                .find(|name| name.eq_ignore_ascii_case(word));
            let name = known.ok_or(InvalidQuery::Select)?;
            if !names.contains(name) {
                names.push(name);
            }
        }
        Ok(Self(names.join(",")))
    }
}

/// The size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Top(u16);

impl Default for Top {
    /// Graph's own default.
    fn default() -> Self {
        Self(100)
    }
}

impl FromStr for Top {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let top = text
            .parse()
            .ok()
            .filter(|top| (1..=LARGEST_PAGE).contains(top) && !text.starts_with('+'));
        top.map(Self).ok_or(InvalidQuery::Top)
    }
}

/// The users of a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserQuery {
    pub(crate) department: Department,
    pub(crate) select: Select,
    pub(crate) top: Top,
}

impl UserQuery {
    /// The query string that asks Graph for the first page.
    pub(super) fn first_page(&self) -> String {
        self.parameters()
            .map(|(name, value)| format!("{name}={}", encoded(&value)))
            .join("&")
    }

    fn parameters(&self) -> [(&'static str, String); 3] {
        [
            ("$select", self.select.0.clone()),
            (
                "$filter",
                format!("department eq {}", Literal(&self.department.0)),
            ),
            ("$top", self.top.0.to_string()),
        ]
    }
}

/// The query string of a page that is not the first, byte for byte as Graph
/// gave it out.
///
/// Graph's `@odata.nextLink` must go back unchanged (Microsoft Graph, "Paging
/// Microsoft Graph data in your app"), and it carries the whole query along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageLink(String);

impl PageLink {
    /// Accepts a query string only as a further page of `query`: the same
    /// filter, selection and page size, a position, and nothing else.
    pub(crate) fn accept(text: &str, query: &UserQuery) -> Option<Self> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !plain || text.len() > LONGEST_LINK {
            return None;
        }
        let mut open: Vec<_> = query.parameters().into_iter().collect();
        let mut has_position = false;
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if name.eq_ignore_ascii_case("$skiptoken") && !has_position && !value.is_empty() {
                has_position = true;
                continue;
            }
            let expected = |(known, wanted): &(&str, String)| {
                name.eq_ignore_ascii_case(known) && value == *wanted
            };
            let place = open.iter().position(expected)?;
            open.swap_remove(place);
        }
        (open.is_empty() && has_position).then(|| Self(text.to_owned()))
    }

    /// The query string.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(department: &str) -> UserQuery {
        UserQuery {
            department: department.parse().unwrap(),
            select: "id".parse().unwrap(),
            top: "5".parse().unwrap(),
        }
    }

    #[test]
    fn a_department_is_one_encoded_literal() {
        assert_eq!(
            query("R&D's").first_page(),
            "$select=id&$filter=department%20eq%20%27R%26D%27%27s%27&$top=5"
        );
    }

    #[test]
    fn a_further_page_leads_on_in_its_own_query_alone() {
        let link = format!("{}&$skiptoken=X%274453%27", query("A").first_page());
        assert_eq!(PageLink::accept(&link, &query("A")).unwrap().as_str(), link);
        assert!(PageLink::accept(&link, &query("B")).is_none());
    }

    #[test]
    fn a_link_with_more_or_less_than_its_query_is_not_accepted() {
        let first = query("A").first_page();
        for link in [
            first.clone(),
            format!("{first}&$skiptoken="),
            format!("{first}&$skiptoken=x&$skiptoken=y"),
            format!("{first}&$skiptoken=x&$expand=manager"),
            format!("{first}&$skiptoken=x&{first}"),
            format!("{first}&$skiptoken=x#f"),
            format!("{first}&$skiptoken=x\r\nHost: evil"),
            "$skiptoken=x".to_owned(),
        ] {
            assert!(PageLink::accept(&link, &query("A")).is_none(), "{link}");
        }
    }

    #[test]
    fn what_graph_could_not_do_is_refused_before_it_is_asked() {
        let long = "d".repeat(65);
        for department in ["", "a\u{7}b", "a\nb", long.as_str()] {
            assert!(department.parse::<Department>().is_err(), "{department:?}");
        }
        for select in ["", "id,", "password", "id,*"] {
            assert!(select.parse::<Select>().is_err(), "{select}");
        }
        for top in ["0", "1000", "-1", "ten", ""] {
            assert!(top.parse::<Top>().is_err(), "{top}");
        }
        assert_eq!("ID, mail,id".parse::<Select>().unwrap().0, "id,mail");
    }
}
