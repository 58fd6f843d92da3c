//! Users of departments, in the form that is wanted.

use std::io::{self, IsTerminal as _};

use serde_json::{Map, Value};

use super::{
    Exit, Failure, Outcome, Session,
    arguments::{UsersAsked, UsersForm},
    output,
    table::table,
};
use crate::{
    azure::{Departments, Select, Top, UserProperty, UserQuery},
    directory::{Export, Freshness, Listing, Unwritable, cell},
};

/// What fits on a terminal.
const COLUMNS: [UserProperty; 4] = [
    UserProperty::DisplayName,
    UserProperty::UserPrincipalName,
    UserProperty::JobTitle,
    UserProperty::Department,
];

/// `users`
pub(super) async fn list(asked: UsersAsked) -> Outcome {
    let form = wanted(asked.form);
    let query = query(asked, form)?;
    let session = Session::open()?;
    let patience = session.config.limits.upstream_timeout;
    let directory = &session.worker.directory;
    let listing = directory
        .listing(query, Freshness::default(), session.context(), patience)
        .await?;
    match form {
        UsersForm::Table => as_table(listing).await?,
        UsersForm::Json => as_array(listing).await?,
        UsersForm::Csv => exported(listing, Export::Csv).await?,
        UsersForm::Ndjson => exported(listing, Export::Ndjson).await?,
    }
    Ok(Exit::Done)
}

fn wanted(asked: Option<UsersForm>) -> UsersForm {
    asked.unwrap_or(if io::stdout().is_terminal() {
        UsersForm::Table
    } else {
        UsersForm::Json
    })
}

fn query(asked: UsersAsked, form: UsersForm) -> Result<UserQuery, Failure> {
    let names = asked.departments.iter().map(String::as_str);
    let usual = || match form {
        UsersForm::Table => Select::of(&COLUMNS),
        UsersForm::Json | UsersForm::Csv | UsersForm::Ndjson => Select::default(),
    };
    Ok(UserQuery {
        departments: Departments::read(names)?,
        enabled: asked.enabled,
        user_type: asked.user_type,
        search: asked.search,
        select: asked.select.unwrap_or_else(usual),
        top: Top::MOST,
    })
}

/// A page is written as soon as it is there.
async fn exported(mut listing: Listing, form: Export) -> Result<(), Failure> {
    let columns = listing.query().select.properties().to_vec();
    output::write(&form.head(&columns)?)?;
    while let Some(rows) = listing.next().await? {
        output::write(&form.part(&columns, &rows)?)?;
    }
    Ok(())
}

/// One array, a row a line. What breaks off is left without its end, so that
/// nobody takes it for the whole.
async fn as_array(mut listing: Listing) -> Result<(), Failure> {
    let (begin, between) = ("[\n", ",\n");
    let mut separator = begin;
    while let Some(rows) = listing.next().await? {
        let mut text = String::with_capacity(rows.as_array().len() + 4);
        for row in rows.each().map_err(Unwritable::from)? {
            text.push_str(separator);
            text.push_str(row.get());
            separator = between;
        }
        output::write(text.as_bytes())?;
    }
    let end: &[u8] = if separator == begin {
        b"[]\n"
    } else {
        b"\n]\n"
    };
    output::write(end)
}

/// Columns are as wide as their widest cell, so that all pages come first.
async fn as_table(mut listing: Listing) -> Result<(), Failure> {
    let columns: Vec<_> = listing.query().select.properties().to_vec();
    let names: Vec<_> = columns.iter().map(|it| it.name()).collect();
    let mut lines = Vec::new();
    while let Some(rows) = listing.next().await? {
        let rows: Vec<Map<String, Value>> =
            serde_json::from_slice(rows.as_array()).map_err(Unwritable::from)?;
        lines.extend(rows.iter().map(|row| {
            let cells = names.iter().map(|name| cell(row.get(*name)));
            cells.collect::<Vec<_>>()
        }));
    }
    output::write(table(&names, &lines).as_bytes())
}
