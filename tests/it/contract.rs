//! The gateway held to `openapi.yaml`, in both directions.

mod routes;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{LazyLock, Mutex, PoisonError},
};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::gateway::Gateway;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let text = include_str!("../../openapi.yaml");
    Contract {
        document: serde_yaml_ng::from_str(text).unwrap(),
        validators: Mutex::default(),
    }
});

/// The document, and its schemas ready for use.
pub(crate) struct Contract {
    document: Value,
    validators: Mutex<HashMap<Value, &'static Validator>>,
}

impl Contract {
    /// The contract of this repository.
    pub(crate) fn get() -> &'static Self {
        &CONTRACT
    }

    /// Every documented operation, as verb and path template.
    pub(crate) fn operations(&self) -> BTreeSet<(String, String)> {
        let mut operations = BTreeSet::new();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for verb in ["get", "post", "put", "patch", "delete"] {
                if item.get(verb).is_some() {
                    operations.insert((verb.to_uppercase(), path.clone()));
                }
            }
        }
        operations
    }

    /// Every documented `code` of a problem.
    pub(crate) fn problem_codes(&self) -> BTreeSet<String> {
        self.words("/components/schemas/Problem/properties/code/enum")
    }

    /// Every documented reason for a lack of tokens.
    pub(crate) fn token_faults(&self) -> BTreeSet<String> {
        self.words("/components/schemas/TokenFault/enum")
    }

    fn words(&self, place: &str) -> BTreeSet<String> {
        let words = self.document.pointer(place).unwrap();
        let words = words.as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }

    /// Panics when an answer is not as documented: its status, content type,
    /// required headers and body. A path or method that is not documented for
    /// that listener has to be a problem with 404 or 405; a request may be too
    /// large for any, and its caller not be let in.
    pub(crate) fn check(
        &self,
        is_admin: bool,
        method: &str,
        path: &str,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) {
        let place = format!("{method} {path}: {status}");
        let Some(operation) = self.operation(is_admin, method, path) else {
            assert!(
                matches!(
                    status,
                    400 | 401 | 403 | 404 | 405 | 408 | 413 | 414 | 431 | 503
                ),
                "{place}: not documented"
            );
            let is_405 = status == 405;
            assert!(
                !is_405 || headers.iter().any(|(name, _)| name == "allow"),
                "{place}: no Allow"
            );
            let given = |name: &str| {
                let found = headers.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| value.as_str())
            };
            assert!(given("x-request-id").is_some(), "{place}: no id");
            assert_eq!(
                given("content-type"),
                Some("application/problem+json"),
                "{place}"
            );
            let problem = &json!({"$ref": "#/components/schemas/Problem"});
            return self.check_json(&place, problem, body);
        };
        let response = self.resolved(&operation["responses"][status.to_string()]);
        assert!(
            response.is_object(),
            "{place}: status not documented: {}",
            text(body)
        );
        self.check_headers(&place, response, headers);
        let given = headers.iter().find(|(name, _)| name == "content-type");
        let given = given.map_or("", |(_, value)| value.split(';').next().unwrap());
        let Some(content) = response["content"].as_object() else {
            return assert!(body.is_empty(), "{place}: {}", text(body));
        };
        let media = content
            .get(given)
            .unwrap_or_else(|| panic!("{place}: {given:?} not documented"));
        if given == "application/json" || given.ends_with("+json") {
            self.check_json(&place, &media["schema"], body);
        }
    }

    fn check_headers(&self, place: &str, response: &Value, headers: &[(String, String)]) {
        for (name, header) in response["headers"].as_object().unwrap() {
            let header = self.resolved(header);
            let given = headers
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            if header["required"] == json!(true) {
                assert!(given.is_some(), "{place}: no {name}");
            }
            if let Some((_, value)) = given {
                let value = match header["schema"]["type"].as_str() {
                    Some("integer") => value.parse::<u64>().map_or(json!(value), |it| json!(it)),
                    _ => json!(value),
                };
                self.check_value(place, &header["schema"], &value);
            }
        }
    }

    fn check_json(&self, place: &str, schema: &Value, body: &[u8]) {
        let value = serde_json::from_slice(body);
        let value = value.unwrap_or_else(|error| panic!("{place}: {error}: {}", text(body)));
        self.check_value(place, schema, &value);
    }

    fn check_value(&self, place: &str, schema: &Value, value: &Value) {
        let faults: Vec<_> = self
            .validator(schema)
            .iter_errors(value)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{place}: {}", faults.join("; "));
    }

    /// Compiled once for each schema, wherever it stands: the document's components go
    /// along, so that references resolve.
    fn validator(&self, schema: &Value) -> &'static Validator {
        let mut validators = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        validators.entry(schema.clone()).or_insert_with(|| {
            let mut schema = schema.clone();
            schema["components"] = self.document["components"].clone();
            let options = jsonschema::options().should_validate_formats(true);
            Box::leak(Box::new(options.build(&schema).unwrap()))
        })
    }

    fn operation(&self, is_admin: bool, method: &str, path: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &str| {
            let (ours, theirs) = (path.split('/'), template.split('/'));
            ours.clone().count() == theirs.clone().count()
                && ours
                    .zip(theirs)
                    .all(|(part, word)| part == word || (word.starts_with('{') && !part.is_empty()))
        };
        // A literal path goes before a template.
        let item = paths.get(path).or_else(|| {
            let (_, item) = paths.iter().find(|(template, _)| fits(template))?;
            Some(item)
        })?;
        // Paths of the admin listener name their server.
        let is_of_admin = item.get("servers").is_some();
        (is_of_admin == is_admin).then(|| item.get(method.to_lowercase()))?
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap(),
            None => value,
        }
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[test]
fn every_example_is_as_its_schema_has_it() {
    let contract = Contract::get();
    let mut count = 0;
    let mut check = |media: &Value, place: String| {
        let mut examples: Vec<&Value> = media.get("example").into_iter().collect();
        if let Some(named) = media["examples"].as_object() {
            examples.extend(named.values().map(|it| &contract.resolved(it)["value"]));
        }
        for (number, example) in examples.into_iter().enumerate() {
            contract.check_value(&format!("{place} {number}"), &media["schema"], example);
            count += 1;
        }
    };
    for (method, path) in contract.operations() {
        let operation = &contract.document["paths"][&path][method.to_lowercase()];
        for (status, response) in operation["responses"].as_object().unwrap() {
            let content = contract.resolved(response)["content"].as_object();
            for (name, media) in content.into_iter().flatten() {
                check(media, format!("{method} {path} {status} {name}"));
            }
        }
    }
    assert!(count > 20, "{count} examples");
}

