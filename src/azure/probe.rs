//! Whether Graph lets us see departments: an empty list alone does not tell.

use serde::Deserialize;

use super::{
    Call, Error, GraphClient,
    graph::Priority,
    odata::{Filter, Literal, encoded},
    page_link::is_askable,
};
use crate::http::{Cause, Context};

const CALL: Call = Call::ProbeUsers;

const SELECT: &str = "id,department";

/// Enough to meet somebody who has a department.
const SAMPLE: u16 = 50;

/// A page may be empty and not the last.
///
/// Source: "Paging Microsoft Graph data in your app".
const MOST_PAGES: usize = 20;

/// The first printable character but the space: every department comes after it.
const LEAST: &str = "!";

/// What Graph shows of departments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Users are found by their department.
    Departments,
    /// Graph answers, and nobody is found.
    Nothing,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<Row>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    department: Option<String>,
}

impl GraphClient {
    /// Looks for users by department, in two steps: some users, then those of a
    /// department that was seen, or those of any.
    ///
    /// Where the permission does not reach a property, Graph may leave out of
    /// its answer whom a filter on it would find, and refuse nothing. All
    /// operators used are ones that need no advanced query.
    ///
    /// Sources: "Use the $filter query parameter"; "Advanced query capabilities
    /// on Microsoft Entra ID objects".
    pub(crate) async fn probe(
        &self,
        priority: Priority,
        context: &Context,
    ) -> Result<Sight, Error> {
        let sample = format!("$select={}&$top={SAMPLE}", encoded(SELECT));
        let sample = self.somebody(&sample, priority, context).await?;
        if sample.is_empty() {
            return Ok(Sight::Nothing);
        }
        let query = query(&filter(&sample));
        let found = self.somebody(&query, priority, context).await?;
        Ok(if found.is_empty() {
            Sight::Nothing
        } else {
            Sight::Departments
        })
    }

    /// The first page of `query` with anybody on it.
    async fn somebody(
        &self,
        query: &str,
        priority: Priority,
        context: &Context,
    ) -> Result<Vec<Row>, Error> {
        let malformed = |cause| self.malformed(CALL, cause);
        let mut query = query.to_owned();
        for _ in 0..MOST_PAGES {
            if priority == Priority::Low {
                self.when_quiet().await;
            }
            let url = self.listing(&query);
            let answer = self.ask(CALL, &url, priority, context).await?;
            let page: Page = serde_json::from_slice(&answer.body)
                .map_err(|error| malformed(Cause::new(&error)))?;
            let Some(next) = page.next.filter(|_| page.value.is_empty()) else {
                return Ok(page.value);
            };
            // Our token goes with it.
            let Some(further) = further(&next, &self.users) else {
                return Err(malformed(Cause::said(
                    "@odata.nextLink leads out of the listing",
                )));
            };
            query = further.to_owned();
        }
        Err(malformed(Cause::said("one empty page follows the other")))
    }
}

/// The query of `link`, if it is one of the listing at `users`, and can be asked.
pub(super) fn further<'a>(link: &'a str, users: &str) -> Option<&'a str> {
    link.strip_prefix(users)
        .filter(|query| query.bytes().all(is_askable))
}

/// Who is of a department that is in `sample`, or of any.
fn filter(sample: &[Row]) -> String {
    let department = sample
        .iter()
        .filter_map(|row| row.department.as_deref())
        .find(|department| !department.is_empty());
    let filter = match department {
        Some(department) => Filter::Equals("department", Literal::Text(department)),
        None => Filter::AtLeast("department", Literal::Text(LEAST)),
    };
    filter.to_string()
}

/// Asks for one of whom `filter` holds.
pub(super) fn query(filter: &str) -> String {
    format!(
        "$select={}&$filter={}&$top=1",
        encoded(SELECT),
        encoded(filter)
    )
}

/// What the page that `body` is leads to: the filter, and the link.
#[cfg(any(fuzzing, test))]
pub(super) fn of(body: &[u8]) -> Option<(String, Option<String>)> {
    let page: Page = serde_json::from_slice(body).ok()?;
    Some((filter(&page.value), page.next))
}
