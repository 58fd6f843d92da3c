//! The body of a request.
//!
//! Source: Azure/azure-rest-api-specs `ResourceGraph`, `QueryRequest` and
//! `QueryRequestOptions` of each version.

use serde::Deserialize;

/// A query, and over what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    /// None: all that there are.
    #[serde(default)]
    pub(super) subscriptions: Vec<String>,
    pub(super) management_groups: Option<Vec<String>>,
    pub(super) query: String,
    #[serde(default)]
    pub(super) options: Options,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    #[serde(rename = "$top")]
    top: Option<usize>,
    #[serde(rename = "$skip")]
    pub(super) skip: Option<usize>,
    #[serde(rename = "$skipToken")]
    pub(super) skip_token: Option<String>,
    pub(super) result_format: Option<Format>,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Format {
    Table,
    ObjectArray,
}

impl Format {
    /// `table` in the first version, `objectArray` since 2021-03-01.
    pub(super) fn default_of(version: &str) -> Self {
        if version == "2019-04-01" {
            Self::Table
        } else {
            Self::ObjectArray
        }
    }
}

impl Options {
    /// The most rows of a page, 1 to 1,000; that many where nothing is said.
    ///
    /// Source: "Working with large Azure resource data sets".
    pub(super) fn top(&self) -> Option<usize> {
        let top = self.top.unwrap_or(1_000);
        (1..=1_000).contains(&top).then_some(top)
    }
}
