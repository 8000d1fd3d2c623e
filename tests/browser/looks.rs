//! How the page looks: screenshots for people, and what can be said without them.

use std::path::Path;

use crate::site::Site;
use crate::visit::Visit;
use crate::webdriver::Driver;

/// In CSS pixels: a phone and a desktop.
const WIDTHS: [u32; 2] = [390, 1280];

pub(crate) async fn it_is_readable_in_light_and_dark_on_phones_and_desktops(
    site: &Site,
    driver: &Driver,
) {
    let visit = Visit::new(site, driver).await;
    let browser = &visit.browser;
    shoot(&visit, "1-pick").await;
    visit.pick("notes.txt", b"no photo").await;
    visit.error().await;
    shoot(&visit, "2-error").await;
    visit.pick("dusk.jpg", &sample::jpeg(2400, 1600)).await;
    visit.reaches("review").await;
    browser.keys("#description", "Hills at dusk").await;
    browser.click_beside("#preview", (102, -22)).await;
    shoot(&visit, "3-review").await;
    browser.script("document.getElementById('down').focus()").await;
    shoot(&visit, "3-review-by-keyboard").await;
    visit.upload().await;
    visit.reaches("shown").await;
    browser.until("document.querySelector('#frame img.loaded')").await;
    shoot(&visit, "5-shown").await;
    // As it is until the photo is loaded.
    let style = "document.querySelector('#frame picture').style";
    browser.script(&format!("{style}.visibility = 'hidden'")).await;
    shoot(&visit, "4-placeholder").await;
    visit.browser.close().await;
}

/// Takes a screenshot in each width and scheme, and proves that nothing is cut off.
async fn shoot(visit: &Visit<'_>, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    for width in WIDTHS {
        for scheme in ["light", "dark"] {
            visit.browser.look(width, scheme).await;
            visit.browser.until("document.getAnimations().length === 0").await;
            let png = visit.browser.screenshot().await;
            std::fs::write(folder.join(format!("{name}-{width}-{scheme}.png")), png).unwrap();
        }
        let widths = "return document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(visit.browser.script(widths).await, true, "{name} at {width}");
    }
    visit.browser.look(1280, "light").await;
}
