//! What is told of the own token of the gateway.

use std::{env, path::PathBuf};

use actix_web::rt::System;
use tracing::{Event, Level, Subscriber, subscriber};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt as _},
};
use url::Url;
use uuid::Uuid;

use super::*;

/// What is told, by its level.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Level>>>);

impl<S: Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap().push(*event.metadata().level());
    }
}

/// A place for our own token, where there is none yet.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        Self(env::temp_dir().join(format!("mi-gateway-token-{}", Uuid::new_v4())))
    }

    fn cluster(&self) -> Cluster {
        let reviews = Reviews {
            endpoint: Url::parse("http://127.0.0.1:1").unwrap(),
            audience: "mi-gateway".to_owned(),
            token: self.0.clone(),
            authority: PathBuf::new(),
        };
        Cluster::new(reviews, Tasks::default(), Metrics::new().unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A token whose claims are `{"iss":"me"}`.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJtZSJ9.AA";

#[test]
fn what_is_wrong_with_our_own_token_is_told_once() {
    let told = Told::default();
    let _guard = subscriber::set_default(Registry::default().with(told.clone()));
    let levels = || told.0.lock().unwrap().clone();
    System::new().block_on(async {
        let place = Place::new();
        let (cluster, mut fault) = (place.cluster(), None);
        for _ in 0..2 {
            cluster.look(&mut fault).await;
            assert_eq!(levels(), [Level::WARN]);
        }
        fs::write(&place.0, "no token").unwrap();
        for _ in 0..2 {
            cluster.look(&mut fault).await;
            assert_eq!(levels(), [Level::WARN; 2]);
        }
        fs::write(&place.0, TOKEN).unwrap();
        for _ in 0..2 {
            cluster.look(&mut fault).await;
            assert_eq!(levels(), [Level::WARN, Level::WARN, Level::INFO]);
        }
        assert_eq!(cluster.standing(), ReviewStanding::Fine);
    });
}