#[test]
fn the_table_of_routes_and_the_contract_list_the_same_operations() {
    assert_eq!(routes::served(), Contract::get().operations());
}

#[test]
fn the_code_and_the_contract_know_the_same_problems() {
    assert_eq!(routes::problem_codes(), Contract::get().problem_codes());
}

#[test]
fn the_code_and_the_contract_know_the_same_faults_of_tokens() {
    assert_eq!(routes::token_faults(), Contract::get().token_faults());
}

#[actix_web::test]
async fn the_contract_is_served_as_it_is() {
    let gateway = Gateway::start();
    let answer = gateway.get("/openapi.yaml").await;
    assert_eq!(answer.header("content-type"), Some("application/yaml"));
    assert_eq!(answer.text(), include_str!("../../openapi.yaml"));
}

#[actix_web::test]
async fn the_links_of_the_examples_lead_on() {
    let gateway = Gateway::start();
    gateway.proven().await;
    for name in ["VmPage", "UserPage"] {
        let example = &Contract::get().document["components"]["examples"][name]["value"];
        let link = example["nextLink"].as_str().unwrap();
        let path = link.strip_prefix("http://localhost:8080").unwrap();
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
}

#[actix_web::test]
async fn every_documented_operation_exists() {
    let gateway = Gateway::with(&[("MIG_DOCS", "on")]);
    for (method, template) in Contract::get().operations() {
        let path = template.replace("{name}", "web-01").replace("{id}", "x");
        let item = &Contract::get().document["paths"][&template];
        let is_admin = item.get("servers").is_some();
        let to = if is_admin { gateway.admin } else { gateway.api };
        let answer = gateway.send(&method, to, &path, &[], Vec::new()).await;
        let is_there = answer.status != 405 && !answer.text().contains("nothing at this path");
        assert!(is_there, "{method} {path}: {}", answer.text());
    }
}
