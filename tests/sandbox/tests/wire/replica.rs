//! A copy of the directory, kept by delta queries.

use std::collections::BTreeMap;

use azure_sandbox::Sandbox;
use serde_json::{Map, Value};

use crate::{
    client::Answer,
    directory::{found, pages, read},
};

/// More pages than any round here has: beyond them the links go in a circle.
const MOST_PAGES: usize = 600;

/// Users by id, without what they do not have.
pub(crate) type Users = BTreeMap<String, Map<String, Value>>;

/// Whoever reads the pages of rounds one after the other.
pub(crate) struct Replica {
    pub(crate) users: Users,
    /// Where the next page is, or the next round.
    pub(crate) link: String,
}

impl Replica {
    /// An empty one; the first round has this query.
    pub(crate) fn new(azure: &Sandbox, query: &str) -> Self {
        Self {
            users: Users::new(),
            link: format!("{}/v1.0/users/delta?{query}", azure.url()),
        }
    }

    /// Reads one page; the answer is `None` once the round is over.
    pub(crate) fn page(&mut self, azure: &Sandbox) -> Option<Vec<Value>> {
        let page = read(azure, &self.link);
        assert_eq!(page.status, 200, "{}", page.body);
        let mut body = page.json();
        let Value::Array(changes) = body["value"].take() else {
            panic!("no users: {}", page.body);
        };
        for change in &changes {
            self.apply(change);
        }
        let [next, last] = ["@odata.nextLink", "@odata.deltaLink"]
            .map(|kind| body[kind].as_str().map(str::to_owned));
        assert!(next.is_some() != last.is_some(), "{}", page.body);
        let is_last = last.is_some();
        self.link = next.or(last).unwrap();
        (!is_last).then_some(changes)
    }

    /// Reads a whole round; `between` happens after each of its pages.
    pub(crate) fn round(&mut self, azure: &Sandbox, mut between: impl FnMut()) {
        let mut pages = 1;
        while self.page(azure).is_some() {
            between();
            pages += 1;
            assert!(pages < MOST_PAGES, "the round does not end");
        }
    }

    fn apply(&mut self, change: &Value) {
        let id = change["id"].as_str().expect("an id").to_owned();
        if change.get("@removed").is_some() {
            self.users.remove(&id);
            return;
        }
        let user = self.users.entry(id).or_default();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => user.remove(name),
                value => user.insert(name.clone(), value.clone()),
            };
        }
    }
}

/// Everybody, as the listing shows them.
pub(crate) fn live(azure: &Sandbox, select: &str) -> Users {
    let pages = pages(azure, &format!("$top=999&$select=id,{select}"));
    let user = |user: &Value| {
        let mut user = user.as_object().unwrap().clone();
        user.retain(|_, value| !value.is_null());
        (user["id"].as_str().unwrap().to_owned(), user)
    };
    pages
        .iter()
        .flat_map(|page| found(page).iter().map(user).collect::<Vec<_>>())
        .collect()
}

/// The link to the next round.
pub(crate) fn delta_link(page: &Answer) -> Option<String> {
    let json = page.json();
    let link = json.get("@odata.deltaLink")?;
    Some(link.as_str().unwrap().to_owned())
}
