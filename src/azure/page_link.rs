//! Links to further pages of users.

use url::form_urlencoded;

use super::{UserQuery, users::Chunk};

/// A longer link does not come from Graph.
const LONGEST_LINK: usize = 16 * 1024;

/// The query string of a page, byte for byte as it is sent to Graph.
///
/// Graph's `@odata.nextLink` must go back unchanged (Microsoft Graph, "Paging
/// Microsoft Graph data in your app"), and it carries the whole query along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageLink {
    text: String,
    /// Which part of the query it is a page of.
    chunk: usize,
    is_first: bool,
}

impl PageLink {
    /// The first page of part number `chunk`, if there is such a part.
    pub(crate) fn first(query: &UserQuery, chunk: usize) -> Option<Self> {
        let text = query.chunks().nth(chunk)?.first_page();
        Some(Self {
            text,
            chunk,
            is_first: true,
        })
    }

    /// Accepts a query string only as a page of `query`: the filter of one of
    /// its parts, the same selection and page size, at most one position, and
    /// nothing else.
    pub(crate) fn accept(text: &str, query: &UserQuery) -> Option<Self> {
        if !text.bytes().all(is_askable) || text.len() > LONGEST_LINK {
            return None;
        }
        let mut chunks = query.chunks().enumerate();
        chunks.find_map(|(chunk, part)| {
            let is_first = is_first_page(&part, text)?;
            let text = text.to_owned();
            Some(Self {
                text,
                chunk,
                is_first,
            })
        })
    }

    /// The query string.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Which part of its query it is a page of.
    pub(crate) fn chunk(&self) -> usize {
        self.chunk
    }

    /// Whether it asks for the beginning of its part.
    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }
}

/// Whether `byte` can be sent in a query: awc takes no URL with any other.
///
/// Source: `PathAndQuery` of http 0.2.
pub(super) fn is_askable(byte: u8) -> bool {
    byte.is_ascii_graphic() & !matches!(byte, b'"' | b'#' | b'<' | b'>')
}

/// Whether `text` asks for the first page of `chunk`, or for a further one;
/// `None` where it asks for anything else.
fn is_first_page(chunk: &Chunk<'_>, text: &str) -> Option<bool> {
    let mut open: Vec<_> = chunk.parameters().into();
    let mut has_position = false;
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name.eq_ignore_ascii_case("$skiptoken") && !has_position && !value.is_empty() {
            has_position = true;
            continue;
        }
        let expected =
            |(known, wanted): &(&str, String)| name.eq_ignore_ascii_case(known) && value == *wanted;
        let place = open.iter().position(expected)?;
        open.swap_remove(place);
    }
    open.is_empty().then_some(!has_position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(departments: &[&str]) -> UserQuery {
        UserQuery::of(departments, 5)
    }

    fn first(query: &UserQuery) -> String {
        PageLink::first(query, 0).unwrap().text
    }

    #[test]
    fn a_further_page_leads_on_in_its_own_query_alone() {
        let link = format!("{}&$skiptoken=X%274453%27", first(&query(&["A"])));
        let accepted = PageLink::accept(&link, &query(&["A"])).unwrap();
        assert_eq!(accepted.as_str(), link);
        for other in [&["B"][..], &["A", "B"]] {
            assert!(PageLink::accept(&link, &query(other)).is_none());
        }
    }

    #[test]
    fn a_page_is_of_the_part_whose_departments_it_asks_for() {
        let names: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let query = query(&names);
        let second = PageLink::first(&query, 1).unwrap();
        assert_eq!(PageLink::accept(second.as_str(), &query), Some(second));
        assert_eq!(PageLink::first(&query, 2), None);
    }

    #[test]
    fn a_link_with_more_or_less_than_its_query_is_not_accepted() {
        let first = first(&query(&["A"]));
        for link in [
            format!("{first}&$skiptoken="),
            format!("{first}&$skiptoken=x&$skiptoken=y"),
            format!("{first}&$skiptoken=x&$expand=manager"),
            format!("{first}&$skiptoken=x&{first}"),
            format!("{first}&$skiptoken=x#f"),
            format!("{first}&$skiptoken=x\r\nHost: evil"),
            "$skiptoken=x".to_owned(),
        ] {
            assert!(PageLink::accept(&link, &query(&["A"])).is_none(), "{link}");
        }
    }
}
