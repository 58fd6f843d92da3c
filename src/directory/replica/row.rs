//! One user, in as few bytes as it can be answered from.

use std::array;

use actix_web::web::{Bytes, BytesMut};

use crate::azure::{Prefix, UserProperty, UserQuery, UserType, lowered};

const COUNT: usize = UserProperty::ALL.len();

const NULL: &[u8] = b"null";

/// A user: the properties as JSON, one after the other, as Graph wrote them.
///
/// A user takes one allocation; a map of values would take some thirty, and several
/// times the memory.
pub(super) struct Row {
    text: Box<[u8]>,
    /// Where each property ends; one that ends where it begins is null.
    ends: [u32; COUNT],
    enabled: Option<bool>,
    user_type: Option<UserType>,
    /// The synchronization that last told of it.
    pub(super) round: u32,
}

impl Row {
    /// A user as `properties` has it: what is not there is null.
    pub(super) fn new(properties: &[(UserProperty, Bytes)], round: u32) -> Self {
        Self::joined(given(properties).map(Option::unwrap_or_default), round)
    }

    /// This user with `properties` instead of its own: what is not there stays.
    pub(super) fn merged(&self, properties: &[(UserProperty, Bytes)], round: u32) -> Self {
        let given = given(properties);
        let part = |at: usize| given[at].unwrap_or_else(|| self.raw(UserProperty::ALL[at]));
        Self::joined(array::from_fn(part), round)
    }

    fn joined(parts: [&[u8]; COUNT], round: u32) -> Self {
        let parts = parts.map(|part| if part == NULL { &[] } else { part });
        let mut end = 0;
        let ends = parts.map(|part| {
            end += part.len();
            // Parts of one answer, which is far below four gigabytes.
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        let mut row = Self {
            text: parts.concat().into(),
            ends,
            enabled: None,
            user_type: None,
            round,
        };
        row.enabled = row.decoded(UserProperty::AccountEnabled);
        let user_type: Option<String> = row.decoded(UserProperty::UserType);
        row.user_type = user_type.and_then(|text| text.parse().ok());
        row
    }

    /// The department, as far as Graph tells departments apart.
    pub(super) fn department(&self) -> Option<String> {
        let department: Option<String> = self.decoded(UserProperty::Department);
        department.map(|text| lowered(&text))
    }

    /// Whether `filter` lets it through.
    pub(super) fn passes(&self, filter: &RowFilter) -> bool {
        let is_so = |wanted: Option<bool>| wanted.is_none_or(|it| self.enabled == Some(it));
        let is_of = |wanted: Option<UserType>| wanted.is_none_or(|it| self.user_type == Some(it));
        is_so(filter.enabled)
            && is_of(filter.user_type)
            && filter.prefix.as_ref().is_none_or(|it| self.begins_with(it))
    }

    fn begins_with(&self, prefix: &str) -> bool {
        UserProperty::SEARCHED.into_iter().any(|name| {
            let raw = self.raw(name);
            if raw.is_ascii() && !raw.contains(&b'\\') {
                // Nothing to decode, and most names are so.
                let end = raw.len().saturating_sub(1);
                let name = raw.get(1..end).and_then(|name| name.get(..prefix.len()));
                return name.is_some_and(|it| it.eq_ignore_ascii_case(prefix.as_bytes()));
            }
            let name: Option<String> = self.decoded(name);
            name.is_some_and(|name| lowered(&name).starts_with(prefix))
        })
    }

    /// Writes it as a JSON object of `properties`, in their order.
    pub(super) fn write(&self, properties: &[UserProperty], out: &mut BytesMut) {
        out.extend_from_slice(b"{");
        for (at, property) in properties.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            out.extend_from_slice(property.name().as_bytes());
            out.extend_from_slice(b"\":");
            let raw = self.raw(*property);
            out.extend_from_slice(if raw.is_empty() {
                unset(*property)
            } else {
                raw
            });
        }
        out.extend_from_slice(b"}");
    }

    fn decoded<'a, T: serde::Deserialize<'a>>(&'a self, property: UserProperty) -> Option<T> {
        serde_json::from_slice(self.raw(property)).ok()
    }

    /// The property as JSON; empty when it is null.
    fn raw(&self, property: UserProperty) -> &[u8] {
        let at = property as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[at] as usize]
    }
}

