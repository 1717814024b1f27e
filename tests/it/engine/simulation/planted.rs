//! A simulation that never finds anything proves little: here every planted bug must be found.

use std::panic::catch_unwind;

use ledger::planted::{Bug, plant};

use super::{SEEDS, checker, play};

/// Plays seeds until one breaks a promise, which it must hold without the bug.
#[expect(clippy::print_stdout, reason = "a test says what it found")]
fn find(bug: Bug) {
    let found = (0..SEEDS).find_map(|seed| Some((seed, broken(bug, seed)?)));
    let (seed, promise) = found.unwrap_or_else(|| panic!("{bug:?} was not found"));
    println!("{bug:?}: found by seed {seed}, after {} of {SEEDS}: {promise:.100}", seed + 1);
    checker::check(&play(seed));
}

/// The promise that a seed breaks with this bug.
fn broken(bug: Bug, seed: u64) -> Option<String> {
    plant(Some(bug));
    let played = catch_unwind(|| play(seed));
    plant(None);
    // The checker folds the log by the rules as they should be.
    let checked = played.and_then(|played| catch_unwind(|| drop(checker::check(&played))));
    let panic = checked.err()?;
    let said = panic.downcast_ref::<String>().map(String::as_str);
    Some(said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?").replace('\n', " "))
}

macro_rules! found {
    ($($test:ident: $bug:ident,)+) => {$(
        #[test]
        fn $test() {
            find(Bug::$bug);
        }
    )+};
}

found! {
    an_answer_before_the_commit_is_found: AnswerBeforeCommit,
    a_repeated_key_in_one_group_is_found: NoDedupeInGroup,
    a_failed_group_that_is_kept_is_found: FailedGroupKept,
    an_append_behind_another_writer_is_found: HeadNotCompared,
    an_unknown_outcome_called_a_failure_is_found: UnknownCalledFailure,
    timers_forgotten_on_restart_are_found: TimersForgotten,
    what_was_returned_and_forgotten_is_found: ReturnedForgotten,
    a_wrong_previous_event_is_found: PreviousWrong,
    a_stored_dry_run_is_found: DryRunStored,
    a_hold_released_twice_is_found: HoldReleasedTwice,
    a_capture_above_the_cap_is_found: CaptureAboveCap,
    a_skipped_expiry_is_found: ExpirySkipped,
    debt_paid_with_nothing_is_found: SettledNotTaken,
    a_part_of_an_atomic_batch_is_found: BatchLeavesPart,
}
