//! One page of a result.
//!
//! Sources: "Working with large Azure resource data sets" (when there is a next
//! page); Azure/azure-rest-api-specs `ResourceGraph`,
//! `ResourcesFirstPageQuery.json` (both formats, `resultTruncated` as text).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    pipeline::Found,
    query::{Column, Query},
    request::{Format, Request},
};
use crate::seed;

/// Which rows are asked for.
pub(super) struct Window {
    skip: usize,
    top: usize,
}

impl Window {
    /// What `request` asks for; the token of another query is none.
    pub(super) fn of(request: &Request) -> Result<Self, &'static str> {
        let top = request.options.top().ok_or("$top is from 1 to 1000")?;
        let skip = match &request.options.skip_token {
            None => request.options.skip.unwrap_or_default(),
            Some(token) => offset(token, &request.query).ok_or("$skipToken is of another query")?,
        };
        Ok(Self { skip, top })
    }
}

/// The page of `found` in `window`. Without the column `id` there is no next
/// page: the result counts as truncated.
pub(super) fn page(
    request: &Request,
    query: &Query,
    found: &Found<'_>,
    window: &Window,
    format: Format,
) -> Value {
    let total = found.total();
    let rows = found.page(&query.columns, window.skip, window.top);
    let end = window.skip + rows.len();
    let is_cut = end < total;
    let has_id = query.columns.iter().any(|column| column.name == "id");
    let mut page = json!({
        "totalRecords": total,
        "count": rows.len(),
        "data": data(rows, &query.columns, format),
        "facets": [],
        "resultTruncated": if is_cut && !has_id { "true" } else { "false" },
    });
    if is_cut && has_id {
        page["$skipToken"] = json!(token(end, &request.query));
    }
    page
}

fn data(rows: Vec<Vec<Value>>, columns: &[Column], format: Format) -> Value {
    match format {
        Format::ObjectArray => {
            let names = || columns.iter().map(|column| column.name.clone());
            let objects = rows
                .into_iter()
                .map(|row| Value::Object(names().zip(row).collect()));
            objects.collect()
        }
        Format::Table => {
            let columns: Vec<_> = columns
                .iter()
                .map(|column| json!({"name": column.name, "type": column.kind.name()}))
                .collect();
            json!({"columns": columns, "rows": rows})
        }
    }
}

fn token(offset: usize, query: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{offset}/{:x}", seed::hash(query)))
}

fn offset(token: &str, query: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (offset, hash) = text.split_once('/')?;
    let is_of_query = hash == format!("{:x}", seed::hash(query));
    offset.parse().ok().filter(|_| is_of_query)
}
