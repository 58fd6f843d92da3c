//! Whether Graph lets us see departments: an empty list alone does not tell.

use serde::Deserialize;

use super::{
    Call, Error, GraphClient,
    graph::Priority,
    odata::{Filter, Literal, encoded},
};
use crate::http::{Cause, Context};

const CALL: Call = Call::ProbeUsers;

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
        let select = encoded("id,department").to_string();
        let sample = format!("$select={select}&$top={SAMPLE}");
        let sample = self.somebody(&sample, priority, context).await?;
        if sample.is_empty() {
            return Ok(Sight::Nothing);
        }
        let department = sample
            .iter()
            .filter_map(|row| row.department.as_deref())
            .find(|department| !department.is_empty());
        let filter = match department {
            Some(department) => Filter::Equals("department", Literal::Text(department)),
            None => Filter::AtLeast("department", Literal::Text(LEAST)),
        };
        let filter = filter.to_string();
        let query = format!("$select={select}&$filter={}&$top=1", encoded(&filter));
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
            let Some(further) = self.within_listing(&next) else {
                return Err(malformed(Cause::said(
                    "@odata.nextLink leads out of the listing",
                )));
            };
            query = further.to_owned();
        }
        Err(malformed(Cause::said("one empty page follows the other")))
    }
}
