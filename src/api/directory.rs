//! Users of the directory.

use std::str::FromStr;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ContentType,
    web::{BytesMut, Data, Query, ThinData},
};
use serde::Deserialize;
use url::Url;

use super::{Problem, Settings, authority::base};
use crate::{
    azure::UserQuery,
    directory::{Cursor, Directory, Page},
    http::Context,
};

/// The query as it comes in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    department: String,
    select: Option<String>,
    top: Option<String>,
    cursor: Option<String>,
}

/// `GET /directory/users`
pub(super) async fn users(
    raw: Query<Raw>,
    request: HttpRequest,
    settings: Data<Settings>,
    directory: ThinData<Directory>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let (query, cursor) = raw.checked()?;
    let page = directory.page(&query, cursor.as_ref(), &context).await?;
    let next = match &page.next {
        Some(cursor) => Some(raw.link(cursor, &base(&request, &settings)?)),
        None => None,
    };
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .body(body(&page, next.as_ref())))
}

impl Raw {
    fn checked(&self) -> Result<(UserQuery, Option<Cursor>), Problem> {
        let query = UserQuery {
            department: self.department.parse()?,
            select: parsed(self.select.as_deref())?.unwrap_or_default(),
            top: parsed(self.top.as_deref())?.unwrap_or_default(),
        };
        Ok((query, parsed(self.cursor.as_deref())?))
    }

    /// This query again, at `cursor`.
    fn link(&self, cursor: &Cursor, base: &Url) -> Url {
        let mut link = base.clone();
        link.set_path("/directory/users");
        let asked = [("select", &self.select), ("top", &self.top)];
        link.query_pairs_mut()
            .append_pair("department", &self.department)
            .extend_pairs(
                asked
                    .iter()
                    .filter_map(|(name, value)| Some((name, value.as_ref()?))),
            )
            .append_pair("cursor", &cursor.to_string());
        link
    }
}

fn parsed<T: FromStr>(text: Option<&str>) -> Result<Option<T>, T::Err> {
    text.map(str::parse).transpose()
}

/// The users pass through as Graph wrote them.
fn body(page: &Page, next: Option<&Url>) -> BytesMut {
    const OPEN: &[u8] = br#"{"value":"#;
    const NEXT: &[u8] = br#","nextLink":""#;
    let link = next.map_or("", Url::as_str);
    let size = OPEN.len() + page.users.len() + NEXT.len() + link.len() + 2;
    let mut body = BytesMut::with_capacity(size);
    body.extend_from_slice(OPEN);
    body.extend_from_slice(&page.users);
    if next.is_some() {
        // Its host is plain, the rest percent-encoded: JSON has nothing to escape.
        body.extend_from_slice(NEXT);
        body.extend_from_slice(link.as_bytes());
        body.extend_from_slice(b"\"");
    }
    body.extend_from_slice(b"}");
    body
}
