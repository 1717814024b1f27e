//! Guessing becomes slow, and signing in does not.

use super::*;

const OWNER: &str = "ann@mail.example";

fn address(last: u8) -> IpAddr {
    [192, 0, 2, last].into()
}

#[test]
fn what_is_too_long_for_an_address_takes_no_more_room_than_one() {
    let throttle = Throttle::default();
    let attempt = throttle.admit(&"Ä".repeat(64 * 1_024), address(1), Duration::from_secs(1));
    assert_eq!(attempt.expect("the first").account.chars().count(), ACCOUNT_CHARS_MAX);
}

/// Fails as often as it is let, from `from`, in 1,000 attempts a millisecond apart.
fn hammer(throttle: &Throttle, account: &str, from: IpAddr, now: Duration) -> usize {
    (0..1_000)
        .filter(|tick| throttle.admit(account, from, now + Duration::from_millis(*tick)).is_ok())
        .count()
}

#[test]
fn a_hundred_wrong_ones_are_throttled_and_the_owner_is_not() {
    let (throttle, mut now) = (Throttle::default(), Duration::from_secs(1_000));
    let let_in = throttle.admit(OWNER, address(1), now).expect("the first");
    throttle.succeeded(let_in, now);
    let mut wrong = 0;
    for other in 100..200 {
        wrong += hammer(&throttle, OWNER, address(other), now);
        now += Duration::from_secs(1);
    }
    // 20 at once, then one each few seconds, wherever they come from.
    assert!((20..60).contains(&wrong), "{wrong}");
    let familiar = throttle.admit(OWNER, address(1), now).expect("the owner at home");
    throttle.succeeded(familiar, now);
    let away = throttle.admit(OWNER, address(2), now).map(drop);
    if let Err(throttled) = away {
        assert!(throttled.wait <= STRANGER_WAIT_MAX);
    }
    now += STRANGER_WAIT_MAX;
    throttle.admit(OWNER, address(2), now).map(drop).expect("the owner elsewhere");
    let again = throttle.admit(OWNER, address(100), now).expect_err("who guessed waits longer");
    assert!(again.wait > STRANGER_WAIT_MAX);
}

#[test]
fn one_address_gets_five_tries_of_one_account_and_fifty_of_all() {
    let (throttle, now) = (Throttle::default(), Duration::from_secs(1_000));
    assert_eq!(hammer(&throttle, OWNER, address(1), now), 6, "five, and the one that costs a second");
    let stuffed: usize =
        (0..100).map(|n| hammer(&throttle, &format!("u{n}@x.example"), address(1), now)).sum();
    assert_eq!(stuffed, 51 - 6);
    throttle.admit("u@x.example", address(2), now).map(drop).expect("another address");
}

#[test]
fn success_resets_the_pair_and_takes_no_failure_of_others_back() {
    let (throttle, now) = (Throttle::default(), Duration::from_secs(1_000));
    for _ in 0..100 {
        for _ in 0..4 {
            match throttle.admit(OWNER, address(1), now) {
                Ok(wrong) => drop(wrong),
                Err(_) => return,
            }
        }
        match throttle.admit(OWNER, address(1), now) {
            Ok(right) => throttle.succeeded(right, now),
            Err(_) => return,
        }
    }
    panic!("fifty failures of one address must be slowed, whatever succeeds between them");
}

#[test]
fn attempts_at_once_gain_nothing_and_what_failed_here_costs_nothing() {
    let (throttle, now) = (Throttle::default(), Duration::from_secs(1_000));
    let at_once: Vec<_> = (0..100).filter_map(|_| throttle.admit(OWNER, address(1), now).ok()).collect();
    assert_eq!(at_once.len(), 6);
    at_once.into_iter().for_each(|attempt| throttle.withdrawn(attempt));
    assert_eq!(hammer(&throttle, OWNER, address(1), now), 6);
}

#[test]
fn an_account_is_one_however_it_is_written() {
    let (throttle, now) = (Throttle::default(), Duration::from_secs(1_000));
    let written = [" ANN@mail.example", "ann@MAIL.example ", OWNER];
    let tried: usize = written.iter().map(|account| hammer(&throttle, account, address(1), now)).sum();
    assert_eq!(tried, 6);
}

#[test]
fn the_eleventh_guess_is_locked() {
    let (limit, now) = (Limit::new(Limit::GUESSES), Duration::from_secs(1_000));
    for _ in 0..50 {
        limit.admit(address(1), now).expect("right ones are free");
        limit.pardon(address(1));
    }
    for _ in 0..10 {
        limit.admit(address(1), now).expect("ten guesses");
    }
    let locked = limit.admit(address(1), now).expect_err("the eleventh");
    assert_eq!(locked.seconds(), 600);
    limit.admit(address(2), now).expect("another address");
    limit.admit(address(1), now + Duration::from_secs(600)).expect("after ten minutes");
}
