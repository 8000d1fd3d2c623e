//! The upload page of `examples/upload` in a real browser, from the file that somebody picks to the photo
//! on the page.
//!
//! `cargo test --test browser`. Needs Chromium, `ChromeDriver` and Node; leaves screenshots in
//! `target/tmp/browser`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the times are of interest and depend on the machine")]

mod journey;
mod looks;
mod refusals;
mod site;
mod visit;
mod webdriver;

use std::process::ExitCode;
use std::sync::Arc;

use imgprep_testkit::{RUNTIME, emulator};
use libtest_mimic::{Arguments, Trial};

use self::site::Site;
use self::webdriver::Driver;

/// How many browsers there are at once.
const THREADS: usize = 2;

/// A trial for each test, all of which visit one site.
macro_rules! trials {
    ($all:ident, $($module:ident::$name:ident,)*) => {
        vec![$({
            let all = $all.clone();
            Trial::test(concat!(stringify!($module), "::", stringify!($name)), move || {
                let (site, driver) = all.as_deref().expect("they are started");
                RUNTIME.block_on($module::$name(site, driver));
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    imgprep_testkit::begin!();
    let start = async { Arc::new((Site::start().await, Driver::start().await)) };
    let all = (!arguments.list).then(|| RUNTIME.block_on(start));
    let trials = trials![
        all,
        looks::it_is_readable_in_light_and_dark_on_phones_and_desktops,
        journey::a_photo_is_uploaded_and_shown_without_anything_moving,
        journey::the_square_is_cut_around_the_point_that_was_clicked,
        refusals::what_is_no_photo_or_too_large_is_told_before_it_is_sent,
        refusals::what_s3_refuses_is_told_and_can_be_tried_again,
        refusals::a_broken_photo_is_told_with_its_reason,
        refusals::the_server_signs_photos_for_its_own_page_only,
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some((site, driver)) = all.and_then(Arc::into_inner) {
        RUNTIME.block_on(driver.stop());
        // Its stack is taken down before its AWS is stopped.
        drop(site);
    }
    emulator::stop_all();
    conclusion.exit_code()
}