/// How Graph lists a property that is not set: a collection is empty and never null, and
/// changes leave it out all the same.
const fn unset(property: UserProperty) -> &'static [u8] {
    if matches!(property, UserProperty::BusinessPhones) {
        b"[]"
    } else {
        NULL
    }
}

/// What is told of each property, in the order of [`UserProperty::ALL`].
fn given(properties: &[(UserProperty, Bytes)]) -> [Option<&[u8]>; COUNT] {
    let mut given = [None; COUNT];
    for (property, text) in properties {
        given[*property as usize] = Some(&**text);
    }
    given
}

/// What a query wants of a user beside the department.
pub(super) struct RowFilter {
    enabled: Option<bool>,
    user_type: Option<UserType>,
    prefix: Option<String>,
}

impl RowFilter {
    /// That of `query`.
    pub(super) fn new(query: &UserQuery) -> Self {
        let prefix = query.search.as_ref().map(Prefix::as_str);
        Self {
            enabled: query.enabled,
            user_type: query.user_type,
            prefix: prefix.map(lowered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(UserProperty, &'static str)]) -> Vec<(UserProperty, Bytes)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| (*name, Bytes::from_static(text.as_bytes())))
            .collect()
    }

    fn written(row: &Row, properties: &[UserProperty]) -> String {
        let mut out = BytesMut::new();
        row.write(properties, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_row_is_written_in_the_order_that_is_asked_for() {
        let row = Row::new(
            &properties(&[
                (UserProperty::Mail, r#""a@x""#),
                (UserProperty::Id, r#""a""#),
                (UserProperty::BusinessPhones, r#"["1","2"]"#),
            ]),
            0,
        );
        let select = [
            UserProperty::BusinessPhones,
            UserProperty::Surname,
            UserProperty::Id,
        ];
        let expected = r#"{"businessPhones":["1","2"],"surname":null,"id":"a"}"#;
        assert_eq!(written(&row, &select), expected);
        let row = row.merged(&properties(&[(UserProperty::BusinessPhones, "null")]), 0);
        let expected = r#"{"businessPhones":[],"surname":null,"id":"a"}"#;
        assert_eq!(written(&row, &select), expected);
        assert_eq!(written(&row, &[UserProperty::Mail]), r#"{"mail":"a@x"}"#);
    }

    #[test]
    fn what_is_not_told_stays_and_null_clears() {
        let row = Row::new(
            &properties(&[
                (UserProperty::Id, r#""a""#),
                (UserProperty::DisplayName, r#""A""#),
                (UserProperty::Department, r#""R&D""#),
                (UserProperty::CompanyName, r#""C""#),
            ]),
            0,
        );
        let row = row.merged(
            &properties(&[
                (UserProperty::Department, "null"),
                (UserProperty::JobTitle, r#""J""#),
            ]),
            1,
        );
        assert_eq!(row.department(), None);
        assert_eq!(row.round, 1);
        let select = [
            UserProperty::DisplayName,
            UserProperty::Department,
            UserProperty::JobTitle,
            UserProperty::CompanyName,
        ];
        let expected = r#"{"displayName":"A","department":null,"jobTitle":"J","companyName":"C"}"#;
        assert_eq!(written(&row, &select), expected);
    }

    #[test]
    fn a_department_is_the_same_however_it_is_written() {
        let department = |text| Row::new(&properties(&[(UserProperty::Department, text)]), 0);
        assert_eq!(
            department(r#""K\u00fcche""#).department(),
            department(r#""KÜCHE""#).department()
        );
        for text in [r#""οδος""#, r#""οδοσ""#] {
            assert_eq!(
                department(text).department(),
                department(r#""ΟΔΟΣ""#).department()
            );
        }
    }
}
