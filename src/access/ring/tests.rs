//! When an issuer is asked for its keys, by a clock that is moved by hand.

use super::*;
use crate::access::signer::published;

fn keys(ids: &[&str]) -> Keys {
    let all: Vec<_> = ids.iter().map(|id| published(id, None)).collect();
    Keys::read(serde_json::json!({ "keys": all }).to_string().as_bytes()).unwrap()
}

fn holding(ids: &[&str], now: Instant) -> Ring {
    let mut ring = Ring::default();
    ring.store(keys(ids), now);
    ring
}

fn is_known(ring: &mut Ring, id: &str, now: Instant) -> bool {
    matches!(ring.look(id, now), Look::Known(_))
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_flood_of_unknown_keys_asks_once_in_five_minutes() {
    let start = Instant::now();
    let mut ring = holding(&["a"], start);
    let mut asked = 0;
    for second in 0..300 {
        let now = start + SECOND * second;
        for request in 0..10_000 {
            if let Look::Ask(landing, _) = ring.look(&format!("{second}-{request}"), now) {
                asked += 1;
                ring.store(keys(&["a"]), now);
                drop(landing);
            }
        }
    }
    assert_eq!(asked, 1);
    assert!(is_known(&mut ring, "a", start + SECOND * 300));
    let later = ring.look("new", start + SECOND * 300);
    assert!(matches!(later, Look::Ask(..)));
}

#[test]
fn a_new_key_is_asked_for_once_and_everybody_waits_for_it() {
    let now = Instant::now();
    let mut ring = holding(&["old"], now);
    let Look::Ask(landing, _) = ring.look("new", now) else {
        panic!("nobody asks");
    };
    assert!(matches!(ring.look("new", now), Look::Wait(_)));
    assert!(is_known(&mut ring, "old", now));
    ring.store(keys(&["old", "new"]), now);
    drop(landing);
    assert!(matches!(ring.look_again("new", now, now), Look::Known(_)));
    assert!(is_known(&mut ring, "old", now) && is_known(&mut ring, "new", now));
}

#[test]
fn a_key_that_was_asked_for_in_vain_leaves_the_question_to_others() {
    let now = Instant::now();
    let mut ring = holding(&["a"], now);
    assert!(matches!(ring.look("junk", now), Look::Ask(..)));
    ring.store(keys(&["a"]), now);
    assert!(matches!(ring.look_again("junk", now, now), Look::Unknown));
    let later = now + ON_DEMAND;
    assert!(matches!(ring.look("junk", later), Look::Unknown));
    assert!(matches!(ring.look("new", later), Look::Ask(..)));
    ring.fail();
    let much_later = later + ABSENCE;
    assert!(matches!(ring.look("junk", much_later), Look::Ask(..)));
}

#[test]
fn a_key_that_came_during_a_question_is_not_held_to_be_absent_by_its_answer() {
    let began = Instant::now();
    let mut ring = holding(&["old"], began);
    let landing = ring.begin(began).unwrap();
    let came = began + SECOND;
    assert!(matches!(ring.look("new", came), Look::Wait(_)));
    let told = came + SECOND;
    ring.store(keys(&["old"]), told);
    drop(landing);
    assert!(matches!(ring.look_again("new", came, told), Look::Unknown));
    assert!(matches!(ring.look("new", told), Look::Ask(..)));
}

#[test]
fn a_question_that_failed_is_asked_again_soon_and_nobody_is_called_unknown_by_it() {
    let told = Instant::now();
    let (now, mut ring) = (told + SECOND, holding(&["old"], told));
    let Look::Ask(landing, _) = ring.look("new", now) else {
        panic!("nobody asks");
    };
    ring.fail();
    drop(landing);
    let again = ring.look_again("new", now, now + SECOND);
    assert!(matches!(again, Look::NoKeys(rest) if rest + SECOND == SOONER));
    let nearly = now + SOONER.saturating_sub(SECOND);
    assert!(matches!(ring.look("new", nearly), Look::NoKeys(SECOND)));
    assert!(is_known(&mut ring, "old", nearly));

    let later = now + SOONER;
    assert!(matches!(ring.look("new", later), Look::Ask(..)));
    ring.store(keys(&["old", "new"]), later);
    assert!(is_known(&mut ring, "new", later));
    let nearly = later + ON_DEMAND.saturating_sub(SECOND);
    assert!(matches!(ring.look("newer", nearly), Look::Unknown));
}

#[test]
fn what_was_last_told_outlasts_failures_for_a_day() {
    let start = Instant::now();
    let mut ring = holding(&["a"], start);
    ring.fail();
    let nearly = start + LIFE.saturating_sub(SECOND);
    assert!(is_known(&mut ring, "a", nearly));
    assert!(ring.is_current(1, nearly));
    assert!(matches!(
        ring.look("a", start + LIFE),
        Look::NoKeys(Duration::ZERO)
    ));
    assert!(!ring.is_current(1, start + LIFE));
    let told = ring.last_told(start + LIFE).unwrap();
    assert!(!told.is_believed && told.age == LIFE);
    ring.store(keys(&["a"]), nearly);
    assert!(is_known(&mut ring, "a", start + LIFE));
}

#[test]
fn other_keys_are_another_generation_and_the_same_are_not() {
    let now = Instant::now();
    let mut ring = holding(&["a", "b"], now);
    ring.store(keys(&["b", "a"]), now);
    assert!(ring.is_current(1, now));
    ring.store(keys(&["b"]), now);
    assert!(!ring.is_current(1, now));
    let gone = ring.look("a", now);
    assert!(!matches!(gone, Look::Known(_)));
}

#[test]
fn without_keys_nobody_asks_but_the_one_in_the_background() {
    let now = Instant::now();
    let mut ring = Ring::default();
    assert!(matches!(ring.look("a", now), Look::NoKeys(Duration::ZERO)));
    let landing = ring.begin(now).unwrap();
    assert!(matches!(ring.look("a", now), Look::Wait(_)));
    assert!(ring.begin(now).is_err());
    drop(landing);
    assert!(matches!(ring.look("a", now), Look::NoKeys(Duration::ZERO)));
}

#[test]
fn only_so_many_absent_keys_are_remembered() {
    let now = Instant::now();
    let mut ring = holding(&["a"], now);
    for number in 0..2 * MOST_ABSENT {
        ring.look_again(&number.to_string(), now, now);
    }
    assert_eq!(ring.absent.len(), MOST_ABSENT);
    ring.look_again("later", now, now + ABSENCE);
    assert_eq!(ring.absent.len(), 1);
}
